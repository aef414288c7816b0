"""Control charts: whether a series of weekly figures still is what it was in a baseline.

Each figure (a median, a spread, a share) is compared with what as many scans drawn from the baseline would give, exactly
for medians and shares and by random draws for spreads, which makes weeks with few and with many scans comparable. What a stable process varies beyond that, because scans of one
patient are alike and weeks differ, is measured as overdispersion in the baseline and widens the limits, as in Laney's
charts (Laney 2002, Quality Engineering 14:531). Two rules judge every later point: one point beyond the limits
(Shewhart), and an exponentially weighted moving average beyond its own (EWMA with weight 0.25), which together find
large jumps at once and small shifts within weeks (Lucas and Saccucci 1990, Technometrics 32:1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WEIGHT = 0.25
"""Of the newest point in the moving average: it remembers about seven points."""

PRIOR_POINTS = 20.0
"""So many points at most count what the other charts of the same kind say on overdispersion, beside the chart's own."""

_DRAWS = 1000
_LEAST_SCALE = 1e-3
_REACH = 12.0


@dataclass(frozen=True, eq=False)
class Dispersion:
    """How much more a stable process varies from point to point than scans drawn at random would.

    Attributes:
        squares: sum of squared deviations of the baseline's points, in units of what random draws give.
        freedom: its degrees of freedom.
    """

    squares: float
    freedom: float

    @property
    def ratio(self) -> float:
        """Return variance over that of random draws, at least 1."""
        return max(1.0, self.squares / self.freedom) if self.freedom > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Judged:
    """What the two rules say of each point.

    Attributes:
        centre: mean of the baseline's deviations.
        scale: root of the overdispersion.
        count: points of the baseline.
        limit: so many standard errors may a point lie from the centre.
        smooth: (points,) moving average of (deviation − centre) / scale; 0 in the baseline.
        smooth_limit: (points,) its limit; infinite in the baseline.
        side: (points,) −1 below, +1 above, 0 in control, by either rule; 0 in the baseline.
    """

    centre: float
    scale: float
    count: int
    limit: float
    smooth: NDArray[np.float64]
    smooth_limit: NDArray[np.float64]
    side: NDArray[np.int8]

    @property
    def error(self) -> float:
        """Return the standard error of a point in control, that of the centre included."""
        return float(self.scale * np.sqrt(1 + 1 / self.count))


def log_spread(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Return the logarithm of the interquartile range along an axis, the last one by default."""
    ordered = np.sort(np.moveaxis(values, axis, -1), axis=-1)
    return np.asarray(
        np.log(np.maximum(_quantile(ordered, 0.75) - _quantile(ordered, 0.25), _LEAST_SCALE))
    )


def median(values: NDArray[np.float64]) -> float:
    """Return the median; several times faster than NumPy's for the few scans of a week."""
    return float(_quantile(np.sort(values), 0.5))


def _quantile(ordered: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return the quantile of values sorted along the last axis, interpolated linearly."""
    place = share * (ordered.shape[-1] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[-1] - 1)
    return np.asarray(ordered[..., low] + (place - low) * (ordered[..., high] - ordered[..., low]))


class SpreadReference:
    """What the logarithm of the interquartile range is in samples drawn from a baseline with replacement.

    Drawn, because a few bad scans in a small sample make it leap; sizes are rounded to a few of each power of two.
    """

    def __init__(self, pool: NDArray[np.float64], seed: int = 0) -> None:
        """Learn from (scans,) values; the same seed gives the same charts."""
        self._pool, self._seed = pool, seed
        self._known: dict[int, Reference] = {}

    def deviations(
        self, spreads: NDArray[np.float64], sizes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (points,) how unusual logarithms of spreads are, as deviations of a normal distribution."""
        found = np.empty(len(sizes))
        single = np.ones(1, dtype=np.int64)
        for place, (spread, size) in enumerate(zip(spreads, sizes, strict=True)):
            found[place] = self._of(int(size)).deviations(np.array([spread]), single)[0]
        return found

    def limits(
        self, sizes: NDArray[np.int64], low: float, high: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (points,) the logarithms of the spreads whose deviations are `low` and `high`."""
        single = np.ones(1, dtype=np.int64)
        ends = {
            size: self._of(int(size)).limits(single, low, high)
            for size in np.unique(sizes).tolist()
        }
        lows, highs = (np.array([ends[int(size)][end][0] for size in sizes]) for end in (0, 1))
        return lows, highs

    def _of(self, size: int) -> Reference:
        near = _grid(size)
        if near not in self._known:
            draws = np.random.default_rng((self._seed, near)).choice(self._pool, (_DRAWS, near))
            self._known[near] = Reference(log_spread(draws))
        return self._known[near]


@lru_cache(maxsize=1024)
def _grid(size: int) -> int:
    """Return the size itself up to 8, and beyond that one of four steps of each power of two."""
    if size <= 8:
        return size
    step = 2 ** (size.bit_length() - 3)
    return int(size // step * step)


class Reference:
    """The distribution of single scans in a baseline, continued beyond its ends by exponential tails.

    The share of scans below a value is that of the baseline, half a scan added at either end; beyond the ends it falls by
    a factor of e for every mean excess of the outermost tenth, so that a rare bad scan in the baseline makes the median of
    a few bad scans as unsurprising as it is.
    """

    def __init__(self, pool: NDArray[np.float64]) -> None:
        """Learn from (scans,) values, at least two."""
        self._values = np.sort(pool)
        count = len(pool)
        self._end = 0.5 / (count + 1)
        tail = max(2, count // 10)
        least = max(float(np.subtract(*np.percentile(pool, (75, 25)))) / 4, _LEAST_SCALE)
        self._below = max(float((self._values[tail] - self._values[:tail]).mean()), least)
        self._above = max(float((self._values[-tail:] - self._values[-tail - 1]).mean()), least)

    def shares(
        self, values: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the shares of scans below and above each value; both are exact where they are small."""
        known, count = self._values, len(self._values)
        ranks = (
            np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
        ) / 2
        below = (ranks + 0.5) / (count + 1)
        lower = self._end * np.exp(np.minimum(0.0, (values - known[0]) / self._below))
        upper = self._end * np.exp(np.minimum(0.0, (known[-1] - values) / self._above))
        low = np.where(values < known[0], lower, np.where(values > known[-1], 1 - upper, below))
        high = np.where(
            values > known[-1], upper, np.where(values < known[0], 1 - lower, 1 - below)
        )
        return low, high

    def deviations(
        self, medians: NDArray[np.float64], sizes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (points,) how unusual medians of so many scans are, as deviations of a normal distribution.

        The median of n scans lies below x where at least half of them do, of which the binomial distribution gives the
        chance; for even n the two middle scans count half each.
        """
        low, high = self.shares(medians)
        small = low < high
        share = np.where(small, low, high)
        first, second = sizes // 2 + sizes % 2, sizes // 2 + 1
        chance = special.bdtrc(first - 1, sizes, share) + special.bdtrc(second - 1, sizes, share)
        found = -special.ndtri(np.clip(chance / 2, 1e-300, 1.0))
        return np.asarray(np.where(small, -found, found))

    def limits(
        self, sizes: NDArray[np.int64], low: float, high: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (points,) the medians of so many scans whose deviations are `low` and `high`."""
        known = self._values
        grid = np.concatenate(
            [
                known[0] - self._below * np.linspace(_REACH, 0, 60, endpoint=False),
                np.linspace(known[0], known[-1], 200),
                known[-1] + self._above * np.linspace(0, _REACH, 61)[1:],
            ]
        )
        lows, highs = np.empty(len(sizes)), np.empty(len(sizes))
        for size in np.unique(sizes):
            here = sizes == size
            z = np.maximum.accumulate(self.deviations(grid, np.full(len(grid), size)))
            lows[here], highs[here] = np.interp([low, high], z, grid)
        return lows, highs


def share_deviations(
    hits: NDArray[np.float64], sizes: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Return how unusual shares are, as deviations of a normal distribution with the same tail.

    The binomial tail includes the count itself, so that small counts are never called more unusual than they are.

    Args:
        hits: (points,) so many of the scans.
        sizes: (points,) scans.
        share: that is usual, above 0 and below 1.
    """
    above = hits > sizes * share
    upper = stats.norm.isf(stats.binom.sf(hits - 1, sizes, share))
    lower = stats.norm.ppf(stats.binom.cdf(hits, sizes, share))
    return np.asarray(np.where(above, np.maximum(upper, 0.0), np.minimum(lower, 0.0)))


def share_limits(
    sizes: NDArray[np.float64], share: float, low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (points,) the lowest and the highest share in control between two deviations, the first below 0."""
    lows = stats.binom.ppf(stats.norm.sf(-low), sizes, share) / sizes
    highs = stats.binom.isf(stats.norm.sf(high), sizes, share) / sizes
    return np.asarray(np.maximum(lows, 0.0)), np.asarray(highs)


def dispersion(deviations: NDArray[np.float64], baseline: NDArray[np.bool_]) -> Dispersion:
    """Return the overdispersion of one stream's baseline."""
    inside = deviations[baseline]
    if len(inside) < 2:
        return Dispersion(0.0, 0.0)
    return Dispersion(float(((inside - inside.mean()) ** 2).sum()), len(inside) - 1.0)


def pooled(parts: Sequence[Dispersion]) -> Dispersion:
    """Return the overdispersion of several streams together."""
    return Dispersion(sum(p.squares for p in parts), sum(p.freedom for p in parts))


def judge(
    deviations: NDArray[np.float64],
    baseline: NDArray[np.bool_],
    alpha: float,
    site: Dispersion,
) -> Judged:
    """Judge the points after a baseline by both rules.

    Args:
        deviations: (points,) from what is expected, in standard deviations of random draws.
        baseline: (points,) True for those that define what is normal; they come first and are at least two.
        alpha: chance that one rule calls one point of a stable process out of control, both sides together.
        site: overdispersion of all charts of the same kind, this one included.

    Raises:
        ValueError: the baseline has fewer than two points.
    """
    count = int(baseline.sum())
    if count < 2:
        message = "a baseline needs at least two points"
        raise ValueError(message)
    own = dispersion(deviations, baseline)
    others = Dispersion(max(site.squares - own.squares, 0.0), max(site.freedom - own.freedom, 0.0))
    weight = min(PRIOR_POINTS, others.freedom)
    freedom = own.freedom + weight
    ratio = max(1.0, (own.squares + weight * others.ratio) / freedom)
    centre = float(deviations[baseline].mean())
    limit = float(stats.t.isf(alpha / 2, freedom))
    scale = float(np.sqrt(ratio))
    later = (deviations[~baseline] - centre) / scale
    smooth, smooth_limit = np.zeros(len(deviations)), np.full(len(deviations), np.inf)
    side = np.zeros(len(deviations), np.int8)
    smooth[~baseline], smooth_limit[~baseline], side[~baseline] = _rules(later, limit, count)
    return Judged(centre, scale, count, limit, smooth, smooth_limit, side)


def sides(judged: Judged, deviations: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return what the same rules say of other points after the same baseline.

    Args:
        judged: gives baseline and limits.
        deviations: (points,) after the baseline, in their order.
    """
    return _rules((deviations - judged.centre) / judged.scale, judged.limit, judged.count)[2]


def _rules(
    standard: NDArray[np.float64], limit: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
    """Return moving average, its limit and the side of each point, after a baseline of `count` points."""
    smooth, smooth_limit = np.zeros(len(standard)), np.full(len(standard), np.inf)
    average = 0.0
    for place, value in enumerate(standard):
        left = (1 - WEIGHT) ** (place + 1)
        average += WEIGHT * (value - average)
        # the second part: an error of the centre shifts all points alike
        variance = WEIGHT / (2 - WEIGHT) * (1 - left**2) + (1 - left) ** 2 / count
        smooth[place], smooth_limit[place] = average, limit * np.sqrt(variance)
    single = standard / np.sqrt(1 + 1 / count)
    side = np.where(np.abs(single) > limit, np.sign(single), 0)
    side = np.where(np.abs(smooth) > smooth_limit, np.sign(smooth), side)
    return smooth, smooth_limit, side.astype(np.int8)
