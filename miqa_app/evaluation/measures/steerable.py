"""The steerable pyramid in the frequency domain: oriented bands at octaves (Simoncelli and Freeman, ICIP 1995)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def oriented_bands(
    plane: NDArray[np.float64], levels: int, orientations: int
) -> list[list[NDArray[np.float64]]]:
    """Return the bands of each level, finest first, each level half the size of the one before.

    Radial transfer functions are raised cosines of one octave on a logarithmic axis; the angular one is
    cosⁿ⁻¹(θ - k π / n), normalised so that the squares of all orientations sum to one. White noise has the same variance
    on every level.

    Args:
        plane: (H, W).
        levels: number of octaves.
        orientations: number n of directions, of which the first is that of horizontal frequency.

    Raises:
        ValueError: the plane is too small for so many levels.
    """
    if min(plane.shape) < 2 ** (levels + 2):
        message = f"{levels} levels need {2 ** (levels + 2)} pixels on each side, not {plane.shape}"
        raise ValueError(message)
    spectrum = np.fft.fftshift(np.fft.fft2(plane))
    octave, angle = _grid(plane.shape)
    spectrum = spectrum * _low(octave, 0)
    order = orientations - 1
    size = 2 ** (2 * order) * math.factorial(order) ** 2
    scale = math.sqrt(size / (orientations * math.factorial(2 * order)))
    pyramid = []
    for level in range(levels):
        high = _high(octave, -1 - level)
        pyramid.append(
            [
                np.fft.ifft2(
                    np.fft.ifftshift(
                        (-1j) ** order
                        * spectrum
                        * high
                        * scale
                        * np.cos(angle - place * np.pi / orientations) ** order
                    )
                ).real
                for place in range(orientations)
            ]
        )
        low = spectrum * _low(octave, -1 - level) / 2
        spectrum, octave, angle = _halved(low, octave, angle)
    return pyramid


def _grid(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log2 of the radius (0 at the highest frequency along an axis) and the angle of each coefficient."""
    down, across = ((np.arange(size) - math.ceil((size - 0.5) / 2)) * 2 / size for size in shape)
    radius = np.hypot(down[:, None], across[None])
    centre = tuple(math.ceil((size - 0.5) / 2) for size in shape)
    radius[centre] = radius[centre[0], centre[1] - 1]
    return np.log2(radius), np.arctan2(down[:, None], across[None])


def _high(octave: NDArray[np.float64], top: int) -> NDArray[np.float64]:
    """Return the high-pass: 0 below one octave under `top`, 1 from `top` on."""
    return np.cos(np.pi / 2 * np.clip(top - octave, 0, 1))


def _low(octave: NDArray[np.float64], top: int) -> NDArray[np.float64]:
    """Return the low-pass whose square and that of `_high` sum to one."""
    return np.sin(np.pi / 2 * np.clip(top - octave, 0, 1))


def _halved(
    spectrum: NDArray[np.complex128], *grids: NDArray[np.float64]
) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower half of the frequencies, which is the plane at half its size."""
    cut = []
    for size in spectrum.shape:
        half = math.ceil((size - 0.5) / 2)
        start = math.ceil((size + 0.5) / 2) - math.ceil((half + 0.5) / 2)
        cut.append(slice(start, start + half))
    rows, columns = cut
    octave, angle = (grid[rows, columns] for grid in grids)
    return spectrum[rows, columns], octave, angle
