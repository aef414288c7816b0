"""Many slices in one file: enhanced multi-frame objects and mosaics."""

import struct

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from miqa_app.imaging import load, load_with_problems
from tests.imaging.writing import AXIAL, enhanced_file, enhanced_frame, header, save


def numbered(frames: int) -> np.ndarray:
    return np.ones((frames, 8, 6), np.uint16) * np.arange(frames, dtype=np.uint16)[:, None, None]


def test_frames_are_sorted_and_placed_by_their_functional_groups(tmp_path):
    path = enhanced_file(tmp_path / "e.dcm", [enhanced_frame(z) for z in (6, 0, 3)], numbered(3))
    (series,) = load(path)
    assert series.voxels[:, 0, 0].tolist() == [1, 2, 0]
    assert series.geometry.slice_spacing == pytest.approx(3)
    assert (series.windows[0].level, series.windows[0].width) == (50, 80)
    assert series.facts["TE"] == "30 ms"


def test_magnitude_and_phase_of_one_object_are_two_stacks_and_phase_is_not_scored(tmp_path):
    frames = [enhanced_frame(z, part) for z in (0, 3) for part in ("MAGNITUDE", "PHASE")]
    path = enhanced_file(
        tmp_path / "e.dcm", frames, numbered(4),
        ImageType=["ORIGINAL", "PRIMARY", "MIXED", "NONE"], ComplexImageComponent="MIXED",
    )  # fmt: skip
    magnitude, phase = load(path)
    assert (magnitude.refusal, phase.refusal) == ("", "phase image")
    assert magnitude.voxels[:, 0, 0].tolist() == [0, 2]
    assert phase.voxels[:, 0, 0].tolist() == [1, 3]


def test_temporal_position_index_makes_time_points(tmp_path):
    frames = [enhanced_frame(z, time=t) for z in (0, 3, 6) for t in (1, 2)]
    (series,) = load(enhanced_file(tmp_path / "e.dcm", frames, numbered(6)))
    assert series.time_points == 2
    assert series.voxels[:, 0, 0].tolist() == [0, 2, 4, 1, 3, 5]


def test_echoes_of_one_object_are_split(tmp_path):
    frames = [enhanced_frame(z, echo=echo) for echo in (10.0, 20.0) for z in (0, 3)]
    series = load(enhanced_file(tmp_path / "e.dcm", frames, numbered(4)))
    assert [item.facts["TE"] for item in series] == ["10 ms", "20 ms"]


def test_a_cut_multi_frame_gives_the_frames_that_are_there(tmp_path):
    path = enhanced_file(tmp_path / "e.dcm", [enhanced_frame(z) for z in (0, 3, 6)], numbered(3))
    path.write_bytes(path.read_bytes()[:-100])
    (series,), (problem,) = load_with_problems(path)
    assert series.frames == 1
    assert "ends early" in problem.reason


def csa(values: dict[str, list[str]], version: int = 2) -> bytes:
    """Return a CSA header; version 1 has no magic and adds the items of its first element to every length."""
    surplus = 0 if version == 2 else len(next(iter(values.values())))
    blob = b"SV10\4\3\2\1" if version == 2 else b""
    blob += struct.pack("<II", len(values), 77)
    for name, items in values.items():
        blob += name.encode().ljust(64, b"\0")
        blob += struct.pack("<i4siii", 1, b"US\0\0", 0, len(items), 77)
        for item in items:
            text = item.encode() + b"\0"
            padded = text.ljust((len(text) + 3) // 4 * 4, b"\0")
            length = len(text) + surplus
            blob += struct.pack("<4i", length, length, 77, length) + padded
    return blob


def mosaic(path, *, tag: int | None, blob: bytes | None, count: int = 5):
    """Write a 3×3 mosaic of 4×4 tiles holding their own number."""
    pixels = np.zeros((12, 12), np.uint16)
    for n in range(count):
        pixels[n // 3 * 4 : n // 3 * 4 + 4, n % 3 * 4 : n % 3 * 4 + 4] = n + 1
    dataset = header(
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], ImageOrientationPatient=AXIAL,
        ImagePositionPatient=[-12, -24, 10], PixelSpacing=[4, 2], SliceThickness=3, SpacingBetweenSlices=5,
    )  # fmt: skip
    if tag is not None:
        dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0A, "US", tag)
    if blob is not None:
        dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", blob)
    return save(dataset, pixels, path)


@pytest.mark.parametrize(
    ("tag", "blob"),
    [
        (5, None),
        (None, csa({"Empty": [], "NumberOfImagesInMosaic": ["5"]})),
        (None, csa({"EchoLinePosition": ["1", "2"], "NumberOfImagesInMosaic": ["5"]}, version=1)),
    ],
)
def test_a_mosaic_is_unfolded_and_its_first_tile_lies_inside(tmp_path, tag, blob):
    (series,) = load(mosaic(tmp_path / "m.dcm", tag=tag, blob=blob))
    assert series.voxels[:, 0, 0].tolist() == [1, 2, 3, 4, 5]
    # the stored corner is that of a 12×12 image around the same centre: 4 columns of 2 mm, 4 rows of 4 mm further in
    assert series.geometry.origins[0].tolist() == [-12 + 8, -24 + 16, 10]
    assert series.geometry.slice_spacing == pytest.approx(5)
    assert series.refusal == ""


def test_a_mosaic_follows_the_normal_of_its_csa_header(tmp_path):
    blob = csa({"NumberOfImagesInMosaic": ["5"], "SliceNormalVector": ["0.0", "0.0", "-1.0"]})
    (series,) = load(mosaic(tmp_path / "m.dcm", tag=None, blob=blob))
    assert series.voxels[:, 0, 0].tolist() == [5, 4, 3, 2, 1]
    assert series.geometry.origins[:, 2].tolist() == [-10, -5, 0, 5, 10]


def test_a_mosaic_that_cannot_be_unfolded_is_refused_with_the_reason(tmp_path):
    (series,) = load(mosaic(tmp_path / "m.dcm", tag=None, blob=None))
    assert (
        series.refusal
        == "mosaic that cannot be unfolded: the header does not say how many slices it holds"
    )
    assert series.shape == (12, 12)


@pytest.mark.parametrize("placed", [True, False])
def test_united_imaging_tiles_are_unfolded_by_their_places_or_refused(tmp_path, placed):
    pixels = np.zeros((8, 8), np.uint16)
    for n in range(3):
        pixels[n // 2 * 4 : n // 2 * 4 + 4, n % 2 * 4 : n % 2 * 4 + 4] = n + 1
    dataset = header(
        ImageType=["ORIGINAL", "PRIMARY", "M", "VFRAME"], ImageOrientationPatient=AXIAL,
        ImagePositionPatient=[0, 0, 0], PixelSpacing=[2, 2],
    )  # fmt: skip
    block = dataset.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x50, "DS", "3")
    if placed:
        items = []
        for z in (8, 4, 0):
            item = Dataset()
            item.ImagePositionPatient = [-1, -2, z]
            items.append(item)
        block.add_new(0x51, "SQ", Sequence(items))
    (series,) = load(save(dataset, pixels, tmp_path / "u.dcm"))
    if placed:
        assert series.voxels[:, 0, 0].tolist() == [3, 2, 1]
        assert series.geometry.origins[0].tolist() == [-1, -2, 0]
    else:
        assert series.refusal.startswith("tiled image that cannot be unfolded")
