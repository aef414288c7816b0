"""The command line: exit codes, contracts, and one sentence for every mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from miqa_app.cli import progress
from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.networks import SIZES
from miqa_app.paths import bundled

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)
PHANTOM = bundled("resources") / "phantom"


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, [str(argument) for argument in arguments])


def test_help_and_the_package_import_neither_torch_nor_qt() -> None:
    code = (
        "import sys; sys.argv = ['miqa', '--help']; from miqa_app.__main__ import main; main();"
        "assert not {'torch', 'PySide6', 'pydicom', 'numpy'} & set(sys.modules), 'slow import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in (
        "score",
        "demo",
        "simulate",
        "train",
        "models",
        "benchmark",
        "study",
        "mos",
        "audit",
    ):
        assert command in done.stdout


def test_without_a_command_the_workstation_opens() -> None:
    opened: list[list[str]] = []
    window = Window(
        open=lambda paths: opened.append(paths) or 0, screenshots=lambda *_: None, rate=lambda *_: 0
    )
    assert run_command(window, []) == 0
    assert opened == [[]]


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert miqa("nonsense") == 2
    assert miqa("score") == 2
    assert miqa("score", tmp_path / "missing.nii.gz") == 2
    assert "There is no file or folder" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("score", PHANTOM / "clean.nii.gz", "--device", "tpu") == 2
    error = capsys.readouterr().err
    assert "choose one of auto, cuda, mps, cpu" in error
    assert "Traceback" not in error


def test_an_unknown_model_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("score", PHANTOM / "clean.nii.gz", "--model", "nobody") == 1
    assert "There is no model 'nobody'; the models are:" in capsys.readouterr().err


def test_bad_input_is_exit_code_1_and_the_rest_is_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"")
    out = tmp_path / "r.json"
    assert miqa("score", broken, PHANTOM / "clean", "--json", out) == 1
    document = json.loads(out.read_text(encoding="utf-8"))
    assert [row["status"] for row in document["series"]] == ["scored"]
    assert "broken.dcm" in document["problems"][0]["source"]
    assert "broken.dcm" in capsys.readouterr().err


def test_score_writes_json_csv_maps_and_reports_without_identity(tmp_path: Path) -> None:
    code = miqa(
        "score",
        PHANTOM / "motion",
        "--json",
        tmp_path / "r.json",
        "--csv",
        tmp_path / "r.csv",
        "--maps",
        tmp_path / "maps",
        "--report",
        tmp_path / "report",
    )
    assert code == 0
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    document = json.loads(text)
    row = document["series"][0]
    assert document["schema"] == "miqa.assessment/1"
    assert document["model"]["name"]
    assert 0 <= row["interval"][0] <= row["score"] <= row["interval"][1] <= 100
    assert set(row["artefacts"]) == set(KEYS)
    assert "PHANTOM" not in text
    assert str(PHANTOM) not in text
    assert "PHANTOM" not in (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
    maps = sorted((tmp_path / "maps").iterdir())
    assert len(maps) == len(row["slices"])
    first = np.load(maps[0])
    assert first.dtype == np.float32
    assert first.shape == nibabel.load(PHANTOM / "motion.nii.gz").shape[1::-1]
    assert {file.suffix for file in (tmp_path / "report").iterdir()} == {".html", ".pdf"}


def test_a_place_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    out = tmp_path / "file" / "r.json"
    assert miqa("score", PHANTOM / "clean", "--json", out) == 2
    error = capsys.readouterr().err
    assert str(tmp_path / "file") in error
    assert "choose another place" in error
    assert "Traceback" not in error


def test_identify_keeps_the_identity_and_notes_stand_below_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert miqa("score", PHANTOM / "clean", "--json", tmp_path / "r.json", "--identify") == 0
    assert "the bundled demo phantom, not a patient" in " ".join(capsys.readouterr().out.split())
    assert str(PHANTOM) in (tmp_path / "r.json").read_text(encoding="utf-8")


def test_the_same_scan_scores_the_same_twice_and_as_nifti(tmp_path: Path) -> None:
    for name, scan in (("a", "clean"), ("b", "clean"), ("c", "clean.nii.gz")):
        assert miqa("score", PHANTOM / scan, "--json", tmp_path / name) == 0
    scores = [
        json.loads((tmp_path / name).read_text(encoding="utf-8"))["series"][0]["score"]
        for name in "abc"
    ]
    assert scores[0] == scores[1]
    assert scores[2] == pytest.approx(scores[0], abs=1.0)


def test_motion_scores_lower_than_clean(tmp_path: Path) -> None:
    assert miqa("score", PHANTOM / "clean", PHANTOM / "motion", "--json", tmp_path / "r.json") == 0
    rows = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["series"]
    by_source = {
        ("motion" if "motion" in row["description"].lower() + row["source"] else "clean"): row[
            "score"
        ]
        for row in rows
    }
    assert by_source["motion"] < by_source["clean"]


def test_simulate_writes_nifti_of_the_same_geometry(tmp_path: Path) -> None:
    out = tmp_path / "bad.nii.gz"
    assert (
        miqa(
            "simulate",
            PHANTOM / "clean.nii.gz",
            out,
            "--artefact",
            "blur",
            "--severity",
            "0.6",
            "--seed",
            "3",
        )
        == 0
    )
    before, after = nibabel.load(PHANTOM / "clean.nii.gz"), nibabel.load(out)
    corner = np.array([0, 0, 0, 1.0])
    extent = [
        np.abs(image.affine[:3, :3]) @ (np.array(image.shape) - 1) for image in (before, after)
    ]
    assert np.allclose(extent[0], extent[1], atol=1e-2)
    assert np.isfinite(after.affine @ corner).all()
    assert np.std(after.get_fdata()) < np.std(before.get_fdata())


def test_simulate_writes_a_derived_dicom_series_that_can_be_read_again(tmp_path: Path) -> None:
    from miqa_app import load

    out = tmp_path / "bad"
    assert (
        miqa("simulate", PHANTOM / "clean", out, "--artefact", "white_noise", "--severity", "0.8")
        == 0
    )
    before, after = load(PHANTOM / "clean")[0], load(out)[0]
    assert after.voxels.shape == before.voxels.shape
    assert after.uid != before.uid
    assert np.allclose(after.geometry.origins, before.geometry.origins)
    assert "simulated white noise" in after.description
    assert miqa("simulate", PHANTOM / "clean", out, "--artefact", "blur") == 2


def test_simulate_refuses_what_makes_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        miqa("simulate", PHANTOM / "clean.nii.gz", tmp_path / "x.nii.gz", "--artefact", "sunshine")
        == 2
    )
    assert miqa("simulate", PHANTOM / "clean.nii.gz", tmp_path / "x.nii.gz", "--severity", "3") == 2
    assert "choose one of ghosting" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_contact_sheet_is_a_picture(tmp_path: Path) -> None:
    assert miqa("simulate", PHANTOM / "clean.nii.gz", tmp_path / "sheet.png", "--sheet") == 0
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_models_are_listed_shown_and_intact(capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("models", "list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["lite"]["family"] == "MIQANet"
    assert (rows["lite"]["weights"], rows["lite"]["macs"]) == SIZES["lite"][::2]
    untrained = {row["family"] for row in rows.values() if row["state"] == "not trained"}
    assert untrained == {"LoDa", "LoDaPro", "LAR-IQA"}
    assert all(row["weights"] > 0 and row["macs"] > 0 for row in rows.values())
    assert miqa("models", "show", "lite") == 0
    assert "not a mean opinion score" in capsys.readouterr().out
    assert miqa("models", "verify") == 0
    assert "lite: intact" in capsys.readouterr().out


def test_demo_without_a_screen_writes_result_report_and_screenshots(tmp_path: Path) -> None:
    asked: list[Path] = []
    window = Window(
        open=lambda paths: 1,
        screenshots=lambda entries, folder: asked.append(folder),
        rate=lambda *_: 0,
    )
    assert run_command(window, ["demo", "--headless", str(tmp_path / "demo")]) == 0
    assert asked == [tmp_path / "demo"]
    assert {file.suffix for file in (tmp_path / "demo").iterdir()} >= {".json", ".html", ".pdf"}


def test_a_recipe_with_a_typing_error_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: x\nepochs: many\n", encoding="utf-8")
    assert miqa("train", recipe, "--data", tmp_path) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_progress_in_a_log_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(progress, "say", said.append)
    with progress.progress_bar("Reading") as move:
        for done in range(3):
            move(done, 3, "Scoring series 1 of 2")
            move(done, 3, "Scoring series 2 of 2")
    assert said == ["Scoring series 1 of 2: 0 of 3"]


def test_progress_towards_an_unknown_end_tells_how_many_are_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(progress, "say", said.append)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    with progress.progress_bar("Evaluation") as move:
        move(0, 0, "evaluate")
        move(7, 0, "evaluate")
    assert said == ["evaluate", "evaluate: 7"]
