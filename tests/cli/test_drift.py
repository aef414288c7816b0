"""`miqa drift` and `miqa assessments` at the terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from miqa_app.cli.app import run_command
from miqa_app.store import Archive
from tests.evaluation.drift.made_site import Fault, made_site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("site") / "site.sqlite"
    kept, _ = made_site(1, 16, 4.5, Fault(week=11, share=1.0), ("FLAIR", "T1W"))
    with Archive(file) as archive:
        archive.add_assessments(kept)
        archive.add_decision(kept[0].key, "rescan", "motion", "Kim", 4.25)
    return file


def run(*arguments: object) -> int:
    return run_command(None, [str(part) for part in arguments])  # type: ignore[arg-type]


def test_drift_names_what_moved_and_exits_with_0(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("drift", "--store", store) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 alarm: Skyra, coil Head_32: scores fell\n")
    assert "set for at most about one false alarm a year" in out


def test_drift_as_json_has_alarms_and_every_point(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("drift", "--store", store, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    (alarm,) = [one for one in found["alarms"] if one["now"]]
    assert alarm["place"] == {"scanner": "Skyra", "coil": "Head_32"}
    assert (alarm["measure"], alarm["side"], alarm["state"]) == ("score", "fell", "open")
    charts = [one for one in found["charts"] if one["measure"] == "score"]
    assert len(charts) == 10
    assert all(point["scans"] >= 4 for chart in charts for point in chart["points"])


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_the_report_is_written_whole(store: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "new" / f"drift.{kind}"
    assert run("drift", "--store", store, "--report", file) == 0
    if kind == "html":
        text = file.read_text(encoding="utf-8")
        assert "http" not in text.replace("http-equiv", "")
    else:
        from pypdf import PdfReader

        text = " ".join(page.extract_text() for page in PdfReader(file).pages)
    for words in ("Skyra, coil Head_32: scores fell", "HeadNeck_64", "one false alarm a year", "not a certified medical device"):  # fmt: skip
        assert words in " ".join(text.split())
    assert list(file.parent.iterdir()) == [file]


def test_wrong_use_is_one_sentence(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("drift", "--store", store, "--report", tmp_path / "drift.doc") == 2
    assert "drift.doc is neither" in capsys.readouterr().err
    # before any work is done, so before the store is looked for
    nowhere = tmp_path / "none.sqlite"
    assert run("drift", "--store", nowhere, "--report", tmp_path / "drift.doc") == 2
    assert "drift.doc is neither" in capsys.readouterr().err
    assert run("drift", "--store", store, "--weeks", "0") == 2
    assert run("drift", "--store", tmp_path / "none.sqlite") == 2
    assert run("assessments", "show", "ffff", "--store", store) == 2


def test_list_and_show_tell_the_decision(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Archive(store) as archive:
        kept = archive.assessments()
    assert run("assessments", "list", "--last", 0, "--json", "--store", store) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(kept)
    assert (rows[0]["key"], rows[0]["decision"], rows[0]["reason"]) == (
        kept[0].key,
        "rescan",
        "motion",
    )
    assert rows[0]["model_sha256"] == "9f" * 32
    assert run("assessments", "list", "--store", store) == 0
    assert len(capsys.readouterr().out.splitlines()) == 31
    undated = replace(kept[0], key="ab" * 16, context=replace(kept[0].context, acquired=""))
    with Archive(store) as archive:
        archive.add_assessments([undated])
    assert run("assessments", "list", "--store", store) == 0
    assert "unknown, judged" in capsys.readouterr().out
    assert run("assessments", "show", kept[0].key[:12], "--store", store) == 0
    out = capsys.readouterr().out
    assert "Kim: rescan (motion), 4.2 s after the result" in out
    assert kept[0].source in out


@pytest.mark.shared
def test_scores_are_recorded_listed_and_recomputed(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, scan = tmp_path / "own.sqlite", shared / "oro_dicom" / "Spine1.dcm"
    for _ in range(2):
        assert run("score", scan, "--record", "--store", store, "--device", "cpu") == 0
    capsys.readouterr()
    assert run("assessments", "list", "--json", "--store", store) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["score"] is not None
    assert run("assessments", "recompute", row["key"][:8], "--store", store, "--device", "cpu") == 0
    assert capsys.readouterr().out.startswith("Same: ")
