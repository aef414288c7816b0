"""Finds what was changed in the store past the program."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miqa_app.errors import MiqaError
from miqa_app.store import chain, forms
from miqa_app.store.assessment_tables import VOUCHED
from miqa_app.store.content import intact
from miqa_app.store.tables import ContentRow, Entry, StudyRow

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy import Engine

    from miqa_app.store.tables import Base, Recorded

_BATCH = 500
_MOST_FAULTS = 200

_NAMES = {
    "studies": "study",
    "raters": "answers of a rater",
    "sessions": "session",
    "session_ends": "end of a session",
    "votes": "vote",
    "events": "event",
    "assessments": "assessment",
    "shadow_scores": "shadow score",
    "decisions": "decision",
    "drift_acts": "act on an alarm",
}


@dataclass(frozen=True)
class Verdict:
    """What came of checking a store.

    Attributes:
        head: where the log ends.
        faults: sentences on what is wrong; none when all is sound.
    """

    head: chain.Head
    faults: tuple[str, ...]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Open the database as it is at one moment, whoever goes on writing."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    with Session(engine) as session:
        yield session


def examine(
    session: Session, where: str, kept: chain.Head | None
) -> Generator[tuple[int, int], None, Verdict]:
    """Check every entry, every row and every stimulus; never holds more than a few hundred rows.

    Args:
        session: a snapshot.
        where: words for the store.
        kept: a head from earlier.
    """
    entries = session.scalar(select(func.count()).select_from(Entry)) or 0
    pictures = session.scalar(select(func.count()).select_from(ContentRow)) or 0
    faults: list[str] = []
    last, done = chain.START, 0
    while len(faults) < _MOST_FAULTS:
        batch = _batch(session, last.sequence)
        rows = _rows(session, last.sequence, batch[-1].sequence if len(batch) == _BATCH else None)
        for entry in batch:
            faults += _entry_faults(entry, last, rows)
            last = chain.Head(entry.sequence, entry.hash)
            if kept and kept.sequence == last.sequence and kept.hash != last.hash:
                faults.append(f"Entry {last.sequence} is not the one of the head that was kept.")
        faults += [
            f"Row {sequence} of '{table}' has no entry in the log: it was put in past the program."
            for table, sequence in sorted(rows)
        ]
        done += len(batch)
        session.expunge_all()
        if len(batch) < _BATCH:
            faults += _tail_faults(last, kept)
            break
        yield done, entries + pictures
    yield from _contents(session, faults, entries, pictures)
    if len(faults) > _MOST_FAULTS:
        faults[_MOST_FAULTS:] = ["There are more faults than are listed here."]
    return Verdict(last, tuple(faults))


def _batch(session: Session, after: int) -> list[Entry]:
    """Return the next entries."""
    query = select(Entry).where(Entry.sequence > after).order_by(Entry.sequence).limit(_BATCH)
    return list(session.scalars(query))


def _rows(session: Session, after: int, until: int | None) -> dict[tuple[str, int], Recorded]:
    """Return the rows that belong to a span of entries, by table and number."""
    found: dict[tuple[str, int], Recorded] = {}
    for table, kind in VOUCHED.items():
        query = select(kind).where(kind.sequence > after)
        if until is not None:
            query = query.where(kind.sequence <= until)
        found |= {(table, row.sequence): row for row in session.scalars(query)}
    return found


def _entry_faults(
    entry: Entry, last: chain.Head, rows: dict[tuple[str, int], Recorded]
) -> Iterator[str]:
    """Tell what is wrong with one entry and its row, which is taken out of `rows`."""
    called = f"Entry {entry.sequence} ('{entry.action}' by '{entry.actor}', {entry.recorded})"
    if entry.sequence != last.sequence + 1:
        first, final = last.sequence + 1, entry.sequence - 1
        gone = f"Entry {first} is" if first == final else f"Entries {first} to {final} are"
        yield f"{gone} missing from the log."
    elif entry.previous != last.hash:
        yield f"{called} does not follow from the entry before: one of the two was rewritten."
    if _hash(chain.entry_hash, entry) != entry.hash:
        yield f"{called} was changed after it was written."
    row = rows.pop((entry.record or "", entry.sequence), None)
    if entry.record is None:
        return
    name = _NAMES.get(entry.record, entry.record)
    if row is None:
        yield f"{called}: its {name} is missing."
    elif _hash(chain.digest, row) != entry.digest:
        yield f"{called}: its {name} was changed after it was stored."


def _hash(of: Callable[[Any], str], row: Base) -> str:
    """Return the hash of a row, '' where it holds what the program cannot have written."""
    try:
        return of(row)
    except (TypeError, ValueError):
        return ""


def _tail_faults(last: chain.Head, kept: chain.Head | None) -> Iterator[str]:
    """Tell whether the log ends before the head that was kept."""
    if kept and kept.sequence > last.sequence:
        yield (
            f"The log ends at entry {last.sequence}, but the head that was kept is entry "
            f"{kept.sequence}: {kept.sequence - last.sequence} of its last entries were cut off."
        )


def _contents(
    session: Session, faults: list[str], entries: int, pictures: int
) -> Generator[tuple[int, int], None, None]:
    """Check the pixels of all stimuli, one at a time, and that every study has its own."""
    present: set[str] = set()
    for done, key in enumerate(list(session.scalars(select(ContentRow.key))), 1):
        content = session.scalar(select(ContentRow.content).where(ContentRow.key == key))
        present.add(key)
        if not intact(content or b"", key):
            faults.append(f"The pixels of stimulus {key[:12]} were changed or damaged.")
        yield entries + done, entries + pictures
    for row in session.scalars(select(StudyRow).execution_options(yield_per=1)):
        try:
            needed = {stimulus.key for stimulus in forms.study_of(row).stimuli}
        except MiqaError:
            # a changed study is among the faults already
            continue
        faults += [
            f"The pixels of stimulus {key[:12]} of the study '{row.name}' are missing."
            for key in sorted(needed - present)
        ]
