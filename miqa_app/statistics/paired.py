"""Several methods in the same draws of references: figures, differences and calibration lines with their intervals.

What `bootstrap.paired_difference` does for one measure and two methods draw by draw is done here for all measures,
methods and draws at once, which makes tables of many strata a matter of seconds. The draws and the expansion of the
intervals are those of `bootstrap`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.statistics.bootstrap import (
    DRAWS,
    LEVEL,
    SEED,
    Difference,
    Interval,
    correlations_of_draws,
    percentile_interval,
    times_drawn,
)
from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.statistics.errors import mae, rmse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]

MEASURES = ("srocc", "plcc", "rmse", "mae", "slope", "offset", "error")
"""Correlations; errors; and of the line target ≈ slope · prediction + offset with the mean of prediction − target."""

_CELLS = 4_000_000
"""Numbers held at a time."""


@dataclass(frozen=True, eq=False)
class PairedDraws:
    """Figures of several methods on all images and in every draw.

    Attributes:
        values: on all images, by (measure, method); NaN where undefined.
        drawn: (draws,) by (measure, method).
        references: how many references were drawn from.
        level: of the intervals, 0–1.
    """

    values: Mapping[tuple[str, str], float]
    drawn: Mapping[tuple[str, str], Values]
    references: int
    level: float

    def interval(self, measure: str, method: str) -> Interval:
        """Return the interval of one figure."""
        return percentile_interval(self.drawn[measure, method], self.level, self.references)

    def difference(self, measure: str, first: str, second: str) -> Difference:
        """Return first minus second with its interval and the two-sided share of draws beyond zero."""
        gap = self.drawn[measure, first] - self.drawn[measure, second]
        known = gap[np.isfinite(gap)]
        below, above = ((1 + int(side.sum())) / (len(known) + 1) for side in (known <= 0, known >= 0))  # fmt: skip
        return Difference(
            self.values[measure, first] - self.values[measure, second],
            percentile_interval(gap, self.level, self.references),
            min(1.0, 2 * min(below, above)),
        )


def paired_draws(
    methods: Mapping[str, ArrayLike],
    target: ArrayLike,
    clusters: Sequence[str],
    *,
    measures: Sequence[str] = MEASURES,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = SEED,
) -> PairedDraws:
    """Return the figures of all methods, each draw the same for all of them.

    Args:
        methods: (N,) predictions by method.
        target: (N,).
        clusters: N names, the reference of each image.
        measures: of `MEASURES`.
        draws: number of draws.
        level: of the intervals, 0–1.
        seed: of the draws.

    Raises:
        ValueError: fewer than two references.
    """
    y = np.asarray(target, np.float64)
    predicted = {name: np.asarray(values, np.float64) for name, values in methods.items()}
    times = times_drawn(clusters, draws, seed)
    parts = [part.astype(float) for part in np.array_split(times, -(-times.size // _CELLS))]
    keys = [(measure, method) for measure in measures for method in predicted]
    return PairedDraws(
        {(measure, name): _WHOLE[measure](predicted[name], y) for measure, name in keys},
        {
            (measure, name): np.concatenate([_DRAWN[measure](predicted[name], y, w) for w in parts])
            for measure, name in keys
        },
        len(set(clusters)),
        level,
    )


def line(predicted: ArrayLike, target: ArrayLike) -> tuple[float, float]:
    """Return slope and offset of the least-squares line target ≈ slope · predicted + offset; NaN for a constant."""
    x, y = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    if np.ptp(x) == 0:
        return float("nan"), float("nan")
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    return slope, float(y.mean() - slope * x.mean())


def _drawn_line(x: Values, y: Values, weights: Values) -> tuple[Values, Values]:
    total = weights.sum(1)
    mean_x, mean_y = weights @ x / total, weights @ y / total
    spread = weights @ x**2 / total - mean_x**2
    varied = spread > 1e-12 * np.abs(x).max() ** 2
    shared = weights @ (x * y) / total - mean_x * mean_y
    slope = np.where(varied, shared / np.where(varied, spread, 1), np.nan)
    return slope, mean_y - slope * mean_x


_WHOLE: dict[str, Callable[[Values, Values], float]] = {
    "srocc": srocc,
    "plcc": plcc,
    "rmse": lambda x, y: rmse(x, y) if len(y) > 1 else float("nan"),
    "mae": mae,
    "slope": lambda x, y: line(x, y)[0],
    "offset": lambda x, y: line(x, y)[1],
    "error": lambda x, y: float((x - y).mean()),
}

_DRAWN: dict[str, Callable[[Values, Values, Values], Values]] = {
    "srocc": lambda x, y, w: correlations_of_draws(x, y, w, ranks=True),
    "plcc": lambda x, y, w: correlations_of_draws(x, y, w, ranks=False),
    # a draw of one image twice still has as many terms as it has copies
    "rmse": lambda x, y, w: np.sqrt(w @ (x - y) ** 2 / np.maximum(w.sum(1) - 1, 1)),
    "mae": lambda x, y, w: w @ np.abs(x - y) / w.sum(1),
    "slope": lambda x, y, w: _drawn_line(x, y, w)[0],
    "offset": lambda x, y, w: _drawn_line(x, y, w)[1],
    "error": lambda x, y, w: w @ (x - y) / w.sum(1),
}
