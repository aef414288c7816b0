"""Score maps on the image grid: from network cells of eight pixels to a value per pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL = 8
"""Edge of a network cell in pixels."""


def upsample(
    cells: NDArray[np.floating], shape: tuple[int, int], cell: int = CELL
) -> NDArray[np.float32]:
    """Return a cell map as a pixel map of `shape`, bilinear between cell centres.

    Cell (i, j) covers pixels [i·cell, (i+1)·cell), so its centre lies at i·cell + (cell − 1)/2; the last cells may reach
    beyond the image. Pixels outside the outermost centres take the nearest cell.
    """
    columns = _interpolation(cells.shape[1], shape[1], cell)
    rows = _interpolation(cells.shape[0], shape[0], cell)
    return np.asarray(rows @ cells.astype(np.float32) @ columns.T, dtype=np.float32)


def share_of_greatest(cells: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a map of weights ≥ 0 in per cent of its greatest, 0–100; all 0 where no cell has weight."""
    greatest = float(cells.max())
    return np.asarray(cells * (100 / greatest if greatest > 0 else 0), dtype=np.float32)


def _interpolation(cells: int, pixels: int, cell: int) -> NDArray[np.float32]:
    """Return the (pixels, cells) matrix of bilinear weights."""
    position = np.clip((np.arange(pixels) - (cell - 1) / 2) / cell, 0, cells - 1)
    left = np.minimum(position.astype(int), max(cells - 2, 0))
    fraction = (position - left).astype(np.float32)
    weights = np.zeros((pixels, cells), dtype=np.float32)
    weights[np.arange(pixels), left] += 1 - fraction
    weights[np.arange(pixels), np.minimum(left + 1, cells - 1)] += fraction
    return weights
