"""One series on the desk: its pixels, how far reading and scoring have come, and the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QImage

    from miqa_app.core.assessment import Assessment, SlicePrediction
    from miqa_app.core.series import Series


class State(Enum):
    """How far a series has come; the value is what the list says."""

    READING = "Reading"
    WAITING = "Waiting"
    SCORING = "Scoring"
    DONE = "Done"
    FAILED = "Scoring failed"
    STOPPED = "Stopped"


@dataclass(eq=False)
class Entry:
    """A series and what has become of it.

    Attributes:
        series: the newest form of the series.
        state: see `State`.
        assessment: the result, once there is one.
        predictions: by frame, growing while the series is scored.
        failure: one sentence why scoring failed, or ''.
        log: what whoever mends it needs.
        thumbnail: a small picture for the list.
    """

    series: Series
    state: State = State.READING
    assessment: Assessment | None = None
    predictions: dict[int, SlicePrediction] = field(default_factory=dict)
    failure: str = ""
    log: str = ""
    thumbnail: QImage | None = None

    @property
    def key(self) -> str:
        """Return the key of the series."""
        return self.series.key

    @property
    def progress(self) -> float:
        """Return the share 0–1 of the present step that is done."""
        if self.state is State.READING:
            return float(self.series.ready.mean())
        if self.state is State.SCORING:
            return len(self.predictions) / self.series.frames
        return 1.0

    @property
    def status(self) -> str:
        """Return the state or the verdict in words."""
        if self.assessment is not None:
            return self.assessment.verdict.words
        if self.state in (State.READING, State.SCORING):
            return f"{self.state.value} {self.progress * 100:.0f} %"
        return self.state.value

    @property
    def sentence(self) -> str:
        """Return the entry as one line for a screen reader."""
        score = self.assessment.score if self.assessment else None
        number = "" if score is None else f", score {score:.0f} of 100"
        return f"{self.series.description or 'Series'}, {self.series.frames} images, {self.status}{number}"

    @property
    def worst(self) -> tuple[int, ...]:
        """Return the worst frames, worst first."""
        return self.assessment.worst if self.assessment else ()

    @property
    def by_frame(self) -> Mapping[int, SlicePrediction]:
        """Return the predictions by frame."""
        return self.predictions
