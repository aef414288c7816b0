"""One function per artefact kind.

Each takes the complex image (..., H, W) with peak magnitude about 1, a severity 0–1 and a generator, and returns the
complex image with the artefact. Severity 0 returns the image as it was; parameters grow with severity and every random
choice is drawn in the same order, so that one seed gives the same artefact at every severity. The phase-encoding
direction is the row axis; the caller transposes for the other one. Ranges: models.md section 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts.arrays import (
    Array,
    filtered,
    frequencies,
    gaussian_transfer,
    like,
    namespace,
    rotated,
    shifted_kspace,
    smooth_field,
    to_image,
    to_kspace,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PATTERN_RMS = 0.16
"""Root mean square of a RAD-IQMRI pattern on the object at severity 1, as a share of the peak signal."""


def _shape(image: Array) -> tuple[int, int]:
    return int(image.shape[-2]), int(image.shape[-1])


def _noise(image: Array, rng: np.random.Generator) -> Array:
    """Return white Gaussian noise of the image's full shape (real, variance 1)."""
    return like(rng.standard_normal(tuple(image.shape)), image)


# The four patterns of RAD-IQMRI: added with an exact energy on the object, see simulate.


def ghosting(image: Array, rng: np.random.Generator) -> Array:
    """Return the ghost pattern: copies of the image moved by a k-th of the field of view, k = 2…6."""
    return _ghosts(image, rng)


def edge_ghosting(image: Array, rng: np.random.Generator) -> Array:
    """Return the ghost pattern of the edges: the same copies of the high-passed image."""
    shape = _shape(image)
    return _ghosts(filtered(image, 1 - gaussian_transfer(shape, 2.5, 2.5)), rng)


def white_noise(image: Array, rng: np.random.Generator) -> Array:
    """Return white Gaussian noise."""
    return _noise(image, rng)


def coloured_noise(image: Array, rng: np.random.Generator) -> Array:
    """Return noise with an image-like spectrum that falls as one over frequency."""
    rows, columns = frequencies(_shape(image))
    corner = rng.uniform(0.02, 0.06)
    envelope = 1 / np.sqrt(corner**2 + rows**2 + columns**2)
    return namespace(image).real(filtered(_noise(image, rng), envelope))


def _ghosts(image: Array, rng: np.random.Generator) -> Array:
    xp = namespace(image)
    count = _shape(image)[0]
    step = max(1, round(count / int(rng.integers(2, 7))))
    sign = 1 if rng.random() < 0.5 else -1
    magnitude = xp.abs(image)
    pattern = xp.roll(magnitude, step, -2) + sign * xp.roll(magnitude, -step, -2)
    return pattern if abs(2 * step - count) > 1 else xp.roll(magnitude, step, -2)


# Kinds on complex data.


def rician_noise(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Add complex Gaussian noise, so that the magnitude is Rician (Gudbjartsson and Patz 1995)."""
    sigma = 0.155 * severity
    return image + sigma * (_noise(image, rng) + 1j * _noise(image, rng))


def motion(
    image: Array,
    severity: float,
    rng: np.random.Generator,
    receive: Callable[[Array], Array] | None = None,
) -> Array:
    """Change the pose one to five times between k-space segments; the segment with the centre keeps its pose.

    The object moves, the coils do not: `receive` weights the moved object with their sensitivities and adds their axis.
    """
    shape = _shape(image)
    moves = int(rng.integers(1, 6))
    bounds = np.sort(0.5 + rng.choice([-1, 1], moves) * rng.uniform(0.03, 0.3, moves))
    edges = [0, *(bounds * shape[0]).astype(int).tolist(), shape[0]]
    poses = rng.choice([-1, 1], (moves + 1, 3)) * rng.uniform(0.4, 1, (moves + 1, 3))
    poses = poses * np.array([8.0, 10.0, 10.0]) * severity
    kspace = to_kspace(image)
    result = namespace(image).zeros_like(receive(kspace) if receive else kspace)
    for pose, start, stop in zip(poses, edges[:-1], edges[1:], strict=True):
        still = start <= shape[0] // 2 < stop
        moved = (
            kspace
            if still
            else shifted_kspace(to_kspace(rotated(image, pose[0])), pose[1], pose[2])
        )
        seen = to_kspace(receive(to_image(moved))) if receive else moved
        result[..., start:stop, :] = seen[..., start:stop, :]
    return to_image(result)


def blur(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Damp the outer k-space: a Gaussian of up to 3.3 pixels, somewhat different in the two directions."""
    ratio = rng.uniform(0.6, 1.0)
    sigma = 3.3 * severity
    return filtered(image, gaussian_transfer(_shape(image), sigma, sigma * ratio))


def gibbs(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Cut k-space to a rectangle, as a scanner with a small matrix and zero filling does; 100 to 15 % of the lines."""
    both = rng.random() < 0.4
    rows, columns = frequencies(_shape(image))
    limit = 0.5 * (1 - 0.85 * severity)
    keep = (np.abs(rows) <= limit) & ((np.abs(columns) <= limit) | (not both))
    return filtered(image, keep.astype(float))


def spike(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Put one to three single wrong samples into k-space: stripes over the whole image."""
    shape = _shape(image)
    kspace = to_kspace(image)
    for _ in range(int(rng.integers(1, 4))):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.06, 0.4)
        row = int(shape[0] / 2 + np.sin(angle) * distance * shape[0]) % shape[0]
        column = int(shape[1] / 2 + np.cos(angle) * distance * shape[1]) % shape[1]
        amplitude = 0.3 * severity * rng.uniform(0.5, 1.0)
        value = amplitude * shape[0] * shape[1] * np.exp(2j * np.pi * rng.random())
        kspace[..., row, column] = kspace[..., row, column] + value
    return to_image(kspace)


def bias_field(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Multiply with a smooth field, exp(±0.9) at severity 1, as a displaced coil does."""
    field = smooth_field(_shape(image), rng)
    return image * like(np.exp(0.9 * severity * field), image)


def wrap(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Fold the parts of the object that lie beyond a field of view smaller by up to 45 % of the object back in."""
    xp = namespace(image)
    profile = np.asarray(xp.abs(image).mean(-1).reshape(-1, image.shape[-2]).mean(0).tolist())
    inside = np.flatnonzero(profile > 0.15 * profile.max())
    first, last = int(inside[0]), int(inside[-1]) + 1
    share = 0.45 * severity
    fold = round((last - first) * share / 2)
    side = rng.random()
    if fold < 1:
        return image
    length = (last - first) - 2 * fold if side < 0.6 else (last - first) - fold
    result = image + 0
    result[..., first : first + fold, :] += image[..., first + length : first + length + fold, :]
    if side < 0.6:
        result[..., last - fold : last, :] += image[..., last - fold - length : last - length, :]
    return result


def zipper(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Add a line of radio interference: fixed in frequency, incoherent along the phase direction."""
    rows, columns = _shape(image)
    centre = int(rng.integers(columns // 4, columns - columns // 4))
    width = rng.uniform(0.5, 1.6)
    profile = np.exp(-0.5 * ((np.arange(columns) - centre) / width) ** 2)
    sparkle = rng.standard_normal(rows) + 1j * rng.standard_normal(rows)
    burst = 0.55 + 0.45 * np.sign(np.sin(np.arange(rows) * rng.uniform(0.8, 3.0)))
    return image + like(0.8 * severity * (sparkle * burst)[:, None] * profile[None, :], image)


def signal_loss(image: Array, severity: float, rng: np.random.Generator) -> Array:
    """Dephase a blob on the object and pile signal up at its rim, as metal or air does in gradient echo."""
    shape = _shape(image)
    centre = _place(image, rng)
    radius = (0.03 + 0.17 * severity) * min(shape)
    stretch = rng.uniform(0.7, 1.4)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    distance = np.hypot((rows - centre[0]) * stretch, columns - centre[1])
    wobble = 1 + 0.25 * smooth_field(shape, rng)
    ratio = distance / (radius * wobble)
    void = np.exp(-(ratio**4))
    rim = (
        0.5
        * np.exp(-(((ratio - 1.25) / 0.18) ** 2))
        * np.clip((columns - centre[1]) / radius, 0, 1)
    )
    strength = min(1.0, 2.5 * severity)
    return image * like(1 - strength * void + strength * rim, image)


def _place(image: Array, rng: np.random.Generator) -> tuple[int, int]:
    """Return a random pixel of the brighter half of the (mean) image."""
    xp = namespace(image)
    magnitude = xp.abs(image).reshape(-1, *_shape(image)).mean(0)
    values = magnitude if isinstance(magnitude, np.ndarray) else magnitude.cpu().numpy()
    spots = np.argwhere(values > 0.25 * values.max())
    row, column = spots[int(rng.integers(len(spots)))]
    return int(row), int(column)


PATTERNS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "ghosting": ghosting,
    "edge_ghosting": edge_ghosting,
    "white_noise": white_noise,
    "coloured_noise": coloured_noise,
}
"""Kinds that add a pattern of exact energy, measured on the object."""

TRANSFORMS: dict[str, Callable[[Array, float, np.random.Generator], Array]] = {
    "rician_noise": rician_noise,
    "motion": motion,
    "blur": blur,
    "gibbs": gibbs,
    "spike": spike,
    "bias_field": bias_field,
    "wrap": wrap,
    "zipper": zipper,
    "signal_loss": signal_loss,
}
"""Kinds that change the complex image or its k-space."""
