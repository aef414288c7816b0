"""Raters, their seats, their sessions, and what happened in them beside the votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from miqa_app.errors import BadRequest
from miqa_app.store import chain, forms
from miqa_app.store.opened import Opened
from miqa_app.store.records import Event, Rater, SessionRecord
from miqa_app.store.seats import Seat, seat_at
from miqa_app.store.tables import EventRow, RaterRow, SessionEndRow, SessionRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Display

ENDS = ("finished", "tired", "time", "closed")
"""How a session can end."""


class Sittings(Opened):
    """The part of an archive that keeps raters, sessions and events."""

    def add_rater(self, study_key: str, pseudonym: str, answers: Mapping[str, str]) -> None:
        """Let a rater join, or keep new answers of one who has; the old answers stay.

        Raises:
            BadRequest: there is no such study, or the pseudonym is blank or cannot be printed.
        """
        forms.word("A pseudonym", pseudonym)
        with self._writing() as session:
            study = self._study(session, study_key)
            last = session.scalars(
                select(RaterRow)
                .where(RaterRow.study == study.key, RaterRow.pseudonym == pseudonym)
                .order_by(RaterRow.revision.desc())
                .limit(1)
            ).first()
            if last is not None and last.answers == dict(answers):
                return
            row = RaterRow(
                study=study.key,
                pseudonym=pseudonym,
                revision=0 if last is None else last.revision + 1,
                answers=dict(answers),
                recorded=chain.now(),
            )
            action = "rater answered again" if last else "rater joined"
            chain.append(session, pseudonym, action, {"study": study.key}, row)

    def raters(self, study_key: str) -> tuple[Rater, ...]:
        """Return all raters of a study in the order in which they joined."""
        with self._reading() as session:
            study = self._study(session, study_key)
            rows = session.scalars(
                select(RaterRow).where(RaterRow.study == study.key).order_by(RaterRow.sequence)
            )
            found: dict[str, Rater] = {}
            for row in rows:
                before = found.get(row.pseudonym)
                joined = before.joined if before else row.recorded
                found[row.pseudonym] = Rater(row.pseudonym, row.answers, joined)
            return tuple(found.values())

    def seat(self, study_key: str, pseudonym: str) -> Seat:
        """Take a rater's seat in a study, which nobody else has until it is left or its holder is gone.

        Raises:
            BadRequest: there is no such study, or somebody sits there.
        """
        with self._reading() as session:
            study = self._study(session, study_key)
        taken = (
            f"'{pseudonym}' has the study '{study.name}' open in another window; go on there, or close that window "
            "first."
        )
        return seat_at(self._engine, self.where, study.key, pseudonym, taken)

    def begin_session(
        self, study_key: str, pseudonym: str, display: Display, app_version: str
    ) -> int:
        """Begin a sitting and return its number, from 1 for this rater in this study.

        Raises:
            BadRequest: there is no such study or rater.
        """
        with self._writing() as session:
            study = self._study(session, study_key)
            self._require_rater(session, study, pseudonym)
            last = session.scalar(
                select(func.max(SessionRow.number)).where(
                    SessionRow.study == study.key, SessionRow.rater == pseudonym
                )
            )
            row = SessionRow(
                study=study.key,
                rater=pseudonym,
                number=(last or 0) + 1,
                display=forms.display_form(display),
                app_version=app_version,
                recorded=chain.now(),
            )
            number = row.number
            detail = {"study": study.key, "session": number}
            chain.append(session, pseudonym, "session began", detail, row)
        return number

    def end_session(self, study_key: str, pseudonym: str, number: int, how: str) -> None:
        """Record the end of a sitting.

        Args:
            study_key: of the study.
            pseudonym: of the rater.
            number: as `begin_session` gave it.
            how: 'finished', 'tired', 'time' or 'closed'.

        Raises:
            BadRequest: there is no such session, it has ended already, or `how` is none of these.
        """
        if how not in ENDS:
            message = f"A session ends in one of the ways {', '.join(ENDS)}, not '{how}'."
            raise BadRequest(message)
        with self._writing() as session:
            study = self._study(session, study_key)
            self._require_session(session, study, pseudonym, number)
            mine = (SessionEndRow.study == study.key, SessionEndRow.rater == pseudonym)
            ended = session.scalar(
                select(SessionEndRow.how).where(*mine, SessionEndRow.number == number)
            )
            if ended is not None:
                message = f"Session {number} of '{pseudonym}' has ended already ({ended})."
                raise BadRequest(message)
            row = SessionEndRow(
                study=study.key, rater=pseudonym, number=number, how=how, recorded=chain.now()
            )
            detail = {"study": study.key, "session": number, "how": how}
            chain.append(session, pseudonym, "session ended", detail, row)

    def sessions(self, study_key: str, pseudonym: str | None = None) -> tuple[SessionRecord, ...]:
        """Return the sessions of a study, or of one rater, in the order in which they began."""
        with self._reading() as session:
            study = self._study(session, study_key)
            same = (
                (SessionEndRow.study == SessionRow.study)
                & (SessionEndRow.rater == SessionRow.rater)
                & (SessionEndRow.number == SessionRow.number)
            )
            query = select(SessionRow, SessionEndRow.recorded, SessionEndRow.how)
            query = query.outerjoin(SessionEndRow, same)
            query = query.where(SessionRow.study == study.key).order_by(SessionRow.sequence)
            if pseudonym is not None:
                query = query.where(SessionRow.rater == pseudonym)
            return tuple(
                SessionRecord(
                    pseudonym=began.rater,
                    number=began.number,
                    began=began.recorded,
                    ended=ended or "",
                    how=how or "",
                    display=forms.display_of(began.display),
                    app_version=began.app_version,
                )
                for began, ended, how in session.execute(query)
            )

    def add_event(
        self, study_key: str, pseudonym: str, session: int, kind: str, detail: Mapping[str, str]
    ) -> None:
        """Record something that happened beside the votes.

        Args:
            study_key: of the study.
            pseudonym: of the rater.
            session: its number, 0 outside of any.
            kind: such as 'break taken', 'undo', 'display check' or 'technical fault'.
            detail: what else is known.

        Raises:
            BadRequest: there is no such study, rater or session.
        """
        with self._writing() as open_session:
            study = self._study(open_session, study_key)
            if session:
                self._require_session(open_session, study, pseudonym, session)
            else:
                self._require_rater(open_session, study, pseudonym)
            row = EventRow(
                study=study.key,
                rater=pseudonym,
                session=session,
                kind=forms.word("The kind of an event", kind),
                detail=dict(detail),
                recorded=chain.now(),
            )
            known = {"study": study.key, "session": session}
            chain.append(open_session, pseudonym, kind, known, row)

    def events(self, study_key: str, pseudonym: str | None = None) -> tuple[Event, ...]:
        """Return the events of a study, or of one rater, in their order."""
        with self._reading() as session:
            study = self._study(session, study_key)
            query = select(EventRow).where(EventRow.study == study.key).order_by(EventRow.sequence)
            if pseudonym is not None:
                query = query.where(EventRow.rater == pseudonym)
            return tuple(
                Event(row.rater, row.session, row.kind, row.detail, row.recorded)
                for row in session.scalars(query)
            )

    def _require_rater(self, session: Session, study: Study, pseudonym: str) -> None:
        mine = (RaterRow.study == study.key) & (RaterRow.pseudonym == pseudonym)
        if session.scalar(select(RaterRow.sequence).where(mine).limit(1)) is None:
            message = f"'{pseudonym}' is no rater of the study '{study.name}'; add the rater first."
            raise BadRequest(message)

    def _require_session(self, session: Session, study: Study, pseudonym: str, number: int) -> None:
        mine = (SessionRow.study == study.key) & (SessionRow.rater == pseudonym)
        found = session.scalar(select(SessionRow.sequence).where(mine, SessionRow.number == number))
        if found is None:
            message = f"'{pseudonym}' has begun no session {number} in the study '{study.name}'."
            raise BadRequest(message)
