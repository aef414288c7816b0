"""Every two methods against each other, in the form of the paper's Table III and with what a reviewer asks beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.statistics.bootstrap import DRAWS, SEED, Difference, Interval, paired_difference
from miqa_app.statistics.correlation import plcc
from miqa_app.statistics.errors import rmse
from miqa_app.statistics.significance import (
    ALPHA,
    ResidualTest,
    RmseTest,
    compare_paired_correlations,
    holm,
    paired_test,
    residual_test,
    rmse_test,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miqa_app.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Mapped:
    """Predictions of one method as the tests see them.

    Attributes:
        values: (N,) on the scale of the target.
        parameters: d, free parameters of the mapping that brought them there; 1 without one.
    """

    values: NDArray[np.float64]
    parameters: int


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same images; p-values in `rmse`, `residual` and `paired` are as found, the rest by Holm.

    Attributes:
        first: name of a method.
        second: name of the other.
        rmse: HT_P1401.
        residual: HT_Res.
        paired: Wilcoxon's test on |error| image by image.
        difference: RMSE of the first minus RMSE of the second, drawn by reference; NaN with one reference.
        correlation_p: of equal PLCC, by Meng's z for correlations with one target; NaN for constant predictions.
        rmse_better: name of the method with the smaller RMSE.
        rmse_holm: p of `rmse` corrected over all pairs.
        residual_holm: p of `residual` corrected over all pairs.
        paired_holm: p of `paired` corrected over all pairs.
        correlation_holm: `correlation_p` corrected over all pairs.
    """

    first: str
    second: str
    rmse: RmseTest
    residual: ResidualTest
    paired: ResidualTest
    difference: Difference
    correlation_p: float
    rmse_better: str
    rmse_holm: float = math.nan
    residual_holm: float = math.nan
    paired_holm: float = math.nan
    correlation_holm: float = math.nan

    @property
    def code(self) -> str:
        """Return 'x-y' of Table III after correction: HT_P1401 and HT_Res, 1 where significant."""
        return f"{int(self.rmse_holm < ALPHA)}-{int(self.residual_holm < ALPHA)}"


def compare_all(
    predictions: Predictions, mapped: Mapping[str, Mapped], *, draws: int = DRAWS, seed: int = SEED
) -> tuple[Comparison, ...]:
    """Return every pair of methods, in the order of `mapped`, with p-values corrected over all pairs.

    Args:
        predictions: targets and references.
        mapped: predictions on the scale of the target by method, at least three images.
        draws: draws of the bootstrap of the RMSE difference.
        seed: of the draws.

    Raises:
        ValueError: there are fewer than three images.
    """
    pairs = [
        _compared(predictions, mapped, names, draws, seed) for names in combinations(mapped, 2)
    ]
    corrected = zip(
        holm([pair.rmse.p for pair in pairs]),
        holm([pair.residual.p for pair in pairs]),
        holm([pair.paired.p for pair in pairs]),
        holm([pair.correlation_p for pair in pairs]),
        strict=True,
    )
    return tuple(
        replace(
            pair,
            rmse_holm=float(by_rmse),
            residual_holm=float(by_residual),
            paired_holm=float(by_pair),
            correlation_holm=float(by_correlation),
        )
        for pair, (by_rmse, by_residual, by_pair, by_correlation) in zip(
            pairs, corrected, strict=True
        )
    )


def _compared(
    predictions: Predictions,
    mapped: Mapping[str, Mapped],
    names: tuple[str, str],
    draws: int,
    seed: int,
) -> Comparison:
    first, second = (mapped[name] for name in names)
    target = predictions.targets
    errors = [rmse(side.values, target, side.parameters) for side in (first, second)]
    return Comparison(
        *names,
        rmse=rmse_test(errors[0], errors[1], len(target), first.parameters, second.parameters),
        residual=residual_test(target, first.values, second.values),
        paired=paired_test(target, first.values, second.values),
        difference=_difference(predictions, first, second, draws, seed),
        correlation_p=_correlation_p(first.values, second.values, target),
        rmse_better=names[int(np.argmin(errors))],
    )


def _difference(
    predictions: Predictions, first: Mapped, second: Mapped, draws: int, seed: int
) -> Difference:
    if len(set(predictions.references)) < 2:
        return Difference(math.nan, Interval(math.nan, math.nan), math.nan)
    return paired_difference(
        lambda predicted, target: float(np.sqrt(((predicted - target) ** 2).mean())),
        first.values,
        second.values,
        predictions.targets,
        predictions.references,
        draws=draws,
        seed=seed,
    )


def _correlation_p(
    first: NDArray[np.float64], second: NDArray[np.float64], target: NDArray[np.float64]
) -> float:
    a, b, between = plcc(first, target), plcc(second, target), plcc(first, second)
    if len(target) < 4 or not np.isfinite([a, b, between]).all():
        return math.nan
    return compare_paired_correlations(a, b, between, len(target))[1]
