"""Cut points between accept, check and rescan, from what people decided about images that were scored.

Two cuts are fitted. Below the lower one a rescan is advised; it is judged by the rescans it finds (sensitivity) and the
other decisions it leaves alone (specificity). From the upper one on acceptance is advised; it is judged by the images
not accepted that it holds back, and the accepted ones that it lets pass. Youden's index, sensitivity + specificity − 1
(Cancer 1950, 3(1), 32–35), weighs both alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from miqa_app.statistics.bootstrap import LEVEL, times_drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

Decision = Literal["accept", "check", "rescan"]
DECISIONS: tuple[Decision, ...] = ("accept", "check", "rescan")
FEWEST = 10
"""Of each side of a cut; fewer say next to nothing about a sensitivity."""

DRAWS = 1000
SEED = 20_260_101
_CUTS = np.arange(101)


@dataclass(frozen=True)
class Rate:
    """A share of cases with its 95 % interval.

    Attributes:
        value: 0–1.
        low: lower end.
        high: upper end.
        count: cases it is a share of.
    """

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Cut:
    """A cut point.

    Attributes:
        score: images that score below it, rounded to whole points, lie under the cut; 0–100.
        low: lower end of the 95 % interval of the cut, from draws of cases.
        high: upper end.
        sensitivity: share of the cases to be found that lie under the cut.
        specificity: share of the others that do not.
        unseen_sensitivity: mean of the same over cases that the cut was not fitted to; NaN where no draw left any.
        unseen_specificity: likewise.
    """

    score: int
    low: float
    high: float
    sensitivity: Rate
    specificity: Rate
    unseen_sensitivity: float
    unseen_specificity: float


@dataclass(frozen=True)
class OperatingPoints:
    """Both cuts; `rescan.score` never lies above `accept.score`.

    Attributes:
        accept: from this score on acceptance is advised; finds the images not accepted.
        rescan: below this score a rescan is advised; finds the rescans.
        counts: cases by decision.
    """

    accept: Cut
    rescan: Cut
    counts: dict[Decision, int]


def fit_operating_points(
    scores: ArrayLike,
    decisions: Sequence[str],
    clusters: Sequence[str] | None = None,
    *,
    sensitivity: float | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> OperatingPoints:
    """Return the cuts that agree best with the decisions.

    Args:
        scores: (N,) 0–100; rounded to whole points, as verdicts do.
        decisions: N times 'accept', 'check' or 'rescan'.
        clusters: N names of what belongs together, such as the patient; every case by itself when left out.
        sensitivity: wished for both cuts, 0–1; the cuts are then the lowest that reach it. None takes the largest sum
            of both Youden indices.
        draws: of the bootstrap.
        seed: of the draws.

    Raises:
        ValueError: a decision is none of the three, a score lies outside 0–100, there are fewer than ten rescans or
            fewer than ten accepted images, or the wish is no share.
    """
    points = np.rint(np.asarray(scores, np.float64))
    if not np.isfinite(points).all() or points.min(initial=0) < 0 or points.max(initial=0) > 100:
        raise ValueError("scores must lie between 0 and 100")
    if unknown := sorted(set(decisions) - set(DECISIONS)):
        raise ValueError(f"'{unknown[0]}' is none of {', '.join(DECISIONS)}")
    if sensitivity is not None and not 0 < sensitivity <= 1:
        raise ValueError("the sensitivity wished for must lie above 0 and not above 1")
    whole = points.astype(np.int64)
    said = np.asarray(decisions, dtype=str)
    for name in ("rescan", "accept"):
        if (said == name).sum() < FEWEST:
            raise ValueError(f"{(said == name).sum()} '{name}' are too few; {FEWEST} are needed")
    groups = [str(place) for place in range(len(whole))] if clusters is None else list(clusters)
    if len(set(groups)) < 2:
        raise ValueError("all cases belong together, so nothing can be said about others")
    fits = np.array(
        [_cuts(whole, said, times, sensitivity) for times in _draws(groups, draws, seed)]
    )
    accept, rescan = (int(cut) for cut in fits[0])
    counts = {name: int((said == name).sum()) for name in DECISIONS}
    return OperatingPoints(
        _described(accept, fits[:, 0], whole, said != "accept", groups, draws, seed),
        _described(rescan, fits[:, 1], whole, said == "rescan", groups, draws, seed),
        counts,
    )


def _draws(groups: Sequence[str], draws: int, seed: int) -> NDArray[np.int64]:
    """Return (1 + draws, N): how often each case counts; in the first row once each."""
    times = times_drawn(groups, draws, seed)
    return np.vstack([np.ones((1, times.shape[1]), np.int64), times])


def _cuts(
    scores: NDArray[np.int64],
    said: NDArray[np.str_],
    times: NDArray[np.int64],
    wished: float | None,
) -> tuple[float, float]:
    """Return the accept cut and the rescan cut, NaN where a draw lacks one side."""
    curves = [_curve(scores, found, times) for found in (said != "accept", said == "rescan")]
    if any(np.isnan(curve).any() for curve in curves):
        return float("nan"), float("nan")
    if wished is not None:
        accept, rescan = (_lowest_reaching(curve, wished) for curve in curves)
        return max(accept, rescan), rescan
    upper, lower = (curve.sum(0) for curve in curves)
    total = upper[:, None] + lower[None]  # (accept cut, rescan cut)
    total = np.where(_CUTS[:, None] >= _CUTS[None], total, -np.inf)
    best = np.argwhere(total >= total.max() - 1e-12)
    # in the middle of cuts that are equally good, furthest from the cases on both sides
    accept = _middle(np.unique(best[:, 0]))
    with_it = best[best[:, 0] == accept, 1]
    return accept, _middle(with_it)


def _curve(
    scores: NDArray[np.int64], found: NDArray[np.bool_], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (2, 101): sensitivity and specificity of the cuts 0–100."""
    sides = []
    for side in (found, ~found):
        below = np.bincount(scores[side], weights=times[side], minlength=101)
        sides.append(np.concatenate([[0.0], np.cumsum(below)])[:101] / max(below.sum(), np.nan))
    return np.stack([sides[0], 1 - sides[1]])


def _lowest_reaching(curve: NDArray[np.float64], wished: float) -> int:
    """Return the cut of the best specificity that reaches a sensitivity, in the middle of equally good ones."""
    reaching = np.flatnonzero(curve[0] >= wished - 1e-12)
    first = int(reaching[0]) if len(reaching) else 100
    alike = np.flatnonzero(np.abs(curve - curve[:, [first]]).max(0) < 1e-12)
    return _middle(alike)


def _middle(cuts: NDArray[np.intp]) -> int:
    return int(cuts[(len(cuts) - 1) // 2])


def _described(
    cut: int,
    drawn: NDArray[np.float64],
    scores: NDArray[np.int64],
    found: NDArray[np.bool_],
    groups: Sequence[str],
    draws: int,
    seed: int,
) -> Cut:
    """Return a cut with its figures; `drawn` holds (1 + draws,) fits, the first on all cases."""
    times = _draws(groups, draws, seed)
    under = scores < cut
    known = drawn[np.isfinite(drawn)]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    unseen = np.array(
        [
            _shares(scores < fit, found, (row == 0).astype(np.int64))
            for fit, row in zip(drawn[1:], times[1:], strict=True)
            if np.isfinite(fit)
        ]
    )
    means = [
        float(np.nanmean(side)) if np.isfinite(side).any() else float("nan")
        for side in unseen.reshape(-1, 2).T
    ]
    return Cut(
        cut,
        float(low),
        float(high),
        _rate(under, found, times, groups),
        _rate(~under, ~found, times, groups),
        *means,
    )


def _shares(
    under: NDArray[np.bool_], found: NDArray[np.bool_], times: NDArray[np.int64]
) -> tuple[float, float]:
    """Return sensitivity and specificity of cases that count `times` times, NaN where there are none."""
    return tuple(  # type: ignore[return-value]
        float((times * hit * side).sum() / total) if (total := (times * side).sum()) else np.nan
        for hit, side in ((under, found), (~under, ~found))
    )


def _rate(
    hit: NDArray[np.bool_],
    side: NDArray[np.bool_],
    times: NDArray[np.int64],
    groups: Sequence[str],
) -> Rate:
    """Return the share of hits with Wilson's interval, or one that draws whole clusters where cases belong together."""
    count, hits = int(side.sum()), int((hit & side).sum())
    if len(set(groups)) == len(groups):
        low, high = proportion_confint(hits, count, alpha=1 - LEVEL, method="wilson")
    else:
        totals = (times[1:] * side).sum(1)
        shares = (times[1:] * (hit & side)).sum(1)[totals > 0] / totals[totals > 0]
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(shares, [tail, 1 - tail])
    return Rate(hits / count, float(low), float(high), count)
