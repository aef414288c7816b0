"""The audit log: each entry holds the hash of the one before, so that nothing can be changed without a trace."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, text

from miqa_app.errors import BadRequest
from miqa_app.store.canonical import row_digest, sha256
from miqa_app.store.tables import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from miqa_app.store.tables import Recorded

_LOCK = 0x4D495141
"""Which of PostgreSQL's advisory locks is the writers' one."""

_LEAST_HASH = 64


class Head(NamedTuple):
    """The end of the log: number and hash of its last entry."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        """Return one printable line, '12:3f…'."""
        return f"{self.sequence}:{self.hash}"


START = Head(0, "0" * _LEAST_HASH)
"""The head of an empty log."""


def parsed(head: str) -> Head:
    """Return the head of its printed line.

    Raises:
        BadRequest: it is none.
    """
    found = re.fullmatch(r"(\d{1,18}):([0-9a-fA-F]{64})", head.strip())
    if found is None:
        message = "A head is a number, a colon and 64 hexadecimal digits; copy it as 'miqa audit head' printed it."
        raise BadRequest(message)
    return Head(int(found[1]), found[2].lower())


def now() -> str:
    """Return the UTC time in ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def lock(connection: Connection | Session) -> None:
    """Let no other writer in until the transaction ends.

    SQLite's writers hold their lock from the beginning of the transaction.
    """
    bind = connection.get_bind() if hasattr(connection, "get_bind") else connection
    if bind.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def head(session: Session) -> Head:
    """Return the end of the log."""
    last = session.execute(
        select(Entry.sequence, Entry.hash).order_by(Entry.sequence.desc()).limit(1)
    ).first()
    return Head(*last) if last else START


def append(
    session: Session,
    actor: str,
    action: str,
    detail: Mapping[str, object],
    row: Recorded | None = None,
) -> None:
    """Write one entry, and the row that it vouches for; the writers' lock must be held.

    Args:
        session: an open transaction.
        actor: who did it.
        action: what was done.
        detail: what else is known, as JSON can hold it.
        row: gets the number of the entry as its own and is added.
    """
    before = head(session)
    if row is not None:
        row.sequence = before.sequence + 1
    entry = Entry(
        sequence=before.sequence + 1,
        recorded=now(),
        actor=actor,
        action=action,
        detail=dict(detail),
        record=None if row is None else row.__tablename__,
        digest=None if row is None else digest(row),
        previous=before.hash,
    )
    entry.hash = entry_hash(entry)
    # the row refers to the entry, which therefore goes first
    session.add(entry)
    session.flush()
    if row is not None:
        session.add(row)
        session.flush()


def entry_hash(entry: Entry) -> str:
    """Return the SHA-256 over the canonical form of all that an entry holds besides its hash."""
    values = entry.values()
    del values["hash"]
    return sha256(values)


def digest(row: Recorded) -> str:
    """Return the SHA-256 of a row, its number included."""
    return row_digest(row.__tablename__, row.values())
