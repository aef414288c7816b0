"""Writes small synthetic DICOM files for the tests of reading."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

AXIAL = [1, 0, 0, 0, 1, 0]
SAGITTAL = [0, 1, 0, 0, 0, -1]
CORONAL = [1, 0, 0, 0, 0, -1]


def header(sop_class: UID = MRImageStorage, **values: object) -> Dataset:
    """Return a header of an MR image without pixels."""
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = "1.2.3.4"
    dataset.FrameOfReferenceUID = "1.2.3.9"
    dataset.Modality = "MR"
    dataset.SeriesNumber = 1
    dataset.PatientName = "Doe^Jane"
    dataset.PatientID = "4711"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def save(dataset: Dataset, pixels: np.ndarray, path: Path) -> Path:
    """Write pixels of shape (rows, columns) or (frames, rows, columns) with a header."""
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = pixels.shape[0]
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated = bits
    dataset.BitsStored = dataset.get("BitsStored", bits)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def slice_file(path: Path, position: float, value: int = 0, **values: object) -> Path:
    """Write one axial 8×6 slice at z = position mm whose first pixel is `value`."""
    pixels = values.pop("pixels", None)
    if pixels is None:
        pixels = np.arange(48, dtype=np.uint16).reshape(8, 6)
        pixels[0, 0] = value
    values = {
        "ImageOrientationPatient": AXIAL,
        "ImagePositionPatient": [-10, -20, position],
        "PixelSpacing": [2, 1],
        "SliceThickness": 3,
        "InstanceNumber": 1,
        **values,
    }
    return save(header(**{k: v for k, v in values.items() if v is not None}), pixels, path)


def stack(folder: Path, positions: list[float], **values: object) -> Path:
    """Write a series whose file names run against the order of the positions."""
    for number, position in enumerate(positions):
        name = f"{len(positions) - number:03d}.dcm"
        slice_file(
            folder / name, position, value=int(position), InstanceNumber=number + 1, **values
        )
    return folder


def _item(**values: object) -> Dataset:
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def enhanced_frame(
    z: float, component: str = "MAGNITUDE", time: int = 1, echo: float = 30.0
) -> Dataset:
    """Return the functional groups of one frame."""
    letter = component[0]
    frame = Dataset()
    frame.PlanePositionSequence = Sequence([_item(ImagePositionPatient=[-10, -20, z])])
    frame.FrameContentSequence = Sequence([_item(TemporalPositionIndex=time)])
    frame.MREchoSequence = Sequence([_item(EffectiveEchoTime=echo)])
    frame.MRImageFrameTypeSequence = Sequence(
        [_item(FrameType=["ORIGINAL", "PRIMARY", letter, "NONE"], ComplexImageComponent=component)]
    )
    frame.FrameVOILUTSequence = Sequence([_item(WindowCenter=50, WindowWidth=80)])
    frame.PixelValueTransformationSequence = Sequence(
        [_item(RescaleSlope=1, RescaleIntercept=0, RescaleType="US")]
    )
    return frame


def enhanced_file(path: Path, frames: list[Dataset], pixels: np.ndarray, **values: object) -> Path:
    """Write an Enhanced MR object."""
    shared = Dataset()
    shared.PlaneOrientationSequence = Sequence([_item(ImageOrientationPatient=AXIAL)])
    shared.PixelMeasuresSequence = Sequence([_item(PixelSpacing=[2, 1], SliceThickness=3)])
    dataset = header(EnhancedMRImageStorage, InstanceNumber=1, **values)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return save(dataset, pixels, path)
