"""All designs that the program knows: the table of names, and a record from what a model's config.json says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from miqa_app.networks.config import ROWS, NetworkConfig
from miqa_app.networks.families import (
    FAMILY_ROWS,
    DbCnnConfig,
    LarIqaConfig,
    LoDaConfig,
    LoDaProConfig,
)

Design = NetworkConfig | LoDaConfig | LoDaProConfig | LarIqaConfig | DbCnnConfig

FAMILIES: dict[str, type[Design]] = {
    "miqanet": NetworkConfig,
    "loda": LoDaConfig,
    "lodapro": LoDaProConfig,
    "lariqa": LarIqaConfig,
    "dbcnn": DbCnnConfig,
}
"""The class of designs of each family."""

CONFIGS: dict[str, Design] = {row.name: row for row in (*ROWS, *FAMILY_ROWS)}
"""Every named network."""


def named_config(name: str) -> Design:
    """Return a network of the table.

    Args:
        name: a key of `CONFIGS`, such as "base", "lite" or "a7".

    Returns:
        The frozen record.

    Raises:
        ValueError: when there is no network of that name.
    """
    if name not in CONFIGS:
        raise ValueError(f"There is no network '{name}'; known are {', '.join(CONFIGS)}.")
    return CONFIGS[name]


def outline(config: Design) -> dict[str, str]:
    """Return encoders and fusion of a design in words, '-' for what it lacks: cnn, transformer, ap, deform."""
    own = config.backbones
    fusion = {"ap": "-", "deform": "-"}
    if isinstance(config, NetworkConfig):
        fusion = {"ap": config.ap, "deform": config.deform if config.fused else "-"}
    return {
        "cnn": own.get("cnn") or own.get("detail") or "-",
        "transformer": own.get("transformer", "-"),
        **fusion,
    }


def design_of(values: Mapping[str, Any]) -> Design:
    """Return the design that a table of settings describes; without a family it is a MIQANet.

    Raises:
        ValueError: the family is unknown, or the settings do not check out.
    """
    family = values.get("family", "miqanet")
    if family not in FAMILIES:
        raise ValueError(f"there is no family '{family}'; known are {', '.join(FAMILIES)}")
    own = {key: value for key, value in values.items() if (key, value) != ("family", "miqanet")}
    return FAMILIES[family].model_validate(own)
