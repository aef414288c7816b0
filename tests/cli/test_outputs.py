"""Places for results are looked at before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from miqa_app.cli.app import run_command
from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.window import Window
from miqa_app.errors import BadRequest
from miqa_app.services.demo import demo_paths

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)


def test_new_files_and_folders_in_a_place_of_ones_own_are_let_through(tmp_path: Path) -> None:
    refuse_unwritable([tmp_path / "new" / "r.json", None], [tmp_path / "a" / "b", None])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_a_folder_and_a_folder_that_is_a_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BadRequest, match="is a folder; give the name of a file"):
        refuse_unwritable([tmp_path])
    with pytest.raises(BadRequest, match="file is no folder; choose another place"):
        refuse_unwritable([], [file / "report"])


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="an administrator may write anywhere"
)
def test_a_place_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadRequest, match="you may not write into"):
        refuse_unwritable([tmp_path / "r.json"])


@pytest.mark.parametrize("option", ["--json", "--csv", "--report", "--maps"])
def test_a_scan_is_not_scored_for_results_that_could_not_be_kept(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "result"
    assert run_command(CLOSED, ["score", str(demo_paths()[0]), option, str(target)]) == 2
    said = capsys.readouterr()
    assert f"{target} cannot be written" in said.err
    assert "Scoring" not in said.err


LATE = {
    "simulate to NIfTI": ["simulate", "SCAN", "OUT/x.nii.gz"],
    "simulate to DICOM": ["simulate", "SCAN", "OUT/folder"],
    "simulate a sheet": ["simulate", "SCAN", "OUT/sheet.png", "--sheet"],
    "benchmark held-out": ["benchmark", "held-out", "--data", "HERE", "--out", "OUT/rows.csv"],
    "benchmark real": ["benchmark", "real", "--data", "HERE", "--out", "OUT/real"],
    "benchmark report": ["benchmark", "report", "TABLE", "--out", "OUT/report"],
    "benchmark ablation": ["benchmark", "ablation", "TABLE", "--data", "HERE", "--out", "OUT/a"],
    "benchmark methods": ["benchmark", "methods", "--data", "look-alike", "--out", "OUT/m"],
    "crossvalidate": ["crossvalidate", "--data", "look-alike", "--out", "OUT/runs"],
    "mos to a file": ["mos", "VOTES", "--json", "OUT/mos.json"],
    "mos with plots": ["mos", "VOTES", "--plots", "OUT/plots"],
    "models export": ["models", "export", "lite", "OUT/lite.miqa"],
    "models export as ONNX": ["models", "export", "lite", "--onnx", "OUT/lite.onnx"],
    "models measure": ["models", "measure", "lite", "--data", "HERE", "--out", "OUT/measured"],
    "models recalibrate": ["models", "recalibrate", "TABLE", "--out", "OUT/calibrated"],
    "demo": ["demo", "--headless", "OUT/demo"],
    "drift": ["drift", "--report", "OUT/drift.html"],
}


@pytest.mark.parametrize("command", LATE.values(), ids=LATE.keys())
def test_every_command_that_writes_late_asks_first_whether_it_may(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIQA_STORE", str(tmp_path / "store.sqlite"))
    (tmp_path / "file").touch()
    votes = tmp_path / "votes.csv"
    votes.write_text("observer,stimulus,score\na,one,40\na,two,70\nb,one,45\nb,two,60\n")
    names = {
        "SCAN": str(demo_paths()[0]),
        "HERE": str(tmp_path),
        # exists and is no table, so that a command that reads before it asks says something else
        "TABLE": str(tmp_path / "file"),
        "VOTES": str(votes),
    }
    words = [names.get(word, word.replace("OUT", str(tmp_path / "file"))) for word in command]
    before = sorted(tmp_path.rglob("*"))
    assert run_command(CLOSED, words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert f"cannot be written: {tmp_path / 'file'} is no folder" in line
    assert sorted(tmp_path.rglob("*")) == before


def test_an_export_of_a_study_is_refused_where_it_cannot_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, scan = str(tmp_path / "store.sqlite"), str(demo_paths()[0])
    words = ["study", "create", "S", scan, "--kinds", "blur", "--severities", "0.5"]
    assert run_command(CLOSED, [*words, "--slices", "1", "--store", store]) == 0
    (tmp_path / "file").touch()
    capsys.readouterr()
    target = tmp_path / "file" / "export"
    assert run_command(CLOSED, ["study", "export", "S", str(target), "--store", store]) == 2
    assert f"{target} cannot be written" in capsys.readouterr().err


def test_a_study_is_not_made_for_a_store_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    store = str(tmp_path / "file" / "store.sqlite")
    scan = str(demo_paths()[0])
    assert run_command(CLOSED, ["study", "create", "S", scan, "--store", store]) in (1, 2)
    said = capsys.readouterr().err
    assert "Reading" not in said
    (line,) = said.splitlines()
    assert "store.sqlite" in line


def test_a_model_does_not_learn_where_neither_run_nor_candidate_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "miqa_app").mkdir()
    (tmp_path / "miqa_app" / "models").touch()
    table = tmp_path / "ratings.csv"
    table.write_text("image,mos,reference,subject\n")
    assert run_command(CLOSED, ["finetune", str(table)]) == 2
    assert "models is no folder; choose another place" in capsys.readouterr().err


def test_a_scan_is_not_degraded_for_a_folder_that_is_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.dcm").touch()
    scan = str(demo_paths()[0])
    assert run_command(CLOSED, ["simulate", scan, str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "Degrading" not in said.err
    assert "is not an empty folder" in said.err or "not a classic DICOM" in said.err
