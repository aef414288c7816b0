"""Generated pictures that the scope check is tested on and never learns from: noise, photographs, phase, text, ramps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import cbook
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Plane = NDArray[np.floating]
    Maker = Callable[[int, NDArray[np.float32], np.random.Generator], Plane]

_EDGES = (128, 192, 256, 384)
_WORDS = [
    "Series",
    "4",
    "T2",
    "TSE",
    "sagittal",
    "FOV",
    "250",
    "mm",
    "TE",
    "98",
    "ms",
    "not",
    "for",
    "diagnosis",
    "page",
    "1",
    "of",
    "2",
    "kV",
    "mAs",
]


def _edge(number: int) -> int:
    return _EDGES[number % len(_EDGES)]


def _gaussian(number: int, _: Plane, rng: np.random.Generator) -> Plane:
    return rng.normal(size=(_edge(number), _edge(number + number // 4)))


def _rician(number: int, _: Plane, rng: np.random.Generator) -> Plane:
    """Return the magnitude of complex noise without signal."""
    shape = (_edge(number), _edge(number + number // 4))
    return np.hypot(rng.normal(size=shape), rng.normal(size=shape))


def _uniform(number: int, _: Plane, rng: np.random.Generator) -> Plane:
    return rng.random((_edge(number), _edge(number + number // 4)))


def _photograph(number: int, _: Plane, __: np.random.Generator) -> Plane:
    """Return a photograph (Grace Hopper, in matplotlib): in grey and by colour, whole and in parts."""
    path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    picture = np.asarray(Image.open(path), dtype=np.float32)
    tones = [picture.mean(2), *picture.transpose(2, 0, 1)]
    tone = tones[number % 4]
    height, width = tone.shape
    cuts = (
        np.s_[:, :],
        np.s_[: height // 2, : width * 2 // 3],
        np.s_[height // 2 :, width // 4 :],
    )
    return np.asarray(tone[cuts[number // 4 % 3]])


def _screen(number: int, _: Plane, __: np.random.Generator) -> Plane:
    """Return parts of screenshots of this program, frame and text with them."""
    files: list[Path] = sorted((bundled("resources") / "screenshots").glob("*.png"))
    picture = np.asarray(Image.open(files[number % len(files)]).convert("L"), dtype=np.float32)
    part = number // len(files)
    height, width = picture.shape
    top, left = (part % 2) * (height // 2), (part // 2 % 2) * (width // 2)
    return picture[top : top + height // 2, left : left + width // 2]


def _terrain(number: int, _: Plane, __: np.random.Generator) -> Plane:
    """Return parts of the height map of a landscape that matplotlib brings along."""
    with np.load(cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as values:
        field = np.asarray(values["elevation"], dtype=np.float32)
    height, width = (size // 2 for size in field.shape)
    top, left = (number % 3) * height // 2, (number // 3 % 3) * width // 2
    return field[top : top + height, left : left + width]


def _phase(number: int, plane: Plane, rng: np.random.Generator) -> Plane:
    """Return the phase of a real scan's magnitude with a smooth field, wrapped, air masked in every third picture."""
    down, across = np.meshgrid(*(np.linspace(-1, 1, size) for size in plane.shape), indexing="ij")
    terms = rng.normal(0, 1.5, 5)
    field = (
        terms[0] * down + terms[1] * across + terms[2] * down**2
        + terms[3] * down * across + terms[4] * across**2
    )  # fmt: skip
    noise = 0.02 * (rng.normal(size=plane.shape) + 1j * rng.normal(size=plane.shape))
    phase = np.angle(plane * np.exp(1j * (3 * field + plane)) + noise)
    if number % 3 == 2:
        phase[ndimage.gaussian_filter(plane, 2) < 0.06] = -np.pi
    return np.asarray(phase)


def _text(number: int, _: Plane, rng: np.random.Generator) -> Plane:
    """Return printed words, bright on dark or dark on bright."""
    edge = _edge(number)
    picture = Image.new("L", (edge, edge), 0)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=int(rng.integers(9, 28)))
    for line in range(0, edge, int(rng.integers(14, 34))):
        words = " ".join(rng.choice(_WORDS, 8))
        draw.text(
            (int(rng.integers(0, 20)), line), words, fill=int(rng.integers(120, 256)), font=font
        )
    values = np.asarray(picture, dtype=np.float32)
    return 255 - values if number % 2 else values


def _ramp(number: int, _: Plane, rng: np.random.Generator) -> Plane:
    """Return ramps, rings and boards, plain or with a trace of noise."""
    edge = _edge(number)
    y, x = np.mgrid[:edge, :edge] / edge
    radius = np.hypot(y - rng.uniform(0.3, 0.7), x - rng.uniform(0.3, 0.7))
    field = (
        y * rng.normal() + x * rng.normal(),
        radius,
        np.sin(radius * rng.uniform(20, 90)),
        (np.floor(y * 8) + np.floor(x * 8)) % 2,
    )[number % 4]
    return np.asarray(field + (0.02 * rng.normal(size=field.shape) if number % 3 == 0 else 0))


PICTURES: dict[str, Maker] = {
    "Gaussian noise": _gaussian,
    "Rician noise": _rician,
    "uniform noise": _uniform,
    "photograph": _photograph,
    "screenshot": _screen,
    "height map": _terrain,
    "simulated phase": _phase,
    "text": _text,
    "ramps and boards": _ramp,
}
"""All kinds by name; a maker takes the running number, a plane of an accepted scan, and a generator of random numbers."""
