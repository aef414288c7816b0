"""How many more raters it takes until the intervals are as narrow as wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as t_distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.rating.mos.result import OpinionScores

TARGET = 5.0
"""Points to either side of the MOS, on a scale of 100."""

_MOST_RATERS = 2000
_Z95 = 1.96


@dataclass(frozen=True)
class Plan:
    """What is still missing.

    Attributes:
        target: half width that is wanted, points.
        median: half width of the 95 % interval of the middle stimulus, NaN where no stimulus has one.
        worst: half width of the widest interval.
        more_for_median: how many more raters of every stimulus bring the middle one to the target, None if unknown.
        more_for_worst: how many bring every stimulus there, None if unknown: where a stimulus has no interval yet, or
            more than 2000 would be needed.
        without_interval: stimuli with too few scores for an interval.
    """

    target: float
    median: float
    worst: float
    more_for_median: int | None
    more_for_worst: int | None
    without_interval: int

    @property
    def words(self) -> str:
        """Return the plan as one sentence."""
        if math.isnan(self.median):
            return "No stimulus has an interval yet; two scores on each are needed."
        parts = [
            f"{_raters(self.more_for_median)} for ±{self.target:g} points on the middle stimulus (now "
            f"±{self._rounded(self.median)})",
            f"{_raters(self.more_for_worst)} on all of them (widest ±{self._rounded(self.worst)})",
        ]
        return "; ".join(parts) + "."

    def _rounded(self, width: float) -> str:
        """Return a half width with as many decimals as it takes to see on which side of the target it lies."""
        enough = (n for n in (1, 2, 3) if (round(width, n) > self.target) == (width > self.target))
        return f"{width:.{next(enough, 4)}f}"


def plan_raters(scores: OpinionScores, target: float = TARGET) -> Plan:
    """Return how many more raters of every stimulus bring the intervals to ± target.

    The spread s of each stimulus is taken as it was found, and the interval as the method makes it: t s / √n, or 1.96 s /
    √n. With few raters the spread itself is uncertain, so ask again as votes come in.

    Args:
        scores: as they are now.
        target: half width that is wanted, points.

    Raises:
        ValueError: the target is not above zero.
    """
    if not target > 0:
        raise ValueError(f"a half width of {target} cannot be reached")
    known = [one for one in scores.stimuli if not math.isnan(one.half_width) and one.n > 1]
    without = len(scores.stimuli) - len(known)
    if not known:
        return Plan(target, math.nan, math.nan, None, None, without)
    now = np.array([one.half_width for one in known])
    count = np.array([one.n for one in known])
    error = np.array([one.error for one in known])
    now_t = t_distribution.isf(0.025, count - 1)
    by_t = np.abs(now - now_t * error) < np.abs(now - _Z95 * error)

    def more(pick: str) -> int | None:
        reached: NDArray[np.float64] = now
        for extra in range(_MOST_RATERS + 1):
            if extra:
                raters = count + extra
                narrower = np.where(by_t, t_distribution.isf(0.025, raters - 1) / now_t, 1.0)
                reached = now * narrower * np.sqrt(count / raters)
            if float(np.median(reached) if pick == "median" else reached.max()) <= target:
                return extra
        return None

    return Plan(
        target=target,
        median=float(np.median(now)),
        worst=float(now.max()),
        more_for_median=more("median"),
        more_for_worst=None if without else more("worst"),
        without_interval=without,
    )


def _raters(count: int | None) -> str:
    if count is None:
        return "an unknown number of raters"
    return "no more raters" if not count else f"{count} more rater{'s' if count > 1 else ''}"
