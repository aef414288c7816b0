"""Measures of the information that an image keeps of its clean one: VIF and IFC in oriented bands of four octaves.

Both model the bands of the clean image as a Gaussian scale mixture over blocks of 3×3 coefficients, and the judged image
as the clean one times a gain plus noise. As in the authors' programs, two directions of each octave count. Their
pyramid is a set of short filters; this one is its frequency-domain form, whose bands are wider. On every third image of
the synthetic look-alike the VIF of both differs by up to 0.11, and their ranks agree with SROCC 0.96.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import uniform_filter

from miqa_app.evaluation.measures.steerable import oriented_bands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_LEVELS, _ORIENTATIONS, _USED = 4, 6, (0, 3)
_BLOCK = 3
_NEURAL_NOISE = 0.4
"""Variance of the noise of seeing, for grey values of 0 to 255."""

_TINY = 1e-12


class _Band(NamedTuple):
    """Facts of a band on its blocks, (rows, columns) each, and the eigenvalues (9,) of its blocks' covariance."""

    gain: NDArray[np.float64]
    noise: NDArray[np.float64]
    energy: NDArray[np.float64]
    eigenvalues: NDArray[np.float64]


def vif(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return visual information fidelity, 1 for equal planes, 0 without information (Sheikh and Bovik, IEEE TIP 2006).

    Args:
        clean: (H, W) in [0, 1], at least 64×64; VIF is not defined for a flat plane (NaN).
        test: of the same size.
    """
    kept = had = 0.0
    for band in _bands(clean, test):
        signal = band.energy[..., None] * band.eigenvalues
        kept += _bits(band.gain[..., None] ** 2 * signal / (band.noise[..., None] + _NEURAL_NOISE))
        had += _bits(signal / _NEURAL_NOISE)
    return kept / had if had > 0 else math.nan


def ifc(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return the information fidelity criterion, bits per pixel of the plane, ≥ 0 (Sheikh et al., IEEE TIP 2005).

    The mutual information of the judged and the clean bands, without noise of seeing; it has no upper bound, and is
    very large for nearly equal planes. Divided by the number of pixels, so that sizes can be compared.

    Args:
        clean: (H, W) in [0, 1], at least 64×64.
        test: of the same size.
    """
    bits = 0.0
    for band in _bands(clean, test):
        signal = band.gain[..., None] ** 2 * band.energy[..., None] * band.eigenvalues
        bits += _bits(signal / (band.noise[..., None] + _TINY))
    return bits / 2 / clean.size


def _bits(ratio: NDArray[np.float64]) -> float:
    return float(np.log2(1 + ratio).sum())


def _bands(clean: NDArray[np.float32], test: NDArray[np.float32]) -> Iterator[_Band]:
    """Yield the used bands without the blocks at their border."""
    pyramids = [
        oriented_bands(255 * plane.astype(np.float64), _LEVELS, _ORIENTATIONS)
        for plane in (clean, test)
    ]
    for level, (ours, theirs) in enumerate(zip(*pyramids, strict=True)):
        window = 2 ** (_LEVELS - level) + 1
        border = math.ceil((window - 1) / 2 / _BLOCK)
        inside = (slice(border, -border), slice(border, -border))
        for direction in _USED:
            one, other = (_whole(bands[direction]) for bands in (ours, theirs))
            gain, noise = _channel(one, other, window)
            energy, eigenvalues = _mixture(one)
            yield _Band(gain[inside], noise[inside], energy[inside], eigenvalues)


def _whole(band: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of a band that whole blocks fill."""
    rows, columns = (size // _BLOCK * _BLOCK for size in band.shape)
    return band[:rows, :columns]


def _channel(
    clean: NDArray[np.float64], test: NDArray[np.float64], window: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gain and variance of the noise that turn the clean band into the judged one, around each block's centre."""

    def local(values: NDArray[np.float64]) -> NDArray[np.float64]:
        filtered: NDArray[np.float64] = uniform_filter(values, window, mode="mirror")
        return filtered[_BLOCK // 2 :: _BLOCK, _BLOCK // 2 :: _BLOCK]

    mean_x, mean_y = local(clean), local(test)
    covariance = local(clean * test) - mean_x * mean_y
    variance_x = np.maximum(local(clean**2) - mean_x**2, 0)
    variance_y = np.maximum(local(test**2) - mean_y**2, 0)
    gain = covariance / (variance_x + _TINY)
    noise = variance_y - gain * covariance
    gain = np.where((variance_x < _TINY) | (variance_y < _TINY), 0, gain)
    noise = np.where((variance_x < _TINY) | (gain < 0), variance_y, noise)
    return np.maximum(gain, 0), np.maximum(noise, _TINY)


def _mixture(band: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the multiplier s² of each block and the eigenvalues (9,) of the covariance of all overlapping blocks."""
    vectors = sliding_window_view(band, (_BLOCK, _BLOCK)).reshape(-1, _BLOCK**2)
    covariance = np.cov(vectors.T, bias=True)
    rows, columns = (size // _BLOCK for size in band.shape)
    tiles = band.reshape(rows, _BLOCK, columns, _BLOCK).swapaxes(1, 2)
    blocks = tiles.reshape(rows, columns, _BLOCK**2)
    energy = (blocks @ np.linalg.pinv(covariance) * blocks).sum(-1) / _BLOCK**2
    return energy, np.maximum(np.linalg.eigvalsh(covariance), 0)
