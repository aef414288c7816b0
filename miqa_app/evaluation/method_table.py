"""The figures of one or more methods on the same images: pooled, by group, by fold, and against each other.

The pooled figures come first (models.md 1.1.4): mappings are fitted on all images together and never inside a fold.
RMSE, MAE and outlier ratio take the predictions as they are, so they mean something only for a method on the scale of
the target; the RMSE after the 4-parameter logistic and all tests work for any measure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.comparison import Comparison, Mapped, compare_all
from miqa_app.statistics.bootstrap import DRAWS, SEED, Interval, correlation_interval
from miqa_app.statistics.correlation import krocc, plcc, srocc
from miqa_app.statistics.errors import mae, outlier_ratio, rmse, rmse_star
from miqa_app.statistics.mapping import Mapping as Curve
from miqa_app.statistics.mapping import fit_logistic4, fit_logistic5

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.predictions import Predictions

FOLD = "fold"
"""The group whose values are folds of a cross-validation."""

FEWEST_IMAGES = 4
"""Fewer images carry no figure at all."""

FEWEST_REFERENCES = 5
"""With fewer references a bootstrap has too few different draws to say anything."""

_NONE = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class Figures:
    """Figures of one method on some images; NaN where they are too few or all alike.

    Attributes:
        images: N.
        references: how many references they belong to.
        srocc: Spearman, signed.
        krocc: Kendall's tau-b.
        plcc: Pearson, without a mapping.
        srocc_interval: 95 %, drawn by reference; NaN with fewer than five references.
        plcc_interval: the same of `plcc`.
        rmse: of the predictions as they are, d = 1, points of 100.
        mae: mean absolute error, points of 100.
        outlier_ratio: share beyond the interval of the raters, 0–1; NaN where none was given.
    """

    images: int
    references: int
    srocc: float
    krocc: float
    plcc: float
    srocc_interval: Interval
    plcc_interval: Interval
    rmse: float
    mae: float
    outlier_ratio: float


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n − 1) over the folds in which the figure exists.

    Attributes:
        folds: number of those folds.
        srocc: mean and standard deviation.
        plcc: mean and standard deviation of the raw correlation.
    """

    folds: int
    srocc: tuple[float, float]
    plcc: tuple[float, float]


@dataclass(frozen=True, eq=False)
class MethodRow:
    """One method.

    Attributes:
        name: of the method.
        pooled: on all images.
        logistic4: mapping fitted on all images; None where they are too few.
        logistic5: the same with 5 parameters.
        plcc4: Pearson after the 4-parameter logistic; NaN without it.
        plcc5: Pearson after the 5-parameter logistic; NaN without it.
        rmse4: RMSE after the 4-parameter logistic with d = 4; NaN without it.
        rmse4_star: rmse* of the same where raters gave intervals.
        mapped: the predictions as the tests see them, after `logistic4` where there is one.
        groups: figures by group and value.
        spread: over the folds, where a group 'fold' exists.
    """

    name: str
    pooled: Figures
    logistic4: Curve | None
    logistic5: Curve | None
    plcc4: float
    plcc5: float
    rmse4: float
    rmse4_star: float
    mapped: Mapped
    groups: Mapping[str, Mapping[str, Figures]]
    spread: Spread | None


@dataclass(frozen=True, eq=False)
class MethodTable:
    """All figures of a set of predictions.

    Attributes:
        rows: one per method, in the order of the predictions.
        comparisons: every pair of methods.
        draws: draws of each bootstrap.
        seed: of the draws.
    """

    rows: tuple[MethodRow, ...]
    comparisons: tuple[Comparison, ...]
    draws: int
    seed: int

    @property
    def best(self) -> MethodRow:
        """Return the method with the largest |SROCC| over all images; the first where none has one."""
        return max(self.rows, key=lambda row: np.nan_to_num(abs(row.pooled.srocc), nan=-1.0))

    def between(self, first: str, second: str) -> Comparison:
        """Return the comparison of two methods, whichever stands first in it."""
        return next(pair for pair in self.comparisons if {pair.first, pair.second} == {first, second})  # fmt: skip


def method_table(predictions: Predictions, *, draws: int = DRAWS, seed: int = SEED) -> MethodTable:
    """Return all figures.

    Args:
        predictions: at least four images.
        draws: draws of each bootstrap.
        seed: of the draws.

    Raises:
        ValueError: there are fewer than four images.
    """
    if len(predictions) < FEWEST_IMAGES:
        raise ValueError(
            f"{len(predictions)} images are too few to judge a method; at least {FEWEST_IMAGES} are needed"
        )
    rows = tuple(_row(predictions, name, draws, seed) for name in predictions.methods)
    comparisons = compare_all(
        predictions, {row.name: row.mapped for row in rows}, draws=draws, seed=seed
    )
    return MethodTable(rows, comparisons, draws, seed)


def _row(predictions: Predictions, name: str, draws: int, seed: int) -> MethodRow:
    values, target = predictions.methods[name], predictions.targets
    four, five = (_fitted(fit, values, target) for fit in (fit_logistic4, fit_logistic5))
    mapped = Mapped(four(values), four.parameters) if four else Mapped(values, 1)
    groups = {
        group: {
            value: _figures(predictions, name, np.array(labels) == value, draws, seed)
            for value in dict.fromkeys(labels)
        }
        for group, labels in predictions.groups.items()
    }
    intervals = predictions.intervals
    return MethodRow(
        name,
        _figures(predictions, name, np.ones(len(target), bool), draws, seed),
        four,
        five,
        plcc(four(values), target) if four else math.nan,
        plcc(five(values), target) if five else math.nan,
        rmse(mapped.values, target, mapped.parameters) if four else math.nan,
        rmse_star(mapped.values, target, intervals, mapped.parameters)
        if four and intervals is not None
        else math.nan,
        mapped,
        groups,
        _spread(list(groups[FOLD].values())) if FOLD in groups else None,
    )


def _fitted(
    fit: Callable[..., Curve], values: NDArray[np.float64], target: NDArray[np.float64]
) -> Curve | None:
    """Return the mapping; None where it refuses so few images."""
    try:
        return fit(values, target)
    except ValueError:
        return None


def _figures(
    predictions: Predictions, name: str, chosen: NDArray[np.bool_], draws: int, seed: int
) -> Figures:
    predicted, target = predictions.methods[name][chosen], predictions.targets[chosen]
    references = [predictions.references[place] for place in np.flatnonzero(chosen)]
    several = len(set(references)) >= FEWEST_REFERENCES
    bounds = [
        correlation_interval(predicted, target, references, ranks=ranks, draws=draws, seed=seed)
        if several
        else _NONE
        for ranks in (True, False)
    ]
    return Figures(
        images=len(target),
        references=len(set(references)),
        srocc=srocc(predicted, target),
        krocc=krocc(predicted, target),
        plcc=plcc(predicted, target),
        srocc_interval=bounds[0],
        plcc_interval=bounds[1],
        rmse=rmse(predicted, target) if len(target) > 1 else math.nan,
        mae=mae(predicted, target),
        outlier_ratio=math.nan
        if predictions.intervals is None
        else outlier_ratio(predicted, target, predictions.intervals[chosen]),
    )


def _spread(folds: Sequence[Figures]) -> Spread:
    known = [fold for fold in folds if math.isfinite(fold.srocc) and math.isfinite(fold.plcc)]
    return Spread(
        len(known),
        _mean_and_deviation([fold.srocc for fold in known]),
        _mean_and_deviation([fold.plcc for fold in known]),
    )


def _mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return math.nan, math.nan
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
