"""Bootstrap intervals that draw whole references, because images of one reference are not independent.

Percentile intervals of 2000 seeded draws, expanded for the number of references (Hesterberg, The American Statistician
2015, 69(4), section 3.3): the plain ones are too narrow for few. Measured on simulated sets of 14 images per reference
whose references differ a little or a lot, 95 % intervals of PLCC hold the truth in 95 and 83 % with 8 references
(plain: 87 and 76 %), in 92 and 90 % with 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as t_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Statistic = Callable[[NDArray[np.intp]], float]
    Measure = Callable[[NDArray[np.float64], NDArray[np.float64]], float]

DRAWS = 2000
LEVEL = 0.95
SEED = 20_200_101

_MOST_UNDEFINED = 0.05
_CELLS = 4_000_000
"""Numbers held at a time, so that ten thousand images need no gigabytes."""


@dataclass(frozen=True)
class Interval:
    """Both ends of an interval; NaN where too many draws gave no number."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A difference of two methods on the same images.

    Attributes:
        value: first minus second, on all images.
        interval: of the difference.
        p: two-sided; twice the smaller share of draws on either side of zero.
    """

    value: float
    interval: Interval
    p: float


def times_drawn(clusters: Sequence[str], draws: int = DRAWS, seed: int = SEED) -> NDArray[np.int64]:
    """Return (draws, N): how often each image stands in each draw of as many references as there are.

    Raises:
        ValueError: fewer than two references.
    """
    names, which = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    if len(names) < 2:
        raise ValueError("a bootstrap by reference needs images of at least two references")
    share = np.full(len(names), 1 / len(names))
    counts = np.random.default_rng(seed).multinomial(len(names), share, size=draws)
    return np.asarray(counts[:, which], dtype=np.int64)


def cluster_interval(
    statistic: Statistic,
    clusters: Sequence[str],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = SEED,
) -> Interval:
    """Return the interval of any statistic.

    Args:
        statistic: gets the row numbers of a draw, (any length,), and returns a number; NaN where it is undefined.
        clusters: N names, the reference of each image.
        draws: number of draws.
        level: of the interval, 0–1.
        seed: of the draws.

    Raises:
        ValueError: fewer than two references.
    """
    return percentile_interval(_drawn(statistic, clusters, draws, seed), level, len(set(clusters)))


def correlation_interval(
    predicted: ArrayLike,
    target: ArrayLike,
    clusters: Sequence[str],
    *,
    ranks: bool,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = SEED,
) -> Interval:
    """Return what `cluster_interval` returns of `srocc` (ranks) or `plcc`, all draws at once.

    Args:
        predicted: (N,).
        target: (N,).
        clusters: N names, the reference of each image.
        ranks: Spearman's correlation, else Pearson's.
        draws: number of draws.
        level: of the interval, 0–1.
        seed: of the draws.

    Raises:
        ValueError: fewer than two references.
    """
    x, y = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    times = times_drawn(clusters, draws, seed)
    parts = np.array_split(times, -(-times.size // _CELLS))
    values = [correlations_of_draws(x, y, part.astype(np.float64), ranks=ranks) for part in parts]
    return percentile_interval(np.concatenate(values), level, len(set(clusters)))


def paired_difference(
    measure: Measure,
    first: ArrayLike,
    second: ArrayLike,
    target: ArrayLike,
    clusters: Sequence[str],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = SEED,
) -> Difference:
    """Return measure(first, target) − measure(second, target) with its interval; both see the same draws.

    Args:
        measure: of (predicted, target), such as `rmse` or `srocc`.
        first: (N,) predictions.
        second: (N,) predictions.
        target: (N,).
        clusters: N names, the reference of each image.
        draws: number of draws.
        level: of the interval, 0–1.
        seed: of the draws.

    Raises:
        ValueError: fewer than two references.
    """
    a, b, y = (np.asarray(values, np.float64) for values in (first, second, target))

    def gap(rows: NDArray[np.intp]) -> float:
        return measure(a[rows], y[rows]) - measure(b[rows], y[rows])

    values = _drawn(gap, clusters, draws, seed)
    known = values[np.isfinite(values)]
    below, above = ((1 + int(side.sum())) / (len(known) + 1) for side in (known <= 0, known >= 0))
    interval = percentile_interval(values, level, len(set(clusters)))
    return Difference(gap(np.arange(len(y))), interval, min(1.0, 2 * min(below, above)))


def _drawn(
    statistic: Statistic, clusters: Sequence[str], draws: int, seed: int
) -> NDArray[np.float64]:
    """Return (draws,) values of the statistic."""
    rows = np.arange(len(clusters))
    return np.array(
        [statistic(np.repeat(rows, times)) for times in times_drawn(clusters, draws, seed)]
    )


def percentile_interval(values: NDArray[np.float64], level: float, clusters: int) -> Interval:
    """Return the interval of the draws of a figure, widened for few clusters; NaN where too few draws are defined.

    Args:
        values: (draws,) the figure per draw, NaN where it is undefined.
        level: share of the draws inside, 0-1.
        clusters: how many there are to draw from.
    """
    known = values[np.isfinite(values)]
    if len(known) < (1 - _MOST_UNDEFINED) * len(values):
        return Interval(float("nan"), float("nan"))
    reach = t_distribution.isf((1 - level) / 2, clusters - 1) * np.sqrt(clusters / (clusters - 1))
    tail = norm.sf(reach)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(float(low), float(high))


def correlations_of_draws(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64], *, ranks: bool
) -> NDArray[np.float64]:
    """Return (draws,) correlations of images that count `weights` (draws, N) times each; NaN where undefined."""
    a, b = (_ranks(side, weights) if ranks else side[None] for side in (x, y))
    total = weights.sum(1, keepdims=True)
    a, b = (side - (weights * side).sum(1, keepdims=True) / total for side in (a, b))
    product = (weights * a * b).sum(1)
    spread = (weights * a**2).sum(1) * (weights * b**2).sum(1)
    # what rounding leaves of a constant draw is no spread
    size = np.abs(x).max() * np.abs(y).max() if not ranks else 1.0
    varied = spread > (1e-12 * size * total[:, 0]) ** 2
    return np.where(varied, product / np.sqrt(np.where(varied, spread, 1)), np.nan)


def _ranks(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (draws, N) mean ranks of the images, up to a constant, when each counts `weights` times."""
    _, level = np.unique(values, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    at_level = np.add.reduceat(weights[:, order], starts, axis=1)
    return np.asarray((np.cumsum(at_level, axis=1) - at_level / 2)[:, level])
