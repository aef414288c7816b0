"""The images a reader should look at: best, worst, and where the method is most wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.reports.benchmark_tables import Table, number, text, value_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.evaluation.method_table import MethodRow
    from miqa_app.evaluation.predictions import Predictions

_SHOWN = 5


@dataclass(frozen=True)
class Example:
    """One image.

    Attributes:
        image: its name.
        reference: what it belongs to.
        kind: artefact kind by name, '' where no group 'kind' exists.
        target: 0–100.
        predicted: as the method gave it.
        mapped: on the scale of the target, as the tests see it.
    """

    image: str
    reference: str
    kind: str
    target: float
    predicted: float
    mapped: float


def examples(predictions: Predictions, row: MethodRow) -> dict[str, tuple[Example, ...]]:
    """Return at most five images each that the method takes for best and worst, and where it errs most.

    All three go by the prediction on the scale of the target, so that they mean the same for every measure.
    """
    mapped = row.mapped.values
    error = np.abs(predictions.targets - mapped)
    count = min(_SHOWN, len(predictions))
    chosen = {
        "Best by prediction": np.argsort(-mapped, kind="stable")[:count],
        "Worst by prediction": np.argsort(mapped, kind="stable")[:count],
        "Most wrong": np.argsort(-error, kind="stable")[:count],
    }
    return {
        heading: tuple(_example(predictions, row, int(place)) for place in places)
        for heading, places in chosen.items()
    }


def _example(predictions: Predictions, row: MethodRow, place: int) -> Example:
    kinds = predictions.groups.get("kind")
    return Example(
        predictions.images[place],
        predictions.references[place],
        value_name("kind", kinds[place]) if kinds else "",
        float(predictions.targets[place]),
        float(predictions.methods[row.name][place]),
        float(row.mapped.values[place]),
    )


def examples_table(name: str, found: Mapping[str, tuple[Example, ...]]) -> Table:
    """Return the examples of a method as a table."""
    rows = tuple(
        (
            text(heading),
            text(item.image),
            text(item.reference),
            text(item.kind or "-"),
            number(item.target, 1),
            number(item.predicted, 1),
            number(item.mapped, 1),
            number(item.mapped - item.target, 1),
        )
        for heading, items in found.items()
        for item in items
    )
    columns = ("Example", "Image", "Reference", "Kind", "Target", "Predicted", "On the target's scale", "Error")  # fmt: skip
    note = "The scale of the target: after the 4-parameter logistic where there are enough images for it."
    return Table("examples", f"Examples of {name}", columns, rows, note)
