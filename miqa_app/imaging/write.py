"""Write voxels back to disk: as NIfTI, or as a derived DICOM series of the instances they came from."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.core.series import Series

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def write_nifti(series: Series, values: NDArray[np.float32], path: Path, note: str) -> None:
    """Write real-world values as NIfTI-1, whole or not at all.

    Args:
        series: gives geometry and time points.
        values: (frames, rows, columns) real-world values.
        path: ends in .nii or .nii.gz.
        note: kept in the header's description (79 characters).

    Raises:
        BadRequest: the folder cannot be written.
    """
    volume = values.reshape(series.time_points, series.slices, *series.shape).transpose(3, 2, 1, 0)
    image = nibabel.Nifti1Image(  # type: ignore[no-untyped-call]
        volume[..., 0] if series.time_points == 1 else volume, _affine(series)
    )
    image.header["descrip"] = note.encode("latin-1", "replace")[:79]
    image.header.set_xyzt_units("mm", "sec")  # type: ignore[no-untyped-call]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as folder:
            partial = Path(folder) / path.name
            nibabel.save(image, partial)
            partial.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}; choose another folder."
        raise BadRequest(message) from error


def _affine(series: Series) -> NDArray[np.float64]:
    """Return the RAS affine of (column, row, slice); the identity where the series has no geometry."""
    affine = np.eye(4)
    if series.geometry is None:
        return affine
    geometry = series.geometry
    origins = geometry.origins[: series.slices]
    step = (origins[-1] - origins[0]) / (len(origins) - 1) if len(origins) > 1 else geometry.normal
    affine[:3, 0] = _LPS_TO_RAS @ (geometry.along_columns * geometry.column_spacing)
    affine[:3, 1] = _LPS_TO_RAS @ (geometry.along_rows * geometry.row_spacing)
    affine[:3, 2] = _LPS_TO_RAS @ step
    affine[:3, 3] = _LPS_TO_RAS @ origins[0]
    return affine


def write_series(series: Series, values: NDArray[np.float32], folder: Path, note: str) -> None:
    """Write a derived DICOM series into an empty or new folder, one instance per frame, whole or not at all.

    Every instance is a copy of its source with new series and instance UIDs, 'DERIVED' as its image type, and the note
    in the series description and derivation description (0008,2111).

    Raises:
        BadRequest: the series is not classic DICOM, or the folder is not empty or cannot be written.
    """
    refuse_derived(series, folder)
    uid = generate_uid()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as name:
            fresh = Path(name) / folder.name
            fresh.mkdir()
            for frame, file in enumerate(series.files):
                _derived(file, series, values[frame], frame, uid, note).save_as(
                    fresh / f"IM{frame + 1:04d}.dcm", enforce_file_format=True
                )
            if folder.exists():
                folder.rmdir()
            fresh.rename(folder)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}; choose another folder."
        raise BadRequest(message) from error


def refuse_derived(series: Series, folder: Path) -> None:
    """Make sure that a derived series can be made of a series, and that its folder is free.

    Raises:
        BadRequest: the series is not classic DICOM, or the folder is not empty.
    """
    if len(set(series.files)) != series.frames or not all(
        pydicom.misc.is_dicom(file) for file in series.files
    ):
        message = (
            f"{series.source} is not a classic DICOM series; name the result .nii.gz to get NIfTI."
        )
        raise BadRequest(message)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not an empty folder; choose another one."
        raise BadRequest(message)


def _derived(
    file: str, series: Series, values: NDArray[np.float32], frame: int, uid: str, note: str
) -> pydicom.Dataset:
    """Return a copy of an instance with other pixels, uncompressed."""
    dataset = pydicom.dcmread(file)
    stored = np.rint((values - series.intercept[frame]) / series.slope[frame])
    signed = bool(dataset.PixelRepresentation)
    bits = int(dataset.BitsStored)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    kind = f"{'i' if signed else 'u'}{int(dataset.BitsAllocated) // 8}"
    dataset.PixelData = np.clip(stored, low, high).astype(f"<{kind}").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SeriesInstanceUID = uid
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ImageType = ["DERIVED", "SECONDARY", *list(dataset.get("ImageType", []))[2:]]
    dataset.SeriesDescription = f"{dataset.get('SeriesDescription', '')} {note}".strip()[:64]
    dataset.DerivationDescription = note
    return dataset
