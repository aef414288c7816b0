"""The figures of one method as Table II gives them, with intervals by reference and significance against another.

Every figure is of the predictions after the 4-parameter logistic fitted on all images where there are enough of them, so
that measures in any unit and scores out of 100 can stand side by side; ranks need no mapping.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.method_table import FEWEST_IMAGES, FEWEST_REFERENCES, method_table
from miqa_app.evaluation.predictions import Predictions
from miqa_app.statistics.bootstrap import (
    DRAWS,
    LEVEL,
    SEED,
    Interval,
    correlation_interval,
    percentile_interval,
    times_drawn,
)
from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.statistics.errors import rmse
from miqa_app.statistics.significance import ALPHA, holm, paired_test, residual_test, rmse_test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.comparison import Mapped

_MOST_PAIRED = 3000
"""Images up to which all pairs fit into memory for the interval of Kendall's tau."""

_NONE = Interval(math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class MethodFigures:
    """Figures of one method on all images; NaN where they are too few or all alike.

    Attributes:
        plcc: Pearson after the mapping.
        srocc: Spearman, signed.
        krocc: Kendall's tau-b, signed.
        rmse: after the mapping, with its free parameters counted, points of 100.
        plcc_interval: 95 %, drawn by reference; NaN with fewer than five references. The mapping stays.
        srocc_interval: the same of `srocc`.
        krocc_interval: the same of `krocc`; NaN with more than 3000 images.
        rmse_interval: the same of `rmse`.
        plcc_raw: Pearson of the predictions as they are.
        srocc_within: mean over the references of the SROCC among the images of each; NaN where none has four.
        mapped: the predictions as the tests see them.
    """

    plcc: float
    srocc: float
    krocc: float
    rmse: float
    plcc_interval: Interval
    srocc_interval: Interval
    krocc_interval: Interval
    rmse_interval: Interval
    plcc_raw: float
    srocc_within: float
    mapped: Mapped


def method_figures(predictions: Predictions, name: str) -> MethodFigures:
    """Return the figures of a method.

    Raises:
        ValueError: there are fewer than four images.
    """
    alone = replace(predictions, methods={name: predictions.methods[name]}, groups={})
    row = method_table(alone).rows[0]
    target, mapped = predictions.targets, row.mapped
    intervals = [_NONE] * 3
    if row.pooled.references >= FEWEST_REFERENCES:
        intervals = [
            correlation_interval(mapped.values, target, predictions.references, ranks=False),
            kendall_interval(alone.methods[name], target, predictions.references),
            _rmse_interval(mapped, target, predictions.references),
        ]
    enough = len(target) > mapped.parameters
    return MethodFigures(
        plcc(mapped.values, target),
        row.pooled.srocc,
        row.pooled.krocc,
        rmse(mapped.values, target, mapped.parameters) if enough else math.nan,
        intervals[0],
        row.pooled.srocc_interval,
        intervals[1],
        intervals[2],
        row.pooled.plcc,
        _within(alone.methods[name], target, predictions.references),
        mapped,
    )


def _within(
    predicted: NDArray[np.float64], target: NDArray[np.float64], references: Sequence[str]
) -> float:
    """Return the mean over references of the rank correlation among the images of one; contents then play no part."""
    labels = np.array(references)
    parts = [labels == name for name in dict.fromkeys(references)]
    found = [srocc(predicted[p], target[p]) for p in parts if p.sum() >= FEWEST_IMAGES]
    known = [value for value in found if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan


def kendall_interval(
    predicted: NDArray[np.float64], target: NDArray[np.float64], references: Sequence[str]
) -> Interval:
    """Return the 95 % interval of tau-b drawn by reference, all draws at once; NaN with more than 3000 images.

    Args:
        predicted: (N,).
        target: (N,).
        references: N names.
    """
    if len(target) > _MOST_PAIRED:
        return _NONE
    order = [np.sign(side[:, None] - side[None]) for side in (predicted, target)]
    times = times_drawn(references, DRAWS, SEED).astype(np.float64)

    def summed(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(((times @ matrix) * times).sum(1))

    agreeing = summed(order[0] * order[1])
    untied = summed(order[0] ** 2) * summed(order[1] ** 2)
    values = np.where(untied > 0, agreeing / np.sqrt(np.where(untied > 0, untied, 1)), np.nan)
    return percentile_interval(values, LEVEL, len(set(references)))


def _rmse_interval(
    mapped: Mapped, target: NDArray[np.float64], references: Sequence[str]
) -> Interval:
    times = times_drawn(references, DRAWS, SEED)
    freedom = times.sum(1) - mapped.parameters
    squared = times @ (mapped.values - target) ** 2
    values = np.where(freedom > 0, np.sqrt(squared / np.maximum(freedom, 1)), np.nan)
    return percentile_interval(values, LEVEL, len(set(references)))


@dataclass(frozen=True)
class Versus:
    """One method against another on the same images, with p-values corrected by Holm over all that it is compared with.

    Attributes:
        rmse_p: HT_P1401.
        residual_p: HT_Res.
        paired_p: Wilcoxon's test on |error| image by image.
        better: whether the first has the smaller RMSE, significant or not.
    """

    rmse_p: float
    residual_p: float
    paired_p: float
    better: bool

    @property
    def code(self) -> str:
        """Return 'x-y' of the paper's Table III: HT_P1401 and HT_Res, 1 where significant."""
        return f"{int(self.rmse_p < ALPHA)}-{int(self.residual_p < ALPHA)}"


def compare_with(
    predictions: Predictions, figures: Mapping[str, MethodFigures], against: str
) -> dict[str, Versus]:
    """Return every other method against one.

    Args:
        predictions: of all methods.
        figures: of all methods, with an RMSE.
        against: name of the one.
    """
    others = [name for name in figures if name != against]
    target, one = predictions.targets, figures[against]
    found = []
    for own in (figures[name] for name in others):
        free = own.mapped.parameters, one.mapped.parameters
        sides = own.mapped.values, one.mapped.values
        tests = (
            rmse_test(own.rmse, one.rmse, len(target), *free),
            residual_test(target, *sides),
            paired_test(target, *sides),
        )
        found.append(tuple(test.p for test in tests))
    if not others:
        return {}
    corrected = (holm(list(column)).tolist() for column in zip(*found, strict=True))
    return {
        name: Versus(by_rmse, by_residual, by_pair, figures[name].rmse < one.rmse)
        for name, by_rmse, by_residual, by_pair in zip(others, *corrected, strict=True)
    }
