"""Receive coils: what several of them see of one object, and how their images are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts.arrays import Array, like, namespace, smooth_field

if TYPE_CHECKING:
    from collections.abc import Callable


def sensitivities(shape: tuple[int, int], count: int, rng: np.random.Generator) -> np.ndarray:
    """Return smooth complex sensitivities (count, H, W) of coils around the frame, Σ|S|² = 1 in every pixel.

    Each coil is a Gaussian lobe on an ellipse around the frame with a phase that varies slowly, so that the root of the
    sum of squares of undisturbed coil images is the object itself.
    """
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(0, 1)) / count
    reach = rng.uniform(0.7, 1.1)
    lobes = []
    for angle in angles:
        distance = (rows - np.sin(angle)) ** 2 + (columns - np.cos(angle)) ** 2
        phase = np.pi * smooth_field(shape, rng) + rng.uniform(0, 2 * np.pi)
        lobes.append(np.exp(-distance / (2 * reach**2) + 1j * phase))
    stack = np.stack(lobes)
    return np.asarray(stack / np.sqrt((np.abs(stack) ** 2).sum(0)))


def receiver(image: Array, count: int, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Return the function that gives the coil images (count, …, H, W) of an object (…, H, W) shaped like `image`."""
    shape = (int(image.shape[-2]), int(image.shape[-1]))
    maps = sensitivities(shape, count, rng).reshape(count, *(1,) * (image.ndim - 2), *shape)
    seen = like(maps, image)
    return lambda sight: sight[None] * seen


def joined(images: Array) -> Array:
    """Return the root of the sum of squares (…, H, W) of coil images (coils, …, H, W), as scanners join them.

    Noise of n coils makes it non-central chi distributed (Constantinides et al., Magn Reson Med 1997).
    """
    xp = namespace(images)
    return xp.sqrt((xp.abs(images) ** 2).sum(0))
