"""Reaches into the database past the program, as somebody with its password could."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select, text

from miqa_app.store import place
from miqa_app.store.tables import Base

if TYPE_CHECKING:
    from miqa_app.store import Archive


def rows(archive: Archive, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    with archive._engine.connect() as connection:
        return [
            dict(row._mapping) for row in connection.execute(select(Base.metadata.tables[table]))
        ]


def execute(archive: Archive, *statements: str, **values: object) -> None:
    """Run statements, the triggers and foreign keys out of the way."""
    engine = place.engine_of(archive._engine.url)
    try:
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
                triggers = connection.execute(
                    text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                ).scalars()
                for name in list(triggers):
                    connection.execute(text(f"DROP TRIGGER {name}"))
                for statement in statements:
                    connection.execute(text(statement), values)
                connection.commit()
        else:
            with engine.begin() as connection:
                # neither triggers nor foreign keys work for a replica; only a superuser may say so
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                for statement in statements:
                    connection.execute(text(statement), values)
    finally:
        engine.dispose()


def columns(archive: Archive, table: str) -> list[str]:
    """Return the columns that the database has."""
    return [column["name"] for column in inspect(archive._engine).get_columns(table)]
