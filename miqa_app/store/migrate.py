"""Brings a database to the newest schema when it is opened."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.store import chain, place

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SCHEMA = "0002"
"""The newest revision in the folder migrations; revisions are numbers of four digits that grow."""

VERSION_TABLE = "miqa_schema"
"""Not Alembic's usual name, which another program in the same PostgreSQL database may have taken."""

_MARK = 0x4D495141
"""'MIQA': SQLite's application id, by which a file is known as ours."""

_SWITCH_SECONDS = 60.0


def prepare(engine: Engine, where: str, create: bool) -> None:
    """Make a new database, or bring an old one to the newest schema.

    Several processes may do this at once: one works, the others wait and find it done.

    Args:
        engine: of the database.
        where: words for it.
        create: whether there may be nothing yet.

    Raises:
        BadRequest: there is no store and none may be made.
        MiqaError: it belongs to another program, or to a newer version of this one.
    """
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not create and not Path(file).is_file():
        raise BadRequest(_nothing(where))
    with engine.connect() as connection:
        version = _version(connection, where)
    if not version and not create:
        raise BadRequest(_nothing(where))
    if file:
        _write_ahead(engine)
    if version == SCHEMA:
        return
    with place.writing(engine).begin() as connection:
        chain.lock(connection)
        if _version(connection, where) != SCHEMA:
            _upgrade(connection)


def _nothing(where: str) -> str:
    return f"{where}: there is no store of miqa_app here; check the address."


def _version(connection: Connection, where: str) -> str:
    """Return the revision of the schema, '' where there is nothing yet.

    Raises:
        MiqaError: the database is not ours, or too new, or cannot hold our texts.
    """
    if connection.dialect.name == "sqlite":
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        filled = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if not filled:
            return ""
        if mark != _MARK:
            message = f"{where}: is a database of another program; name another file."
            raise MiqaError(message)
    else:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            message = (
                f"{where}: stores text as {encoding}; have a database made with the encoding UTF8."
            )
            raise MiqaError(message)
        if not inspect(connection).has_table(VERSION_TABLE):
            return ""
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    version = str(found or "")
    if version > SCHEMA:
        message = (
            f"{where}: was written by a newer version of miqa_app (schema {version}, this one knows {SCHEMA}); "
            "install the newer version."
        )
        raise MiqaError(message)
    return version


def _upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction that is open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).with_name("migrations")
    # Alembic reads its options as a template with %
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {_MARK}")


def _write_ahead(engine: Engine) -> None:
    """Switch a file to the write-ahead log, which it then keeps.

    SQLite does not wait for others during the switch, so this does.
    """
    until = time.monotonic() + _SWITCH_SECONDS
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > until:
                raise
        finally:
            connection.close()
        time.sleep(0.02)
