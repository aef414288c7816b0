"""The tables of `miqa models list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miqa_app.services.models import ModelRow, NetworkRow


def model_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the models, which have weights and can score, from rows as `miqa models list --json` gives them.

    SROCC is that with the quality index on sources that the model never saw.
    """
    table = Table(box=None, pad_edge=False)
    for column in ("name", "state", "family", "weights", "SROCC", "gate", "sha256", "training"):
        table.add_column(column, justify="right" if column in ("weights", "SROCC") else "left")
    for row in rows:
        ranks = "" if row["srocc"] is None else f"{row['srocc']:.2f}"
        cells = (ranks, row["verdict"], row["sha256"][:12], row["training"])
        state = row["state"] if row["judges"] else "start for training"
        table.add_row(row["name"], state, row["family"], _millions(row["weights"]), *cells)
    return table


def network_table(networks: Sequence[NetworkRow], installed: Sequence[ModelRow]) -> Table:
    """Return the networks with their cost on a slice of 224 × 224 pixels and the models that are made of them."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "family", "weights", "MACs", "models"):
        table.add_column(column, justify="right" if column in ("weights", "MACs") else "left")
    for network in networks:
        made = [model.name for model in installed if model.network == network.name]
        table.add_row(
            network.name,
            network.family,
            _millions(network.weights),
            f"{network.operations / 1e9:.1f} G",
            ", ".join(made) or "none yet",
        )
    return table


def _millions(weights: int | None) -> str:
    return "" if weights is None else f"{weights / 1e6:.1f} M"
