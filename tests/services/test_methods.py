"""Methods side by side on a small table: every one is named with its status, figures or reason, and a run goes on."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.errors import BadRecipe, BadRequest, MiqaError
from miqa_app.evaluation.predictions import read_predictions
from miqa_app.evaluation.rated import READERS, lookalike
from miqa_app.evaluation.rated.lookalike import references
from miqa_app.evaluation.rated.measures import measure_names
from miqa_app.networks import CONFIGS
from miqa_app.paths import bundled
from miqa_app.reports.methods import MethodLine
from miqa_app.reports.methods_plots import TYPES, best_for_their_time
from miqa_app.services.method_list import PLACES, read_method_list
from miqa_app.services.method_run import refuse_what_is_no_number
from miqa_app.training.rated_recipe import read_rated_recipe

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)
LISTS = sorted(p.stem for place in PLACES for p in (bundled("resources") / place).glob("*.yaml"))

PAPER = (
    "SNR", "PSNR", "WSNR", "NQM", "PSNR-HVS", "PSNR-HVS-M", "PSNR-HA", "PSNR-HMA", "IW-PSNR", "PSNR-DWT", "AD-DWT", "UQI",
    "SSIM", "MS-SSIM", "IW-SSIM", "WSSI", "SSIM-DWT", "RFSIM", "FSIM", "SR-SIM", "GMSD", "MCSD", "DSS", "IFC", "VIF", "VIFP",
    "DWT-VIF", "VIF-DWT", "MAD",
)  # fmt: skip
"""The full-reference methods of the paper's Table I."""


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five discs at three noise levels with clean images; the air is black, which leaves one measure undefined."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(3)
    grid = np.hypot(*(axis - 36.0 for axis in np.mgrid[:72, :72]))
    rows = []
    for place, reference in enumerate("abcde"):
        disc = (grid < 20 + 2 * place) * (150 + 30 * np.sin(np.mgrid[:72, :72][0] / (2 + place)))
        for level in range(4):
            noisy = np.where(disc > 0, disc + 12 * level * rng.standard_normal(disc.shape), 0)
            stored = np.clip(noisy, 0, 255).astype(np.uint8)
            sitk.WriteImage(sitk.GetImageFromArray(stored), str(folder / f"{reference}{level}.png"))
            if level:
                name = f"{reference}{level}.png"
                rows.append([name, 100 - 25 * level + place, reference, "one", f"{reference}0.png"])
    with (folder / "discs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["image", "mos", "reference", "subject", "clean"], *rows])
    heavy = {"name": "heavy", "network": "lenet5", "start": "random", "schedule": {"epochs": 90000}}
    (folder / "heavy.yaml").write_text(yaml.safe_dump(heavy))
    content = {
        "name": "tiny",
        "title": "Tiny",
        "recipe": "ridge",
        "against": ["not here", "lite as it is"],
        "rows": [
            {"label": "PSNR", "type": "T-FR", "measure": "psnr"},
            {"label": "Energy ratio", "type": "MRI", "measure": "energy_ratio"},
            {"label": "dipIQ", "type": "T-NR", "missing": "nobody gives it out"},
            {"label": "lite as it is", "type": "ours", "network": "lite", "start": "lite", "method": "frozen"},
            {"label": "LeNet5", "type": "DL-FT", "network": "lenet5", "start": "random"},
            {"label": "not here", "type": "ours", "network": "lite", "start": "no-such-model", "method": "frozen"},
            {"label": "long", "type": "DL-FT", "recipe": str(folder / "heavy.yaml")},
            {"label": "elsewhere", "type": "DL-NFT", "network": "lenet5", "start": "random", "trained_on": "live"},
        ],
    }  # fmt: skip
    (folder / "tiny.yaml").write_text(yaml.safe_dump(content))
    return folder / "discs.csv"


def rows_of(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "methods.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {row["method"]: row for row in csv.DictReader(stream)}


def test_every_method_is_named_with_its_figures_or_its_reason_and_a_second_run_repeats_nothing(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ("benchmark", "methods", "--data", table, "--out", out, "--list", table.parent / "tiny.yaml", "--device", "cpu", "--seeds", "2")  # fmt: skip
    assert miqa(*arguments) == 0
    assert str(out / "index.html") in capsys.readouterr().out
    rows = rows_of(out)
    assert {label: row["status"] for label, row in rows.items()} == {
        "PSNR": "done", "Energy ratio": "failed", "dipIQ": "missing", "lite as it is": "done", "LeNet5": "done",
        "not here": "missing", "long": "GPU", "elsewhere": "missing",
    }  # fmt: skip
    assert "energy_ratio is not defined on" in rows["Energy ratio"]["reason"]
    assert rows["dipIQ"]["reason"] == "nobody gives it out"
    assert "There is no model 'no-such-model'" in rows["not here"]["reason"]
    assert "hours on one thread of a CPU" in rows["long"]["reason"]
    assert "--also live=FOLDER" in rows["elsewhere"]["reason"]
    psnr = rows["PSNR"]
    assert float(psnr["srocc"]) > 0.7
    low, high = float(psnr["srocc_low"]), float(psnr["srocc_high"])
    assert low - 1e-9 <= float(psnr["srocc"]) <= high + 1e-9
    assert all(float(psnr[name]) >= 0 for name in ("plcc_low", "krocc_low", "rmse_low"))
    assert float(psnr["ms_per_slice"]) > 0
    assert psnr["weights"] == psnr["macs"] == ""
    # compared with the first wished for that was judged, and not with itself
    assert psnr["significance"] in {"0-0", "0-1", "1-0", "1-1"}
    assert rows["lite as it is"]["significance"] == ""
    assert rows["LeNet5"]["seeds"] == "2"
    assert int(rows["LeNet5"]["weights"]) < int(rows["lite as it is"]["weights"])
    # the judged value is the measure of the definition
    predictions = read_predictions(out / "predictions.csv")
    assert list(predictions.methods) == ["PSNR", "lite as it is", "LeNet5", "LeNet5 (run 2)"]
    page = (out / "index.html").read_text(encoding="utf-8")
    for words in ("15 images, 5 references", "nobody gives it out", "Energy ratio", "5 folds by reference"):  # fmt: skip
        assert words in page
    assert (out / "plots" / "srocc.png").read_bytes()[:4] == b"\x89PNG"
    assert (out / "plots" / "time.png").stat().st_size > 10_000
    record = json.loads((out / "record.json").read_text(encoding="utf-8"))
    assert record["methods"]["lite as it is"]["folds"][0]["start"].startswith("model lite (sha256 ")

    kept = {path: path.stat().st_mtime_ns for path in out.rglob("folds/*.json")}
    kept |= {path: path.stat().st_mtime_ns for path in out.rglob("times/*.json")}
    next(iter(kept)).unlink()
    assert miqa(*arguments) == 0
    again = {path: path.stat().st_mtime_ns for path in kept}
    assert sum(again[path] != kept[path] for path in kept) == 1
    repeated = rows_of(out)
    assert {label: row["srocc"] for label, row in repeated.items()} == {
        label: row["srocc"] for label, row in rows.items()
    }


def test_measures_rank_the_artefacts_of_two_references_of_the_look_alike(tmp_path: Path) -> None:
    """Four artefacts at two energies and their pairs, the target being the quality index that full references define."""
    for name in ("images", "references"):
        (tmp_path / name).mkdir()
    rows = [row for one in references()[:2] for row in lookalike._images(one, tmp_path)]
    with (tmp_path / "two.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    names = ("--methods", "gmsd,iw-ssim,niqe-mri")
    assert (
        miqa(
            "benchmark", "methods", "--data", tmp_path / "two.csv", "--out", tmp_path / "o", *names
        )
        == 0
    )
    found = rows_of(tmp_path / "o")
    assert {row["status"] for row in found.values()} == {"done"}
    assert float(found["GMSD"]["srocc_within_reference"]) > 0.6
    assert float(found["IW-SSIM"]["srocc_within_reference"]) > 0.6
    # two references are too few for intervals
    assert found["GMSD"]["srocc_low"] == ""


def test_a_few_methods_can_be_chosen_and_a_set_without_clean_images_has_no_full_reference(
    table: Path, tmp_path: Path
) -> None:
    plain = table.parent / "plain.csv"
    lines = table.read_text().splitlines()
    plain.write_text("\n".join(",".join(line.split(",")[:4]) for line in lines) + "\n")
    chosen = ("--list", table.parent / "tiny.yaml", "--methods", "psnr,dipIQ")
    assert miqa("benchmark", "methods", "--data", plain, "--out", tmp_path / "o", *chosen) == 0
    rows = rows_of(tmp_path / "o")
    assert list(rows) == ["PSNR", "dipIQ"]
    assert rows["PSNR"]["reason"] == "the set plain has no clean images to compare with"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--methods", "lpips"), "has no method 'lpips'; choose of snr, psnr"),
        (("--seeds", "0"), "0 seeds make no run"),
        (("--device", "tpu"), "There is no device 'tpu'"),
        (("--by", "image"), "A split by 'image'"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:  # fmt: skip
    base = ("benchmark", "methods", "--data", table, "--out", tmp_path / "o")
    assert miqa(*base, *options) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_folder_with_other_files_is_left_alone(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert miqa("benchmark", "methods", "--data", table, "--out", tmp_path) == 2
    assert "holds other files (thesis.tex)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", LISTS)
def test_a_bundled_list_names_methods_that_exist(name: str) -> None:
    found = read_method_list(name)
    assert found.name == name
    recipe = read_rated_recipe(found.recipe)
    for row in found.rows:
        assert row.type in TYPES
        if row.measure:
            assert row.measure in measure_names()
        elif not row.missing:
            own = row.applied(recipe)
            assert own.network in CONFIGS
            assert all(stage.set in READERS for stage in own.stages)
    assert len({row.key for row in found.rows}) == len(found.rows)


def test_all_full_reference_methods_of_the_paper_are_in_the_list() -> None:
    rows = {row.label: row for row in read_method_list("methods").rows}
    assert len(PAPER) == 29
    assert set(PAPER) <= set(rows)
    assert sum(bool(rows[label].measure) for label in PAPER) == 21


def test_a_row_that_learns_elsewhere_is_frozen_on_the_set_that_is_judged() -> None:
    found = read_method_list("cross-data-set")
    row = next(row for row in found.rows if row.label == "MIQANet from kadid10k")
    own = row.applied(read_rated_recipe(found.recipe))
    assert own.method == "frozen"
    assert [stage.set for stage in own.stages] == ["kadid10k"]
    assert own.stages[0].epochs == own.schedule.epochs


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"missing": "why", "measure": "psnr"}, "is missing and names a method all the same"),
        ({"measure": "psnr", "trained_on": "live"}, "which learns from no set"),
        ({"measure": "psnr", "type": "new"}, "rows.0.type: Input should be"),
        ({"network": "a99", "colour": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_list_with_a_fault_is_one_sentence(
    tmp_path: Path, row: dict[str, object], words: str
) -> None:
    path = tmp_path / "l.yaml"
    path.write_text(yaml.safe_dump({"name": "l", "title": "L", "rows": [{"label": "M", **row}]}))
    with pytest.raises(BadRecipe, match=words):
        read_method_list(str(path))


def test_a_name_that_is_no_row_is_refused() -> None:
    with pytest.raises(BadRequest, match="has no method 'psnr2'"):
        read_method_list("methods").chosen(("psnr", "psnr2"))


def test_a_score_that_is_no_number_fails_its_method_alone() -> None:
    refuse_what_is_no_number({"a": 50.0, "b": -3.0})
    with pytest.raises(MiqaError, match=r"Its score of b is nan, not a finite number\."):
        refuse_what_is_no_number({"a": 50.0, "b": float("nan")})


def test_the_best_for_their_time_are_those_that_none_beats_in_no_more_time() -> None:
    def line(label: str, milliseconds: float, srocc: float) -> MethodLine:
        return MethodLine(label, "", "done", srocc=srocc, milliseconds=milliseconds)

    lines = [line("slow", 90, 0.8), line("fast", 1, 0.3), line("worse", 20, 0.2), line("good", 10, 0.7), line("even", 10, 0.6)]  # fmt: skip
    assert [one.label for one in best_for_their_time(lines)] == ["fast", "good", "slow"]
