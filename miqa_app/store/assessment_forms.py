"""Assessments, shadow scores, decisions and acts as rows, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from miqa_app.core.assessment import (
    EngineIdentity,
    ModelIdentity,
    Scope,
    Thresholds,
    Verdict,
)
from miqa_app.store import forms
from miqa_app.store.assessment_records import (
    Context,
    Decision,
    DriftAct,
    KeptAssessment,
    ShadowScore,
)
from miqa_app.store.assessment_tables import AssessmentRow, DecisionRow, DriftActRow, ShadowRow

if TYPE_CHECKING:
    from collections.abc import Mapping


def assessment_row(kept: KeptAssessment, recorded: str) -> AssessmentRow:
    """Return the row of an assessment, its numbers as the columns give them back."""
    low, high = kept.interval or (None, None)
    return AssessmentRow(
        key=kept.key,
        recorded=recorded,
        source=kept.source,
        series=kept.series,
        title=kept.title,
        frames=int(kept.frames),
        model={} if kept.model is None else asdict(kept.model),
        engine={} if kept.engine is None else asdict(kept.engine),
        thresholds=asdict(kept.thresholds),
        verdict=kept.verdict.value,
        reason=kept.reason,
        score=_float(kept.score),
        low=_float(low),
        high=_float(high),
        suspected=kept.suspected,
        artefacts={kind: float(share) for kind, share in kept.artefacts.items()},
        scope={"in_scope": _flag(kept.scope.in_scope), "distance": _float(kept.scope.distance)},
        context=kept.context.form(),
        app_version=kept.app_version,
    )


def assessment_of(row: AssessmentRow) -> KeptAssessment:
    """Return the assessment of a row.

    Raises:
        MiqaError: it is not as the program wrote it.
    """
    with forms.readable(row):
        return KeptAssessment(
            key=row.key,
            source=row.source,
            series=row.series,
            title=row.title,
            frames=row.frames,
            model=ModelIdentity(**row.model) if row.model else None,
            engine=EngineIdentity(**row.engine) if row.engine else None,
            thresholds=Thresholds(**row.thresholds),
            verdict=Verdict(row.verdict),
            reason=row.reason,
            score=row.score,
            interval=_interval(row.low, row.high),
            suspected=row.suspected,
            artefacts=dict(row.artefacts),
            scope=Scope(**row.scope),
            context=Context(**row.context),
            app_version=row.app_version,
            recorded=row.recorded,
        )


def shadow_row(shadow: ShadowScore, recorded: str) -> ShadowRow:
    """Return the row of a shadow score."""
    low, high = shadow.interval or (None, None)
    return ShadowRow(
        assessment=shadow.assessment,
        sha256=shadow.model.sha256,
        name=shadow.model.name,
        verdict=shadow.verdict.value,
        score=_float(shadow.score),
        low=_float(low),
        high=_float(high),
        distance=_float(shadow.distance),
        recorded=recorded,
    )


def shadow_of(row: ShadowRow) -> ShadowScore:
    """Return the shadow score of a row.

    Raises:
        MiqaError: it is not as the program wrote it.
    """
    with forms.readable(row):
        return ShadowScore(
            assessment=row.assessment,
            model=ModelIdentity(row.name, row.sha256, ""),
            verdict=Verdict(row.verdict),
            score=row.score,
            interval=_interval(row.low, row.high),
            distance=row.distance,
            recorded=row.recorded,
        )


def decision_of(row: DecisionRow) -> Decision:
    """Return the decision of a row."""
    return Decision(
        row.assessment, row.number, row.decision, row.reason, row.by, row.seconds, row.recorded
    )


def act_row(act: DriftAct, recorded: str) -> DriftActRow:
    """Return the row of an act."""
    return DriftActRow(
        step=act.step,
        measure=act.measure,
        model=act.model,
        place=dict(act.place),
        since=act.since,
        by=act.by,
        reason=act.reason,
        until=act.until,
        recorded=recorded,
    )


def act_of(row: DriftActRow) -> DriftAct:
    """Return the act of a row."""
    step: Any = row.step
    place: Mapping[str, str] = dict(row.place)
    return DriftAct(
        step, row.measure, row.model, place, row.since, row.by, row.reason, row.until, row.recorded
    )


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _flag(value: bool | None) -> bool | None:
    return None if value is None else bool(value)


def _interval(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)
