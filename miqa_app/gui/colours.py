"""Contrast of colours, as WCAG 2.2 measures it."""

from __future__ import annotations

import numpy as np


def luminance(rgb: tuple[int, int, int]) -> float:
    """Return the relative luminance 0–1 of an sRGB colour (WCAG 2.2)."""
    share = np.asarray(rgb, dtype=float) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    """Return the contrast ratio of two sRGB colours, 1–21 (WCAG 2.2)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)
