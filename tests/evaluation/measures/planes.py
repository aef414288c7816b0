"""A clean and a judged plane of whole grey values, the same on every machine, for reference values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

EDGE = 192


def grey_values() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return (192, 192) a textured disc on a dark ramp, and the same with a ghost, blur and noise."""
    rows, columns = np.mgrid[:EDGE, :EDGE].astype(np.float64)
    radius = np.hypot(rows - 96, columns - 90)
    texture = 40 * np.sin(rows / 3.1) * np.cos(columns / 4.3) + 25 * np.sin(rows * columns / 900)
    clean = np.where(radius < 70, 130 + texture, 12 + 0.1 * columns)
    clean = np.where(radius < 18, 215 - radius, clean)
    ghost = 0.12 * np.roll(clean, EDGE // 2, axis=0)
    noise = (np.random.PCG64(3).random_raw(EDGE * EDGE) % 31).astype(np.float64).reshape(EDGE, EDGE)
    judged = 0.5 * clean + 0.5 * uniform_filter(clean, 3) + ghost + noise - 15
    return tuple(np.rint(np.clip(plane, 0, 255)).astype(np.uint8) for plane in (clean, judged))


def pair() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the same as float32 in [0, 1]."""
    clean, judged = grey_values()
    return clean.astype(np.float32) / 255, judged.astype(np.float32) / 255
