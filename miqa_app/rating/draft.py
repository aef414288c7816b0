"""The vote in the making: what the rater has set so far for what is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miqa_app.rating.protocol import Protocol

Lack = Literal["", "score", "confidence"]
"""What a draft still needs before it can be committed; '' for nothing."""

CONFIDENCES = (1, 2, 3, 4, 5)
"""From guessing to certain."""


def slots(protocol: Protocol) -> tuple[str, ...]:
    """Return the names of the scores that one presentation asks for, by place on the screen, not by what is shown."""
    return {"test": ("score",), "both": ("left", "right"), "preference": ("preference",)}[
        protocol.asks
    ]


class Draft:
    """Scores by slot, cannot judge, confidence and tags; starts empty, for there is no initial handle."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._scores: dict[str, float] = {}
        self._changes = 0
        self._cannot_judge = False
        self._confidence: int | None = None
        self._tags: tuple[str, ...] = ()

    @property
    def scores(self) -> Mapping[str, float]:
        """Return what is set so far by slot; for 'preference' `scale.high` stands for left and `scale.low` for right."""
        return dict(self._scores)

    @property
    def changes(self) -> int:
        """Return how often a score was moved."""
        return self._changes

    @property
    def cannot_judge(self) -> bool:
        """Return whether the rater chose not to give a score."""
        return self._cannot_judge

    @property
    def confidence(self) -> int | None:
        """Return 1–5, or None while it is not set."""
        return self._confidence

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the artefact kinds named so far, sorted."""
        return self._tags

    @property
    def lacks(self) -> Lack:
        """Return what is still needed."""
        if self._cannot_judge:
            return ""
        if set(self._scores) != set(slots(self._protocol)):
            return "score"
        return "confidence" if self._protocol.asks_confidence and not self._confidence else ""

    def move(self, slot: str, value: float, *, settled: bool = True) -> None:
        """Set one score.

        Args:
            slot: one of `slots`.
            value: within the protocol's scale.
            settled: False on the way of a drag, which counts as one change when it ends.

        Raises:
            BadRequest: a slot or a value that the protocol does not have.
        """
        scale = self._protocol.scale
        if slot not in slots(self._protocol):
            message = f"There is no score '{slot}' to give; choose one of {', '.join(slots(self._protocol))}."
            raise BadRequest(message)
        whole = scale.kind == "continuous"
        if not (scale.low <= value <= scale.high if whole else value in scale.values):
            words = "from {} to {}" if whole else "out of {1} … {0}"
            message = f"{value:g} is not on the scale; give a score {words.format(scale.low, scale.high)}."
            raise BadRequest(message)
        self._cannot_judge = False
        self._scores[slot] = float(value)
        self._changes += settled

    def set_cannot_judge(self, on: bool) -> None:
        """Choose to give no score, or take that back; either way the scale is empty afterwards."""
        self._cannot_judge = on
        self._scores.clear()

    def set_confidence(self, confidence: int) -> None:
        """Say how sure the score is, 1–5.

        Raises:
            BadRequest: the protocol does not ask, or the value is none of the five.
        """
        if not self._protocol.asks_confidence or confidence not in CONFIDENCES:
            message = f"A confidence of {confidence} cannot be given here."
            raise BadRequest(message)
        self._confidence = confidence

    def set_tags(self, tags: Iterable[str]) -> None:
        """Name the artefact kinds that disturb.

        Raises:
            BadRequest: the protocol does not ask.
        """
        if not self._protocol.asks_artefacts:
            message = "This study does not ask for kinds of artefact."
            raise BadRequest(message)
        self._tags = tuple(sorted(set(tags)))
