"""One two-dimensional image inside a DICOM file: where its pixels are and what its header says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.core.window import Window


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels of one file are stored (DICOM PS3.3 C.7.6.3).

    Attributes:
        path: the file.
        shown: what the user calls it.
        rows: rows of one stored image.
        columns: columns of one stored image.
        frames: images in the file.
        allocated: bits per sample in the file.
        stored: bits of a sample that count.
        high: position of the highest bit that counts.
        signed: two's complement.
        floating: Float or Double Float Pixel Data.
        samples: samples per pixel.
        photometric: photometric interpretation.
        offset: byte at which plain pixels begin; None where a decoder is needed.
        big_endian: byte order of plain pixels.
    """

    path: Path
    shown: str
    rows: int
    columns: int
    frames: int
    allocated: int
    stored: int
    high: int
    signed: bool
    floating: bool
    samples: int
    photometric: str
    offset: int | None
    big_endian: bool

    @property
    def colour(self) -> bool:
        """Return whether the pixels are colours."""
        return self.samples > 1 or not self.photometric.startswith("MONOCHROME")

    @property
    def frame_bytes(self) -> int:
        """Return the bytes of one stored image."""
        return self.rows * self.columns * self.samples * self.allocated // 8

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Return the type the voxels are kept in."""
        if self.floating:
            return np.dtype(np.float32)
        bits = 8 if self.allocated <= 8 else 16 if self.allocated <= 16 else 32
        return np.dtype(f"{'i' if self.signed and not self.colour else 'u'}{bits // 8}")


@dataclass(frozen=True, slots=True)
class Tile:
    """The part of a mosaic image that is one slice."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(slots=True, eq=False)
class Frame:
    """One slice: its place in the file and its header.

    Positions and directions are LPS; millimetres, milliseconds, degrees.
    """

    layout: Layout
    index: int
    sop: str = ""
    series: str = ""
    study: str = ""
    tile: Tile | None = None
    position: tuple[float, ...] = ()
    orientation: tuple[float, ...] = ()
    spacing: tuple[float, ...] = ()
    slice_location: float | None = None
    instance: int = 0
    series_number: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    windows: tuple[Window, ...] = ()
    padding: tuple[float, float] | None = None
    echo: tuple[float, float] = (0.0, 0.0)
    component: str = "M"
    image_type: tuple[str, ...] = ()
    refusal: str = ""
    modality: str = "MR"
    frame_of_reference: str = ""
    lossy: bool = False
    times: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Return the rows of the slice."""
        return self.tile.rows if self.tile else self.layout.rows

    @property
    def columns(self) -> int:
        """Return the columns of the slice."""
        return self.tile.columns if self.tile else self.layout.columns

    @property
    def normal(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
        """Return the unit vector out of the slice, None without orientation."""
        if len(self.orientation) != 6:
            return None
        return np.cross(self.orientation[:3], self.orientation[3:])

    @property
    def along_normal(self) -> float | None:
        """Return the position along the normal in mm, None without geometry."""
        normal = self.normal
        if normal is None or len(self.position) != 3:
            return None
        return float(normal @ np.asarray(self.position))
