"""Measures of the error in blocks of the cosine transform: PSNR-HVS, PSNR-HVS-M, PSNR-HA and PSNR-HMA.

All weight the coefficients of 8×8 blocks as the quantisation table of JPEG does; with masking, an error below what the
block hides does not count. HA and HMA forgive most of a change of brightness or contrast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import dctn

from miqa_app.evaluation.measures.pixels import decibels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 8
_JPEG = np.array(
    (
        (16, 11, 10, 16, 24, 40, 51, 61),
        (12, 12, 14, 19, 26, 58, 60, 55),
        (14, 13, 16, 24, 40, 57, 69, 56),
        (14, 17, 22, 29, 51, 87, 80, 62),
        (18, 22, 37, 56, 68, 109, 103, 77),
        (24, 35, 55, 64, 81, 104, 113, 92),
        (49, 64, 78, 87, 103, 121, 120, 101),
        (72, 92, 95, 98, 112, 100, 103, 99),
    ),
    dtype=np.float64,
)
"""Quantisation of luminance (ITU-T T.81, table K.1), from which both tables of the measures follow."""

_SENSITIVITY = 25.735088 / _JPEG
_MASKING = (10 / _JPEG) ** 2
_MASKING[0, 0] = 0  # the mean of a block hides nothing
_CONTRAST_LOST, _CONTRAST_GAINED, _BRIGHTNESS = 0.002, 0.25, 0.04
"""Shares of an error by lower contrast, higher contrast and shifted mean that HA and HMA keep."""


def psnr_hvs(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return PSNR-HVS in dB (Egiazarian et al., VPQM 2006); infinite for equal planes."""
    return decibels(1.0, _weighted_error(*_double(clean, test), masked=False))


def psnr_hvs_m(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return PSNR-HVS-M in dB (Ponomarenko et al., VPQM 2007); infinite where every error is masked."""
    return decibels(1.0, _weighted_error(*_double(clean, test), masked=True))


def psnr_ha(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return PSNR-HA in dB (Ponomarenko et al., CADSM 2011); infinite for equal planes."""
    return decibels(1.0, _forgiving_error(clean, test, masked=False))


def psnr_hma(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return PSNR-HMA in dB (Ponomarenko et al., CADSM 2011); infinite where every error is masked."""
    return decibels(1.0, _forgiving_error(clean, test, masked=True))


def _double(*planes: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    return [plane.astype(np.float64) for plane in planes]


def _forgiving_error(
    clean: NDArray[np.float32], test: NDArray[np.float32], *, masked: bool
) -> float:
    """Return the weighted error with the mean corrected, and most of what a correction of contrast would remove."""
    x, y = _double(clean, test)
    shift = float(x.mean() - y.mean())
    moved = y + shift
    around = moved - moved.mean()
    energy = float((around**2).sum())
    gain = float(((x - x.mean()) * around).sum()) / energy if energy > 0 else 1.0
    error = _weighted_error(x, moved, masked=masked)
    without = _weighted_error(x, moved.mean() + gain * around, masked=masked)
    if error > without:
        kept = _CONTRAST_LOST if gain < 1 else _CONTRAST_GAINED
        error = without + (error - without) * kept
    return error + _BRIGHTNESS * shift**2


def _weighted_error(
    clean: NDArray[np.float64], test: NDArray[np.float64], *, masked: bool
) -> float:
    """Return the mean squared error over the coefficients of all whole blocks, weighted, with masking on request."""
    tiles = [_tiles(plane) for plane in (clean, test)]
    spectra = [dctn(tile, axes=(-2, -1), norm="ortho") for tile in tiles]
    error = np.abs(spectra[0] - spectra[1])
    if masked:
        hidden = np.maximum(*(_hidden(t, s) for t, s in zip(tiles, spectra, strict=True)))
        threshold = np.zeros(error.shape)
        np.divide(hidden[:, None, None], _MASKING, out=threshold, where=_MASKING > 0)
        error = np.maximum(error - threshold, 0)
    return float(((error * _SENSITIVITY) ** 2).mean())


def _tiles(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (blocks, 8, 8); a border that fills no whole block is left out."""
    rows, columns = (size // _BLOCK for size in plane.shape)
    whole = plane[: rows * _BLOCK, : columns * _BLOCK]
    tiles = whole.reshape(rows, _BLOCK, columns, _BLOCK).swapaxes(1, 2)
    return tiles.reshape(-1, _BLOCK, _BLOCK)


def _hidden(tiles: NDArray[np.float64], spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (blocks,) what each block hides: its weighted energy, reduced where it lies at edges."""
    half = _BLOCK // 2
    quarters = (
        tiles[:, rows, columns]
        for rows in (slice(half), slice(half, None))
        for columns in (slice(half), slice(half, None))
    )
    whole, parts = _spread(tiles), sum(_spread(quarter) for quarter in quarters)
    share = np.zeros_like(whole)
    np.divide(parts, whole, out=share, where=whole > 0)
    energy = (spectra**2 * _MASKING).sum((-2, -1))
    result: NDArray[np.float64] = np.sqrt(energy * share / half**2) / _BLOCK
    return result


def _spread(tiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (blocks,) number of pixels times the variance (n - 1) of each."""
    result: NDArray[np.float64] = tiles.var((-2, -1), ddof=1) * tiles[0].size
    return result
