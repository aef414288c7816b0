"""NQM: the SNR of what is seen of an image, band by band after contrast masking (Damera-Venkata et al., IEEE TIP 2000)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.measures.pixels import snr

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VIEWING_ANGLE = 1 / 3.5 * 180 / math.pi
"""Degrees that the plane fills, seen from 3.5 times its height."""

_BANDS = 5
"""Octaves of cosine-log filters around 2, 4, 8, 16 and 32 cycles per plane."""


def nqm(clean: NDArray[np.float32], test: NDArray[np.float32]) -> float:
    """Return the noise quality measure in dB; infinite where no difference is seen.

    As in the toolbox MeTriX MuX: a contrast below the threshold of its band is not seen, and a band of the judged plane
    whose contrast differs by less than the masking threshold counts as that of the clean one. The masking thresholds
    are those of 1 to 5 cycles per degree, whatever the viewing distance, as its program takes them.

    Args:
        clean: (H, W) in [0, 1].
        test: of the same size.
    """
    ours, theirs = (_decomposed(255 * plane.astype(np.float64)) for plane in (clean, test))
    seen = np.zeros(clean.shape)
    judged = np.zeros(clean.shape)
    for place, ((band, contrast), (other, against)) in enumerate(zip(ours, theirs, strict=True)):
        against = np.where(np.abs(against) > 1, 1, against)
        least = _threshold(place + 1)
        masking = least * (0.86 * (contrast / least - 1) + 0.3)
        other = np.where(np.abs(against - contrast) < masking, band, other)
        needed = _threshold(2 ** (place + 1) / _VIEWING_ANGLE)
        seen += np.where(np.abs(contrast) < needed, 0, band)
        judged += np.where(np.abs(against) < needed, 0, other)
    return snr(seen, judged)


def _decomposed(
    plane: NDArray[np.float64],
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return each band with its contrast, which is the band over all that lies below it."""
    spectrum = np.fft.fft2(plane)
    frequency = np.hypot(
        *np.meshgrid(*(np.fft.fftfreq(size, 1 / size) for size in plane.shape), indexing="ij")
    )
    below = np.fft.ifft2(spectrum * _cosine_log(frequency + 2, 2)).real
    bands = []
    for place in range(_BANDS):
        filters = _cosine_log(frequency, 2.0 ** (place + 1))
        band = np.fft.ifft2(spectrum * filters).real
        contrast = np.zeros_like(band)
        np.divide(band, below, out=contrast, where=np.abs(below) > 1e-9)
        bands.append((band, contrast))
        below = below + band
    return bands


def _cosine_log(frequency: NDArray[np.float64], centre: float) -> NDArray[np.float64]:
    """Return a filter that is 1 at its centre and 0 an octave away on either side."""
    octaves = np.log2(np.maximum(frequency, 1e-9) / centre)
    return np.where(np.abs(octaves) <= 1, 0.5 * (1 + np.cos(np.pi * octaves)), 0)


def _threshold(cycles_per_degree: float) -> float:
    """Return the least contrast that is seen at a frequency (Mannos and Sakrison, as NQM scales it)."""
    shown = 0.114 * cycles_per_degree
    return 1 / (520 * (0.0192 + shown) * math.exp(-(shown**1.1)))
