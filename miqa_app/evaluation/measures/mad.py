"""MAD: how far a faint error is detected, and how far a strong one changes the appearance (Larson and Chandler, 2010)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from miqa_app.evaluation.measures.sensitivity import contrast_sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_CELL, _CELLS = 4, 4
"""Blocks of 16×16 pixels every 4 pixels, built of 4×4 cells of 4×4 pixels."""

_CYCLES = 32.0
_DARKEST = 0.5
"""Lightness below which an error in a block is not seen."""

_THRESHOLD = -5.0
"""Log contrast below which neither the image hides an error nor an error is seen."""

_SCALES = np.array((0.5, 0.75, 1.0, 5.0, 6.0)) / 13.25
_ORIENTATIONS = 4
_BLEND = (math.exp(-2.55 / 3.35), 1 / (math.log(10) * 3.35))
_FLAT = 1e-10
"""Share of the greatest variance of a band below which a block has no shape of its own."""


def mad(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return the most apparent distortion, 0 for equal planes and growing with the error.

    The geometric blend of a detection term and an appearance term, with the weight of the first falling as it grows
    (Larson and Chandler, Journal of Electronic Imaging 2010, 19(1), 011006, equations 11 to 13). All local quantities
    are taken on the same blocks of 16×16 pixels, as the paper writes them; blocks at the border of the plane are left
    out.

    Args:
        clean: (H, W) in [0, 1], at least 64×64.
        test: of the same size.

    Raises:
        ValueError: the planes are too small.
    """
    if min(clean.shape) < 64:
        raise ValueError(f"MAD needs planes of at least 64×64 pixels, not {clean.shape}")
    x, y = (255 * plane.astype(np.float64) for plane in (clean, test))
    detected = _detected(x, y)
    weight = 1 / (1 + _BLEND[0] * detected ** _BLEND[1])
    return float(detected**weight * _appearance(x, y) ** (1 - weight))


def _detected(clean: NDArray[np.float64], test: NDArray[np.float64]) -> float:
    """Return how strongly the error stands out of what the image hides, after the eye's sensitivity."""
    filters = contrast_sensitivity(clean.shape, _CYCLES)
    seen, judged = (
        np.fft.ifft2(np.fft.fft2(0.02874 * plane ** (2.2 / 3)) * filters).real
        for plane in (clean, test)
    )
    lightness = _mean_of(_cells(seen), _CELLS)
    halves = [_deviation(seen, _CELLS // 2)[rows, columns] for rows, columns in _QUARTERS]
    activity = np.minimum.reduce(halves)
    error = _deviation(judged - seen, _CELLS)
    with np.errstate(divide="ignore", invalid="ignore"):
        hides = np.log(activity / lightness)
        stands = np.where(lightness >= _DARKEST, np.log(error / lightness), -np.inf)
    # above the threshold the image hides as much contrast as it has
    needed = np.where(hides > _THRESHOLD, hides, _THRESHOLD)
    visible = np.where(stands > needed, stands - needed, 0.0)
    squared = _mean_of(_cells((clean - test) ** 2), _CELLS)
    return _norm(visible * squared)


_QUARTERS = tuple(
    (slice(rows, rows - 2 or None), slice(columns, columns - 2 or None))
    for rows in (0, 2)
    for columns in (0, 2)
)
"""The four 8×8 quarters of each block, among all blocks of 8×8."""


def _appearance(clean: NDArray[np.float64], test: NDArray[np.float64]) -> float:
    """Return the change of deviation, skewness and kurtosis of log-Gabor amplitudes."""
    spectra = [np.fft.fft2(plane) for plane in (clean, test)]
    total = 0.0
    for weight, filters in _log_gabor(clean.shape):
        one, other = (_shape(np.abs(np.fft.ifft2(spectrum * filters))) for spectrum in spectra)
        gaps = [np.abs(a - b) for a, b in zip(one, other, strict=True)]
        total = total + weight * (gaps[0] + 2 * gaps[1] + gaps[2])
    return _norm(np.asarray(total))


def _log_gabor(shape: tuple[int, int]) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Yield weight and transfer function of each band: wavelengths 3·3ⁿ pixels, two octaves wide, four directions."""
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None]
    radius, angle = np.hypot(down, across), np.arctan2(-down, across)
    radius[0, 0] = 1
    for scale, weight in enumerate(_SCALES):
        radial = np.exp(-(np.log(radius * 3 * 3**scale) ** 2) / (2 * np.log(0.55) ** 2))
        radial[0, 0] = 0
        for place in range(_ORIENTATIONS):
            turn = angle - place * np.pi / _ORIENTATIONS
            apart = np.arctan2(np.sin(turn), np.cos(turn))
            spread = np.pi / _ORIENTATIONS / 1.5
            yield float(weight), radial * np.exp(-(apart**2) / (2 * spread**2))


def _shape(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return deviation, skewness and kurtosis of each block; blocks without spread have neither skewness nor kurtosis."""
    centred = values - values.mean()
    first, second, third, fourth = (
        _mean_of(_cells(centred**power), _CELLS) for power in (1, 2, 3, 4)
    )
    variance = np.maximum(second - first**2, 0)
    varied = variance > _FLAT * max(float(variance.max()), 1e-12)
    safe = np.where(varied, variance, 1)
    skewness = (third - 3 * first * second + 2 * first**3) / safe**1.5
    kurtosis = (fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4) / safe**2
    return np.sqrt(variance), np.where(varied, skewness, 0), np.where(varied, kurtosis, 0)


def _deviation(values: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Return the standard deviation (n - 1) of each block of so many cells."""
    pixels = (cells * _CELL) ** 2
    variance = _mean_of(_cells(values**2), cells) - _mean_of(_cells(values), cells) ** 2
    result: NDArray[np.float64] = np.sqrt(np.maximum(variance, 0) * pixels / (pixels - 1))
    return result


def _cells(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each 4×4 cell; a border that fills none is left out."""
    rows, columns = (size // _CELL for size in values.shape)
    whole = values[: rows * _CELL, : columns * _CELL]
    result: NDArray[np.float64] = whole.reshape(rows, _CELL, columns, _CELL).mean((1, 3))
    return result


def _mean_of(cells: NDArray[np.float64], edge: int) -> NDArray[np.float64]:
    """Return the mean of every block of edge×edge cells."""
    result: NDArray[np.float64] = sliding_window_view(cells, (edge, edge)).mean((2, 3))
    return result


def _norm(blocks: NDArray[np.float64]) -> float:
    """Return the root mean square over the blocks that the authors' program takes: not the first four, nor the last."""
    inner = blocks[_CELLS:-1, _CELLS:-1]
    return float(np.sqrt((inner**2).mean()))
