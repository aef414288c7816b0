"""What people decide about assessments, and what they do about drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from miqa_app.errors import BadRequest
from miqa_app.store import chain, forms
from miqa_app.store.assessment_forms import act_of, act_row, decision_of
from miqa_app.store.assessment_records import CHOICES, REASONS, STEPS, UNDONE, Decision
from miqa_app.store.assessment_tables import DecisionRow, DriftActRow
from miqa_app.store.assessments import Assessments

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from miqa_app.store.assessment_records import DriftAct


class Decisions(Assessments):
    """The part of an archive that keeps decisions; none is ever taken out, the last one that was not undone stands."""

    def add_decision(
        self, key: str, decision: str, reason: str, by: str, seconds: float | None
    ) -> Decision:
        """Store a decision about an assessment.

        Args:
            key: of the assessment.
            decision: 'accept', 'check', 'rescan', or 'undone' for taking back the one that stands.
            reason: one of `REASONS` for a rescan, '' for everything else.
            by: who decided.
            seconds: from the moment the result was shown, or None.

        Raises:
            BadRequest: the assessment is not there, the words are none of these, or nothing is there to be undone.
        """
        forms.word("Who decides", by)
        if decision not in (*CHOICES, UNDONE):
            message = f"A decision is one of {', '.join(CHOICES)}, not '{decision}'."
            raise BadRequest(message)
        if reason not in (REASONS if decision == "rescan" else ("",)):
            message = (
                f"A rescan has one of the reasons {', '.join(REASONS)}, other decisions have none."
            )
            raise BadRequest(message)
        with self._writing() as session:
            self._require_assessment(session, key)
            before = _of(session, key)
            if decision == UNDONE and not standing(before):
                message = (
                    f"There is no decision about the assessment {key[:8]} that could be undone."
                )
                raise BadRequest(message)
            row = DecisionRow(
                assessment=key,
                number=1 + max((one.number for one in before), default=0),
                decision=decision,
                reason=reason,
                by=by,
                seconds=None if seconds is None else float(seconds),
                recorded=chain.now(),
            )
            made = decision_of(row)
            detail = {"assessment": key, "decision": decision, "number": row.number}
            chain.append(session, by, "decision", detail, row)
        return made

    def decisions(self, key: str | None = None) -> tuple[Decision, ...]:
        """Return every decision ever taken, of one assessment or of all, in their order."""
        with self._reading() as session:
            return _of(session, key)

    def add_drift_act(self, act: DriftAct) -> None:
        """Store what somebody did about an alarm.

        Raises:
            BadRequest: it is none of the steps, or nobody or no reason is named.
        """
        if act.step not in STEPS:
            message = f"What is done about an alarm is one of {', '.join(STEPS)}, not '{act.step}'."
            raise BadRequest(message)
        forms.word("Who does it", act.by)
        forms.word("The reason", act.reason)
        detail = {
            "step": act.step,
            "measure": act.measure,
            "place": dict(act.place),
            "since": act.since,
        }
        with self._writing() as session:
            chain.append(session, act.by, "drift alarm", detail, act_row(act, chain.now()))

    def drift_acts(self) -> tuple[DriftAct, ...]:
        """Return what was done about alarms, in its order."""
        with self._reading() as session:
            rows = session.scalars(select(DriftActRow).order_by(DriftActRow.sequence))
            return tuple(act_of(row) for row in rows)


def _of(session: Session, key: str | None) -> tuple[Decision, ...]:
    query = select(DecisionRow).order_by(DecisionRow.sequence)
    if key is not None:
        query = query.where(DecisionRow.assessment == key)
    return tuple(decision_of(row) for row in session.scalars(query))


def standing(history: tuple[Decision, ...] | list[Decision]) -> list[Decision]:
    """Return the decisions about one assessment that were not taken back, in their order; the last one stands."""
    left: list[Decision] = []
    for one in history:
        if one.decision == UNDONE:
            del left[-1:]
        else:
            left.append(one)
    return left
