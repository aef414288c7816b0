"""Named sources of clean scans, and the slices they give.

A source is one public data set; its subjects never stand on both sides of a split. Paths are relative to a data folder
that the user names, because the scans themselves are not part of the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from miqa_app.core.foreground import EMPTY_SHARE, object_mask
from miqa_app.core.slices import Scale, network_plane, series_scale
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.packed import SUFFIX, packed_slices
from miqa_app.imaging import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.series import Series

_LEAST_EDGE = 96
_WIDEST = 384


class Source(BaseModel):
    """One scan or folder of scans of one subject.

    Attributes:
        name: data set, the unit that is held out as a whole.
        subject: subject within the data set.
        path: file or folder, relative to the data folder; a folder is read with all below it.
        licence: under which the scan was published.
        anatomy: body region, for the tables.
        vendor: scanner vendor as far as known.
        sequence: kind of sequence, for the tables; what the scanner calls the series when empty.
        every: take every n-th slice.
        frames: take only the first n frames of each stack; 0 for all.
        stacks: take only the first n stacks (the early echoes of a multi-echo series); 0 for all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    subject: str
    path: str
    licence: str
    anatomy: str
    vendor: str = "unknown"
    sequence: str = ""
    every: int = Field(default=1, ge=1)
    frames: int = Field(default=0, ge=0)
    stacks: int = Field(default=0, ge=0)


@dataclass(frozen=True, eq=False)
class CleanSlice:
    """One slice as acquired, taken as clean.

    Attributes:
        plane: (H, W) float32 in [0, 1], network plane.
        source: where it came from.
        series: key of its series.
        frame: its frame.
        sequence: kind of sequence, as the source or else the scanner calls it.
    """

    plane: NDArray[np.float32]
    source: Source
    series: str
    frame: int
    sequence: str = "unknown"

    @property
    def identity(self) -> str:
        """Return a name for tables: source/subject/frame."""
        return f"{self.source.name}/{self.source.subject}/{self.series[:8]}/{self.frame}"


def clean_slices(sources: Sequence[Source], data: Path) -> Iterator[CleanSlice]:
    """Yield the slices of the sources whose object covers enough of the frame, each scaled by its series.

    Args:
        sources: what to read.
        data: the folder of the scans, or a file of slices packed from it (see `packed`).

    Raises:
        BadRecipe: a path is missing.
    """
    for source in sources:
        if data.suffix == SUFFIX:
            yield from packed_slices(source, data)
            continue
        path = data / source.path
        if not path.exists():
            message = f"The recipe names {source.path}, which is not in {data}; give the data folder with --data."
            raise BadRecipe(message)
        stacks = [series for series in load(path) if min(series.shape) >= _LEAST_EDGE]
        for series in stacks[: source.stacks or None]:
            yield from _slices(series, source)


def _slices(series: Series, source: Source) -> Iterator[CleanSlice]:
    scale: Scale = series_scale(series)
    last = min(source.frames or series.frames, series.frames)
    for frame in range(0, last, source.every):
        plane = network_plane(series, frame, scale)
        mask = object_mask(plane)
        if mask.mean() >= max(EMPTY_SHARE, 0.08) and plane[mask].mean() > 0.1:
            sequence = source.sequence or series.description or "unknown"
            yield CleanSlice(cropped(plane, mask), source, series.key, frame, sequence)


def cropped(
    plane: NDArray[np.float32], mask: NDArray[np.bool_], margin: int = 12
) -> NDArray[np.float32]:
    """Return the plane cut to the object's bounding box with a margin, at most 384 pixels wide, edges on multiples of 8."""
    spans = []
    for axis in (1, 0):
        inside = np.flatnonzero(mask.any(axis=axis))
        middle = (int(inside[0]) + int(inside[-1])) // 2
        length = min(
            _WIDEST, int(inside[-1]) - int(inside[0]) + 2 * margin, mask.shape[1 - axis] // 8 * 8
        )
        length = max(8, (length + 7) // 8 * 8)
        start = int(np.clip(middle - length // 2, 0, max(0, mask.shape[1 - axis] - length)))
        spans.append(slice(start, start + length))
    return np.ascontiguousarray(plane[spans[0], spans[1]])
