"""Made-up pictures that are no MR magnitude image of a patient: what the scope check learns to keep away from.

They come from random numbers and from training slices alone, so that real phantoms, photographs and maps stay unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from miqa_app.evaluation.degradation import rescaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Maker = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.floating]]

_EDGES = (96, 128, 192, 256, 320)
_LEAVES = 250


def made_up(family: str, slice_: Plane, rng: np.random.Generator) -> Plane:
    """Return a picture of a family as the network would see it, float32 in [0, 1].

    Args:
        family: a key of `FAMILIES`.
        slice_: (H, W) a training slice, from which some families start.
        rng: of all draws.
    """
    image = np.asarray(FAMILIES[family](slice_, rng), dtype=np.float32)
    return rescaled(image)


def _size(rng: np.random.Generator) -> tuple[int, int]:
    """Return a number of rows and columns, half of the time equal."""
    rows, columns = (int(rng.choice(_EDGES)) for _ in range(2))
    return (rows, rows) if rng.random() < 0.5 else (rows, columns)


def _phantom(_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return a filled vessel with inserts under a smooth receive field, band-limited, with noise in the air."""
    rows, columns = _size(rng)
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    scale = min(rows, columns)
    vessel = np.zeros((rows, columns))
    for _body in range(int(rng.choice((1, 1, 1, 2, 5)))):
        centre = rng.uniform(0.35, 0.65, 2) * (rows, columns)
        radius = rng.uniform(0.12, 0.47, 2) * scale
        vessel[_shape(y, x, centre, radius, rng)] = rng.uniform(0.5, 1.0)
    for _insert in range(int(rng.choice((0, 0, 2, 6, 20)))):
        centre = rng.uniform(0.2, 0.8, 2) * (rows, columns)
        radius = rng.uniform(0.005, 0.12, 2) * scale
        inside = _shape(y, x, centre, radius, rng) & (vessel > 0)
        vessel[inside] = rng.choice((0.0, rng.uniform(0, 1.2)))
    if rng.random() < 0.3:
        vessel *= 1 - (vessel > 0) * (np.sin(x * rng.uniform(0.2, 2.5)) > rng.uniform(0, 1)) * (
            np.abs(y - rows / 2) < scale * rng.uniform(0.02, 0.2)
        )
    shading = 1 + rng.uniform(0, 0.6) * _smooth((rows, columns), rng, rng.uniform(0.1, 0.5))
    blurred = ndimage.gaussian_filter(vessel * np.abs(shading), rng.uniform(0.3, 1.2))
    sigma = np.exp(rng.uniform(np.log(0.001), np.log(0.06)))
    return np.asarray(np.abs(blurred + sigma * _complex_noise((rows, columns), rng)))


def _shape(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    centre: NDArray[np.float64],
    radius: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return an ellipse, a circle or a rectangle, turned by a random angle half of the time."""
    angle = rng.uniform(0, np.pi) if rng.random() < 0.5 else 0.0
    down, across = y - centre[0], x - centre[1]
    u = down * np.cos(angle) + across * np.sin(angle)
    v = across * np.cos(angle) - down * np.sin(angle)
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray((np.abs(u) < radius[0]) & (np.abs(v) < radius[1]))
    other = radius[1] if kind == 1 else radius[0]
    return np.asarray((u / radius[0]) ** 2 + (v / other) ** 2 < 1)


def _smooth(shape: tuple[int, int], rng: np.random.Generator, scale: float) -> NDArray[np.float64]:
    """Return a random field of mean 0 and peak 1 that varies over `scale` of the frame."""
    grain = rng.normal(size=(32, 32))
    field = ndimage.gaussian_filter(grain, 32 * scale, mode="wrap")
    wide = ndimage.zoom(field, (shape[0] / 32, shape[1] / 32), order=1)
    wide = wide - wide.mean()
    return np.asarray(wide / max(float(np.abs(wide).max()), 1e-12))


def _complex_noise(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.complex128]:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def _noise(_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return noise whose power falls with frequency to a random degree, from white to cloudy."""
    rows, columns = _size(rng)
    radius = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None])
    spectrum = np.maximum(radius, 1 / max(rows, columns)) ** -rng.uniform(0, 2.2)
    field = np.fft.ifft2(spectrum * np.fft.fft2(_complex_noise((rows, columns), rng)))
    return np.abs(field) if rng.random() < 0.5 else field.real


def _leaves(_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return opaque leaves of all sizes that cover one another, whose statistics are those of photographs (Lee 2001)."""
    rows, columns = _size(rng)
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    image = np.full((rows, columns), rng.random())
    scale = min(rows, columns)
    for _leaf in range(_LEAVES):
        radius = scale * 0.02 / np.sqrt(rng.uniform(0.001, 1.0)) * rng.uniform(0.5, 1.5, 2)
        centre = rng.uniform(-0.1, 1.1, 2) * (rows, columns)
        inside = _shape(y, x, centre, radius, rng)
        tone = rng.random() + rng.uniform(-0.2, 0.2) * (x - centre[1]) / scale
        image[inside] = tone if np.isscalar(tone) else tone[inside]
    grain = rng.uniform(0, 0.05) * rng.normal(size=image.shape)
    return np.asarray(ndimage.gaussian_filter(image, rng.uniform(0.4, 1.5)) + grain)


def _drawing(_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return bars, boards, ramps and boxes in few greys without noise, as screens and test pictures are."""
    rows, columns = _size(rng)
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 200)
    wave = (np.cos(angle) * x + np.sin(angle) * y) / period
    base = (wave, np.sin(wave * 6.3), np.sign(np.sin(wave * 6.3)), np.zeros_like(wave))
    image = np.array(base[rng.integers(4)])
    for _part in range(int(rng.integers(0, 80))):
        top, left = int(rng.integers(rows)), int(rng.integers(columns))
        high, wide = int(rng.integers(1, 24)), int(rng.integers(1, 48))
        image[top : top + high, left : left + wide] = rng.choice((-1.0, 0.0, 1.0))
    return image


def _signal(slice_: Plane, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Return the slice with a smooth phase and noise: the complex image before the magnitude is taken."""
    shape = (int(slice_.shape[0]), int(slice_.shape[1]))
    phase = np.pi * rng.uniform(0.5, 4) * _smooth(shape, rng, rng.uniform(0.05, 0.3))
    sigma = np.exp(rng.uniform(np.log(0.003), np.log(0.05)))
    return np.asarray(slice_ * np.exp(1j * phase) + sigma * _complex_noise(shape, rng))


def _phase(slice_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    return np.angle(_signal(slice_, rng))


def _part(slice_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return the signed real part of the signal."""
    return _signal(slice_, rng).real


def _ratio(slice_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return a map of a rate: the logarithm of the ratio of two noisy images, as ADC and T2 maps are made."""
    shape = (int(slice_.shape[0]), int(slice_.shape[1]))
    rate = 0.3 + np.abs(_smooth(shape, rng, 0.05))
    rate = rate * (0.5 + ndimage.gaussian_filter(slice_, 2))
    sigma = np.exp(rng.uniform(np.log(0.005), np.log(0.05)))
    first = np.abs(slice_ + sigma * _complex_noise(shape, rng))
    second = np.abs(slice_ * np.exp(-rate) + sigma * _complex_noise(shape, rng))
    result = np.clip(np.log(np.maximum(first, 1e-4) / np.maximum(second, 1e-4)), -1, 3)
    masked = rng.random() < 0.5
    return np.where(ndimage.gaussian_filter(slice_, 2) > 0.08, result, 0.0) if masked else result


def _negative(slice_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return the negative, which no magnitude image with air around it resembles."""
    return 1 - slice_ ** rng.uniform(0.5, 2)


def _derivative(slice_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return gradient, second derivative, or the difference to a shifted copy (subtraction images)."""
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(ndimage.gaussian_gradient_magnitude(slice_, rng.uniform(0.7, 2)))
    if kind == 1:
        return np.asarray(ndimage.gaussian_laplace(slice_, rng.uniform(0.7, 2)))
    return slice_ - np.roll(slice_, (int(rng.integers(1, 4)), int(rng.integers(0, 4))), (0, 1))


def _shuffled(slice_: Plane, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return the slice cut to tiles in random order, as a mosaic or a damaged file looks."""
    edge = int(rng.choice((8, 16, 32)))
    rows, columns = (size // edge for size in slice_.shape)
    cut = slice_[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge)
    tiles = cut.transpose(0, 2, 1, 3).reshape(-1, edge, edge)
    mixed = tiles[rng.permutation(len(tiles))].reshape(rows, columns, edge, edge)
    return np.asarray(mixed.transpose(0, 2, 1, 3).reshape(rows * edge, columns * edge))


FAMILIES: dict[str, Maker] = {
    "vessel with inserts": _phantom,
    "noise": _noise,
    "leaves": _leaves,
    "drawing": _drawing,
    "phase": _phase,
    "real part": _part,
    "map of a rate": _ratio,
    "negative": _negative,
    "derivative": _derivative,
    "shuffled tiles": _shuffled,
}
"""All families by name."""
