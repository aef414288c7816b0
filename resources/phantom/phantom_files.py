"""Writing the synthetic scans: one geometry, as a DICOM series and as NIfTI."""

from __future__ import annotations

import gzip
import uuid
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

ROWS, COLUMNS, SLICES = 192, 160, 20
PIXEL = 1.2  # mm
SLICE_THICKNESS = 5.0  # mm
SLICE_STEP = 6.0  # mm, 1 mm of gap
REPETITION_TIME, ECHO_TIME = 4500.0, 98.0  # ms
TILT = np.deg2rad(-9.0)  # the planes follow the skull base, as planned on a real localiser
CENTRE = np.array([2.0, -11.0, 21.0])  # mm LPS, middle of the imaged block
_NAMESPACE = uuid.UUID("6f0a3f0e-6c8f-5d0b-9a59-0a6f4d697161")


def directions() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors in DICOM patient axes (LPS): along a row, down a column, slice to slice."""
    row = np.array([1.0, 0.0, 0.0])
    column = np.array([0.0, np.cos(TILT), np.sin(TILT)])
    return row, column, np.cross(row, column)


def position(index: int) -> NDArray[np.float64]:
    """Centre of the first pixel of slice `index`, mm LPS: (0020,0032)."""
    row, column, normal = directions()
    corner = -row * (COLUMNS - 1) / 2 * PIXEL - column * (ROWS - 1) / 2 * PIXEL
    return CENTRE + corner + normal * (index - (SLICES - 1) / 2) * SLICE_STEP


def affine() -> NDArray[np.float64]:
    """NIfTI affine: (column, row, slice) to mm RAS."""
    row, column, normal = directions()
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([row * PIXEL, column * PIXEL, normal * SLICE_STEP], axis=1)
    matrix[:3, 3] = position(0)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix


def uid(*words: object) -> str:
    """A UID that is the same whenever the same words are given (PS3.5 B.2, UUID-derived)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, words))).int}"


def write_dicom(folder: Path, name: str, number: int, voxels: NDArray[np.uint16]) -> None:
    """Write voxels [slice, row, column] as one MR Image Storage file per slice."""
    folder.mkdir(parents=True, exist_ok=True)
    level = round(float(np.percentile(voxels[voxels > 60], 99.5)))
    for index, pixels in enumerate(voxels):
        path = folder / f"IM{index + 1:04d}.dcm"
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = MRImageStorage
        meta.MediaStorageSOPInstanceUID = uid(name, index)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.ImplementationClassUID = uid("implementation")
        dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        _identity(dataset, name, number, index)
        _acquisition(dataset)
        _geometry(dataset, index)
        _pixels(dataset, pixels, level)
        dataset.save_as(path, enforce_file_format=True)


def _identity(dataset: Dataset, name: str, number: int, index: int) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "SE"]
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = uid(name, index)
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = "20260101"
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = "120000"
    dataset.AccessionNumber = ""
    dataset.Modality = "MR"
    dataset.Manufacturer = "miqa_app synthetic"
    dataset.ManufacturerModelName = "head phantom"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Synthetic head"
    dataset.SeriesDescription = "T2 TSE ax" if name == "clean" else "T2 TSE ax, patient moved"
    dataset.PatientName = "PHANTOM^SYNTHETIC"
    dataset.PatientID = "PHANTOM-1"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    dataset.BodyPartExamined = "HEAD"
    dataset.StudyInstanceUID = uid("study")
    dataset.SeriesInstanceUID = uid(name)
    dataset.FrameOfReferenceUID = uid("frame")
    dataset.PositionReferenceIndicator = ""
    dataset.StudyID = "1"
    dataset.SeriesNumber = number
    dataset.AcquisitionNumber = 1
    dataset.InstanceNumber = index + 1
    dataset.PatientPosition = "HFS"
    dataset.Laterality = ""


def _acquisition(dataset: Dataset) -> None:
    dataset.ScanningSequence = "SE"
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime = REPETITION_TIME
    dataset.EchoTime = ECHO_TIME
    dataset.EchoTrainLength = 13
    dataset.EchoNumbers = 1
    dataset.FlipAngle = 90
    dataset.NumberOfAverages = 1
    dataset.MagneticFieldStrength = 1.5
    dataset.ImagingFrequency = 63.87
    dataset.ImagedNucleus = "1H"
    dataset.PixelBandwidth = 200
    dataset.InPlanePhaseEncodingDirection = "ROW"
    dataset.AcquisitionMatrix = [ROWS, 0, 0, COLUMNS]


def _geometry(dataset: Dataset, index: int) -> None:
    row, column, normal = directions()
    place = position(index)
    dataset.ImageOrientationPatient = [f"{v:.8f}" for v in (*row, *column)]
    dataset.ImagePositionPatient = [f"{v:.6f}" for v in place]
    dataset.SliceLocation = f"{float(place @ normal):.4f}"
    dataset.SliceThickness = SLICE_THICKNESS
    dataset.SpacingBetweenSlices = SLICE_STEP
    dataset.PixelSpacing = [PIXEL, PIXEL]


def _pixels(dataset: Dataset, pixels: NDArray[np.uint16], level: int) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter = level // 2
    dataset.WindowWidth = level
    dataset.PixelData = pixels.astype("<u2").tobytes()


def write_nifti(path: Path, voxels: NDArray[np.uint16]) -> None:
    """Write voxels [slice, row, column] as NIfTI-1 with the same geometry as the series."""
    image = nib.Nifti1Image(np.ascontiguousarray(voxels.transpose(2, 1, 0)), affine())
    image.set_qform(affine(), code=1)
    image.set_sform(affine(), code=1)
    image.header.set_xyzt_units("mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    # a time stamp or name in the gzip header would make every run differ
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as out,
    ):
        out.write(image.to_bytes())
