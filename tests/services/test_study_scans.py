"""Which scans may be rated: what the pixels say where no header does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from miqa_app.core.series import Series
from miqa_app.core.slices import network_plane, series_scale
from miqa_app.evaluation.made_up import FAMILIES
from miqa_app.imaging import load
from miqa_app.paths import bundled
from miqa_app.services.study_scans import is_localizer, unfit

if TYPE_CHECKING:
    from pathlib import Path

PHANTOM = bundled("resources") / "phantom"


def volume(planes: np.ndarray) -> Series:
    """Return planes as a file without a header would give them, no value below zero."""
    whole = np.rint((planes - planes.min()) / np.ptp(planes) * 4000)
    return Series("k", "scan.nii", whole.astype(np.uint16))


@pytest.mark.parametrize("name", ["clean", "motion"])
def test_magnitude_images_are_taken(name: str) -> None:
    (series,) = load(PHANTOM / name)
    assert unfit(series) == ""


@pytest.mark.parametrize("family", ["real part", "phase", "negative"])
def test_images_with_bright_air_are_refused(family: str) -> None:
    rng = np.random.default_rng(3)
    (series,) = load(PHANTOM / "clean")
    scale = series_scale(series)
    planes = [FAMILIES[family](network_plane(series, n, scale), rng) for n in range(4, 16)]
    assert "air is as bright as tissue" in unfit(volume(np.stack(planes)))


def test_tissue_that_fills_the_frame_is_no_bright_air() -> None:
    (series,) = load(PHANTOM / "clean")
    rows, columns = series.shape
    cut = series.voxels[6:14, rows // 3 : -rows // 3, columns // 3 : -columns // 3]
    assert unfit(volume(cut.astype(np.float64))) == ""


def test_a_header_is_believed_before_the_pixels() -> None:
    (series,) = load(PHANTOM / "clean")
    assert unfit(replace(series, refusal="phase image")) == "phase image"
    assert unfit(replace(series, modality="CT")) == "CT is no MR"
    assert unfit(replace(series, real_part=True)) == "real part of the signal"


def test_values_below_zero_in_a_file_without_a_header_are_refused() -> None:
    values = np.random.default_rng(0).normal(0, 500, (4, 64, 64)).astype(np.int16)
    assert "lie below zero" in unfit(Series("k", "scan.nii", values))


def test_a_scan_without_any_value_is_told_elsewhere() -> None:
    assert unfit(Series("k", "scan.nii", np.full((2, 32, 32), np.nan, np.float32))) == ""


@pytest.mark.shared
def test_no_real_magnitude_scan_is_taken_for_one_with_bright_air(shared: Path) -> None:
    folders = ("fnndsc_data/adi_brain_ax_t2", "open_ms_data/patient12", "pyradiomics", "sct_testing_data", "niivue_vs_seg_001")  # fmt: skip
    told = {one.description: unfit(one) for folder in folders for one in load(shared / folder)}
    assert len(told) > 10
    # the one file here that holds velocities
    assert [name for name, words in told.items() if words] == ["qmri_venc"]


@pytest.mark.parametrize(
    ("name", "yes"),
    [
        ("t2_localizer", True), ("Localiser 3 plane", True), ("AAHead_Scout_64ch", True), ("Survey", True),
        ("3-Plane Loc SSFSE", True), ("LOC", True), ("3Plane", True),
        ("t2_tse_tra", False), ("study1_FLAIR", False), ("FLOC", False), ("", False), ("T1 13 plane", False),
    ],
)  # fmt: skip
def test_localizers_are_known_by_their_names(name: str, yes: bool) -> None:
    planes = Series("k", "scan.nii", np.ones((2, 4, 4), np.uint16), description=name)
    assert is_localizer(planes) == yes
