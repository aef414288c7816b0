"""Studies and the pixels of their stimuli."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from miqa_app.errors import BadRequest
from miqa_app.store import chain, content, forms
from miqa_app.store.opened import Opened
from miqa_app.store.operator import operator
from miqa_app.store.tables import ContentRow, StudyRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from miqa_app.rating.study import Study


class Studies(Opened):
    """The part of an archive that keeps studies."""

    def add_study(self, study: Study, contents: Mapping[str, bytes]) -> None:
        """Store a study with its stimuli, all or nothing.

        Args:
            study: the campaign.
            contents: packed stimuli by key; those that the store has already may be left out.

        Raises:
            BadRequest: the name or key is taken, or a stimulus is missing or not what its key says.
        """
        row = forms.study_row(study)
        needed = {stimulus.key for stimulus in study.stimuli}
        with self._writing(lock=False) as session:
            _refuse_taken(session, study)
            there = set(session.scalars(select(ContentRow.key)))
            # in one order everywhere, so that two of these never wait for each other
            for key in sorted(needed - there):
                if key not in contents:
                    message = f"The study '{study.name}' lacks the pixels of stimulus {key[:12]}."
                    raise BadRequest(message)
                content.check(contents[key], key, self.where)
                session.execute(_insert_once(session), {"key": key, "content": contents[key]})
            # only now: others may vote on the server while the pixels travel
            chain.lock(session)
            _refuse_taken(session, study)
            chain.append(session, operator(), "study created", {"study": study.key}, row)

    def study(self, name_or_key: str) -> Study:
        """Return one study.

        Raises:
            BadRequest: there is none of that name or key.
        """
        with self._reading() as session:
            return self._study(session, name_or_key)

    def studies(self) -> tuple[Study, ...]:
        """Return all studies, the newest first."""
        with self._reading() as session:
            rows = session.scalars(select(StudyRow).order_by(StudyRow.sequence.desc()))
            return tuple(forms.study_of(row) for row in rows)

    def content(self, stimulus_key: str) -> bytes:
        """Return the packed pixels of a stimulus, see `rating.stimulus.unpacked`.

        Raises:
            BadRequest: the store does not have it.
            MiqaError: the pixels are not what the key says.
        """
        with self._reading() as session:
            found = session.get(ContentRow, stimulus_key)
        if found is None:
            message = f"{self.where}: there is no stimulus {stimulus_key[:12]}."
            raise BadRequest(message)
        content.check(found.content, stimulus_key, self.where)
        return found.content


def _refuse_taken(session: Session, study: Study) -> None:
    same = (StudyRow.name == study.name) | (StudyRow.key == study.key)
    taken = session.scalars(select(StudyRow.name).where(same)).first()
    if taken is not None:
        message = f"There is a study '{taken}' already; choose another name."
        raise BadRequest(message)


def _insert_once(session: Session) -> Any:
    """Return the statement that stores a stimulus unless another study has just stored the same."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(ContentRow).on_conflict_do_nothing()
    return sqlite.insert(ContentRow)
