"""Which items to show next: those whose votes are worth most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.rating.mos.result import OpinionScores

WIDEST = 50.0
"""Half width that stands for an item without interval: half the scale."""

_USUAL_VOTES = 4


@dataclass(frozen=True)
class Candidate:
    """An item that a rater has not seen yet.

    Attributes:
        key: of the item.
        width: half width of its interval so far, points; NaN where there is none yet.
        uncertainty: half width of the model's interval, points; NaN where no model was asked.
        cell: kind and severity level it stands for, anything hashable.
        votes: how many votes it has.
    """

    key: str
    width: float
    uncertainty: float
    cell: tuple[str, ...]
    votes: int


def order_of(candidates: Sequence[Candidate], seed: int) -> list[str]:
    """Return the keys, the item first whose vote is worth most.

    Worth is interval width × model uncertainty × coverage, which is 1 / (1 + votes on the item) / (1 + votes in the
    item's cell per item of the cell). Each item taken counts as a vote in its cell for those that follow, so the cells
    take turns. An item without interval counts as `WIDEST`; without a model the uncertainty counts as 1. Items of equal
    worth come in the random order of the seed.

    The item's own votes belong in it: an average falls fastest where there are few, and without them the widest items
    take all votes (measured in `next_items_trial`: that is no better than random order).

    Args:
        candidates: all that are left for this rater, with widths of `steady_widths`.
        seed: of the rater, so that the same votes give the same order.

    Raises:
        ValueError: a width or an uncertainty is negative.
    """
    drawn = random_order(candidates, seed)
    by_key = {one.key: one for one in candidates}
    left = [by_key[key] for key in drawn]
    worth = np.array(
        [_width(one.width) * _uncertainty(one.uncertainty) / (1.0 + one.votes) for one in left]
    )
    if worth.size and worth.min() < 0:
        raise ValueError("interval widths and uncertainties are half widths and never negative")
    names = sorted({one.cell for one in left})
    cell = np.array([names.index(one.cell) for one in left], np.intp)
    size = np.bincount(cell, minlength=len(names))
    votes = np.bincount(cell, [one.votes for one in left], minlength=len(names)).astype(float)
    order: list[str] = []
    open_: NDArray[np.bool_] = np.ones(len(left), bool)
    for _ in left:
        value = np.where(open_, worth / (1.0 + (votes / size)[cell]), -1.0)
        best = int(value.argmax())
        open_[best] = False
        votes[cell[best]] += 1
        order.append(left[best].key)
    return order


def steady_widths(scores: OpinionScores) -> dict[str, float]:
    """Return half widths of 95 % intervals that two agreeing votes cannot make small, by stimulus.

    Each stimulus' variance is mixed with the mean variance of all, which counts as 4 votes; an interval by the own
    variance of two or three votes says nothing (t is 12.7 for two). A stimulus with one vote has the mean variance, one
    without votes NaN, and so have all while no stimulus has two.
    """
    count = np.array([one.n for one in scores.stimuli])
    error = np.array([one.error for one in scores.stimuli])
    several = (count > 1) & np.isfinite(error)
    if not several.any():
        return {one.stimulus: math.nan for one in scores.stimuli}
    variance = np.where(several, error**2 * count, 0.0)
    freedom = np.where(several, count - 1, 0)
    usual = float((freedom * variance).sum() / freedom.sum())
    steady = (_USUAL_VOTES * usual + freedom * variance) / (_USUAL_VOTES + freedom)
    widths = np.where(count > 0, 1.96 * np.sqrt(steady / np.maximum(count, 1)), np.nan)
    return {one.stimulus: float(width) for one, width in zip(scores.stimuli, widths, strict=True)}


def random_order(candidates: Sequence[Candidate], seed: int) -> list[str]:
    """Return the keys in the random order of the seed, whatever the votes say: the control."""
    keys = sorted(one.key for one in candidates)
    return [keys[place] for place in np.random.default_rng(seed).permutation(len(keys))]


def _width(width: float) -> float:
    return WIDEST if math.isnan(width) else min(width, WIDEST)


def _uncertainty(uncertainty: float) -> float:
    return 1.0 if math.isnan(uncertainty) else uncertainty
