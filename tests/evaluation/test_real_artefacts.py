"""The report on real artefacts measures what it says, and says what it does not prove."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from miqa_app.errors import BadRequest
from miqa_app.evaluation import real_artefacts
from miqa_app.evaluation.real_artefact_report import as_table, write_plots, write_rows
from miqa_app.evaluation.real_artefacts import (
    EchoPair,
    FetalSlice,
    PatientSlice,
    PhantomImage,
    Row,
    out_of_line,
    real_figures,
    real_rows,
)
from miqa_app.evaluation.sources import CleanSlice
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine


def _stack(step: float) -> list[np.ndarray]:
    """Three slices of an object whose structure changes steadily; `step` is how fast."""
    rng = np.random.default_rng(0)
    fine = gaussian_filter(rng.normal(size=(9, 128, 128)), (0, 4, 4))
    fine /= fine.std()
    rows, columns = np.indices((128, 128)) - 63.5
    disc = np.hypot(rows, columns) < 50
    mixed = [math.cos(k * step) * fine[0] + math.sin(k * step) * fine[1] for k in range(3)]
    return [np.where(disc, 0.5 + 0.1 * plane, 0).astype(np.float32) for plane in mixed]


@pytest.mark.parametrize("step", [0.1, 0.3, 0.5])
def test_a_steady_change_is_in_line_however_fast_it_is(step: float) -> None:
    # on a circle of correlation cos(angle): (1 − cos s) / (1 − cos 2s) = 1 / (2 (1 + cos s)) for the structure alone
    expected = 1 / (2 * (1 + math.cos(step)))
    assert out_of_line(*_stack(step)) == pytest.approx(expected, abs=0.02)


def test_a_slice_that_moved_stands_out_of_line() -> None:
    before, slice_, after = _stack(0.3)
    moved = shift(slice_, (4, -3), order=1)
    assert out_of_line(before, moved, after) > 1 > out_of_line(before, slice_, after)


def test_slices_without_an_object_or_without_a_difference_have_no_measure() -> None:
    black = np.zeros((64, 64), np.float32)
    assert math.isnan(out_of_line(black, black, black))
    plane = _stack(0.3)[0]
    assert math.isnan(out_of_line(plane, plane, plane))


def _fetal(place: int, score: float, measure: float, darkening: float = 0.0) -> tuple[str, Row]:
    return "fetal", FetalSlice("a/run-1", place, score, measure, darkening)


@pytest.fixture
def rows() -> list[tuple[str, Row]]:
    """Rows by hand: the more a slice stands out, the lower its score; late echoes 10 points lower."""
    made = [_fetal(k, 90 - 5 * k, 0.4 + 0.1 * k, 0.01 * k) for k in range(8)]
    made += [
        ("knee", EchoPair(k, "50 ms", 80 + k, 70 + 0.5 * k, 40.0, 20.0 if k else math.nan))
        for k in range(6)
    ]
    made += [
        ("phantoms", PhantomImage(f"p/{k}", "SNR", 50 + k, 1.0 - 0.1 * k, snr, "NEMA 4, one image"))
        for k, snr in enumerate((100.0, 120.0, 110.0, math.nan))
    ]
    made += [
        ("b_values", PatientSlice("p/calc", k, 60.0 + 10 * k, kind))
        for k, kind in enumerate(("blur", "spike", "blur"))
    ]
    return made


def test_the_figures_of_rows_made_by_hand_are_the_ones_worked_out_by_hand(
    rows: list[tuple[str, Row]],
) -> None:
    values = real_figures(rows)
    assert values["fetal"] == [
        {
            "stack": "a/run-1",
            "slices": 8,
            "above_1": 1,
            "srocc_out_of_line": pytest.approx(-1),
            "srocc_darkening": pytest.approx(-1),
            "auc_moved": 1.0,
            "mean_still": pytest.approx((90 + 85 + 80 + 75) / 4),
            "mean_moved": pytest.approx((60 + 55) / 2),
        }
    ]
    (knee,) = values["knee"]
    assert (knee["mean_first"], knee["mean_late"]) == (82.5, 71.25)
    assert knee["share_late_lower"] == 1
    assert knee["p_wilcoxon"] == pytest.approx(2 / 2**6)
    assert (knee["snr_first"], knee["snr_late"]) == (40, 20)
    assert values["phantoms"]["srocc_ghost_ratio"] == pytest.approx(-1)
    assert values["phantoms"]["srocc_snr"] == pytest.approx(0.5)
    assert values["b_values"] == [
        {
            "series": "p/calc",
            "slices": 3,
            "mean": 70,
            "lowest": 60,
            "highest": 80,
            "below_acceptable": pytest.approx(1 / 3),
            "likeliest_kind": "blur",
        }
    ]


def test_a_slice_without_a_measure_is_left_out_of_its_stack(rows: list[tuple[str, Row]]) -> None:
    blank = replace(rows[0][1], out_of_line=math.nan, score=0.0)
    values = real_figures([("fetal", blank), *rows[1:]])
    assert values["fetal"][0]["slices"] == 7
    assert values["fetal"][0]["srocc_out_of_line"] == pytest.approx(-1)


def test_the_table_says_of_each_part_what_it_does_not_prove(rows: list[tuple[str, Row]]) -> None:
    table = as_table(real_figures(rows))
    for words in ("No ground truth", "another contrast", "Out of the scope", "not acquired"):
        assert words in table
    assert "| a/run-1 | 8 | 1 | -1.000 | -1.000 | 1.000 | 82.5 | 57.5 |" in table
    part = as_table(real_figures([row for row in rows if row[0] == "knee"]))
    assert "The scans of 'fetal' are not there." in part
    assert "| 50 ms | 6 | 82.5 | 71.2 | 1.000 | 0.031 | 40.0 | 20.0 |" in part


def test_plots_and_rows_are_written_for_the_parts_that_there_are(
    rows: list[tuple[str, Row]], tmp_path: Path
) -> None:
    plots = write_plots(rows, tmp_path / "out")
    assert [file.name for file in plots] == [
        "real_fetal.png",
        "real_knee.png",
        "real_phantoms.png",
        "real_b_values.png",
    ]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in plots)
    (file,) = write_rows([row for row in rows if row[0] == "fetal"], tmp_path / "out")
    with file.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["score"] for line in lines][:2] == ["90", "85"]
    assert len(lines) == 8


def test_a_folder_without_these_scans_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="holds none of the folders"):
        list(real_rows(None, tmp_path))  # type: ignore[arg-type]


class _Ruler:
    """An engine that scores a plane by the mean of its object, so that no network is needed."""

    def predict(self, planes: list[np.ndarray]) -> list[Any]:
        made = type("Made", (), {"artefacts": {"blur": 0.2, "spike": 0.1}})
        results = [made() for _ in planes]
        for result, plane in zip(results, planes, strict=True):
            result.score = float(plane[plane > 0.1].mean() * 100)
        return results


def test_a_made_stack_goes_through_from_file_to_figures(
    tmp_path: Path, slices: list[CleanSlice]
) -> None:
    """Eight slices of the phantom, the fourth shifted and darkened: the measure finds it."""
    planes = [item.plane for item in slices[4:12]]
    height, width = np.min([plane.shape for plane in planes], axis=0)
    stack = np.stack([plane[:height, :width] for plane in planes])
    stack[3] = 0.6 * shift(stack[3], (6, 5), order=1)
    folder = tmp_path / real_artefacts.FETAL
    folder.mkdir()
    image = nibabel.Nifti1Image((stack.T * 1000).astype(np.int16), np.diag([1, 1, 3, 1]))
    nibabel.save(image, folder / "run-1.nii.gz")
    found = [row for part, row in real_rows(_Ruler(), tmp_path) if part == "fetal"]
    assert [row.slice for row in found] == [1, 2, 3, 4, 5, 6]
    assert max(found, key=lambda row: row.out_of_line).slice == 3
    assert max(found, key=lambda row: row.darkening).slice == 3
    assert found[2].darkening > 0.3
    assert found[2].stack.endswith("mialsrtk_fetal/run-1.nii.gz")


@pytest.mark.shared
@pytest.mark.slow
def test_every_part_is_there_on_the_real_scans(shared: Path) -> None:
    rows = list(real_rows(Engine(load_model("lite").network, "cpu"), shared))
    values = real_figures(rows)
    assert [stack["slices"] for stack in values["fetal"]] == [20] * 6
    assert [echo["slices"] for echo in values["knee"]] == [24, 24]
    assert all(echo["snr_late"] < echo["snr_first"] for echo in values["knee"])
    assert len(values["phantoms"]["images"]) == 12
    assert all(0 <= image["ghost_ratio"] < 1 for image in values["phantoms"]["images"])
    assert [series["slices"] for series in values["b_values"]] == [19, 19]
    # coarse and noisy images against sharp ones of the same patient
    assert values["b_values"][0]["mean"] < values["b_values"][1]["mean"]
