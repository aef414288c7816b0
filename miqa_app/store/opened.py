"""An open store: its connections and its transactions."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from miqa_app.errors import BadRequest
from miqa_app.store import chain, forms, place
from miqa_app.store.faults import spoken
from miqa_app.store.migrate import prepare
from miqa_app.store.tables import StudyRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from miqa_app.rating.study import Study


class Opened:
    """What all parts of an archive stand on.

    Attributes:
        where: words for the store, without user name and password.
    """

    def __init__(self, url: str | Path | None = None, *, create: bool = True) -> None:
        """Open a store and bring it to the newest schema.

        Args:
            url: a file for SQLite, 'postgresql://user@server/database', or None for the address in the environment
                variable MIQA_STORE, and without that for miqa.sqlite in the user's data folder.
            create: whether a store is made where there is none.

        Raises:
            BadRequest: the address makes no sense, or there is no store and none may be made.
            MiqaError: the database cannot be reached, read or written, belongs to another program, or to a newer
                version of this one.
        """
        address = place.resolved(url)
        self.where = place.described(address)
        self._address: URL | None = address
        self._engine = place.shared_engine(address)
        self._writer = place.writing(self._engine)
        self._studies: dict[str, Study] = {}
        try:
            with spoken(self.where):
                prepare(self._engine, self.where, create)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        if self._address is not None:
            place.give_back(self._address)
            self._address = None

    def back_up(self, path: Path) -> None:
        """Write all that is stored into one SQLite file, while others go on writing; whole or not at all.

        The file of the store itself must not be copied while a window is open: the newest votes lie in its
        write-ahead log.

        Args:
            path: a file that is not there yet.

        Raises:
            BadRequest: the file is there already, cannot be written, or the store lies on a server.
        """
        if self._engine.dialect.name != "sqlite":
            message = f"{self.where} lies on a server; back it up there, with pg_dump."
            raise BadRequest(message)
        if path.exists():
            raise BadRequest(f"{path} is there already; choose a new name for the backup.")
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with (
                spoken(self.where),
                self._engine.connect() as source,
                closing(sqlite3.connect(partial)) as copy,
            ):
                connection = source.connection.driver_connection
                if not isinstance(connection, sqlite3.Connection):
                    raise TypeError(f"{type(connection)} is no connection of SQLite")
                connection.backup(copy)
            partial.replace(path)
        except (OSError, sqlite3.Error) as error:
            raise BadRequest(f"The backup {path} could not be written: {error}.") from error
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with spoken(self.where), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self, lock: bool = True) -> Iterator[Session]:
        """Open a transaction that is on the disk when the block ends, or did not happen."""
        with spoken(self.where), Session(self._writer) as session, session.begin():
            if lock:
                chain.lock(session)
            yield session

    def _study(self, session: Session, name_or_key: str) -> Study:
        """Return a study; one that was read before is not read again, for it never changes."""
        if name_or_key in self._studies:
            return self._studies[name_or_key]
        query = select(StudyRow)
        row = session.scalars(query.where(StudyRow.key == name_or_key)).first()
        row = row or session.scalars(query.where(StudyRow.name == name_or_key)).first()
        if row is None:
            names = list(session.scalars(select(StudyRow.name).order_by(StudyRow.sequence.desc())))
            known = f"there are: {', '.join(names)}" if names else "there is none yet"
            message = f"There is no study '{name_or_key}'; {known}."
            raise BadRequest(message)
        return self._studies.setdefault(row.key, forms.study_of(row))
