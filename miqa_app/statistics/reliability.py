"""How far single raters can be relied upon: against the others, in repeats, and along a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as t_distribution

from miqa_app.statistics.agreement import intraclass_correlations
from miqa_app.statistics.correlation import plcc, srocc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class AgainstTheRest:
    """One rater's scores beside the mean of all others.

    Attributes:
        srocc: Spearman's correlation, NaN where undefined.
        plcc: Pearson's correlation.
        subjects: how many subjects the rater and at least one other scored; only these count.
    """

    srocc: float
    plcc: float
    subjects: int


@dataclass(frozen=True)
class Repeatability:
    """Scores of the same rater on the same subject.

    Attributes:
        pairs: how many subjects were scored twice by somebody.
        difference: mean absolute difference, points; NaN without pairs.
        within_sd: standard deviation of repeated scores, √(mean d² / 2) (Bland and Altman, BMJ 1996, 313, 744).
        icc: ICC(A,1) of first and second score.
        shift: mean of second minus first, points.
    """

    pairs: int
    difference: float
    within_sd: float
    icc: float
    shift: float


@dataclass(frozen=True)
class Drift:
    """The line through a rater's residuals over the order of presentation.

    Attributes:
        slope: points per presentation, NaN with fewer than three votes of known order.
        low: lower end of the 95 % interval.
        high: upper end.
        p: of no slope, two-sided.
        change: slope times the length of the longest session, points.
        votes: how many votes it rests on.
    """

    slope: float
    low: float
    high: float
    p: float
    change: float
    votes: int


def against_the_rest(scores: ArrayLike) -> list[AgainstTheRest]:
    """Return each rater's correlation with the mean of the other raters.

    Args:
        scores: (N, K), NaN where there is no score.
    """
    x = np.asarray(scores, np.float64)
    known = ~np.isnan(x)
    found = []
    for rater in range(x.shape[1]):
        others = np.delete(known, rater, axis=1).sum(1)
        rows = known[:, rater] & (others > 0)
        mean = np.nansum(np.delete(x, rater, axis=1), axis=1)[rows] / others[rows]
        own = x[rows, rater]
        found.append(AgainstTheRest(srocc(own, mean), plcc(own, mean), int(rows.sum())))
    return found


def repeatability(first: ArrayLike, second: ArrayLike) -> Repeatability:
    """Return how well scores repeat.

    Args:
        first: (P,) scores, pairs with NaN on either side are left out.
        second: (P,) scores of the same rater on the same subject.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    both = ~(np.isnan(a) | np.isnan(b))
    d = (b - a)[both]
    if not d.size:
        return Repeatability(0, *(float("nan"),) * 4)
    return Repeatability(
        pairs=d.size,
        difference=float(np.abs(d).mean()),
        within_sd=float(np.sqrt((d**2).mean() / 2)),
        icc=intraclass_correlations(np.column_stack([a[both], b[both]])).single.value,
        shift=float(d.mean()),
    )


def drift(residuals: ArrayLike, orders: ArrayLike, sessions: Sequence[str]) -> Drift:
    """Return the common slope over all sessions of a rater; each session has a level of its own.

    Args:
        residuals: (N,) score minus what the panel's score and the rater's bias make one expect, points.
        orders: (N,) place in the session, NaN where not known.
        sessions: N names.
    """
    r, place = np.asarray(residuals, np.float64), np.asarray(orders, np.float64)
    known = ~(np.isnan(r) | np.isnan(place))
    names, label = np.unique(np.asarray(sessions, dtype=str)[known], return_inverse=True)
    r, place = r[known], place[known]
    freedom = len(r) - len(names) - 1
    nothing = Drift(*(float("nan"),) * 5, len(r))
    if freedom < 1:
        return nothing
    count = np.bincount(label)
    r = r - (np.bincount(label, r) / count)[label]
    centred = place - (np.bincount(label, place) / count)[label]
    power = float((centred**2).sum())
    if power == 0:
        return nothing
    slope = float((centred * r).sum()) / power
    error = np.sqrt(float(((r - slope * centred) ** 2).sum()) / freedom / power)
    reach = float(t_distribution.isf(0.025, freedom) * error)
    p = (
        float(2 * t_distribution.sf(abs(slope) / error, freedom))
        if error > 0
        else float(slope == 0)
    )
    longest = max(float(np.ptp(place[label == session])) for session in range(len(names)))
    return Drift(slope, slope - reach, slope + reach, p, slope * longest, len(r))


def sos_coefficient(scores: ArrayLike, low: float, high: float) -> float:
    """Return a of S² = a (MOS − low) (high − MOS), least squares (Hoßfeld, Schatz and Egger, QoMEX 2011).

    0 is a panel of one mind, 1 one that uses only the ends of the scale; image quality studies lie near 0.1.

    Args:
        scores: (N, K), NaN where there is no score; subjects with one score are left out.
        low: lowest score of the scale.
        high: highest score of the scale.
    """
    x = np.asarray(scores, np.float64)
    x = x[(~np.isnan(x)).sum(1) >= 2]
    mean = np.nanmean(x, axis=1) if len(x) else np.zeros(0)
    variance = np.nanvar(x, axis=1, ddof=1) if len(x) else np.zeros(0)
    room = (mean - low) * (high - mean)
    power = float((room**2).sum())
    return float((variance * room).sum()) / power if power > 0 else float("nan")
