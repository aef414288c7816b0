"""NRRD and MetaImage through SimpleITK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from miqa_app.core.series import Problem
from miqa_app.errors import UnreadableFile
from miqa_app.imaging.overheard import in_brackets, of_damage, overheard
from miqa_app.imaging.stack import middle_out
from miqa_app.imaging.volume import VolumeHeader, empty_series, finished_series

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.series import Series

sitk: Any = SimpleITK  # carries no types of its own
sitk.ProcessObject.SetGlobalWarningDisplay(False)
_DTYPES = {
    sitk.sitkUInt8: np.uint8, sitk.sitkInt8: np.int8, sitk.sitkUInt16: np.uint16, sitk.sitkInt16: np.int16,
    sitk.sitkUInt32: np.uint32, sitk.sitkInt32: np.int32, sitk.sitkUInt64: np.uint64, sitk.sitkInt64: np.int64,
    sitk.sitkFloat32: np.float32, sitk.sitkFloat64: np.float64,
}  # fmt: skip


class ItkStack:
    """Implements `imaging.stack.Stack` for NRRD and MetaImage.

    Attributes:
        series: the series; its voxels fill while `fill` runs.
    """

    def __init__(self, path: Path, shown: str) -> None:
        """Read the header.

        Raises:
            UnreadableFile: the file is damaged, holds no scalar image, or claims too much.
        """
        self._reader: Any = sitk.ImageFileReader()
        self._reader.SetFileName(str(path))
        said: list[str] = []
        try:
            with overheard() as said:
                self._reader.ReadImageInformation()
        except RuntimeError as error:
            reason = f"is a damaged NRRD or MetaImage file{in_brackets(said[:1])}; copy it again"
            raise UnreadableFile(shown, reason) from error
        self._header = _header(self._reader, path, shown)
        # the voxels may be packed or lie in a file beside it, so only the ratio of deflate is a limit here
        if path.suffix.lower() in (".nrrd", ".mha"):
            self._header.check(packed=True)
        else:
            self._header.check(packed=True, data=_largest_beside(path))
        self.series, self._layout = empty_series(self._header)

    def fill(self) -> Iterator[int | Problem]:
        """Read the voxels in one go and report them from the middle slice outwards."""
        series = self.series
        said: list[str] = []
        try:
            with overheard() as said:
                image = self._reader.Execute()
        except (RuntimeError, MemoryError):
            image = None
        # of voxels that do not unpack the MetaImage reader only prints that they did not, and hands on what memory held
        if image is None or of_damage(said):
            reason = f"ends early or is damaged{in_brackets(said[:1])}; copy it again"
            yield Problem(self._header.shown, reason)
            return
        stored: NDArray[np.generic] = sitk.GetArrayViewFromImage(image).T
        target = self._layout.stored_view(series.voxels, self._header.time_points)
        target[...] = stored.reshape(target.shape, order="F")
        for frame in middle_out(series.frames, series.time_points):
            series.ready[frame] = True
            yield frame

    def finished(self) -> Series | None:
        """Return the series with its window, None when the voxels could not be read."""
        return finished_series(self.series)


def _header(reader: Any, path: Path, shown: str) -> VolumeHeader:
    pixel, components = reader.GetPixelID(), reader.GetNumberOfComponents()
    if pixel not in _DTYPES or components != 1:
        raise UnreadableFile(
            shown, "holds several values per voxel or complex numbers, not a magnitude image"
        )
    dimension = reader.GetDimension()
    if not 2 <= dimension <= 4:
        raise UnreadableFile(shown, f"has {dimension} dimensions; a scan has 2 to 4")
    size = [int(count) for count in reader.GetSize()] + [1] * (4 - dimension)
    directions = np.eye(3)
    stated = np.array(reader.GetDirection()).reshape(dimension, dimension)[:3, :3]
    edge = min(3, dimension)
    directions[:edge, :edge] = stated[:edge, :edge]
    spacing = np.ones(3)
    spacing[:edge] = reader.GetSpacing()[:edge]
    affine = np.eye(4)
    affine[:3, :3] = directions * spacing
    affine[:edge, 3] = reader.GetOrigin()[:edge]
    usable = np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-9
    nrrd = path.suffix.lower() in (".nrrd", ".nhdr")
    placed = dimension >= 3 and (not nrrd or reader.HasMetaDataKey("NRRD_space"))
    return VolumeHeader(
        path=path,
        shown=shown,
        shape=(size[0], size[1], size[2]),
        time_points=size[3],
        dtype=np.dtype(_DTYPES[pixel]),
        affine=affine if usable else np.eye(4),
        placed=placed and bool(usable),
        facts={"Format": "NRRD" if nrrd else "MetaImage"},
    )


def _largest_beside(path: Path) -> Path:
    """Return the largest file of the folder: the voxels of a detached header lie there."""
    return max((p for p in path.parent.iterdir() if p.is_file()), key=lambda p: p.stat().st_size)
