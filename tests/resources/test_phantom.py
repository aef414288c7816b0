"""The bundled synthetic head: reproducible, readable, and the same place in both formats."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.uid import MRImageStorage

FOLDER = Path(__file__).parents[2] / "resources" / "phantom"
SERIES = ("clean", "motion")


@pytest.fixture(scope="module")
def maker():
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("make_phantom")
    sys.path.remove(str(FOLDER))


def read(name: str) -> list[pydicom.Dataset]:
    slices = [pydicom.dcmread(path) for path in (FOLDER / name).glob("*.dcm")]
    normal = np.cross(*np.reshape(slices[0].ImageOrientationPatient, (2, 3)).astype(float))
    return sorted(slices, key=lambda d: float(np.dot(normal, d.ImagePositionPatient)))


def lps_of(dataset: pydicom.Dataset, row: float, column: float) -> np.ndarray:
    """PS3.3 C.7.6.2.1-1, from the tags alone."""
    along, down = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
    space = [float(v) for v in dataset.PixelSpacing]
    start = np.array(dataset.ImagePositionPatient, dtype=float)
    return start + along * space[1] * column + down * space[0] * row


def test_the_script_makes_the_shipped_pixels_again(maker):
    index = 9
    made = maker.make_slice(index)
    for name, pixels in zip(SERIES, made, strict=True):
        shipped = read(name)[index].pixel_array.astype(int)
        # another processor may round the last bit of a float otherwise
        assert np.abs(shipped - pixels).max() <= 1
        assert np.mean(shipped != pixels) < 0.01


@pytest.mark.parametrize("name", SERIES)
def test_every_file_is_a_whole_mr_image_of_a_phantom(name):
    slices = read(name)
    assert len(slices) == 20
    assert len({d.SOPInstanceUID for d in slices}) == 20
    assert len({d.SeriesInstanceUID for d in slices}) == 1
    for dataset in slices:
        assert dataset.SOPClassUID == MRImageStorage == dataset.file_meta.MediaStorageSOPClassUID
        assert dataset.PatientName == "PHANTOM^SYNTHETIC"
        assert dataset.Manufacturer == "miqa_app synthetic"
        assert all(
            uid.is_valid
            for uid in (dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID)
        )
        assert dataset.pixel_array.shape == (192, 160)


def test_the_two_series_belong_to_one_study_and_frame_of_reference():
    clean, motion = read("clean")[0], read("motion")[0]
    assert clean.StudyInstanceUID == motion.StudyInstanceUID
    assert clean.FrameOfReferenceUID == motion.FrameOfReferenceUID
    assert clean.SeriesInstanceUID != motion.SeriesInstanceUID


@pytest.mark.parametrize("name", SERIES)
def test_nifti_and_dicom_hold_the_same_voxels_at_the_same_places(name):
    slices = read(name)
    image = nib.load(FOLDER / f"{name}.nii.gz")
    voxels = np.asarray(image.dataobj)
    for k in (0, 7, 19):
        np.testing.assert_array_equal(voxels[:, :, k].T, slices[k].pixel_array)
        for row, column in ((0, 0), (0, 159), (191, 0), (100, 50)):
            ras = (image.affine @ [column, row, k, 1])[:3]
            np.testing.assert_allclose(ras * [-1, -1, 1], lps_of(slices[k], row, column), atol=1e-3)
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-4)


def test_the_oil_capsule_lies_on_the_patients_left_in_both_formats():
    index = 10
    dataset = read("clean")[index]
    bright = dataset.pixel_array > 250
    bright[:, :149] = False  # keep only the far right of the picture
    row, column = np.argwhere(bright).mean(axis=0)
    assert lps_of(dataset, row, column)[0] > 75  # +x is left in DICOM
    image = nib.load(FOLDER / "clean.nii.gz")
    bright = np.asarray(image.dataobj)[:, :, index] > 250
    bright[:149] = False
    i, j = np.argwhere(bright).mean(axis=0)
    assert (image.affine @ [i, j, index, 1])[0] < -75  # +x is right in NIfTI


def test_spacing_and_order_come_from_the_positions():
    slices = read("clean")
    steps = np.diff([np.array(d.ImagePositionPatient, dtype=float) for d in slices], axis=0)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 6.0, atol=1e-4)
    assert {float(d.SpacingBetweenSlices) for d in slices} == {6.0}


def test_motion_is_visible_and_worst_in_the_middle_slices():
    clean, motion = (np.stack([d.pixel_array for d in read(n)]).astype(float) for n in SERIES)
    change = np.sqrt(((clean - motion) ** 2).mean(axis=(1, 2))) / clean.mean(axis=(1, 2))
    assert change[9:14].min() > 3 * max(change[:4].max(), change[17:].max())
    outside = clean[11] < 30
    assert motion[11][outside].mean() > 1.5 * clean[11][outside].mean()  # ghosts lie in the air


def test_the_head_has_the_contrast_of_a_t2_image():
    pixels = read("clean")[8].pixel_array.astype(float)
    inside = pixels[40:150, 40:120]
    air = pixels[:15, :25]
    white, fluid = np.percentile(inside, 15), np.percentile(inside, 99.5)
    assert fluid > 2 * white > 10 * air.mean()


def test_the_demo_data_stays_small():
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.suffix in {".dcm", ".gz"}) < 4.2e6
