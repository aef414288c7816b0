"""NIfTI, NRRD and MetaImage: the right side left, the right values, no trust in headers."""

import gzip
from itertools import permutations, product

import nibabel
import numpy as np
import pytest
import SimpleITK
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform

from miqa_app.core.geometry import edge_letters, plane_name
from miqa_app.errors import UnreadableFile
from miqa_app.imaging import FrameReady, load, load_with_problems, read
from tests.imaging.writing import AXIAL, slice_file

SHAPE = (6, 8, 10)


def nifti(path, data, affine=None, **_):
    nibabel.save(
        nibabel.Nifti1Image(data, np.diag([1, 1, 2, 1]) if affine is None else affine), path
    )
    return path


def volume(dtype=np.int16):
    return np.random.default_rng(3).integers(0, 1000, SHAPE).astype(dtype)


AXES = [
    "".join(choice)
    for order in permutations(range(3))
    for choice in product(*[("LR", "PA", "SI")[axis] for axis in order])
]


@pytest.mark.parametrize("codes", AXES)
def test_all_48_storage_orders_show_the_same_picture_at_the_same_place(tmp_path, codes):
    data, affine = volume(), np.array([[1, 0, 0, -3], [0, 1, 0, 5], [0, 0, 2, 7], [0, 0, 0, 1.0]])
    change = ornt_transform(io_orientation(affine), axcodes2ornt(codes))
    stored = apply_orientation(data, change)
    moved = affine @ nibabel.orientations.inv_ornt_aff(change, SHAPE)
    (series,) = load(nifti(tmp_path / "a.nii", stored, moved))
    # axial, columns to the patient's left, rows to the back: from RAS+ data both in-plane axes turn round
    assert np.array_equal(series.voxels, data[::-1, ::-1, :].transpose(2, 1, 0))
    assert edge_letters(series.geometry) == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    for frame, row, column in ((0, 0, 0), (4, 3, 2), (9, 7, 5)):
        right_anterior_up = (affine @ [5 - column, 7 - row, frame, 1])[:3]
        expected = right_anterior_up * [-1, -1, 1]
        assert series.geometry.to_patient(frame, row, column) == pytest.approx(expected)


def test_slices_follow_the_largest_voxels(tmp_path):
    for axis, plane in enumerate(("sagittal", "coronal", "axial")):
        sizes = [1.0, 1.0, 1.0]
        sizes[axis] = 4.0
        (series,) = load(nifti(tmp_path / f"{axis}.nii", volume(), np.diag([*sizes, 1])))
        assert plane_name(series.geometry) == plane
        assert series.frames == SHAPE[axis]
        letters = edge_letters(series.geometry)
        assert letters["bottom"] == ("P" if plane == "axial" else "F")
        assert letters["right"] == ("P" if plane == "sagittal" else "L")
        assert np.all(np.diff(series.geometry.origins @ series.geometry.normal) > 0)


def test_cubes_are_shown_axial(tmp_path):
    (series,) = load(nifti(tmp_path / "a.nii", volume(), np.diag([1, 1, 1.1, 1])))
    assert plane_name(series.geometry) == "axial"


def test_an_oblique_affine_keeps_every_voxel_in_its_place(tmp_path):
    turn = np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn * [1, 1.5, 4]
    affine[:3, 3] = [10, -20, 30]
    data = np.zeros(SHAPE, np.int16)
    data[1, 2, 3] = 1
    (series,) = load(nifti(tmp_path / "a.nii.gz", data, affine))
    frame, row, column = (int(n[0]) for n in np.nonzero(series.voxels))
    expected = (affine @ [1, 2, 3, 1])[:3] * [-1, -1, 1]
    assert series.geometry.to_patient(frame, row, column) == pytest.approx(expected, abs=1e-4)
    assert series.geometry.slice_spacing == pytest.approx(4)


def test_the_same_scan_as_nifti_and_dicom_shows_the_same_side_left(tmp_path):
    data = volume(np.uint16)
    for z in range(SHAPE[2]):
        slice_file(tmp_path / "d" / f"{z}.dcm", 2.0 * z, pixels=np.ascontiguousarray(data[:, :, z].T),
                   ImageOrientationPatient=AXIAL, PixelSpacing=[1, 1], ImagePositionPatient=[-3, -4, 2 * z])  # fmt: skip
    affine = np.diag([-1.0, -1.0, 1, 1]) @ np.array(
        [[1, 0, 0, -3], [0, 1, 0, -4], [0, 0, 2, 0], [0, 0, 0, 1.0]]
    )
    # stored the other way round, as converters often do
    flipped = affine @ np.array([[1, 0, 0, 0], [0, -1, 0, 7], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    (one,), (two,) = (
        load(tmp_path / "d"),
        load(nifti(tmp_path / "n.nii.gz", data[:, ::-1], flipped)),
    )
    assert np.array_equal(one.voxels, two.voxels)
    assert edge_letters(one.geometry) == edge_letters(two.geometry)
    assert np.allclose(one.geometry.origins, two.geometry.origins)


def test_without_an_affine_there_are_no_letters_and_a_notice(tmp_path):
    image = nibabel.Nifti1Image(volume(), None)
    nibabel.save(image, tmp_path / "a.nii")
    (series,) = load(tmp_path / "a.nii")
    assert series.geometry is None
    assert "orientation letters are off" in series.warnings[0]


def test_scale_is_kept_beside_the_stored_voxels(tmp_path):
    image = nibabel.Nifti1Image(volume(), np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "a.nii")
    (series,) = load(tmp_path / "a.nii")
    assert series.voxels.dtype == np.int16
    assert set(series.slope) == {0.5}
    expected = nibabel.load(tmp_path / "a.nii").get_fdata()[::-1, ::-1, 0].T
    assert series.values(0) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.img"])
@pytest.mark.parametrize("version", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_four_dimensions_become_time_points_in_every_container(tmp_path, name, version):
    if name == "a.img":
        version = {
            nibabel.Nifti1Image: nibabel.Nifti1Pair,
            nibabel.Nifti2Image: nibabel.Nifti2Pair,
        }[version]
    data = np.stack([volume(), volume() + 1, volume() + 2], axis=-1)
    nibabel.save(version(data, np.diag([1, 1, 2, 1])), tmp_path / name)
    (series,), problems = load_with_problems(tmp_path)
    assert (series.time_points, series.slices, problems) == (3, 10, [])
    assert np.array_equal(series.voxels[10:20], series.voxels[:10] + 1)
    order = [event.frame for event in read([tmp_path]) if isinstance(event, FrameReady)]
    assert order[:3] == [5, 4, 6]


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64, ">i2", ">f4"]
)
def test_number_types_keep_their_values(tmp_path, dtype):
    data = (volume() % 200).astype(dtype)
    for ending in ("nii", "nii.gz"):
        image = nibabel.Nifti1Image(data, np.diag([1, 1, 2, 1]))
        image.set_data_dtype(np.dtype(dtype))
        nibabel.save(image, tmp_path / f"a.{ending}")
        (series,) = load(tmp_path / f"a.{ending}")
        assert series.voxels.dtype.isnative
        assert series.voxels.dtype.itemsize <= 4
        assert np.array_equal(series.voxels, data[::-1, ::-1].transpose(2, 1, 0))


def test_complex_and_colour_volumes_are_refused(tmp_path):
    nifti(tmp_path / "c.nii", volume().astype(np.complex64))
    rgb = np.zeros(SHAPE, np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nifti(tmp_path / "r.nii", rgb)
    series, problems = load_with_problems(tmp_path)
    assert series == []
    assert [p.reason for p in problems] == [
        "holds complex numbers, not a magnitude image",
        "holds colours, not a magnitude image",
    ]


def test_a_header_that_claims_too_much_is_refused_before_memory_is_taken(tmp_path):
    content = bytearray(nifti(tmp_path / "a.nii", volume()).read_bytes())
    content[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(bytes(content))
    with pytest.raises(UnreadableFile, match="more than the"):
        load(tmp_path / "a.nii")
    content[42:48] = np.array([1000, 1000, 1000], "<i2").tobytes()
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(UnreadableFile, match="cannot hold the"):
        load(tmp_path / "b.nii.gz")


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_cut_volume_is_a_problem(tmp_path, ending, share):
    path = nifti(tmp_path / f"a.{ending}", volume())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    series, problems = load_with_problems(path)
    assert series == []
    assert len(problems) == 1


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr", "a.mha", "a.mhd"])
def test_nrrd_and_metaimage_look_like_the_nifti_of_the_same_scan(tmp_path, name):
    data = volume()
    affine = np.array([[1, 0, 0, -3], [0, 1, 0, 5], [0, 0, 2, 7], [0, 0, 0, 1.0]])
    (expected,) = load(
        nifti(tmp_path / "n" / "x.nii" if (tmp_path / "n").mkdir() is None else "", data, affine)
    )
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(data.T))
    image.SetSpacing((1, 1, 2))
    image.SetOrigin((3, -5, 7))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    (tmp_path / "i").mkdir()
    SimpleITK.WriteImage(image, str(tmp_path / "i" / name))
    (series,), problems = load_with_problems(tmp_path / "i")
    assert problems == []
    assert np.array_equal(series.voxels, expected.voxels)
    assert np.allclose(series.geometry.origins, expected.geometry.origins)
    assert edge_letters(series.geometry) == edge_letters(expected.geometry)


def test_a_damaged_nrrd_is_a_problem(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(
        b"NRRD0004\ntype: short\ndimension: 3\nsizes: 9 9 9\nencoding: raw\n\n" + bytes(20)
    )
    (tmp_path / "b.mha").write_bytes(b"nonsense")
    series, problems = load_with_problems(tmp_path)
    assert series == []
    assert len(problems) == 2
