"""The families of networks and what people call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLES = {
    "miqanet": "MIQANet",
    "loda": "LoDa",
    "lodapro": "LoDaPro",
    "lariqa": "LAR-IQA",
    "dbcnn": "DBCNN",
}


def family_title(design: Mapping[str, Any]) -> str:
    """Return what people call the family of a design, the part 'network' of a model's config.json."""
    return TITLES.get(str(design.get("family", "miqanet")), "Network")
