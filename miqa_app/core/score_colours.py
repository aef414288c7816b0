"""Score colours: one perceptually even table for heatmaps, slice strips, colour bars and reports; another for attention."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# OKLCh anchors (lightness, chroma, hue in degrees) from score 0 to score 100. Lightness falls all the way, so the order
# survives deuteranopia and a grey print; bad tissue is bright, good tissue recedes into the image.
_ANCHORS = np.array(
    [
        (0.95, 0.14, 104.0),
        (0.81, 0.15, 72.0),
        (0.66, 0.18, 40.0),
        (0.52, 0.18, 5.0),
        (0.38, 0.15, -38.0),
        (0.25, 0.09, -72.0),
    ]
)

# From no attention to the most. One cool hue, far from the warm ones of bad scores: nobody may take one map for the other.
_ATTENTION = np.array(
    [
        (0.25, 0.05, 230.0),
        (0.45, 0.08, 220.0),
        (0.65, 0.11, 205.0),
        (0.82, 0.13, 190.0),
        (0.96, 0.08, 180.0),
    ]
)


@cache
def score_colours() -> NDArray[np.uint8]:
    """Return (256, 3) sRGB bytes; row 0 is score 0 (strong), row 255 is score 100 (quiet).

    Equal score differences look equal.
    """
    return _even(_ANCHORS)


@cache
def attention_colours() -> NDArray[np.uint8]:
    """Return (256, 3) sRGB bytes; row 0 is no attention (dark), row 255 the most of the slice (bright)."""
    return _even(_ATTENTION)


def _even(anchors: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the colours of a path through OKLab (Ottosson 2020), walked in 256 steps of equal length."""
    fine = np.linspace(0, len(anchors) - 1, 4001)
    light, chroma, hue = (np.interp(fine, np.arange(len(anchors)), column) for column in anchors.T)
    lab = np.stack(
        [light, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))], axis=1
    )
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    even = np.linspace(0, walked[-1], 256)
    path = np.stack([np.interp(even, walked, column) for column in lab.T], axis=1)
    return np.rint(_srgb(path) * 255).astype(np.uint8)


def score_rgb(score: float) -> tuple[int, int, int]:
    """Return the sRGB bytes of a score 0–100."""
    red, green, blue = score_colours()[int(np.clip(round(score * 2.55), 0, 255))]
    return int(red), int(green), int(blue)


def heat_table(opacity: float, threshold: float) -> NDArray[np.uint32]:
    """Return 256 premultiplied RGBA pixels, indexed by score × 2.55.

    Args:
        opacity: 0–1, the alpha of a score of 0.
        threshold: scores above it are left clear.
    """
    score = np.arange(256) / 2.55
    alpha = np.where(score <= threshold + 1e-6, opacity * (1 - score / 100) ** 0.7, 0.0)
    return _packed(score_colours(), alpha)


def attention_table(opacity: float) -> NDArray[np.uint32]:
    """Return 256 premultiplied RGBA pixels, indexed by attention × 2.55; `opacity`, 0–1, is the alpha of the most."""
    return _packed(attention_colours(), opacity * (np.arange(256) / 255) ** 0.7)


def _packed(colours: NDArray[np.uint8], alpha: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return colours premultiplied with their alpha, 0–1, as RGBA in one number each."""
    rgba = np.empty((256, 4), dtype=np.uint32)
    rgba[:, :3] = np.rint(colours * alpha[:, None])
    rgba[:, 3] = np.rint(alpha * 255)
    packed = rgba[:, 0] | rgba[:, 1] << 8 | rgba[:, 2] << 16 | rgba[:, 3] << 24
    return packed.astype(np.uint32)


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB 0–1 of OKLab rows, clipped into gamut."""
    to_lms = np.array(
        [
            [1, 0.3963377774, 0.2158037573],
            [1, -0.1055613458, -0.0638541728],
            [1, -0.0894841775, -1.2914855480],
        ]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(((lab @ to_lms.T) ** 3) @ to_rgb.T, 0, 1)
    return np.asarray(
        np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    )
