"""Slices become stacks: sorted by position, split by what differs, odd ones told."""

import numpy as np
import pydicom
import pytest

from miqa_app.core.geometry import edge_letters, plane_name
from miqa_app.imaging import load, load_with_problems
from tests.imaging.writing import CORONAL, SAGITTAL, slice_file, stack


def firsts(series):
    return series.voxels[:, 0, 0].tolist()


def test_slices_are_sorted_by_position_never_by_name(tmp_path):
    (series,) = load(stack(tmp_path, [0, 9, 3, 6, 12]))
    assert firsts(series) == [0, 3, 6, 9, 12]
    assert series.geometry.slice_spacing == pytest.approx(3)
    assert series.warnings == ()


def test_positions_reach_the_geometry_in_lps(tmp_path):
    (series,) = load(stack(tmp_path, [0, 3, 6]))
    assert series.geometry.to_patient(2, row=1, column=2).tolist() == [-8, -18, 6]
    assert edge_letters(series.geometry) == {"left": "R", "right": "L", "top": "A", "bottom": "P"}


def test_a_missing_slice_is_named(tmp_path):
    (series,) = load(stack(tmp_path, [0, 3, 6, 12, 15]))
    assert (
        "1 slice seems to be missing between slices 3 and 4 (6.0 mm and 12.0 mm"
        in series.warnings[0]
    )


def test_uneven_spacing_is_told(tmp_path):
    (series,) = load(stack(tmp_path, [0, 3, 6.5, 9.5, 12.5]))
    assert "uneven" in series.warnings[0]


def test_the_same_instance_is_used_once(tmp_path):
    path = slice_file(tmp_path / "a.dcm", 0)
    (tmp_path / "copy.dcm").write_bytes(path.read_bytes())
    (series,) = load(tmp_path)
    assert series.frames == 1
    assert "same instance" in series.warnings[0]


def test_unexplained_repeats_become_stacks_with_a_warning(tmp_path):
    stack(tmp_path, [0, 3, 6])
    slice_file(tmp_path / "again.dcm", 3, InstanceNumber=9)
    series = load(tmp_path)
    assert sorted(item.frames for item in series) == [1, 3]
    assert all("does not tell apart" in item.warnings[0] for item in series)


@pytest.mark.parametrize(
    "keyword", ["TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime"]
)
def test_repeats_with_a_time_become_time_points(tmp_path, keyword):
    for point in (2, 1):
        for number, z in enumerate([6, 0, 3]):
            slice_file(
                tmp_path / f"{point}{number}",
                z,
                value=100 * point + z,
                **{keyword: point, "InstanceNumber": number},
            )
    (series,) = load(tmp_path)
    assert (series.time_points, series.slices) == (2, 3)
    assert firsts(series) == [100, 103, 106, 200, 203, 206]


def test_slices_with_clock_times_of_their_own_are_one_stack(tmp_path):
    for number, z in enumerate([0, 3, 6]):
        slice_file(
            tmp_path / f"{number}", z, AcquisitionTime=f"10000{number}", InstanceNumber=number
        )
    (series,) = load(tmp_path)
    assert series.time_points == 1


def test_an_unfinished_time_point_stands_alone(tmp_path):
    for point, zs in ((1, [0, 3]), (2, [0, 3]), (3, [0])):
        for z in zs:
            slice_file(
                tmp_path / f"{point}_{z}", z, TemporalPositionIdentifier=point, InstanceNumber=point
            )
    whole, rest = sorted(load(tmp_path), key=lambda item: -item.frames)
    assert (whole.time_points, rest.frames) == (2, 1)
    assert "does not have the slices of the others" in rest.warnings[0]


def test_a_localizer_splits_by_orientation(tmp_path):
    for n, (orientation, place) in enumerate(
        [([1, 0, 0, 0, 1, 0], [-10, -20, 0]), (SAGITTAL, [0, -20, 10]), (CORONAL, [-10, 0, 10])]
    ):
        for k in range(2):
            shifted = [c + 5 * k for c in place]
            slice_file(
                tmp_path / f"{n}{k}",
                0,
                ImageOrientationPatient=orientation,
                ImagePositionPatient=shifted,
                InstanceNumber=n,
            )
    series = load(tmp_path)
    assert sorted(plane_name(item.geometry) for item in series) == ["axial", "coronal", "sagittal"]
    assert len({item.key for item in series}) == 3


def test_the_real_part_of_an_inversion_recovery_is_marked_and_told(tmp_path):
    real = ["ORIGINAL", "PRIMARY", "R", "IR"]
    slice_file(tmp_path / "real", 0, ImageType=real, EchoTime=10)
    slice_file(tmp_path / "echo", 0, ImageType=[*real[:3], "SE"], EchoTime=20)
    slice_file(tmp_path / "magnitude", 0, EchoTime=30)
    found = load(tmp_path)
    assert [(item.real_part, item.refusal) for item in found] == [
        (True, ""),
        (False, "real part of the signal"),
        (False, ""),
    ]
    told = [sum("modulus" in words for words in item.warnings) for item in found]
    assert told == [1, 0, 0]


def test_echoes_and_components_are_stacks_of_their_own(tmp_path):
    for echo in (10, 20):
        for z in (0, 3):
            slice_file(tmp_path / f"{echo}_{z}", z, EchoTime=echo, InstanceNumber=echo + z)
    slice_file(
        tmp_path / "phase",
        0,
        EchoTime=10,
        ImageType=["ORIGINAL", "PRIMARY", "P", "ND"],
        InstanceNumber=99,
    )
    series = load(tmp_path)
    assert [(item.facts["TE"], item.frames, item.refusal) for item in series] == [
        ("10 ms", 2, ""),
        ("10 ms", 1, "phase image"),
        ("20 ms", 2, ""),
    ]


def test_missing_geometry_gives_none_and_a_warning_and_the_order_of_numbers(tmp_path):
    for number in (2, 1, 3):
        slice_file(
            tmp_path / f"{9 - number}", 0, value=number, InstanceNumber=number,
            ImagePositionPatient=None, ImageOrientationPatient=None,
        )  # fmt: skip
    (series,) = load(tmp_path)
    assert series.geometry is None
    assert firsts(series) == [1, 2, 3]
    assert "does not say where the slices lie" in series.warnings[0]


def test_missing_pixel_spacing_gives_no_geometry(tmp_path):
    (series,) = load(slice_file(tmp_path / "a", 0, PixelSpacing=None))
    assert series.geometry is None
    assert "pixel spacing is missing" in series.warnings[0]


def test_keys_are_stable_and_hold_no_uid(tmp_path):
    stack(tmp_path, [0, 3])
    first, second = load(tmp_path)[0].key, load(tmp_path)[0].key
    assert first == second
    assert "1.2.3" not in first


def test_a_truncated_slice_is_a_problem_and_the_rest_loads_with_a_gap(tmp_path):
    stack(tmp_path, [0, 3, 6, 9])
    victim = tmp_path / "002.dcm"
    victim.write_bytes(victim.read_bytes()[:-40])
    (series,), (problem,) = load_with_problems(tmp_path)
    assert series.frames == 3
    assert "missing between slices 2 and 3" in series.warnings[0]
    assert problem.source == str(victim)
    assert "ends early: 56 bytes of 96 bytes of pixels are there; send it again" in problem.reason


def test_a_slice_that_cannot_be_decoded_is_left_out_and_told(tmp_path):
    stack(tmp_path, [0, 3, 6, 9])
    victim = tmp_path / "002.dcm"
    # a file that says it is JPEG but is not
    victim.write_bytes(
        victim.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    )
    (series,), (problem,) = load_with_problems(tmp_path)
    assert series.frames == 3
    assert series.complete
    assert firsts(series) == [0, 3, 9]
    assert series.geometry.origins[:, 2].tolist() == [0, 3, 9]
    assert any("could not be read" in warning for warning in series.warnings)
    assert "cannot be decoded" in problem.reason


@pytest.mark.parametrize("representation", ["LO", "UN"])
def test_coil_elements_of_siemens_are_read_from_its_private_header(tmp_path, representation):
    path = slice_file(tmp_path / "a", 0, ReceiveCoilName="HeadNeck_20")
    dataset = pydicom.dcmread(path)
    block = dataset.private_block(0x51, "SIEMENS MR HEADER", create=True)
    value = "HE1-4;NE1,2"
    block.add_new(0x0F, representation, value if representation == "LO" else value.encode() + b" ")
    dataset.save_as(path)
    (series,) = load(path)
    assert series.facts["Coil"] == "HeadNeck_20 HE1-4;NE1,2"


def test_the_same_private_number_of_another_maker_is_no_coil(tmp_path):
    path = slice_file(tmp_path / "a", 0)
    dataset = pydicom.dcmread(path)
    dataset.private_block(0x51, "OTHER", create=True).add_new(0x0F, "LO", "secret")
    dataset.save_as(path)
    (series,) = load(path)
    assert "Coil" not in series.facts


def test_facts_carry_units_and_identity_stands_apart(tmp_path):
    (series,) = load(
        slice_file(tmp_path / "a", 0, EchoTime=91, RepetitionTime=4000, MagneticFieldStrength=3, FlipAngle=150,
                   Manufacturer="Maker", AcquisitionDate="20240131")
    )  # fmt: skip
    expected = {
        "TE": "91 ms",
        "TR": "4000 ms",
        "Field strength": "3 T",
        "Flip angle": "150 °",
        "Matrix": "6 × 8",
    }
    assert expected.items() <= series.facts.items()
    assert series.facts["Acquisition date"] == "2024-01-31"
    assert series.identity["Patient name"] == "Doe^Jane"
    assert "Doe" not in str(series.facts)
    assert series.frame_of_reference == "1.2.3.9"


def test_voxels_keep_the_stored_type(tmp_path):
    for kind in (np.uint8, np.uint16, np.int16):
        path = slice_file(
            tmp_path / kind.__name__,
            0,
            pixels=np.ones((4, 4), kind),
            SeriesInstanceUID=f"1.{kind().nbytes}",
        )
        assert load(path)[0].voxels.dtype == kind
