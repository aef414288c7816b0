"""What becomes of the votes: a mean opinion score for each stimulus, and what is known of each observer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class StimulusScore:
    """The mean opinion score of a stimulus in units of the votes (z-score: 0–100); NaN is a number nobody knows.

    Attributes:
        stimulus: its name.
        mos: NaN where nobody has scored it.
        error: standard error.
        ci_low: lower end of the 95 % interval, NaN with too few votes.
        ci_high: upper end.
        n: how many observers' scores it rests on; how many scores where every repetition counts.
    """

    stimulus: str
    mos: float
    error: float
    ci_low: float
    ci_high: float
    n: int

    @property
    def half_width(self) -> float:
        """Return half the width of the interval."""
        return (self.ci_high - self.ci_low) / 2


@dataclass(frozen=True)
class ObserverScore:
    """What is known of an observer.

    Attributes:
        observer: the name.
        bias: mean distance from the panel, points; None where the method has none.
        inconsistency: standard deviation of the observer's own noise, points; None where the method has none.
        rejected: whether the scores were left out; they are never deleted.
        reason: 'rejected by rule: …' or 'technical fault: …', '' otherwise.
    """

    observer: str
    bias: float | None
    inconsistency: float | None
    rejected: bool
    reason: str


@dataclass(frozen=True)
class OpinionScores:
    """The outcome of one method.

    Attributes:
        method: its name.
        stimuli: by name.
        observers: by name.
        without_rejection: the same method on the votes of everybody, technical faults included.
        least_observers: how many observers a final result needs.
        notes: sentences that a reader should see.
    """

    method: str
    stimuli: tuple[StimulusScore, ...]
    observers: tuple[ObserverScore, ...]
    without_rejection: tuple[StimulusScore, ...]
    least_observers: int
    notes: tuple[str, ...] = ()

    @property
    def valid_observers(self) -> int:
        """Return how many observers the scores rest on."""
        return sum(not observer.rejected for observer in self.observers)

    @property
    def provisional(self) -> bool:
        """Return whether there are fewer observers than a final result needs."""
        return self.valid_observers < self.least_observers

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain values; what nobody knows is null."""
        return {
            "method": self.method,
            "stimuli": _stimuli(self.stimuli),
            "observers": [
                {
                    "observer": one.observer,
                    "bias": _known(one.bias),
                    "inconsistency": _known(one.inconsistency),
                    "rejected": one.rejected,
                    "reason": one.reason,
                }
                for one in self.observers
            ],
            "without_rejection": _stimuli(self.without_rejection),
            "provisional": self.provisional,
            "valid_observers": self.valid_observers,
            "least_observers": self.least_observers,
            "notes": list(self.notes),
        }


def _stimuli(scores: Sequence[StimulusScore]) -> list[dict[str, Any]]:
    return [
        {
            "stimulus": one.stimulus,
            "mos": _known(one.mos),
            "ci_low": _known(one.ci_low),
            "ci_high": _known(one.ci_high),
            "n": one.n,
        }
        for one in scores
    ]


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
