"""Votes: every revision of every one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from miqa_app.store import chain, forms
from miqa_app.store.sittings import Sittings
from miqa_app.store.tables import VoteRow

if TYPE_CHECKING:
    from miqa_app.rating.votes import Vote


class Ballots(Sittings):
    """The part of an archive that keeps votes, each in a session."""

    def add_vote(self, vote: Vote) -> Vote:
        """Store a vote and return it with its revision; it is on the disk when this returns.

        Args:
            vote: its own revision is not looked at; it becomes the next one of its rater and presentation.

        Raises:
            BadRequest: the study, the session or the item is not there.
            MiqaError: the database refused; the vote was not stored.
        """
        with self._writing() as session:
            study = self._study(session, vote.study)
            forms.check_vote(study, vote)
            self._require_session(session, study, vote.rater, vote.session)
            last = session.scalar(
                select(func.max(VoteRow.revision)).where(
                    VoteRow.study == study.key,
                    VoteRow.rater == vote.rater,
                    VoteRow.presentation == vote.presentation.key,
                )
            )
            revision = 0 if last is None else last + 1
            detail = {
                "study": study.key,
                "session": vote.session,
                "presentation": vote.presentation.key,
                "revision": revision,
            }
            row = forms.vote_row(replace(vote, study=study.key), revision)
            chain.append(session, vote.rater, "vote", detail, row)
        return replace(vote, study=study.key, revision=revision)

    def votes(
        self, study_key: str, pseudonym: str | None = None, history: bool = False
    ) -> tuple[Vote, ...]:
        """Return the votes of a study in the order in which they were committed.

        Args:
            study_key: of the study.
            pseudonym: of one rater, all by default.
            history: whether to give every revision instead of the newest of each presentation.
        """
        with self._reading() as session:
            study = self._study(session, study_key)
            query = select(VoteRow).where(VoteRow.study == study.key).order_by(VoteRow.sequence)
            if pseudonym is not None:
                query = query.where(VoteRow.rater == pseudonym)
            if not history:
                later = aliased(VoteRow)
                query = query.where(
                    ~select(later.sequence)
                    .where(
                        later.study == VoteRow.study,
                        later.rater == VoteRow.rater,
                        later.presentation == VoteRow.presentation,
                        later.revision > VoteRow.revision,
                    )
                    .exists()
                )
            return tuple(forms.vote_of(row) for row in session.scalars(query))
