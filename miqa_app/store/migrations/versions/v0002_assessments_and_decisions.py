"""Assessments, shadow scores, decisions and what was done about drift, with triggers that keep them as they are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# what may be there once only, as in the first migration
_KEYS = {
    "assessments": [["sequence"], ["key"]],
    "shadow_scores": [["sequence"], ["assessment", "sha256"]],
    "decisions": [["sequence"], ["assessment", "number"]],
    "drift_acts": [["sequence"]],
}

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _hash(name: str, digits: int = 64) -> sa.Column[Any]:
    return sa.Column(name, sa.String(digits), nullable=False)


def _tables(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _measures(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Double(), nullable=True) for name in names]


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _recorded(table: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table whose rows share their number with an audit entry."""
    op.create_table(
        table,
        sa.Column("sequence", _SEQUENCE, autoincrement=False, nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("sequence", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["sequence"], ["audit.sequence"], name=f"fk_{table}_sequence"),
    )


def _of_assessment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["assessment"], ["assessments.key"], name=f"fk_{table}_assessment"
    )


def _once(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    """Make the tables and their triggers."""
    _recorded(
        "assessments",
        _hash("key", 32),
        *_texts("recorded", "source"),
        _hash("series"),
        *_texts("title"),
        _count("frames"),
        *_tables("model", "engine", "thresholds"),
        *_texts("verdict", "reason"),
        *_measures("score", "low", "high"),
        *_texts("suspected"),
        *_tables("artefacts", "scope", "context"),
        *_texts("app_version"),
        _once("assessments", "key"),
    )
    _recorded(
        "shadow_scores",
        _hash("assessment", 32),
        _hash("sha256"),
        *_texts("name", "verdict"),
        *_measures("score", "low", "high", "distance"),
        *_texts("recorded"),
        _once("shadow_scores", "assessment", "sha256"),
        _of_assessment("shadow_scores"),
    )
    _recorded(
        "decisions",
        _hash("assessment", 32),
        _count("number"),
        *_texts("decision", "reason", "by"),
        *_measures("seconds"),
        *_texts("recorded"),
        _once("decisions", "assessment", "number"),
        _of_assessment("decisions"),
    )
    _recorded(
        "drift_acts",
        *_texts("step", "measure"),
        _hash("model"),
        *_tables("place"),
        *_texts("since", "by", "reason", "until", "recorded"),
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
    # the function is the first migration's
    for table in _KEYS:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION miqa_refuse()"
        )
