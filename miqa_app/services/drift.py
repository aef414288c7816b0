"""Drift of the scores of a site: read the record, draw the charts, and keep what people do about alarms."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.evaluation.drift.record import Drift, Stated, drift_of
from miqa_app.services.assessments import decided
from miqa_app.store import Archive, DriftAct
from miqa_app.store.operator import operator

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from miqa_app.store.assessment_records import Step

WEEKS = 52
"""That are looked at where nothing else is asked for."""

SNOOZE_WEEKS = 2


def drift(store: str | None = None, weeks: int = WEEKS) -> Generator[str, None, Drift]:
    """Yield what is being done and return the state of the site.

    Args:
        store: file or URL; the usual place by default, and an empty state where there is no store.
        weeks: alarms that ended longer ago are left out.

    Raises:
        BadRequest: the number of weeks makes no sense, or there is no store at the address.
        MiqaError: the store cannot be read.
    """
    if weeks < 1:
        message = f"The charts show 1 week or more, not {weeks}."
        raise BadRequest(message)
    yield "Reading the record"
    with Archive(store, create=store is None) as archive:
        kept, shadows = archive.assessments(), archive.shadows()
        decisions, acts = decided(archive), archive.drift_acts()
    yield "Drawing the charts"
    today = datetime.now(UTC).date()
    return drift_of(kept, shadows, decisions, acts, weeks=weeks, today=today)


def act_on(
    state: Drift,
    alarm: Stated,
    step: Step,
    reason: str,
    *,
    by: str = "",
    weeks: int = SNOOZE_WEEKS,
    store: str | None = None,
) -> DriftAct:
    """Keep what somebody does about an alarm: own it, snooze it, or accept the new level.

    Args:
        state: that the alarm is from.
        alarm: the alarm.
        step: 'own', 'snooze' or 'new level'; with the last one the baseline begins anew where the alarm began.
        reason: in words.
        by: who does it; whoever works at this computer by default.
        weeks: for which it is snoozed.
        store: file or URL; the usual place by default.

    Raises:
        BadRequest: there is no reason, or it is none of the steps.
    """
    until = date.today() + timedelta(weeks=weeks)
    done = DriftAct(
        step=step,
        measure=alarm.alarm.measure,
        model=state.model.sha256 if state.model else "",
        place=alarm.alarm.place.form(),
        since=alarm.alarm.since.isoformat(),
        by=by or operator(),
        reason=" ".join(reason.split()),
        until=until.isoformat() if step == "snooze" else "",
    )
    with Archive(store, create=False) as archive:
        archive.add_drift_act(done)
    return done


def write_drift_report(state: Drift, file: Path) -> None:
    """Write the report as HTML or PDF, by the name of the file, whole or not at all.

    Raises:
        BadRequest: the name ends in neither.
    """
    from miqa_app.reports.drift import as_drift_html, as_drift_pdf
    from miqa_app.reports.result_json import write_whole

    pdf = report_ending(file) == ".pdf"
    write_whole(file, as_drift_pdf(state) if pdf else as_drift_html(state).encode())


def report_ending(file: Path) -> str:
    """Return the ending of a report's name in small letters: .html or .pdf.

    Raises:
        BadRequest: the name ends in neither.
    """
    ending = file.suffix.lower()
    if ending not in (".html", ".pdf"):
        message = f"The report is written as .html or .pdf; {file.name} is neither."
        raise BadRequest(message)
    return ending
