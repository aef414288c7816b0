"""The database itself refuses to change or delete what was stored."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from miqa_app.store import Archive
from miqa_app.store.tables import Base
from tests.store import reach
from tests.store.made import Campaign, begin
from tests.store.made_assessments import keep_one_of_each

TABLES = sorted(Base.metadata.tables)


@pytest.fixture
def full(archive: Archive, running: Campaign) -> Archive:
    """A store with a row in every table."""
    archive.add_vote(running.vote(1))
    archive.add_event(running.study.key, "R1", 1, "undo", {})
    archive.end_session(running.study.key, "R1", 1, "finished")
    begin(archive, running, "R2")
    keep_one_of_each(archive)
    return archive


def refused(archive: Archive, statement: str) -> None:
    with (
        archive._engine.connect() as connection,
        pytest.raises(DBAPIError, match="are never changed or deleted"),
    ):
        connection.execute(text(statement))


def test_no_row_is_changed_or_deleted(full: Archive) -> None:
    for table in TABLES:
        before = reach.rows(full, table)
        assert before, f"the test needs a row in {table}"
        for column in reach.columns(full, table):
            refused(full, f'UPDATE {table} SET "{column}" = "{column}"')
        refused(full, f"DELETE FROM {table}")
        assert reach.rows(full, table) == before


def test_no_row_is_replaced_and_no_table_emptied(full: Archive) -> None:
    for table in TABLES:
        before = reach.rows(full, table)
        if full._engine.dialect.name == "postgresql":
            refused(full, f"TRUNCATE {table} CASCADE")
            key = "key" if table == "contents" else "sequence"
            refused(
                full,
                f"INSERT INTO {table} SELECT * FROM {table} "
                f"ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}",
            )
        else:
            refused(full, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
            if table not in ("audit", "contents", "events", "drift_acts"):
                # under a new number, the row still stands in the way by its other keys
                others = [c for c in reach.columns(full, table) if c != "sequence"]
                listed = ", ".join(f'"{c}"' for c in others)
                refused(
                    full,
                    f"INSERT OR REPLACE INTO {table} (sequence, {listed}) "
                    f"SELECT 1000 + sequence, {listed} FROM {table}",
                )
        assert reach.rows(full, table) == before


def test_a_vote_needs_its_session_and_its_entry(full: Archive) -> None:
    columns = ", ".join(f'"{c}"' for c in reach.columns(full, "votes"))
    # entry 1 is there and has no vote, entry 500 is not
    for number, session in ((1, 77), (500, 1)):
        changed = columns.replace('"session"', str(session)).replace('"sequence"', str(number))
        changed = changed.replace('"presentation"', "'new'")
        with (
            full._engine.connect() as connection,
            pytest.raises(DBAPIError, match="(?i)foreign key"),
        ):
            connection.execute(text(f"INSERT INTO votes ({columns}) SELECT {changed} FROM votes"))
