"""Volumes with an affine (NIfTI, NRRD, MetaImage) laid out as a radiologist looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.geometry import Geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLEARLY_LARGER = 1.2
# for slices across R-L, A-P and F-H: patient axis and sign in which columns and rows grow, and in which slices follow
_VIEWS: dict[int, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    0: ((1, 1), (2, -1), (0, -1)),
    1: ((0, 1), (2, -1), (1, 1)),
    2: ((0, 1), (1, 1), (2, 1)),
}


@dataclass(frozen=True)
class Arrangement:
    """How stored axes become (slice, row, column).

    Attributes:
        axes: the stored axis that becomes slice, row and column.
        flipped: whether that axis is read backwards.
    """

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    def stored_view(self, frames: NDArray[np.generic], time_points: int) -> NDArray[np.generic]:
        """Return a view of (frames, rows, columns) voxels whose axes are those of the file, time last."""
        shaped = frames.reshape(time_points, -1, *frames.shape[1:])
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)
        shaped = shaped[(slice(None), *steps)]
        back = [self.axes.index(axis) + 1 for axis in range(3)]
        return shaped.transpose(*back, 0)


def arrange(affine: NDArray[np.float64]) -> Arrangement:
    """Return the arrangement for an affine from voxel indices to LPS mm.

    Slices follow the axis of clearly largest voxels, else the axis closest to head–foot. Axial images show the patient's
    left on their right and posterior below, coronal ones left and feet, sagittal ones posterior and feet.
    """
    directions = affine[:3, :3]
    sizes = np.linalg.norm(directions, axis=0)
    patient = _patient_axes(directions / np.where(sizes > 0, sizes, 1))
    largest = int(np.argmax(sizes))
    others = max(size for axis, size in enumerate(sizes) if axis != largest)
    slice_axis = largest if sizes[largest] > _CLEARLY_LARGER * others else patient.index(2)
    columns, rows, slices = _VIEWS[patient[slice_axis]]
    chosen = (slices, rows, columns)
    axes = (slice_axis, patient.index(rows[0]), patient.index(columns[0]))
    flipped = tuple(
        bool(directions[way[0], axis] * way[1] < 0) for axis, way in zip(axes, chosen, strict=True)
    )
    return Arrangement(axes, (flipped[0], flipped[1], flipped[2]))


def _patient_axes(directions: NDArray[np.float64]) -> list[int]:
    """Return for each voxel axis the patient axis it follows; the assignment with the largest total alignment."""
    alignment = np.abs(directions)
    best = max(
        permutations(range(3)),
        key=lambda order: sum(alignment[p, axis] for axis, p in enumerate(order)),
    )
    return list(best)


def geometry_of(
    affine: NDArray[np.float64], shape: tuple[int, int, int], layout: Arrangement, time_points: int
) -> Geometry | None:
    """Return the geometry of the arranged frames, None where the affine is sheared or has no size."""
    matrix = affine[:3, :3].copy()
    origin = affine[:3, 3].copy()
    for axis, flip in zip(layout.axes, layout.flipped, strict=True):
        if flip:
            origin = origin + matrix[:, axis] * (shape[axis] - 1)
            matrix[:, axis] = -matrix[:, axis]
    slice_step, row_step, column_step = (matrix[:, axis] for axis in layout.axes)
    row_size, column_size = float(np.linalg.norm(row_step)), float(np.linalg.norm(column_step))
    if min(row_size, column_size, float(np.linalg.norm(slice_step))) <= 0:
        return None
    slices = shape[layout.axes[0]]
    origins = origin + np.arange(slices)[:, None] * slice_step
    columns, rows = column_step / column_size, row_step / row_size
    spacing = float(abs(np.cross(columns, rows) @ slice_step)) if slices > 1 else None
    if spacing is not None and spacing <= 0:
        return None
    try:
        return Geometry(
            np.tile(origins, (time_points, 1)), columns, rows, row_size, column_size, spacing
        )
    except ValueError:
        return None
