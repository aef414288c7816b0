"""`miqa crossvalidate` on a tiny table, and (slow) the whole protocol on the synthetic look-alike."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.evaluation.predictions import read_predictions
from miqa_app.evaluation.rated import write_lookalike

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)

LIST = {
    "name": "tiny",
    "title": "Tiny",
    "ours": "as it is",
    "rows": [
        {"label": "PSNR", "measure": "psnr"},
        {"label": "as it is", "network": "lite", "start": "lite", "method": "frozen"},
        {"label": "random", "network": "a1", "start": "random", "method": "ridge"},
    ],
}


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, [str(argument) for argument in arguments])


def table_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three discs at four noise levels as a plain table with clean images."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(3)
    grid = np.hypot(*(axis - 36.0 for axis in np.mgrid[:72, :72]))
    rows = []
    for reference in "abc":
        disc = 160.0 * (grid < 20 + 4 * "abc".index(reference))
        for level in range(5):
            noisy = disc + 14 * level * rng.standard_normal(disc.shape)
            stored = np.clip(noisy, 0, 255).astype(np.uint8)
            sitk.WriteImage(sitk.GetImageFromArray(stored), str(folder / f"{reference}{level}.png"))
            if level:
                rows.append(
                    [f"{reference}{level}.png", 100 - 20 * level, reference, "one", f"{reference}0.png"]
                )  # fmt: skip
    with (folder / "discs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["image", "mos", "reference", "subject", "clean"], *rows])
    (folder / "list.yaml").write_text(yaml.safe_dump(LIST))
    return folder / "discs.csv"


def test_predictions_tables_and_record_are_written_and_found_again(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        "crossvalidate", "--data", table, "--folds", "3", "--recipe", "ridge", "--configs", table.parent / "list.yaml",
        "--seeds", "2", "--out", tmp_path, "--device", "cpu",
    )  # fmt: skip
    assert miqa(*arguments) == 0
    folder = tmp_path / "discs-tiny-ridge"
    printed = capsys.readouterr().out
    assert printed.endswith(f"{folder}\n")
    assert "| PSNR |" in printed
    found = read_predictions(folder / "predictions.csv")
    # a measure and a model as it is know no seed
    assert list(found.methods) == ["PSNR", "as it is", "random (seed 0)", "random (seed 1)"]
    assert len(found) == 12
    folds = dict(zip(found.references, found.groups["fold"], strict=True))
    assert sorted(folds.values()) == ["1", "2", "3"]
    rows = table_of(folder)
    assert [(row["Method"], row["seeds"]) for row in rows] == [("PSNR", "1"), ("as it is", "1"), ("random", "2")]  # fmt: skip
    assert float(rows[0]["SROCC"]) > 0.8
    assert rows[1]["significance"] == ""
    assert rows[2]["significance"] in {"0-0", "0-1", "1-0", "1-1"}
    assert "PSNR" in (folder / "report" / "benchmark.html").read_text(encoding="utf-8")
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert record["set"]["images"] == 12
    assert any("folds part these (as one)" in note for note in record["notes"])
    assert record["folds"]["as it is"][0]["start"].startswith("model lite (sha256 ")

    assert miqa(*arguments, "--json-lines") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()[:-1]]
    done = [line for line in lines if line["stage"] == "fold"]
    assert [(line["done"], line["total"]) for line in done] == [(n, 12) for n in range(1, 13)]
    assert {line["metrics"]["reused"] for line in done} == {1.0}
    assert lines[-1]["stage"] == "done"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--by", "image"), 2, "A split by 'image' would put images of the same content"),
        (("--by", "subject"), 2, "1 groups cannot make 3 folds"),
        (("--recipe", "nothing"), 1, "There is no recipe or list nothing"),
        (("--configs", "nothing"), 1, "There is no recipe or list nothing"),
        (("--recipe", "three-stage"), 2, "say where it lies with --also live=FOLDER"),
        (("--device", "tpu"), 2, "There is no device 'tpu'"),
        (("--seeds", "0"), 2, "0 seeds make no run"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_sentence_and_leaves_nothing(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    base = ("crossvalidate", "--data", table, "--folds", "3", "--out", tmp_path)
    assert miqa(*base, *options) == code
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_a_list_with_an_unknown_measure_is_refused(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "l.yaml"
    path.write_text(
        yaml.safe_dump({"name": "l", "title": "L", "rows": [{"label": "M", "measure": "lpips"}]})
    )
    code = miqa("crossvalidate", "--data", table, "--folds", "3", "--configs", path, "--out", tmp_path)  # fmt: skip
    assert code == 2
    assert "The row 'M' names the measure 'lpips'; choose one of psnr" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_protocol_runs_on_the_look_alike(tmp_path: Path) -> None:
    """Eight folds, ridge on the bundled model: better than the order of the files, and above chance in every fold."""
    write_lookalike(tmp_path / "set")
    arguments = ("crossvalidate", "--data", f"rad-iqmri={tmp_path / 'set'}", "--out", tmp_path)
    assert miqa(*arguments, "--recipe", "ridge", "--device", "cpu") == 0
    folder = tmp_path / "look-alike-ridge"
    (row,) = table_of(folder)
    assert float(row["SROCC"]) > 0.3
    assert float(row["fold SROCC"]) > 0.5
    assert "synthetic, not rated" in (folder / "table.md").read_text(encoding="utf-8")
    predictions = read_predictions(folder / "predictions.csv")
    assert len(predictions) == 112
    assert len(set(predictions.groups["fold"])) == 8


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_folds_that_it_had_finished(
    table: Path, tmp_path: Path
) -> None:
    """SIGKILL after the first fold of a training."""
    schedule = {"epochs": 2, "crops": 2, "batch": 8, "crop": 64}
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        yaml.safe_dump({"name": "r", "network": "a1", "start": "random", "schedule": schedule})
    )
    command = [
        sys.executable, "-m", "miqa_app", "crossvalidate", "--data", str(table), "--folds", "3", "--recipe", str(recipe),
        "--out", str(tmp_path), "--device", "cpu", "--json-lines",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
    folds = tmp_path / "discs-r" / "folds"
    try:
        deadline = time.monotonic() + 240
        while not list(folds.glob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    kept = {path: path.read_bytes() for path in folds.glob("*.json")}
    assert 1 <= len(kept) < 3
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()[:-1]]
    reused = [line["metrics"]["reused"] for line in lines if line["stage"] == "fold"]
    assert len(reused) == 3
    assert sum(reused) == len(kept)
    assert all(path.read_bytes() == content for path, content in kept.items())
