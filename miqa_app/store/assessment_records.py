"""What the store tells of assessments, of what people decided about them, and of what they did about drift."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from miqa_app.core.assessment import (
    EngineIdentity,
    ModelIdentity,
    Scope,
    Thresholds,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Choice = Literal["accept", "check", "rescan"]
"""What a person decides: keep the series, look at it first, or scan it again."""

CHOICES: tuple[Choice, ...] = ("accept", "check", "rescan")
REASONS = ("motion", "ghost", "coverage", "contrast", "metal", "other")
"""Why a series is scanned again."""

UNDONE = "undone"
"""Stands in a row of its own that takes the decision before it back."""

Step = Literal["own", "snooze", "new level"]
"""What can be done about an alarm: somebody sees to it, it waits, or what was reached is the new normal."""

STEPS: tuple[Step, ...] = ("own", "snooze", "new level")


@dataclass(frozen=True)
class Context:
    """Where a series comes from, as far as its header says; nothing that identifies the patient.

    Attributes:
        manufacturer: of the scanner.
        model: of the scanner.
        station: hash of the scanner's own name, so that two of one model are told apart.
        sequence: protocol name, or what the scanner calls the series.
        coil: receive coil.
        anatomy: body part.
        field: strength with its unit.
        acquired: day, ISO 8601.
    """

    manufacturer: str = ""
    model: str = ""
    station: str = ""
    sequence: str = ""
    coil: str = ""
    anatomy: str = ""
    field: str = ""
    acquired: str = ""

    def form(self) -> dict[str, str]:
        """Return it as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class KeptAssessment:
    """A judgement that was kept, with all that is needed to make it once more.

    Attributes:
        key: 32 hexadecimal digits, from pixels, model and thresholds.
        source: file or folder that the series was read from.
        series: SHA-256 of pixels and their scale.
        title: what the scanner calls the series.
        frames: number of images.
        model: that judged, or None where none was run.
        engine: on which it ran, or None.
        thresholds: between the verdicts.
        verdict: what was advised.
        reason: why it was not assessed, or ''.
        score: 0–100, 100 = best, or None.
        interval: 90 % interval of the score, or None.
        suspected: artefact kind, or ''.
        artefacts: probability by kind.
        scope: how far from what the model was shown.
        context: where it comes from.
        app_version: of the program.
        recorded: UTC time in ISO 8601; given by the store.
    """

    key: str
    source: str
    series: str
    title: str
    frames: int
    model: ModelIdentity | None
    engine: EngineIdentity | None
    thresholds: Thresholds
    verdict: Verdict
    reason: str
    score: float | None
    interval: tuple[float, float] | None
    suspected: str
    artefacts: Mapping[str, float]
    scope: Scope
    context: Context
    app_version: str
    recorded: str = ""

    @property
    def day(self) -> str:
        """Return the day of the scan, or that of the judgement where the scan does not say."""
        return self.context.acquired or self.recorded[:10]


@dataclass(frozen=True)
class ShadowScore:
    """What a model on trial says of a series; shown to nobody who decides.

    Attributes:
        assessment: key of the kept assessment of the same series.
        model: the one on trial.
        verdict: what it would have advised.
        score: 0–100, or None.
        interval: 90 % interval of the score, or None.
        distance: from what this model was shown, see `Scope.distance`.
        recorded: UTC time in ISO 8601; given by the store.
    """

    assessment: str
    model: ModelIdentity
    verdict: Verdict
    score: float | None
    interval: tuple[float, float] | None
    distance: float | None
    recorded: str = ""


@dataclass(frozen=True)
class Decision:
    """What a person decided about an assessment.

    Attributes:
        assessment: its key.
        number: from 1 for this assessment.
        decision: 'accept', 'check', 'rescan', or 'undone' for taking back the one before.
        reason: why it is scanned again, one of `REASONS`, or ''.
        by: who decided.
        seconds: from the moment the result was shown, or None where that is not known.
        recorded: UTC time in ISO 8601.
    """

    assessment: str
    number: int
    decision: str
    reason: str
    by: str
    seconds: float | None
    recorded: str


@dataclass(frozen=True)
class Decided:
    """An assessment with the decision that stands.

    Attributes:
        assessment: what was advised.
        decision: the last one that was not taken back.
        looked: whether somebody looked at the images first, which was recorded as 'check'.
        shadows: what models on trial said of the same series.
    """

    assessment: KeptAssessment
    decision: Decision
    looked: bool
    shadows: tuple[ShadowScore, ...] = ()

    @property
    def override(self) -> bool:
        """Return whether the person decided against the advice: a rescan of what was to be accepted, or the reverse."""
        advised, done = self.assessment.verdict, self.decision.decision
        return (advised is Verdict.ACCEPT and done == "rescan") or (
            advised is Verdict.RESCAN and done == "accept"
        )


@dataclass(frozen=True)
class DriftAct:
    """What somebody did about an alarm.

    Attributes:
        step: see `Step`.
        measure: what moved, such as 'score'.
        model: SHA-256 of the model whose scores moved.
        place: where, by 'scanner', 'sequence' and 'coil'; what the alarm leaves open is missing.
        since: Monday of the week in which it began, ISO 8601.
        by: who did it.
        reason: in words.
        until: day on which a snoozed alarm comes back, or ''.
        recorded: UTC time in ISO 8601; given by the store.
    """

    step: Step
    measure: str
    model: str
    place: Mapping[str, str] = field(default_factory=dict)
    since: str = ""
    by: str = ""
    reason: str = ""
    until: str = ""
    recorded: str = ""
