"""Where a store lies: a file of SQLite, or a database of PostgreSQL for several reading rooms."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from miqa_app import paths
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.store.canonical import canonical, parsed

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

VARIABLE = "MIQA_STORE"
"""The environment variable that says where the store lies."""

_FILE = "miqa.sqlite"
_WRITES = "miqa_writes"
_WAIT_SECONDS = 60
_CONNECT_SECONDS = 10
_users: Counter[URL] = Counter()
_lock = Lock()


def resolved(url: str | Path | None) -> URL:
    """Return the address of a store.

    Args:
        url: a file, a URL, or None for the one in the environment variable MIQA_STORE, and without that for a file in
            the user's data folder.

    Raises:
        BadRequest: it is no address, or one of another kind of database.
    """
    text = str(url or os.environ.get(VARIABLE) or paths.user_data() / _FILE)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        address = make_url(text)
    except (ArgumentError, ValueError):
        address = None
    kind = address.get_backend_name() if address else ""
    if address and kind == "sqlite" and address.database not in (None, "", ":memory:"):
        return URL.create("sqlite", database=str(Path(str(address.database)).absolute()))
    if address and kind in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    # the text itself may hold a password
    message = "The store's address must be a file or begin with postgresql://user@server/database."
    raise BadRequest(message)


def described(url: URL) -> str:
    """Return words for people, without user name, password and options."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    return f"The database '{url.database}' on {url.host or 'this computer'}{port}"


def shared_engine(url: URL) -> Engine:
    """Return the engine of an address for one more user, who gives it back with `give_back`.

    All who open the same store share one. SQLAlchemy keeps the statements it has compiled for every engine it has seen,
    long after nobody uses that engine any more, so that a new one for each sitting would fill the memory.

    Raises:
        MiqaError: the driver for PostgreSQL is not installed.
    """
    with _lock:
        engine = engine_of(url)
        _users[url] += 1
    return engine


def give_back(url: URL) -> None:
    """Take one user off an address; the last one closes the connections, which would be torn from the others otherwise."""
    with _lock:
        _users[url] -= 1
        if not _users[url]:
            engine_of(url).dispose()


@cache
def engine_of(url: URL) -> Engine:
    """Return the engine of an address, always the same; nothing is opened yet.

    Raises:
        MiqaError: the driver for PostgreSQL is not installed.
    """
    common: dict[str, Any] = {
        "json_serializer": canonical,
        "json_deserializer": parsed,
        # no votes or answers in error messages
        "hide_parameters": True,
    }
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, **common)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            engine = create_engine(
                url,
                **common,
                # a rater may think for an hour, and the server have been restarted meanwhile
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args={
                    "connect_timeout": _CONNECT_SECONDS,
                    "application_name": "miqa_app",
                    "client_encoding": "utf8",
                },
            )
            event.listen(engine, "connect", _prepare_postgres)
    except ModuleNotFoundError as error:
        message = (
            "A store on a PostgreSQL server needs the package psycopg; "
            "install it with: python -m pip install 'psycopg[binary]'."
        )
        raise MiqaError(message) from error
    return engine


def writing(engine: Engine) -> Engine:
    """Return the same engine for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Set what SQLite keeps per connection."""
    # sqlite3 would begin transactions by itself, and too late for us
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_WAIT_SECONDS * 1000}",
        "foreign_keys = ON",
        # the write-ahead log reaches the disk with every commit, not only at checkpoints
        "synchronous = FULL",
    ):
        connection.cursor().execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; a writer takes the lock at once.

    A transaction that reads first and writes later fails when somebody wrote in between, however long it would wait
    (https://www.sqlite.org/isolation.html).
    """
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgres(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Set what PostgreSQL keeps per connection."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{_WAIT_SECONDS}s'")
    # an administrator may have traded durability for speed; a vote must not pay for that
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()
