"""The contrast sensitivity of the eye over spatial frequency, as WSNR, NQM and MAD use it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PEAK = 7.8909
"""Cycles per degree of the greatest sensitivity; below it the curve is kept flat."""

_TOP = 0.9809
"""The curve at its peak."""


def contrast_sensitivity(shape: tuple[int, int], cycles_per_degree: float) -> NDArray[np.float64]:
    """Return the sensitivity, 0 to about 1, at each coefficient of a two-dimensional Fourier transform.

    The curve is that of Mannos and Sakrison (IEEE Transactions on Information Theory 1974), lowered along the diagonals
    by 0.7 (3 dB) as Daly proposed and made a low-pass below its peak (Mitsa and Varkur, ICASSP 1993). Frequencies lie
    half a coefficient off the grid, symmetric about zero, as in the toolboxes that define WSNR and MAD in practice.

    Args:
        shape: rows and columns.
        cycles_per_degree: the highest frequency that the pixels carry, seen by the viewer.

    Returns:
        (rows, columns) in the order of `numpy.fft.fft2`.
    """
    down, across = (
        (np.arange(size) - (size - 1) / 2) / size * 2 * cycles_per_degree for size in shape
    )
    angle = np.arctan2(down[:, None], across[None])
    radius = np.hypot(down[:, None], across[None]) / (0.15 * np.cos(4 * angle) + 0.85)
    curve = 2.6 * (0.0192 + 0.114 * radius) * np.exp(-((0.114 * radius) ** 1.1))
    return np.fft.ifftshift(np.where(radius < PEAK, _TOP, curve))
