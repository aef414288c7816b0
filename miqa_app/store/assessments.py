"""Assessments, and what models on trial say of the same series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from miqa_app.errors import BadRequest
from miqa_app.store import chain
from miqa_app.store.assessment_forms import (
    assessment_of,
    assessment_row,
    shadow_of,
    shadow_row,
)
from miqa_app.store.assessment_tables import AssessmentRow, ShadowRow
from miqa_app.store.opened import Opened
from miqa_app.store.operator import operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from miqa_app.store.assessment_records import KeptAssessment, ShadowScore

_LEAST_PREFIX = 4


class Assessments(Opened):
    """The part of an archive that keeps assessments."""

    def add_assessments(self, kept: Iterable[KeptAssessment]) -> int:
        """Store assessments, all or none, and return how many are new.

        One whose key is there already is left as it is: the same pixels, model and thresholds give the same judgement.
        """
        added = 0
        with self._writing() as session:
            for one in kept:
                if _row(session, one.key) is None:
                    row = assessment_row(one, chain.now())
                    chain.append(session, operator(), "assessment", {"assessment": one.key}, row)
                    added += 1
        return added

    def add_shadow(self, shadow: ShadowScore) -> None:
        """Store what a model on trial says, unless it has said so before.

        Raises:
            BadRequest: the assessment is not there.
        """
        with self._writing() as session:
            self._require_assessment(session, shadow.assessment)
            said = select(ShadowRow.sequence).where(
                ShadowRow.assessment == shadow.assessment, ShadowRow.sha256 == shadow.model.sha256
            )
            if session.scalar(said) is None:
                row = shadow_row(shadow, chain.now())
                known = {"assessment": shadow.assessment, "model": shadow.model.sha256}
                chain.append(session, operator(), "shadow score", known, row)

    def assessments(self, last: int | None = None) -> tuple[KeptAssessment, ...]:
        """Return all assessments, or only the newest so many, in the order in which they were stored."""
        query = select(AssessmentRow).order_by(AssessmentRow.sequence.desc()).limit(last)
        with self._reading() as session:
            return tuple(assessment_of(row) for row in session.scalars(query))[::-1]

    def assessment(self, key: str) -> KeptAssessment:
        """Return one assessment.

        Args:
            key: whole, or so many of its first digits that no other begins with them.

        Raises:
            BadRequest: none or several begin so.
        """
        digits = key.strip().lower()
        if len(digits) < _LEAST_PREFIX or not digits.isalnum():
            message = (
                f"'{key}' names no assessment; give at least {_LEAST_PREFIX} digits of its key."
            )
            raise BadRequest(message)
        query = select(AssessmentRow).where(AssessmentRow.key.startswith(digits)).limit(2)
        with self._reading() as session:
            found = list(session.scalars(query))
        if len(found) != 1:
            several = "several assessments begin" if found else "no assessment begins"
            message = f"{several[0].upper()}{several[1:]} with '{digits}'; 'miqa assessments list' shows the keys."
            raise BadRequest(message)
        return assessment_of(found[0])

    def shadows(self) -> tuple[ShadowScore, ...]:
        """Return what models on trial said, in the order in which it was stored."""
        with self._reading() as session:
            rows = session.scalars(select(ShadowRow).order_by(ShadowRow.sequence))
            return tuple(shadow_of(row) for row in rows)

    def _require_assessment(self, session: Session, key: str) -> None:
        if _row(session, key) is None:
            message = f"There is no assessment {key}; it was not kept."
            raise BadRequest(message)


def _row(session: Session, key: str) -> int | None:
    return session.scalar(select(AssessmentRow.sequence).where(AssessmentRow.key == key))
