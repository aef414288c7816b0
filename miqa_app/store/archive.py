"""The store: rating studies, assessments, decisions, and the log over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from miqa_app.store import chain, forms
from miqa_app.store.ballots import Ballots
from miqa_app.store.decisions import Decisions
from miqa_app.store.faults import spoken
from miqa_app.store.soundness import Verdict, examine, snapshot
from miqa_app.store.studies import Studies
from miqa_app.store.tables import Entry

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


class Archive(Studies, Ballots, Decisions):
    """Studies, raters, sessions, votes and events, assessments and decisions, and the audit log over all of them.

    Nothing is ever changed or deleted, which triggers in the database enforce too. Every call that writes is one
    transaction with an entry in the audit log; what it wrote is on the disk when it returns.

    Any thread may call any method at any time, and several processes may have the same store open: each call takes a
    connection of its own, and writers wait for one another, a minute at most. An archive must not be carried into a
    forked process; open it anew there. SQLite's file must lie on a disk of this computer: write-ahead logs do not
    work on network folders.

    Attributes:
        where: words for the store, without user name and password.
    """

    def add_audit(self, actor: str, action: str, detail: Mapping[str, object]) -> None:
        """Record something that another part of the program did, such as an export.

        Args:
            actor: who did it.
            action: what was done.
            detail: what else is known, as JSON can hold it; nothing that identifies a patient.
        """
        forms.word("The actor", actor)
        forms.word("The action", action)
        with self._writing() as session:
            chain.append(session, actor, action, detail)

    def audit_log(self, last: int) -> list[dict[str, object]]:
        """Return the last entries of the log, oldest first: sequence, recorded, actor, action, detail.

        Args:
            last: how many, at least 1.
        """
        newest = select(Entry).order_by(Entry.sequence.desc()).limit(last)
        with self._reading() as session:
            entries = [entry.values() for entry in session.scalars(newest)]
        wanted = ("sequence", "recorded", "actor", "action", "detail")
        return [{name: entry[name] for name in wanted} for entry in reversed(entries)]

    def audit_head(self) -> str:
        """Return number and hash of the last audit entry, one line to be kept elsewhere."""
        with self._reading() as session:
            return str(chain.head(session))

    def verify(self, head: str | None = None) -> list[str]:
        """Return sentences on what is wrong, none when the store is sound; see `verifying`."""
        steps = self.verifying(head)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return list(end.value.faults)

    def verifying(self, head: str | None = None) -> Generator[tuple[int, int], None, Verdict]:
        """Check the whole store against its audit log, yielding how much is done of how much.

        Changed and removed entries are found, and rows that were changed, removed or put in past the program. Someone
        who can write to the database can also cut off the end of the log, or write all of it anew: that is found by
        a head that was kept elsewhere.

        Args:
            head: as `audit_head` gave it at some time.

        Raises:
            BadRequest: the head is none.
        """
        kept = None if head is None else chain.parsed(head)
        with spoken(self.where), snapshot(self._engine) as session:
            return (yield from examine(session, self.where, kept))
