"""Who sits at a study right now: one window for each rater, wherever it is open.

A seat is a lock that the operating system or the server drops as soon as its holder is gone, however that went: there
is no note of it that a crashed program could leave behind. Beside a store that is a file it is SQLite's own lock on an
empty file for each rater; on a server it is an advisory lock of PostgreSQL, held by a connection of its own.
"""

from __future__ import annotations

import shutil
import sqlite3
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from miqa_app.errors import BadRequest
from miqa_app.store.canonical import sha256
from miqa_app.store.faults import spoken

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_TAIL = "-seats"

# a computer that lost its power says no goodbye: the server asks after it and gives its seat away within a minute
_ASK_AFTER = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")  # fmt: skip


class Seat(ABC):
    """The one place of a rater in a study."""

    @abstractmethod
    def hold(self) -> None:
        """Make sure that the seat is still ours.

        Raises:
            BadRequest: it was lost, and somebody else has taken it meanwhile.
            MiqaError: it was lost, and the server cannot be reached.
        """

    @abstractmethod
    def leave(self) -> None:
        """Give the seat up; doing so twice is no mistake."""


def seat_at(engine: Engine, where: str, study: str, rater: str, taken: str) -> Seat:
    """Take a seat.

    Args:
        engine: of the store.
        where: words for the store.
        study: key of the study.
        rater: pseudonym.
        taken: sentence for the case that somebody sits there.

    Raises:
        BadRequest: somebody sits there.
        MiqaError: the database refused.
    """
    name = sha256(["seat", study, rater])
    if engine.dialect.name == "sqlite":
        return _SeatBesideFile(Path(str(engine.url.database)), name, taken)
    return _SeatOnServer(engine, where, name, taken)


class _SeatBesideFile(Seat):
    def __init__(self, store: Path, name: str, taken: str) -> None:
        file = store.with_name(store.name + _TAIL) / f"{name[:32]}.lock"
        with spoken(str(file)):
            self._lock = _opened(store, file)
            try:
                self._lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                self._lock.close()
                if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    raise BadRequest(taken) from error
                raise

    def hold(self) -> None:
        """Do nothing: the system takes no lock away."""

    def leave(self) -> None:
        self._lock.close()


def _opened(store: Path, file: Path) -> sqlite3.Connection:
    """Return a connection to the file of a seat; whoever may write to the store may take the seat."""
    new = not file.exists()
    with suppress(OSError):  # SQLite has the better words for what is wrong
        file.parent.mkdir(exist_ok=True)
        file.touch()
        if new:
            shutil.copymode(store.parent, file.parent)
            shutil.copymode(store, file)
    return sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)


class _SeatOnServer(Seat):
    def __init__(self, engine: Engine, where: str, name: str, taken: str) -> None:
        self._engine, self._where, self._taken = engine, where, taken
        # the number of the lock; the writers' lock is another one
        self._number = int.from_bytes(bytes.fromhex(name[:16]), signed=True)
        self._connection = self._take()

    def hold(self) -> None:
        """See whether the connection lives; the server may have been restarted while the rater was looking."""
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self.leave()
            self._connection = self._take()

    def leave(self) -> None:
        with suppress(SQLAlchemyError):
            self._connection.close()

    def _take(self) -> Connection:
        with spoken(self._where):
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            # not the pool's any more: it would keep the lock after the connection was given back
            connection.detach()
            try:
                for setting in _ASK_AFTER:
                    connection.execute(text(f"SET {setting}"))
                lock = text("SELECT pg_try_advisory_lock(:number)")
                got = connection.scalar(lock, {"number": self._number})
            except BaseException:
                connection.close()
                raise
        if not got:
            connection.close()
            raise BadRequest(self._taken)
        return connection
