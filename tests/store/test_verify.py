"""Whatever is changed in the store past the program is found and named."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import JSON, Double, Integer, insert

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.store import Archive, chain, soundness
from miqa_app.store.tables import RECORDED, Base, Entry, Sequence
from tests.store import reach
from tests.store.made import Campaign, a_campaign, begin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def full(archive: Archive, running: Campaign) -> Archive:
    """A store with rows in every table; entry 1 is the study, 4 and 5 are votes."""
    archive.add_vote(running.vote(1, 40.0))
    archive.add_vote(running.vote(1, 45.0))
    archive.add_event(running.study.key, "R1", 1, "undo", {"of": "main-1"})
    archive.add_audit("coordinator", "export", {"files": ["a.csv"], "votes": 2, "share": 0.1})
    archive.end_session(running.study.key, "R1", 1, "finished")
    return archive


def test_a_store_that_nobody_touched_is_sound(full: Archive) -> None:
    head = full.audit_head()
    assert full.verify() == []
    assert full.verify(head) == []
    full.add_audit("coordinator", "export", {})
    assert full.verify(head) == []
    assert full.verify(f"  {head.upper()}\n") == []


def test_an_empty_store_is_sound(archive: Archive) -> None:
    assert archive.audit_head() == "0:" + "0" * 64
    assert archive.verify(archive.audit_head()) == []


def test_every_writing_call_has_its_entry(full: Archive, running: Campaign) -> None:
    assert [(e["actor"], e["action"]) for e in reach.rows(full, "audit")][1:] == [
        ("R1", "rater joined"),
        ("R1", "session began"),
        ("R1", "vote"),
        ("R1", "vote"),
        ("R1", "undo"),
        ("coordinator", "export"),
        ("R1", "session ended"),
    ]
    first, *_, last = reach.rows(full, "audit")
    assert first["action"] == "study created"
    assert first["actor"]
    assert last["recorded"].endswith("+00:00")
    assert full.audit_head() == f"{last['sequence']}:{last['hash']}"


def test_the_hash_is_what_the_description_says(full: Archive) -> None:
    """The chain can be checked without this program: SHA-256 over sorted, blankless JSON."""
    import hashlib
    import json

    previous = "0" * 64
    for number, entry in enumerate(
        sorted(reach.rows(full, "audit"), key=lambda e: e["sequence"]), 1
    ):
        claimed = entry.pop("hash")
        assert entry["sequence"] == number
        assert entry["previous"] == previous
        content = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(content.encode()).hexdigest() == claimed
        previous = claimed


def _other(column: str, kind: object) -> str:
    """Return SQL for a value other than the one there is."""
    if isinstance(kind, JSON):
        return """'{"other": 1}'"""
    if isinstance(kind, (Integer, Double, type(Sequence))):
        return f'coalesce("{column}", 0) + 1'
    return f"""substr('x' || coalesce("{column}", ''), 1, 64)"""


COLUMNS = [
    (table, column.name)
    for table in ("audit", *RECORDED)
    for column in Base.metadata.tables[table].columns
    if column.name != "sequence"
]


def test_any_changed_column_of_any_table_is_found(full: Archive) -> None:
    for table, column in COLUMNS:
        kind = Base.metadata.tables[table].columns[column].type
        number = max(row["sequence"] for row in reach.rows(full, table))
        before = reach.rows(full, table)
        reach.execute(
            full,
            f'UPDATE {table} SET "{column}" = {_other(column, kind)} WHERE sequence = {number}',
        )
        assert reach.rows(full, table) != before, f"{table}.{column} was not changed"
        faults = full.verify()
        assert any(f"Entry {number} " in fault for fault in faults), f"{table}.{column}: {faults}"
        old = next(row for row in before if row["sequence"] == number)[column]
        put_back(full, table, column, number, old)
        assert full.verify() == [], f"{table}.{column} was not put back"


def put_back(archive: Archive, table: str, column: str, number: int, value: object) -> None:
    from miqa_app.store.canonical import canonical

    if isinstance(Base.metadata.tables[table].columns[column].type, JSON):
        value = canonical(value)
        cast = "CAST(:value AS JSON)" if archive._engine.dialect.name == "postgresql" else ":value"
    else:
        cast = ":value"
    reach.execute(
        archive, f'UPDATE {table} SET "{column}" = {cast} WHERE sequence = {number}', value=value
    )


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("votes", "scores", "'no JSON'"),
        ("votes", "display", "'[]'"),
        ("votes", "rater", "x'ff00'"),
        ("votes", "seconds", "'long'"),
        ("audit", "detail", "''"),
        ("audit", "actor", "x'ff'"),
        ("studies", "document", "'null'"),
    ],
)
def test_what_no_program_would_have_written_is_found_too(
    tmp_path: Path, campaign: Campaign, table: str, column: str, value: str
) -> None:
    with Archive(tmp_path / "a.sqlite") as archive:
        begin(archive, campaign)
        archive.add_vote(campaign.vote(1))
        number = max(row["sequence"] for row in reach.rows(archive, table))
        reach.execute(archive, f"UPDATE {table} SET {column} = {value} WHERE sequence = {number}")
    with Archive(tmp_path / "a.sqlite") as archive:
        (fault,) = archive.verify()
        assert f"Entry {number} " in fault
        if column in ("scores", "display", "document"):
            with pytest.raises(MiqaError, match=f"Row {number} of '{table}' was changed past"):
                archive.votes(campaign.study.key)


def test_a_changed_vote_is_named(full: Archive) -> None:
    reach.execute(full, """UPDATE votes SET scores = '{"test": 99.0}' WHERE sequence = 5""")
    (fault,) = full.verify()
    assert fault.startswith("Entry 5 ('vote' by 'R1', ")
    assert fault.endswith("): its vote was changed after it was stored.")


def test_a_changed_entry_is_named(full: Archive) -> None:
    reach.execute(full, "UPDATE audit SET actor = 'somebody' WHERE sequence = 4")
    (fault,) = full.verify()
    assert fault.startswith("Entry 4 ('vote' by 'somebody', ")
    assert fault.endswith("was changed after it was written.")


@pytest.mark.parametrize("table", sorted(RECORDED))
def test_a_removed_row_is_found(full: Archive, table: str) -> None:
    number = max(row["sequence"] for row in reach.rows(full, table))
    reach.execute(full, f"DELETE FROM {table} WHERE sequence = {number}")
    (fault,) = full.verify()
    assert f"Entry {number} " in fault
    assert "is missing" in fault


def test_removed_entries_are_found_with_and_without_their_rows(full: Archive) -> None:
    reach.execute(full, "DELETE FROM audit WHERE sequence IN (4, 5)")
    assert full.verify() == [
        "Entries 4 to 5 are missing from the log.",
        "Row 4 of 'votes' has no entry in the log: it was put in past the program.",
        "Row 5 of 'votes' has no entry in the log: it was put in past the program.",
    ]
    reach.execute(full, "DELETE FROM votes")
    assert full.verify() == ["Entries 4 to 5 are missing from the log."]


def test_a_removed_entry_whose_number_another_one_takes_is_found(full: Archive) -> None:
    reach.execute(
        full,
        "DELETE FROM votes WHERE sequence = 5",
        "DELETE FROM audit WHERE sequence = 5",
        "UPDATE events SET sequence = 5 WHERE sequence = 6",
        "UPDATE audit SET sequence = 5 WHERE sequence = 6",
    )
    assert any("Entry 5 " in fault for fault in full.verify())


def test_a_row_put_in_past_the_program_is_found(full: Archive) -> None:
    columns = ", ".join(f'"{c}"' for c in reach.columns(full, "votes"))
    for number in (2, 900):
        values = columns.replace('"sequence"', str(number)).replace('"revision"', str(number))
        reach.execute(
            full, f"INSERT INTO votes ({columns}) SELECT {values} FROM votes WHERE sequence = 4"
        )
        assert full.verify() == [
            f"Row {number} of 'votes' has no entry in the log: it was put in past the program."
        ]
        reach.execute(full, f"DELETE FROM votes WHERE sequence = {number}")


def test_a_cut_tail_shows_against_a_head_that_was_kept(full: Archive) -> None:
    head = full.audit_head()
    reach.execute(
        full,
        "DELETE FROM session_ends WHERE sequence = 8",
        "DELETE FROM audit WHERE sequence >= 7",
    )
    assert full.verify() == []
    assert full.verify(head) == [
        "The log ends at entry 6, but the head that was kept is entry 8: "
        "2 of its last entries were cut off."
    ]


def test_a_log_emptied_whole_shows_against_a_head_that_was_kept(full: Archive) -> None:
    head = full.audit_head()
    reach.execute(full, *(f"DELETE FROM {table}" for table in [*RECORDED, "audit"]))
    assert full.verify() == []
    (fault,) = full.verify(head)
    assert "8 of its last entries were cut off" in fault


def test_a_log_written_anew_shows_against_a_head_that_was_kept(
    full: Archive, running: Campaign
) -> None:
    """Somebody who knows the program cuts the end, changes the vote, and writes the rest again."""
    head = full.audit_head()
    reach.execute(
        full,
        *(
            f"DELETE FROM {t} WHERE sequence >= 5"
            for t in ("votes", "events", "session_ends", "audit")
        ),
    )
    full.add_vote(running.vote(1, 99.0))
    full.add_event(running.study.key, "R1", 1, "undo", {"of": "main-1"})
    full.add_audit("coordinator", "export", {})
    full.end_session(running.study.key, "R1", 1, "finished")
    assert full.verify() == []
    assert full.verify(head) == ["Entry 8 is not the one of the head that was kept."]


def test_an_entry_written_with_a_fitting_hash_breaks_the_link_to_the_next(full: Archive) -> None:
    with soundness.snapshot(full._engine) as session:
        entry = session.get(Entry, 4)
        assert entry is not None
        entry.actor = "somebody"
        forged = chain.entry_hash(entry)
    reach.execute(
        full, f"UPDATE audit SET actor = 'somebody', hash = '{forged}' WHERE sequence = 4"
    )
    (fault,) = full.verify()
    assert fault.startswith("Entry 5 ")
    assert fault.endswith("does not follow from the entry before: one of the two was rewritten.")


def test_changed_and_missing_pixels_are_found(full: Archive, running: Campaign) -> None:
    changed, missing = running.study.items[1].test, running.study.items[2].test
    other = running.contents[running.study.items[0].test]
    reach.execute(
        full,
        f"UPDATE contents SET content = :other WHERE key = '{changed}'",
        f"DELETE FROM contents WHERE key = '{missing}'",
        other=other,
    )
    assert full.verify() == [
        f"The pixels of stimulus {changed[:12]} were changed or damaged.",
        f"The pixels of stimulus {missing[:12]} of the study 'Köpfe 2026' are missing.",
    ]


@pytest.mark.parametrize("head", ["", "8", "8:abc", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_what_is_no_head_is_refused(archive: Archive, head: str) -> None:
    with pytest.raises(BadRequest, match="A head is a number, a colon and 64 hexadecimal digits"):
        archive.verify(head)


def test_checking_holds_a_few_hundred_rows_whatever_the_length(archive: Archive) -> None:
    last, entries = chain.START, []
    for number in range(1, 4 * soundness._BATCH + 8):
        entry = Entry(
            sequence=number, recorded=chain.now(), actor="a", action="b", detail={"n": number},
            record=None, digest=None, previous=last.hash,
        )  # fmt: skip
        entry.hash = chain.entry_hash(entry)
        entries.append(entry.values())
        last = chain.Head(number, entry.hash)
    with archive._writer.begin() as connection:
        connection.execute(insert(Entry), entries)
    assert archive.audit_head() == str(last)
    held = 0
    for done, total in archive.verifying():
        assert done <= total
        gc.collect()
        # asking an object for its class wakes lazy modules that other tests have loaded
        held = max(held, sum(type(thing) is Entry for thing in gc.get_objects()))
    # the batch at hand is all there is
    assert 0 < held <= soundness._BATCH + 10
    reach.execute(archive, "UPDATE audit SET actor = 'c' WHERE sequence = 777")
    (fault,) = archive.verify()
    assert "Entry 777 " in fault


def test_endless_faults_are_cut_short(archive: Archive, running: Campaign) -> None:
    for _ in range(soundness._MOST_FAULTS + 5):
        archive.add_audit("a", "b", {})
    reach.execute(archive, "UPDATE audit SET actor = 'c'")
    faults = archive.verify()
    assert len(faults) == soundness._MOST_FAULTS + 1
    assert faults[-1] == "There are more faults than are listed here."


def test_voting_goes_on_while_somebody_checks(archive: Archive, running: Campaign) -> None:
    steps = archive.verifying()
    next(steps)
    other = a_campaign("other", seed=3)
    begin(archive, other, "R2")
    archive.add_vote(replace(running.vote(1), session=1))
    for _ in steps:
        pass
    assert archive.verify() == []


def test_other_parts_write_into_the_same_log(archive: Archive) -> None:
    archive.add_audit("coordinator", "export", {2: "b", 10: "a", "é": [1.5, None, True]})  # type: ignore[dict-item]
    assert archive.verify() == []
    (entry,) = reach.rows(archive, "audit")
    assert entry["detail"] == {"2": "b", "10": "a", "é": [1.5, None, True]}
    with pytest.raises(BadRequest, match="The actor must be printable"):
        archive.add_audit("", "export", {})
