"""Measures of the pixel error: SNR, its weighting by the eye's sensitivity, and the universal quality index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter

from miqa_app.evaluation.measures.sensitivity import contrast_sensitivity

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WSNR_CYCLES = 60.0
"""Cycles per degree at the highest frequency; the figure of the toolbox MeTriX MuX."""

_WINDOW = 8


def decibels(signal: float, noise: float) -> float:
    """Return 10 log10(signal / noise); infinite without noise."""
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.float64(signal) / np.float64(noise)))


def snr(clean: NDArray[np.floating], test: NDArray[np.floating]) -> float:
    """Return the energy of the clean plane over that of the error, dB; infinite for equal planes."""
    signal, error = clean.astype(np.float64), clean.astype(np.float64) - test
    return decibels(float((signal**2).sum()), float((error**2).sum()))


def wsnr(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return the SNR with the error weighted by the contrast sensitivity, dB (Damera-Venkata et al., IEEE TIP 2000).

    The signal is not weighted, as in the toolbox MeTriX MuX, from which figures of this measure usually come: weighting
    it would shift all images of one reference by the same number of decibels.
    """
    error = np.fft.fft2(clean.astype(np.float64) - test)
    seen = np.abs(error * contrast_sensitivity(error.shape, _WSNR_CYCLES)) ** 2
    return decibels(float((clean.astype(np.float64) ** 2).sum()) * error.size, float(seen.sum()))


def uqi(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return the universal quality index, -1 to 1 (Wang and Bovik, IEEE Signal Processing Letters 2002).

    The mean over all windows of 8×8 pixels of 4 σxy μx μy / ((σx² + σy²)(μx² + μy²)). Where both windows are flat only
    the means count, and windows that are black in both planes are alike, 1.
    """
    x, y = clean.astype(np.float64), test.astype(np.float64)
    mean_x, mean_y = _windows(x), _windows(y)
    variances = np.maximum(_windows(x * x) - mean_x**2, 0) + np.maximum(
        _windows(y * y) - mean_y**2, 0
    )
    covariance, product = _windows(x * y) - mean_x * mean_y, mean_x * mean_y
    energy = mean_x**2 + mean_y**2
    # what rounding leaves of the variance of a flat window is none
    varied, bright = variances > 1e-12, energy > 1e-12
    index = np.ones_like(product)
    np.divide(2 * product, energy, out=index, where=bright & ~varied)
    np.divide(4 * covariance * product, variances * energy, out=index, where=bright & varied)
    return float(index.mean())


def _windows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of every window that lies inside the plane."""
    before, after = _WINDOW // 2, _WINDOW // 2 - 1
    rows, columns = values.shape
    filtered: NDArray[np.float64] = uniform_filter(values, _WINDOW)
    return filtered[before : rows - after, before : columns - after]
