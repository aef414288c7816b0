"""The object against the air: a mask of the patient in a magnitude image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMPTY_SHARE = 0.05
"""A slice whose object covers less than this share of the frame is not scored (models.md 1.1.3)."""


def otsu_threshold(values: NDArray[np.floating]) -> float:
    """Return the threshold with the largest between-class variance over 256 bins (Otsu 1979)."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return high
    counts, edges = np.histogram(values, bins=256, range=(low, high))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    moment = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = moment / below - (moment[-1] - moment) / above
    between = np.nan_to_num(below * above * gap**2)
    return float(edges[1:][int(np.argmax(between))])


def object_mask(plane: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return (rows, columns), True on the object of a plane scaled to about [0, 1].

    The plane is box-smoothed and compared with a third of its Otsu threshold on the bright side of the noise floor;
    dark tissue inside is filled where it lies between object pixels of its row and of its column.
    """
    smooth = _box(plane.astype(np.float32), 2)
    floor = float(np.percentile(smooth, 2))
    threshold = floor + 0.35 * max(otsu_threshold(smooth) - floor, 0.0)
    seed = smooth > max(threshold, floor + 0.02)
    return _between(seed, axis=0) & _between(seed, axis=1)


def without_air(
    plane: NDArray[np.floating], level: float, radius: int = 1, *, filled: bool = True
) -> NDArray[np.float32]:
    """Return a plane whose air is zero, as many scanners and programs deliver it.

    Args:
        plane: (rows, columns) in [0, 1].
        level: what is darker is air.
        radius: of the box over which the darkness is averaged, in pixels; 0 gives a ragged edge.
        filled: keep what lies between kept pixels of its row and of its column, so that dark tissue stays.
    """
    values = plane.astype(np.float32)
    kept = (_box(values, radius) if radius else values) > level
    if filled:
        kept = _between(kept, axis=0) & _between(kept, axis=1)
    return np.where(kept, values, np.float32(0))


def _between(seed: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Return True from the first to the last True along an axis."""
    forward = np.maximum.accumulate(seed, axis=axis)
    backward = np.flip(np.maximum.accumulate(np.flip(seed, axis), axis=axis), axis)
    return np.asarray(forward & backward)


def _box(plane: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return the mean over a square of 2·radius + 1 pixels, edges replicated."""
    size = 2 * radius + 1
    padded = np.pad(plane, radius, mode="edge")
    sums = np.cumsum(np.cumsum(np.pad(padded, ((1, 0), (1, 0))), axis=0, dtype=np.float64), axis=1)
    total = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return np.asarray(total / size**2, dtype=np.float32)
