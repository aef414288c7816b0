"""`miqa benchmark explanations` and `miqa benchmark real`: from the command line to tables, files and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.evaluation.held_out import EvaluationRecipe
from miqa_app.evaluation.sources import Source
from miqa_app.paths import bundled
from miqa_app.services import checks

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)
PHANTOM = bundled("resources") / "phantom"


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, [str(argument) for argument in arguments])


def test_explanations_are_checked_on_the_sources_of_an_evaluation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Source(
        name="p", subject="a", path="clean.nii.gz", licence="own", anatomy="head", every=11
    )
    recipe = EvaluationRecipe(
        name="one",
        quality_index="q-1",
        severities=[0.5],
        slices_per_source=1,
        clean_share=0.2,
        seed=1,
        sources=[source],
    )
    monkeypatch.setattr(checks, "load_evaluation", lambda name: recipe)
    assert miqa("benchmark", "explanations", "--data", PHANTOM, "--model", "lite", "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["model"]["name"] == "lite"
    assert values["images"] == 3 * values["slices"] > 0
    assert set(values) >= {"randomisation", "deletion", "pointing"}


def test_real_artefacts_are_reported_with_rows_and_plots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "mialsrtk_fetal"
    folder.mkdir(parents=True)
    clean = nibabel.load(PHANTOM / "clean.nii.gz")
    few = np.asarray(clean.dataobj)[:, :, 6:11]
    nibabel.save(nibabel.Nifti1Image(few, clean.affine), folder / "run-1.nii.gz")
    data, out = tmp_path / "data", tmp_path / "out"
    assert miqa("benchmark", "real", "--data", data, "--out", out, "--model", "lite") == 0
    printed = capsys.readouterr().out
    assert "| mialsrtk_fetal/run-1.nii.gz | 3 |" in printed
    assert "The scans of 'knee' are not there." in printed
    assert sorted(file.name for file in out.iterdir()) == [
        "real.md",
        "real_fetal.csv",
        "real_fetal.png",
    ]
    assert (out / "real.md").read_text(encoding="utf-8") == printed


def test_missing_scans_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa("benchmark", "real", "--data", tmp_path) == 2
    assert "holds none of the folders" in capsys.readouterr().err
    assert miqa("benchmark", "explanations", "--data", tmp_path) == 1
    error = capsys.readouterr().err
    assert "give the data folder with --data" in error
    assert "Traceback" not in error
