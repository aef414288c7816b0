"""First slice of a 300-slice DICOM series, and peak memory for a 1000-slice one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from miqa_app.imaging import read
from miqa_app.imaging.events import FrameReady

_MR = "1.2.840.10008.5.1.4.1.1.4"
_PEAK = (
    "import resource, sys; from miqa_app.imaging import load; load(sys.argv[1]);"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
)


def run() -> list[tuple[str, float, str]]:
    """Return seconds to the first frame, of all frames, and the peak memory over the size of the voxels."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_series(folder, 300, 512)
        start = time.perf_counter()
        first = 0.0
        for event in read([folder]):
            if isinstance(event, FrameReady) and not first:
                first = time.perf_counter() - start
        rows = [
            ("first slice of 300 of 512×512", first, "s"),
            ("all 300", time.perf_counter() - start, "s"),
        ]
    with TemporaryDirectory() as name:
        write_series(Path(name), 1000, 256)
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, name], check=True, capture_output=True, text=True
        )
        voxels = 1000 * 256 * 256 * 2 / 2**20
        rows.append(("peak memory while reading 1000 slices of 256×256", float(done.stdout), "MB"))
        rows.append(("of which voxels", voxels, "MB"))
    return rows


def write_series(folder: Path, slices: int, edge: int) -> None:
    """Write a classic MR series of random texture with uint16 pixels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 1000, (edge, edge), dtype=np.uint16)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for number in range(slices):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = _MR, generate_uid()
        dataset.file_meta.MediaStorageSOPClassUID = _MR
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = (
            study,
            series,
            frame,
        )
        dataset.Modality, dataset.SeriesDescription, dataset.InstanceNumber = (
            "MR",
            "bench",
            number + 1,
        )
        dataset.PatientName, dataset.PatientID = "BENCH", "0"
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = (
            [0, 0, number * 2.0],
            [1, 0, 0, 0, 1, 0],
        )
        dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.5], 2.0
        dataset.Rows = dataset.Columns = edge
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
            16,
            12,
            11,
            0,
        )
        dataset.PixelData = np.roll(pixels, number, axis=0).tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
