"""Studies, raters, sessions, votes, events and the audit log, with triggers that keep them as they are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# what may be there once only; SQLite's INSERT OR REPLACE would silently delete the row that stands in the way
_KEYS = {
    "audit": [["sequence"]],
    "studies": [["sequence"], ["key"], ["name"]],
    "raters": [["sequence"], ["study", "pseudonym", "revision"]],
    "sessions": [["sequence"], ["study", "rater", "number"]],
    "session_ends": [["sequence"], ["study", "rater", "number"]],
    "votes": [["sequence"], ["study", "rater", "presentation", "revision"]],
    "events": [["sequence"]],
    "contents": [["key"]],
}

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _hash(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(64), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _number(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _recorded(table: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table whose rows share their number with an audit entry."""
    op.create_table(
        table,
        sa.Column("sequence", _SEQUENCE, autoincrement=False, nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("sequence", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["sequence"], ["audit.sequence"], name=f"fk_{table}_sequence"),
    )


def _of_study(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["study"], ["studies.key"], name=f"fk_{table}_study")


def _of_session(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["study", "rater", column],
        ["sessions.study", "sessions.rater", "sessions.number"],
        name=f"fk_{table}_study_rater_{column}",
    )


def _once(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "audit",
        sa.Column("sequence", _SEQUENCE, autoincrement=False, nullable=False),
        _text("recorded"),
        _text("actor"),
        _text("action"),
        _json("detail"),
        _text("record", nullable=True),
        _hash("digest", nullable=True),
        _hash("previous"),
        _hash("hash"),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_table(
        "contents",
        _hash("key"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_contents"),
    )
    _recorded(
        "studies",
        _text("key"),
        _text("name"),
        _json("document"),
        _once("studies", "key"),
        _once("studies", "name"),
    )
    _recorded(
        "raters",
        _text("study"),
        _text("pseudonym"),
        _number("revision"),
        _json("answers"),
        _text("recorded"),
        _once("raters", "study", "pseudonym", "revision"),
        _of_study("raters"),
    )
    _recorded(
        "sessions",
        _text("study"),
        _text("rater"),
        _number("number"),
        _json("display"),
        _text("app_version"),
        _text("recorded"),
        _once("sessions", "study", "rater", "number"),
        _of_study("sessions"),
    )
    _recorded(
        "session_ends",
        _text("study"),
        _text("rater"),
        _number("number"),
        _text("how"),
        _text("recorded"),
        _once("session_ends", "study", "rater", "number"),
        _of_session("session_ends", "number"),
    )
    _recorded(
        "votes",
        _text("study"),
        _text("rater"),
        _number("session"),
        _text("presentation"),
        _number("revision"),
        _text("part"),
        _number("place"),
        _text("item"),
        _text("left_stimulus"),
        _text("right_stimulus"),
        _json("scores"),
        _number("confidence", nullable=True),
        _json("tags"),
        _text("shown_at"),
        _text("committed_at"),
        sa.Column("seconds", sa.Double(), nullable=False),
        _number("changes"),
        _json("display"),
        _text("app_version"),
        _text("protocol"),
        _once("votes", "study", "rater", "presentation", "revision"),
        _of_session("votes", "session"),
    )
    _recorded(
        "events",
        _text("study"),
        _text("rater"),
        _number("session"),
        _text("kind"),
        _json("detail"),
        _text("recorded"),
        _of_study("events"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _protect_sqlite()
    else:
        _protect_postgres()


def _protect_sqlite() -> None:
    for table, keys in _KEYS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
        for act in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {refuse}")
        same = " OR ".join(
            "(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in key) + ")"
            for key in keys
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}"
        )


def _protect_postgres() -> None:
    op.execute(
        "CREATE FUNCTION miqa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME; END $$"
    )
    for table in _KEYS:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION miqa_refuse()"
        )
