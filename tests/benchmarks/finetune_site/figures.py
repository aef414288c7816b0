"""What a candidate gained on patients it never saw, and what it forgot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine
from miqa_app.statistics.bootstrap import Difference, paired_difference
from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.statistics.errors import rmse
from miqa_app.statistics.mapping import fit_cubic
from miqa_app.statistics.significance import RmseTest, rmse_test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Row = Mapping[str, str]
    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Parent and candidate on the same unseen images.

    Attributes:
        srocc: of parent and candidate on the test, against the site's opinion.
        gain: of the candidate, drawn by reference.
        plcc: of both.
        error: RMSE of both as they are, points.
        mapped: RMSE of both after the monotone cubic of P.1401.
        better: F-test on the mapped RMSE (P.1401 7.6.4).
        rehearsal: SROCC of both against the simulated quality index, on other references.
        forgetting: candidate minus parent there, drawn by reference.
        within: the same difference, mean over the kinds of artefact of the SROCC within each kind.
    """

    srocc: tuple[float, float]
    gain: Difference
    plcc: tuple[float, float]
    error: tuple[float, float]
    mapped: tuple[float, float]
    better: RmseTest
    rehearsal: tuple[float, float]
    forgetting: Difference
    within: float


def scores(model: str, folder: Path, rows: Sequence[Row]) -> Array:
    """Return (N,) scores, 0-100, of a model's name or folder on the images of some rows."""
    engine = Engine(load_model(model).network, "auto")
    found = [
        next(iter(engine.predict([read_planes(folder / row["image"])[0]]))).score for row in rows
    ]
    return np.array(found, dtype=np.float64)


def figures(
    test: Sequence[Row],
    test_scores: tuple[Array, Array],
    rehearsal: Sequence[Row],
    rehearsal_scores: tuple[Array, Array],
) -> Figures:
    """Return the figures; scores are those of the parent and of the candidate."""
    target = np.array([float(row["mos"]) for row in test])
    quality = np.array([float(row["q"]) for row in rehearsal])
    before, after = test_scores
    fits = [fit_cubic(side, target) for side in test_scores]
    parameters = [fit.parameters for fit in fits]
    mapped = [
        rmse(fit(side), target, fit.parameters) for fit, side in zip(fits, test_scores, strict=True)
    ]
    return Figures(
        (srocc(before, target), srocc(after, target)),
        paired_difference(srocc, after, before, target, [row["reference"] for row in test]),
        (plcc(before, target), plcc(after, target)),
        (rmse(before, target), rmse(after, target)),
        (mapped[0], mapped[1]),
        rmse_test(mapped[1], mapped[0], len(target), parameters[1], parameters[0]),
        (srocc(rehearsal_scores[0], quality), srocc(rehearsal_scores[1], quality)),
        paired_difference(
            srocc, rehearsal_scores[1], rehearsal_scores[0], quality,
            [row["reference"] for row in rehearsal],
        ),
        _within(rehearsal, rehearsal_scores[1], quality) - _within(rehearsal, rehearsal_scores[0], quality),
    )  # fmt: skip


def _within(rows: Sequence[Row], given: Array, target: Array) -> float:
    """Return the mean over single kinds of the SROCC within the images of that kind."""
    kinds = np.array([row["kind"] for row in rows])
    names = sorted(
        {row["kind"] for row in rows if "+" not in row["kind"] and row["kind"] != "clean"}
    )
    return float(np.mean([srocc(given[kinds == name], target[kinds == name]) for name in names]))
