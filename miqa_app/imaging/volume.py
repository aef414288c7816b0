"""What NIfTI, NRRD and MetaImage stacks have in common: one file, one affine, one scale."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.series import Series
from miqa_app.errors import UnreadableFile
from miqa_app.imaging.deidentify import hashed
from miqa_app.imaging.limits import DEFLATE_RATIO, LARGEST_VOLUME, readable_size
from miqa_app.imaging.orientation import Arrangement, arrange, geometry_of
from miqa_app.imaging.stack import percentile_window, smallest_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_PLACE = "The file does not say how the patient lies; orientation letters are off."


@dataclass(frozen=True, eq=False)
class VolumeHeader:
    """The header of a volume file.

    Attributes:
        path: the file.
        shown: what the user calls it.
        shape: voxels along the three stored axes.
        time_points: volumes in the file.
        dtype: type of the stored voxels.
        affine: from voxel indices to LPS mm.
        placed: whether the file itself gives the affine.
        facts: acquisition facts.
        slope: stored value to real-world value.
        intercept: stored value to real-world value.
    """

    path: Path
    shown: str
    shape: tuple[int, int, int]
    time_points: int
    dtype: np.dtype[np.generic]
    affine: NDArray[np.float64]
    placed: bool
    facts: dict[str, str]
    slope: float = 1.0
    intercept: float = 0.0

    def check(self, *, packed: bool, data: Path | None = None) -> None:
        """Refuse sizes that are absurd, or larger than the file can hold, before memory is taken.

        Args:
            packed: the voxels are compressed.
            data: the file of the voxels where it is another one.

        Raises:
            UnreadableFile: the header claims too much.
        """
        if min(*self.shape, self.time_points) < 1:
            raise UnreadableFile(self.shown, "claims a volume without voxels; copy it again")
        claimed = int(np.prod([*self.shape, self.time_points], dtype=object)) * self.dtype.itemsize
        if claimed > LARGEST_VOLUME:
            raise UnreadableFile(
                self.shown,
                f"claims {readable_size(claimed)} of voxels, more than the "
                f"{readable_size(LARGEST_VOLUME)} that are accepted",
            )
        size = os.stat(data or self.path).st_size
        if claimed > size * (DEFLATE_RATIO if packed else 1):
            raise UnreadableFile(
                self.shown,
                f"ends early: {readable_size(size)} cannot hold the {readable_size(claimed)} of voxels it claims; "
                "copy it again",
            )


def empty_series(header: VolumeHeader) -> tuple[Series, Arrangement]:
    """Return the series of a volume with zero voxels, and how its axes are arranged."""
    layout = arrange(header.affine)
    slices, rows, columns = (header.shape[axis] for axis in layout.axes)
    geometry = geometry_of(header.affine, header.shape, layout, header.time_points)
    warnings = [] if header.placed else [NO_PLACE]
    if header.placed and geometry is None:
        warnings.append("The axes of the file are not perpendicular; orientation letters are off.")
    frames = slices * header.time_points
    sizes = np.linalg.norm(header.affine[:3, :3], axis=0)
    facts = {
        "Matrix": f"{columns} × {rows}",
        "Spacing": " × ".join(f"{sizes[axis]:.4g}" for axis in reversed(layout.axes)) + " mm",
        **header.facts,
    }
    try:
        voxels = np.zeros((frames, rows, columns), smallest_dtype(header.dtype))
    except MemoryError as error:
        raise UnreadableFile(header.shown, "needs more memory than there is") from error
    series = Series(
        key=f"{hashed(os.path.abspath(header.shown))}.1",
        source=header.shown,
        description=_stem(header.shown),
        voxels=voxels,
        geometry=geometry if header.placed else None,
        time_points=header.time_points,
        slope=np.full(frames, header.slope),
        intercept=np.full(frames, header.intercept),
        facts=facts,
        warnings=tuple(warnings),
        files=(header.shown,) * frames,
        ready=np.zeros(frames, dtype=bool),
    )
    return series, layout


def finished_series(series: Series) -> Series | None:
    """Return the series with its display window once all frames are there."""
    if not series.complete:
        return None
    return replace(series, windows=(percentile_window(series),))


def _stem(shown: str) -> str:
    name = Path(shown).name
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else Path(name).stem
