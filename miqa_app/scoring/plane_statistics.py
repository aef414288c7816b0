"""Plain statistics of a network plane: what tells a patient in a magnitude image from other pictures, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.special import entr

from miqa_app.core.foreground import object_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALL = 1e-4
_CELL = 8
_THUMBNAIL = 24
_REACH = 13
"""Pixels around the object that the widest filter inside it sees: four deviations of three pixels, and one more."""
_BANDS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2)
"""Limits of the bands of the spectrum, cycles per pixel."""


def plane_statistics(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the statistics of a plane as (count,) float32, all finite, in a fixed order.

    Args:
        plane: (H, W) float32 in [0, 1], at least 16 pixels wide and high.
    """
    mask = object_mask(plane)
    if mask.sum() < _CELL**2:
        mask = np.ones_like(mask)
    near = _around(mask, _REACH)
    parts = (
        _outline(mask),
        _greys(plane, mask),
        _air(plane, mask),
        _texture(plane[near], mask[near]),
        _edges(plane[near], mask[near]),
        _spectrum(plane),
        _likeness(plane),
        _symmetry(plane, mask),
    )
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    return np.asarray(np.nan_to_num(values, posinf=0.0, neginf=0.0), dtype=np.float32)


def _outline(mask: NDArray[np.bool_]) -> list[float]:
    """Return the share of the frame, the share of the bounding box, roundness, and how much touches the border."""
    rows, columns = _box(mask)
    area = float(mask.sum())
    rim = float((mask & ~ndimage.binary_erosion(mask)).sum())
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return [
        area / mask.size,
        area / ((rows.stop - rows.start) * (columns.stop - columns.start)),
        area / max(rim, 1.0) ** 2 * 4 * np.pi,
        float(border.mean()),
    ]


def _greys(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> list[float]:
    """Return moments and entropy of the object's greys, and the shares of black and of white."""
    inside = plane[mask].astype(np.float64)
    counts = np.histogram(inside, bins=64, range=(0, 1))[0]
    deviation = float(inside.std())
    centred = (inside - inside.mean()) / max(deviation, _SMALL)
    square = centred**2
    return [
        float(inside.mean()),
        deviation,
        float(np.clip((square * centred).mean(), -6, 6)),
        float(np.log(max((square**2).mean(), 1.0))),
        float(entr(counts / counts.sum()).sum()),
        float((inside < 0.02).mean()),
        float((inside > 0.98).mean()),
        float(counts.max() / counts.sum()),
    ]


def _air(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> list[float]:
    """Return level, spread and blackness of what lies outside the object and away from its rim."""
    outside = plane[~ndimage.binary_dilation(mask, iterations=3)]
    if outside.size < _CELL**2:
        return [0.0, 0.0, 0.5]
    return [
        float(outside.mean()),
        float(np.log(outside.std() + _SMALL)),
        float((outside < 0.01).mean()),
    ]


def _texture(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> list[float]:
    """Return percentiles of the local deviation on two scales: phantoms are flat where patients are not."""
    result: list[float] = []
    core = ndimage.binary_erosion(mask, iterations=3)
    core = core if core.sum() > _CELL**2 else mask
    for radius in (1.0, 3.0):
        mean = ndimage.gaussian_filter(plane, radius, output=np.float64)
        square = ndimage.gaussian_filter(plane.astype(np.float64) ** 2, radius)
        local = np.log(np.sqrt(np.maximum(square - mean**2, 0))[core] + 1e-3)
        result += [float(value) for value in np.percentile(local, (5, 25, 50, 75, 95))]
    return result


def _edges(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> list[float]:
    """Return strength and peakedness of the gradient and of the second derivative inside the object."""
    gradient = ndimage.gaussian_gradient_magnitude(plane, 1.0, output=np.float64)[mask]
    fine = ndimage.laplace(plane, output=np.float64)[mask]
    middle, high, top = np.percentile(gradient, (50, 90, 99))
    return [
        float(np.log(middle + _SMALL)),
        float(np.log(high + _SMALL)),
        float(np.log(top + _SMALL)),
        _peakedness(gradient),
        _peakedness(fine),
        float(np.log(fine.std() + _SMALL) - np.log(high + _SMALL)),
    ]


def _spectrum(plane: NDArray[np.float32]) -> list[float]:
    """Return the logarithm of the mean power per band against the one below, and the balance of the two directions."""
    height, width = plane.shape
    window = np.hanning(height)[:, None] * np.hanning(width)[None]
    power = np.abs(np.fft.rfft2((plane - plane.mean()) * window)) ** 2
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.hypot(down, across)
    total = power.sum() + _SMALL
    level = [
        float(np.log(power[(radius >= low) & (radius < high)].mean() / total + 1e-12))
        for low, high in zip(_BANDS, _BANDS[1:], strict=False)
    ]
    fine = radius > 1 / 8
    steep = np.abs(down) > np.abs(across)
    balance = abs(
        np.log((power[fine & steep].mean() + 1e-12) / (power[fine & ~steep].mean() + 1e-12))
    )
    return [*np.diff(level), level[0], float(balance)]


def _likeness(plane: NDArray[np.float32]) -> list[float]:
    """Return the correlation of neighbours one, two and four pixels apart, over the whole frame."""
    centred = plane.astype(np.float64) - plane.mean()
    power = max(float((centred**2).mean()), _SMALL**2)
    return [
        float(
            (
                (centred[step:] * centred[:-step]).mean()
                + (centred[:, step:] * centred[:, :-step]).mean()
            )
            / 2
            / power
        )
        for step in (1, 2, 4)
    ]


def _symmetry(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> list[float]:
    """Return how like the object is to its mirror images and to itself turned, least first, and how smooth it is."""
    rows, columns = _box(mask)
    part = plane[rows, columns].astype(np.float64)
    zoom = (_THUMBNAIL / part.shape[0], _THUMBNAIL / part.shape[1])
    small = ndimage.zoom(
        ndimage.gaussian_filter(part, [0.5 / value for value in zoom]),
        zoom,
        order=1,
        mode="nearest",
    )
    turned = (small[::-1], small[:, ::-1], small[::-1, ::-1], small.T)
    alike = sorted(_correlation(small, other) for other in turned)
    return [*alike, _correlation(small[1:], small[:-1])]


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's correlation of two arrays, 1 where one is constant."""
    a, b = first - first.mean(), second - second.mean()
    norm = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / norm) if norm > _SMALL**2 else 1.0


def _peakedness(values: NDArray[np.float64]) -> float:
    """Return the logarithm of the kurtosis, about 1.1 for a normal distribution."""
    square = (values - values.mean()) ** 2
    return float(np.log((square**2).mean() / max(square.mean() ** 2, 1e-12) + _SMALL))


def _around(mask: NDArray[np.bool_], reach: int) -> tuple[slice, slice]:
    """Return the bounding box of a mask that is True somewhere, wider by some pixels where the frame allows."""
    rows, columns = (slice(max(side.start - reach, 0), side.stop + reach) for side in _box(mask))
    return rows, columns


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the bounding box of a mask that is True somewhere."""
    rows, columns = ndimage.find_objects(mask.astype(np.uint8))[0]
    return rows, columns
