"""Which scans of an exam are repeats of one another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from miqa_app.core.geometry import Geometry
from miqa_app.core.series import Series
from miqa_app.imaging import load
from miqa_app.paths import bundled
from miqa_app.services.study_repeats import suggest_repeats


def a_scan(name: str, seed: int = 0, shift: float = 0.0, tilt: float = 0.0, **facts: object) -> Series:  # fmt: skip
    angle = np.radians(tilt)
    rows = np.array([0.0, np.cos(angle), np.sin(angle)])
    normal = np.array([0.0, -np.sin(angle), np.cos(angle)])
    geometry = Geometry(
        np.arange(4)[:, None] * 5 * normal + [shift, 0, 0],
        np.array([1.0, 0, 0]),
        rows,
        1.0,
        1.0,
        5.0,
    )
    voxels = np.random.default_rng(seed).integers(0, 900, (4, 32, 32), dtype=np.int16)
    values = {
        "key": name, "source": name, "voxels": voxels, "description": "t2_tse_tra", "uid": name,
        "study_uid": "exam", "geometry": geometry, "facts": {"TE": "90 ms", "Image type": "M"},
    }  # fmt: skip
    return Series(**(values | facts))  # type: ignore[arg-type]


def test_the_same_scan_again_is_suggested_with_the_reasons_in_words() -> None:
    first, second = a_scan("1", 1), a_scan("2", 2, shift=1.5, description="t2_tse_tra repeat")
    (found,) = suggest_repeats([first, second])
    assert (found.first, found.second) == (first, second)
    for words in ("same exam", "axial", "4 of 32 × 32 at 1 × 1 mm", "contrast agent"):
        assert words in found.why


def test_each_of_several_takes_stands_beside_the_last() -> None:
    takes = [a_scan(str(n), n) for n in range(3)]
    found = suggest_repeats(takes)
    assert {id(one.second) for one in found} == {id(takes[2])}
    assert {id(one.first) for one in found} == {id(takes[0]), id(takes[1])}


@pytest.mark.parametrize(
    "other",
    [
        {"study_uid": "another"},
        {"description": "t1_tse_tra"},
        {"facts": {"TE": "20 ms", "Image type": "M"}},
        {"facts": {"TE": "90 ms", "Image type": "NORM"}},
        {"refusal": "phase image"},
        {"uid": "1"},
        {"geometry": None},
        {"shift": 40.0},
        {"tilt": 20.0},
        {"voxels": np.ones((4, 32, 30), np.int16)},
        {"voxels": a_scan("1", 1).voxels},
    ],
)
def test_another_exam_protocol_place_or_the_same_pixels_are_no_repeat(
    other: dict[str, object],
) -> None:
    facts = dict(other)
    placed = {name: facts.pop(name) for name in ("shift", "tilt") if name in facts}
    second = a_scan("2", 2, **placed, **facts)  # type: ignore[arg-type]
    assert suggest_repeats([a_scan("1", 1), second]) == ()


def test_slices_are_matched_by_where_they_lie() -> None:
    first = a_scan("1", 1)
    geometry = first.geometry
    assert geometry is not None
    moved = replace(geometry, origins=geometry.origins + [0, 0, 5.0])
    (found,) = suggest_repeats([first, a_scan("2", 2, geometry=moved)])
    assert found.frames_beside((0, 1, 2)) == (1, 2, 3)


def test_the_earlier_one_by_the_clock_is_the_poor_one(tmp_path: Path) -> None:
    source = bundled("resources") / "phantom" / "clean"
    for name, time in (("a", "101500"), ("b", "101000")):
        (tmp_path / name).mkdir()
        for file in sorted(source.iterdir()):
            dataset = pydicom.dcmread(file)
            dataset.SeriesInstanceUID = f"1.2.3.{ord(name)}"
            dataset.SOPInstanceUID = f"1.2.3.{ord(name)}.{dataset.InstanceNumber}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.AcquisitionDate, dataset.AcquisitionTime = "20260301", time
            dataset.pop("AcquisitionDateTime", None)
            if name == "a":
                values = dataset.pixel_array.copy()
                values[60:70, 60:70] //= 2
                dataset.PixelData = values.tobytes()
            dataset.save_as(tmp_path / name / file.name)
    (found,) = suggest_repeats(load(tmp_path))
    assert Path(found.first.source).name == "b"
    assert "taken at 10:10:00 and again at 10:15:00" in found.why
