"""The tables of assessments, of decisions about them, and of what was done about drift; append-only like the others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miqa_app.store.tables import RECORDED, Recorded

_ASSESSMENT = "assessments.key"


class AssessmentRow(Recorded):
    """The judgement on a series; the columns are those of `assessment_records.KeptAssessment`."""

    __tablename__ = "assessments"

    key: Mapped[str] = mapped_column(String(32), unique=True)
    recorded: Mapped[str]
    source: Mapped[str]
    series: Mapped[str] = mapped_column(String(64))
    title: Mapped[str]
    frames: Mapped[int]
    model: Mapped[dict[str, Any]]
    engine: Mapped[dict[str, Any]]
    thresholds: Mapped[dict[str, Any]]
    verdict: Mapped[str]
    reason: Mapped[str]
    score: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    suspected: Mapped[str]
    artefacts: Mapped[dict[str, Any]]
    scope: Mapped[dict[str, Any]]
    context: Mapped[dict[str, Any]]
    app_version: Mapped[str]


class ShadowRow(Recorded):
    """What a model on trial says of the same series, in a table of its own because it comes later."""

    __tablename__ = "shadow_scores"
    __table_args__ = (UniqueConstraint("assessment", "sha256"),)

    assessment: Mapped[str] = mapped_column(String(32), ForeignKey(_ASSESSMENT))
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str]
    verdict: Mapped[str]
    score: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    distance: Mapped[float | None]
    recorded: Mapped[str]


class DecisionRow(Recorded):
    """What a person decided about an assessment, or that the decision before was taken back."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("assessment", "number"),)

    assessment: Mapped[str] = mapped_column(String(32), ForeignKey(_ASSESSMENT))
    number: Mapped[int]
    decision: Mapped[str]
    reason: Mapped[str]
    by: Mapped[str]
    seconds: Mapped[float | None]
    recorded: Mapped[str]


class DriftActRow(Recorded):
    """What somebody did about an alarm of the control charts."""

    __tablename__ = "drift_acts"

    step: Mapped[str]
    measure: Mapped[str]
    model: Mapped[str] = mapped_column(String(64))
    place: Mapped[dict[str, Any]]
    since: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str]
    until: Mapped[str]
    recorded: Mapped[str]


VOUCHED: dict[str, type[Recorded]] = RECORDED | {
    row.__tablename__: row for row in (AssessmentRow, ShadowRow, DecisionRow, DriftActRow)
}
"""All tables whose rows an audit entry vouches for, by name."""
