"""The tables. Every one is append-only: rows are put in, none is ever changed or taken out.

All but the contents of stimuli share their primary key with the audit entry that was written in the same transaction.
So every row has exactly one entry that vouches for it, and their order is that of the log.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""SQLite makes only INTEGER the row's own number."""

STUDIES = "studies.key"


class Base(DeclarativeBase):
    """What all tables share: how types are stored and constraints are named."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: String,
        float: Double,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }

    def values(self) -> dict[str, Any]:
        """Return the columns of the row by name."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}


class Entry(Base):
    """One entry of the audit log.

    `hash` is the SHA-256 over the canonical form of all other columns; `previous` is the hash of the entry before, 64
    zeros at the first. `record` and `digest` name the table and the digest of the row that the entry vouches for.
    """

    __tablename__ = "audit"

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=False)
    recorded: Mapped[str]
    actor: Mapped[str]
    action: Mapped[str]
    detail: Mapped[dict[str, Any]]
    record: Mapped[str | None]
    digest: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Recorded(Base):
    """A row that an audit entry vouches for."""

    __abstract__ = True

    sequence: Mapped[int] = mapped_column(
        Sequence, ForeignKey("audit.sequence"), primary_key=True, autoincrement=False
    )


class StudyRow(Recorded):
    """A study; everything but its name is in the document."""

    __tablename__ = "studies"

    key: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str] = mapped_column(String, unique=True)
    document: Mapped[dict[str, Any]]


class ContentRow(Base):
    """The packed pixels of a stimulus; studies share them. The key itself vouches for them."""

    __tablename__ = "contents"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class RaterRow(Recorded):
    """A rater's answers to the questionnaire; revision 0 is the moment of joining."""

    __tablename__ = "raters"
    __table_args__ = (UniqueConstraint("study", "pseudonym", "revision"),)

    study: Mapped[str] = mapped_column(ForeignKey(STUDIES))
    pseudonym: Mapped[str]
    revision: Mapped[int]
    answers: Mapped[dict[str, Any]]
    recorded: Mapped[str]


class SessionRow(Recorded):
    """The beginning of a sitting."""

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("study", "rater", "number"),)

    study: Mapped[str] = mapped_column(ForeignKey(STUDIES))
    rater: Mapped[str]
    number: Mapped[int]
    display: Mapped[dict[str, Any]]
    app_version: Mapped[str]
    recorded: Mapped[str]


class SessionEndRow(Recorded):
    """The end of a sitting, in a table of its own because rows never change."""

    __tablename__ = "session_ends"
    __table_args__ = (
        UniqueConstraint("study", "rater", "number"),
        ForeignKeyConstraint(
            ["study", "rater", "number"],
            ["sessions.study", "sessions.rater", "sessions.number"],
        ),
    )

    study: Mapped[str]
    rater: Mapped[str]
    number: Mapped[int]
    how: Mapped[str]
    recorded: Mapped[str]


class VoteRow(Recorded):
    """One revision of one vote; the columns are those of `rating.votes.Vote`."""

    __tablename__ = "votes"
    __table_args__ = (
        UniqueConstraint("study", "rater", "presentation", "revision"),
        ForeignKeyConstraint(
            ["study", "rater", "session"],
            ["sessions.study", "sessions.rater", "sessions.number"],
        ),
    )

    study: Mapped[str]
    rater: Mapped[str]
    session: Mapped[int]
    presentation: Mapped[str]
    revision: Mapped[int]
    part: Mapped[str]
    place: Mapped[int]
    item: Mapped[str]
    left_stimulus: Mapped[str]
    right_stimulus: Mapped[str]
    scores: Mapped[dict[str, Any]]
    confidence: Mapped[int | None]
    tags: Mapped[list[str]]
    shown_at: Mapped[str]
    committed_at: Mapped[str]
    seconds: Mapped[float]
    changes: Mapped[int]
    display: Mapped[dict[str, Any]]
    app_version: Mapped[str]
    protocol: Mapped[str]


class EventRow(Recorded):
    """Something that happened beside the votes."""

    __tablename__ = "events"

    study: Mapped[str] = mapped_column(ForeignKey(STUDIES))
    rater: Mapped[str]
    session: Mapped[int]
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]]
    recorded: Mapped[str]


RECORDED: dict[str, type[Recorded]] = {
    row.__tablename__: row
    for row in (StudyRow, RaterRow, SessionRow, SessionEndRow, VoteRow, EventRow)
}
"""The tables whose rows an audit entry vouches for, by name."""
