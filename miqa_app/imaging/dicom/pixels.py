"""The pixels of DICOM images, one slice at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gdcm
import numpy as np
import pydicom
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from miqa_app.errors import UnreadableFile
from miqa_app.imaging.dicom.values import DAMAGE, lenient
from miqa_app.imaging.overheard import in_brackets, of_damage, overheard

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from miqa_app.imaging.dicom.frame import Frame, Layout

gdcm.Trace.WarningOff()
gdcm.Trace.ErrorOff()


class PixelReader:
    """Reads slices; keeps the last file and the last image, because neighbours often share them.

    Attributes:
        damage: what the decoder found damaged in the image last read but went on from; () where it found nothing.
    """

    def __init__(self) -> None:
        self.damage: tuple[str, ...] = ()
        self._said: list[str] = []
        self._path: Path | None = None
        self._dataset: Dataset | None = None
        self._image: tuple[Path, int] | None = None
        self._pixels: NDArray[np.generic] = np.zeros((0, 0), np.uint8)

    def read(self, frame: Frame) -> NDArray[np.generic]:
        """Return (rows, columns) stored values of a slice; colour becomes the mean of its channels.

        Raises:
            UnreadableFile: the pixels are damaged or in an encoding that no decoder here knows.
        """
        self._said = []
        try:
            plane = self._whole(frame.layout, frame.index)
        except MemoryError as error:
            raise UnreadableFile(frame.layout.shown, "needs more memory than there is") from error
        except DAMAGE as error:
            said = in_brackets(self._said)
            reason = (
                f"has pixels that cannot be decoded{said}; send it again, uncompressed if possible"
            )
            raise UnreadableFile(frame.layout.shown, reason) from error
        if plane.shape != (frame.layout.rows, frame.layout.columns):
            raise UnreadableFile(
                frame.layout.shown, "has pixels of another size than its header says"
            )
        tile = frame.tile
        if tile is None:
            return plane
        return plane[tile.row : tile.row + tile.rows, tile.column : tile.column + tile.columns]

    def _whole(self, layout: Layout, index: int) -> NDArray[np.generic]:
        if self._image != (layout.path, index):
            self._image = None
            plain = layout.offset is not None
            self._pixels = plain_pixels(layout, index) if plain else self._decoded(layout, index)
            self._image = (layout.path, index)
            self.damage = tuple(of_damage(self._said))
        return self._pixels

    def _decoded(self, layout: Layout, index: int) -> NDArray[np.generic]:
        with lenient():
            if self._path != layout.path or self._dataset is None:
                self._dataset, self._path = pydicom.dcmread(layout.path, force=True), layout.path
            try:
                with overheard() as self._said:
                    pixels = pixel_array(self._dataset, index=index if layout.frames > 1 else None)
            except RuntimeError:
                # pydicom declines 12-bit lossy JPEG, which this decoder reads
                with overheard() as self._said:
                    return _through_gdcm(layout, index)
            if layout.photometric.startswith("PALETTE"):
                pixels = apply_color_lut(pixels, self._dataset)
        if layout.colour and pixels.ndim == 3:
            return np.asarray(pixels.mean(axis=-1), dtype=layout.dtype)
        return np.asarray(pixels)


def plain_pixels(layout: Layout, index: int) -> NDArray[np.generic]:
    """Return (rows, columns) of an uncompressed grey image, bits that do not count removed (PS3.5 section 8)."""
    kind = "f" if layout.floating else "i" if layout.signed else "u"
    stored = np.dtype(f"{'>' if layout.big_endian else '<'}{kind}{layout.allocated // 8}")
    start = (layout.offset or 0) + index * layout.frame_bytes
    values = np.fromfile(layout.path, stored, layout.rows * layout.columns, offset=start)
    values = values.reshape(layout.rows, layout.columns).astype(
        stored.newbyteorder("="), copy=False
    )
    if layout.floating:
        return values.astype(np.float32, copy=False)
    spare_above = layout.allocated - 1 - layout.high
    spare_below = layout.high + 1 - layout.stored
    if spare_above < 0 or spare_below < 0 or spare_above + spare_below == 0:
        return values
    # shifting up drops what lies above the high bit, shifting down restores the value and its sign
    return np.asarray((values << spare_above) >> (spare_above + spare_below))


def _through_gdcm(layout: Layout, index: int) -> NDArray[np.generic]:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(layout.path))
    if not reader.Read():
        message = "no decoder reads these pixels"
        raise ValueError(message)
    buffer = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    values = np.frombuffer(buffer, layout.dtype.newbyteorder("<"))
    values = values.reshape(layout.frames, layout.rows, layout.columns)
    return np.asarray(values[index], dtype=layout.dtype)
