"""The interval around a score: how wide the network's own doubt makes it, and how far that was found to be right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SMALLEST_SPREAD = 1.0
"""Points of 100; keeps a few over-confident slices from stretching every other interval."""


STRANGE_FROM = 0.8
"""Distance, as a share of the largest one in scope, from which a series counts as unlike the training scans."""


class Doubtful(Protocol):
    """What the interval needs to know of a prediction: score and deviation in points of 100, probabilities by kind."""

    @property
    def score(self) -> float: ...  # noqa: D102
    @property
    def deviation(self) -> float: ...  # noqa: D102
    @property
    def artefacts(self) -> Mapping[str, float]: ...  # noqa: D102


@dataclass(frozen=True)
class Calibration:
    """How wide the interval of a score is (normalised split conformal prediction, models.md 6.1).

    The spread of a slice is a linear function of the network's own deviation, the suspected artefacts and how far the
    score lies from both ends of its scale; its weights were fitted on training subjects. The factors that stretch it
    to the level were measured on subjects that training did not see.

    Attributes:
        factor: for the score of a series: the interval is score ± factor × mean spread of the slices that count.
        level: coverage aimed at, such as 0.9.
        slice_factor: for a lone slice; None takes `factor`.
        base: spread of a slice about which nothing is said, points of 100.
        per_deviation: added per point of the network's deviation.
        per_middle: added for a score of 50, falling to nothing at 0 and 100.
        per_kind: added per unit of probability of an artefact kind.
    """

    factor: float
    level: float = 0.9
    slice_factor: float | None = None
    base: float = 0.0
    per_deviation: float = 1.0
    per_middle: float = 0.0
    per_kind: Mapping[str, float] = field(default_factory=dict)

    def spread(self, slice_: Doubtful) -> float:
        """Return the spread of one slice, points of 100, before the factor."""
        kinds = sum(weight * slice_.artefacts[kind] for kind, weight in self.per_kind.items())
        value = self.base + self.per_deviation * slice_.deviation + kinds
        return max(SMALLEST_SPREAD, float(value + self.per_middle * middle(slice_.score)))

    def half_width(
        self,
        slices: Sequence[Doubtful],
        weights: Sequence[float] | None = None,
        strangeness: float = 0.0,
    ) -> float:
        """Return half the width of the interval, points of 100.

        Args:
            slices: those that count for the score, at least one; a single one is a lone slice.
            weights: of the slices; equal when left out.
            strangeness: distance from the training scans in units of the largest one in scope; from `STRANGE_FROM`
                on the interval widens with it.
        """
        spreads = [self.spread(item) for item in slices]
        mean = float(np.average(spreads, weights=weights))
        lone = len(spreads) == 1 and self.slice_factor is not None
        factor = self.slice_factor if lone else self.factor
        return float(factor or self.factor) * mean * max(1.0, strangeness / STRANGE_FROM)


def middle(score: float) -> float:
    """Return 1 for a score of 50 and 0 at both ends of the scale 0–100."""
    return score * (100 - score) / 2500
