"""`miqa benchmark report` from a CSV file to a folder, end to end."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.evaluation.predictions import Predictions, write_predictions
from miqa_app.statistics.correlation import srocc

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, [str(argument) for argument in arguments])


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, Predictions]:
    """Return a file of 8 references × 14 images with two methods."""
    rng = np.random.default_rng(4)
    target = rng.uniform(0, 100, 112)
    predictions = Predictions(
        tuple(f"{n}.png" for n in range(112)),
        tuple(f"ref{n // 14}" for n in range(112)),
        target,
        {"MIQANet": target + rng.normal(0, 6, 112), "NIQE": 9 - target / 20 + rng.normal(0, 1, 112)},
        {"fold": tuple(f"{n // 14}" for n in range(112))},
    )  # fmt: skip
    write_predictions(predictions, tmp_path / "predictions.csv")
    return tmp_path / "predictions.csv", predictions


def test_a_file_of_predictions_becomes_a_report(source, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file, predictions = source
    (tmp_path / "details.csv").write_text("method,Type\nNIQE,T-NR\nMIQANet,DL-FT\n")
    out = tmp_path / "out"
    assert miqa("benchmark", "report", file, "--out", out, "--details", tmp_path / "details.csv", "--target", "MOS", "--title", "Ours") == 0  # fmt: skip
    done = capsys.readouterr()
    assert done.out.strip() == str(out / "benchmark.html")
    assert "Comparing 2 methods on 112 images" in done.err
    with (out / "tables" / "performance.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["Method"]: row for row in csv.DictReader(stream)}
    for name, values in predictions.methods.items():
        assert float(rows[name]["SROCC"]) == pytest.approx(srocc(values, predictions.targets))
    assert rows["NIQE"]["Type"] == "T-NR"
    assert rows["NIQE"]["Significance (vs MIQANet)"] == "1-1 ▼"
    page = (out / "benchmark.html").read_text(encoding="utf-8")
    assert "<h1>Ours</h1>" in page
    assert "Target: MOS." in page


def test_mistakes_are_one_sentence_and_exit_code_2(source, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file, _ = source
    out = tmp_path / "out"
    (tmp_path / "bad.csv").write_text("image,reference,target,method:m\na,r,1,x\n")
    (tmp_path / "short.csv").write_text("image,reference,target,method:m\na,r,1,2\nb,r,2,2\n")
    (tmp_path / "empty.csv").write_text("Type\nx\n")
    (tmp_path / "long.csv").write_text("method,Type\nNIQE,a,b\n")
    for arguments, words in (
        ((tmp_path / "none.csv", "--out", out), "none.csv cannot be read"),
        ((tmp_path / "bad.csv", "--out", out), "bad.csv, row 2: 'x' in the column 'method:m'"),
        ((tmp_path / "short.csv", "--out", out), "2 images are too few"),
        ((file, "--out", out, "--against", "none"), "There is no method 'none'"),
        ((file, "--out", tmp_path), "holds other files"),
        ((file, "--out", out, "--details", tmp_path / "empty.csv"), "a column 'method'"),
        ((file, "--out", out, "--details", tmp_path / "long.csv"), "row 2: more cells"),
        ((file, "--out", out, "--details", tmp_path / "none.csv"), "cannot be read"),
    ):
        assert miqa("benchmark", "report", *arguments) == 2
        error = capsys.readouterr().err
        assert words in error.replace("\n", "")
        assert "Traceback" not in error
        assert not out.exists()
