"""Assessments and decisions come back as they went in, and whatever is changed past the program is found."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import JSON, Double, Integer

import miqa_app.store
from miqa_app.core.assessment import Scope, Thresholds, Verdict
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.store import Archive, Context, migrate
from miqa_app.store.assessment_tables import VOUCHED
from miqa_app.store.tables import RECORDED, Base
from tests.store import reach
from tests.store.made import Campaign, begin
from tests.store.made_assessments import ACT, keep_one_of_each, kept, shadow_of
from tests.store.test_verify import put_back

OWN = sorted(set(VOUCHED) - set(RECORDED))


def test_an_assessment_comes_back_as_it_went_in(archive: Archive) -> None:
    one = kept()
    none = kept(
        2, model=None, engine=None, score=None, interval=None, verdict=Verdict.NOT_ASSESSED,
        reason="phase image", artefacts={}, scope=Scope(), context=Context(), thresholds=Thresholds(),
    )  # fmt: skip
    assert archive.add_assessments([one, none]) == 2
    found = archive.assessments()
    assert [replace(a, recorded="") for a in found] == [one, none]
    assert all(a.recorded.endswith("+00:00") for a in found)
    assert found[0].day == "2026-05-04"
    assert found[1].day == found[1].recorded[:10]
    assert archive.assessments(last=1) == found[1:]


def test_the_same_judgement_is_kept_once(archive: Archive) -> None:
    archive.add_assessments([kept()])
    head = archive.audit_head()
    assert archive.add_assessments([kept(), kept(score=12.0)]) == 0
    assert archive.audit_head() == head
    assert archive.assessments()[0].score == 61.25


def test_an_assessment_is_found_by_the_first_digits_of_its_key(archive: Archive) -> None:
    first, second = kept(key="ab12" + 28 * "0"), kept(key="ab13" + 28 * "0")
    archive.add_assessments([first, second])
    assert archive.assessment("AB12").key == first.key
    for wrong, words in (("ab1", "at least 4"), ("ffff", "No assessment"), ("a%25", "names no")):
        with pytest.raises(BadRequest, match=words):
            archive.assessment(wrong)
    archive.add_assessments([kept(key="ab12" + 28 * "1")])
    with pytest.raises(BadRequest, match="Several assessments begin with 'ab12'"):
        archive.assessment("ab12")


def test_a_shadow_score_belongs_to_an_assessment_and_is_kept_once(archive: Archive) -> None:
    one = kept()
    with pytest.raises(BadRequest, match="was not kept"):
        archive.add_shadow(shadow_of(one))
    archive.add_assessments([one])
    for _ in range(2):
        archive.add_shadow(shadow_of(one))
    assert [replace(s, recorded="") for s in archive.shadows()] == [shadow_of(one)]


def test_decisions_are_numbered_and_none_is_lost(archive: Archive) -> None:
    one, other = kept(), kept(2)
    archive.add_assessments([one, other])
    archive.add_decision(one.key, "check", "", "Dr A", 2.0)
    archive.add_decision(one.key, "rescan", "ghost", "Dr A", 6.5)
    archive.add_decision(other.key, "accept", "", "Dr B", None)
    archive.add_decision(one.key, "undone", "", "Dr A", None)
    assert [(d.number, d.decision, d.reason) for d in archive.decisions(one.key)] == [
        (1, "check", ""), (2, "rescan", "ghost"), (3, "undone", ""),
    ]  # fmt: skip
    assert len(archive.decisions()) == 4


@pytest.mark.parametrize(
    ("decision", "reason", "words"),
    [
        ("keep", "", "one of accept, check, rescan"),
        ("rescan", "", "one of the reasons motion, ghost"),
        ("rescan", "the patient left", "one of the reasons"),
        ("accept", "motion", "other decisions have none"),
        ("undone", "", "no decision"),
    ],
)
def test_what_is_no_decision_is_refused(
    archive: Archive, decision: str, reason: str, words: str
) -> None:
    archive.add_assessments([kept()])
    with pytest.raises(BadRequest, match=words):
        archive.add_decision(kept().key, decision, reason, "Dr A", None)
    assert archive.decisions() == ()


def test_an_act_on_an_alarm_needs_a_person_and_a_reason(archive: Archive) -> None:
    archive.add_drift_act(ACT)
    assert [replace(a, recorded="") for a in archive.drift_acts()] == [ACT]
    for wrong in (replace(ACT, by=" "), replace(ACT, reason=""), replace(ACT, step="forget")):  # type: ignore[arg-type]
        with pytest.raises(BadRequest):
            archive.add_drift_act(wrong)


def test_every_writing_call_has_its_entry(archive: Archive) -> None:
    keep_one_of_each(archive)
    assert [entry["action"] for entry in reach.rows(archive, "audit")] == [
        "assessment", "shadow score", "decision", "drift alarm",
    ]  # fmt: skip
    assert archive.verify() == []


def test_any_changed_column_is_found(archive: Archive) -> None:
    keep_one_of_each(archive)
    for table in OWN:
        (row,) = reach.rows(archive, table)
        for column in Base.metadata.tables[table].columns:
            if column.name == "sequence":
                continue
            number, name = row["sequence"], column.name
            if isinstance(column.type, JSON):
                other = """'{"other": 1}'"""
            elif isinstance(column.type, (Integer, Double)):
                other = f'coalesce("{name}", 0) + 1'
            else:
                other = f"""substr('x' || "{name}", 1, 32)"""
            reach.execute(archive, f'UPDATE {table} SET "{name}" = {other}')
            assert any(f"Entry {number} " in fault for fault in archive.verify()), (table, name)
            put_back(archive, table, name, number, row[name])
            assert archive.verify() == []


@pytest.mark.parametrize("table", OWN)
def test_a_removed_row_is_found(archive: Archive, table: str) -> None:
    keep_one_of_each(archive)
    reach.execute(archive, f"DELETE FROM {table}")
    (fault,) = archive.verify()
    assert "is missing" in fault


def test_an_assessment_changed_past_the_program_is_one_sentence(archive: Archive) -> None:
    archive.add_assessments([kept()])
    reach.execute(archive, "UPDATE assessments SET verdict = 'perfect'")
    with pytest.raises(MiqaError, match="was changed past the program"):
        archive.assessments()


def test_a_store_of_the_first_schema_is_brought_up_with_all_that_is_in_it(
    tmp_path: Path, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made by the first migration alone, as the version before this one left it."""
    folder = Path(miqa_app.store.__file__).with_name("migrations")
    old = tmp_path / "migrations"
    shutil.copytree(folder, old)
    (old / "versions" / "v0002_assessments_and_decisions.py").unlink()
    path = tmp_path / "old.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "SCHEMA", "0001")
        patch.setattr(migrate, "__file__", str(tmp_path / "migrate.py"))
        with Archive(path) as archive:
            begin(archive, campaign)
            archive.add_vote(campaign.vote(1))
            head = archive.audit_head()
    with sqlite3.connect(path) as there:
        assert not there.execute(
            "SELECT name FROM sqlite_master WHERE name = 'decisions'"
        ).fetchall()
    there.close()
    with Archive(path, create=False) as archive:
        assert archive.audit_head() == head
        assert len(archive.votes(campaign.study.key)) == 1
        keep_one_of_each(archive)
        assert archive.verify(head) == []
