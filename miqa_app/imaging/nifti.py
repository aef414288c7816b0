"""NIfTI-1 and NIfTI-2, single files, pairs and gzip, and Analyze 7.5."""

from __future__ import annotations

import gzip
import logging
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from miqa_app.core.series import Problem
from miqa_app.errors import UnreadableFile
from miqa_app.imaging.stack import middle_out
from miqa_app.imaging.volume import VolumeHeader, empty_series, finished_series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miqa_app.core.series import Series

_DAMAGE = (
    EOFError, HeaderDataError, ImageFileError, KeyError, OSError, OverflowError, TypeError, ValueError, WrapStructError,
    zlib.error,
)  # fmt: skip
# odd header values are judged here, not printed on the user's terminal
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


class NiftiStack:
    """Implements `imaging.stack.Stack` for NIfTI.

    Attributes:
        series: the series; its voxels fill while `fill` runs.
    """

    def __init__(self, path: Path, shown: str) -> None:
        """Read the header.

        Raises:
            UnreadableFile: the file is damaged, holds no scalar image, or claims too much.
        """
        try:
            self._header, self._data, self._offset = _read_header(path, shown)
        except _DAMAGE as error:
            raise UnreadableFile(shown, "is a damaged NIfTI file; copy it again") from error
        self._header.check(packed=self._data.suffix == ".gz", data=self._data)
        self.series, self._layout = empty_series(self._header)

    def fill(self) -> Iterator[int | Problem]:
        """Read the voxels; a plain file slice by slice from the middle, a packed one in one go."""
        series, header = self.series, self._header
        target = self._layout.stored_view(series.voxels, header.time_points)
        order = middle_out(series.frames, series.time_points)
        try:
            if self._data.suffix != ".gz":
                stored = self._mapped()
                for frame in order:
                    self._copy(stored, frame)
                    series.ready[frame] = True
                    yield frame
                return
            with gzip.open(self._data) as file:
                _unpack(file, target, header.dtype, self._offset)
        except _DAMAGE:
            yield Problem(header.shown, "ends early or is damaged; copy it again")
            return
        for frame in order:
            series.ready[frame] = True
            yield frame

    def finished(self) -> Series | None:
        """Return the series with its window, None when the voxels could not be read."""
        return finished_series(self.series)

    def _mapped(self) -> NDArray[np.generic]:
        """Return the voxels of a plain file as (frames, rows, columns) without reading them."""
        shape = (*self._header.shape, self._header.time_points)
        stored: NDArray[np.generic] = np.memmap(
            self._data, self._header.dtype, "r", self._offset, shape, order="F"
        )
        steps = tuple(
            slice(None, None, -1 if self._layout.flipped[self._layout.axes.index(axis)] else 1)
            for axis in range(3)
        )
        return stored[steps].transpose(3, *self._layout.axes)

    def _copy(self, stored: NDArray[np.generic], frame: int) -> None:
        point, number = divmod(frame, self.series.slices)
        self.series.voxels[frame] = stored[point, number]


def _read_header(path: Path, shown: str) -> tuple[VolumeHeader, Path, int]:
    """Return the header, the file of the voxels and where in it they begin."""
    image: Any = nibabel.load(path)
    header = image.header
    dtype = np.dtype(header.get_data_dtype())
    if dtype.kind not in "iuf" or dtype.names:
        what = "colours" if dtype.names else "complex numbers" if dtype.kind == "c" else str(dtype)
        raise UnreadableFile(shown, f"holds {what}, not a magnitude image")
    shape = [int(size) for size in header.get_data_shape()]
    while len(shape) > 4 and shape[-1] == 1:
        shape.pop()
    if not 2 <= len(shape) <= 4:
        raise UnreadableFile(shown, f"has {len(shape)} dimensions; a scan has 2 to 4")
    shape += [1] * (4 - len(shape))
    # on loading, nibabel moves the scale from the header to the array proxy
    slope, intercept = float(image.dataobj.slope), float(image.dataobj.inter)
    placed = "sform_code" in header and bool(header["sform_code"] > 0 or header["qform_code"] > 0)
    sizes = [abs(float(size)) or 1.0 for size in header.get_zooms()[:3]]
    plain = np.diag([*sizes, *[1.0] * (4 - len(sizes))])
    affine = np.asarray(image.affine, dtype=np.float64) if placed else plain
    usable = np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-9
    data = Path(image.file_map["image"].filename)
    volume = VolumeHeader(
        path=path,
        shown=shown,
        shape=(shape[0], shape[1], shape[2]),
        time_points=shape[3],
        dtype=dtype,
        affine=_LPS @ (affine if usable else plain),
        placed=placed and bool(usable),
        facts={"Format": "NIfTI-2" if isinstance(image, nibabel.Nifti2Image) else "NIfTI"},
        slope=slope or 1.0,
        intercept=intercept,
    )
    return volume, data, int(image.dataobj.offset)


def _unpack(
    file: gzip.GzipFile, target: NDArray[np.generic], dtype: np.dtype[np.generic], offset: int
) -> None:
    """Read a packed file plane by plane into a view with the axes of the file, so that no second copy exists."""
    file.seek(offset)
    rows, columns, planes, points = target.shape
    length = rows * columns * dtype.itemsize
    for point in range(points):
        for plane in range(planes):
            data = file.read(length)
            if len(data) < length:
                raise EOFError
            values = np.frombuffer(data, dtype).reshape((rows, columns), order="F")
            target[:, :, plane, point] = values
