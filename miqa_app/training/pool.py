"""The pool: degraded slices in groups of two, made once, kept on disk, cropped anew in every epoch."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.heatmap import CELL
from miqa_app.errors import MiqaError
from miqa_app.evaluation.degradation import Applied, Sample, coarse_matrix, make_sample
from miqa_app.evaluation.sources import clean_slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.sources import CleanSlice, Source

_LEAST_ZOOM = 0.6
_MOST_ZOOM = 1.6
_LARGEST_FILLED = 400
"""Slices with a longer edge are not made larger still."""

_COARSE = 0.3
"""Share of the groups that get a coarse matrix."""

_COARSE_EDGE = (80, 176)
"""Bounds of the longer edge of a coarse matrix in pixels, as echo-planar imaging acquires them."""

_LEAST_COARSENING = 0.8
"""Slices whose matrix is hardly larger than the coarse one stay as they are."""

_DRAWN = (*KEYS, "ghosting", "motion", "gibbs", "bias_field")
"""Kinds in the order in which groups take them; what is hardest to see comes twice."""

_COILS = (4, 6, 8)
_SEVERAL_COILS = 0.3
"""Share of the groups whose object is seen by several receive coils."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Groups of two samples of one clean slice.

    Attributes:
        samples: two per group, neighbours.
        plans: how new groups are drawn, where the clean slices are at hand.
    """

    samples: list[Sample]
    plans: Plans | None = None

    @property
    def metrics(self) -> NDArray[np.float64]:
        """Return (degraded samples, metrics)."""
        return np.array([sample.metrics for sample in self.samples if sample.energies])

    def energies(self) -> dict[str, list[float]]:
        """Return all energies by artefact kind."""
        return {
            kind: [s.energies[kind] for s in self.samples if kind in s.energies] for kind in KEYS
        }


def make_pool(
    sources: Sequence[Source], data: Path, groups: int, seed: int, cache: Path
) -> Iterator[tuple[int, int] | Pool]:
    """Yield (groups done, groups) while samples are made on all cores, and last the pool.

    A pool made before from the same sources, number and seed is read from `cache`.

    Raises:
        BadRecipe: a scan is missing.
        MiqaError: a process was ended from outside.
    """
    text = json.dumps(
        [[source.model_dump() for source in sources], groups, seed, _recipe_of_pool()]
    )
    folder = cache / f"pool-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    plans = Plans(list(clean_slices(sources, data)), seed)
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        jobs = [
            (
                folder / f"{first}.npz",
                [plans.of(group) for group in range(first, min(first + 50, groups))],
            )
            for first in range(0, groups, 50)
        ]
        todo = [job for job in jobs if not job[0].exists()]
        with ProcessPoolExecutor(
            os.cpu_count(), mp_context=get_context("spawn"), initializer=_quiet
        ) as workers:
            try:
                for done, _ in enumerate(
                    workers.map(_write_chunk, todo), start=1 + len(jobs) - len(todo)
                ):
                    yield min(done * 50, groups), groups
            except BrokenProcessPool as error:
                message = (
                    f"A process that degrades slices was ended from outside, most often because memory ran out. What is "
                    f"done lies in {folder}; close other programs and start the same again, it goes on from there."
                )
                raise MiqaError(message) from error
        (folder / "complete").touch()
    yield Pool(
        [
            sample
            for first in range(0, groups, 50)
            for sample in _read_chunk(folder / f"{first}.npz")
        ],
        plans,
    )


def _recipe_of_pool() -> str:
    """Return what changes when the way of drawing changes, so that an old cache is not taken for a new one."""
    return "groups-4"


def _quiet() -> None:
    torch.set_num_threads(1)


@dataclass(frozen=True, eq=False)
class _Plan:
    clean: NDArray[np.float32]
    artefacts: tuple[tuple[Applied, ...], tuple[Applied, ...]]
    own_scale: bool

    def samples(self) -> list[Sample]:
        """Return the two members of the group."""
        brightest = None if self.own_scale else 1.0
        return [make_sample(self.clean, artefacts, brightest) for artefacts in self.artefacts]


class Plans:
    """Draws groups from clean slices; data sets are drawn with the square root of their number of slices."""

    def __init__(self, slices: Sequence[CleanSlice], seed: int) -> None:
        """Keep the slices and the seed of all draws."""
        names = np.array([item.source.name for item in slices])
        weights = np.array([1 / np.sqrt((names == name).sum()) for name in names])
        self._slices, self._seed = slices, seed
        self._weights = weights / weights.sum()

    def of(self, group: int, epoch: int = 0) -> _Plan:
        """Return the plan of a group; every epoch above 0 has groups of its own."""
        rng = np.random.default_rng([self._seed, group, epoch] if epoch else [self._seed, group])
        item = self._slices[int(rng.choice(len(self._slices), p=self._weights))]
        return _Plan(varied(item.plane, rng), _draw(group, rng), bool(rng.random() < 0.6))


def _draw(group: int, rng: np.random.Generator) -> tuple[tuple[Applied, ...], tuple[Applied, ...]]:
    """Return the artefacts of the two members: another severity, clean against one, or one against two or three."""
    kind = _DRAWN[group % len(_DRAWN)]
    only = bool(rng.random() < (0.5 if kind in KEYS[:4] else 0.15))
    coils = int(rng.choice(_COILS)) if rng.random() < _SEVERAL_COILS else 1
    seed = int(rng.integers(2**31))
    one = Applied(kind, _severity(rng, 1.1), seed, only, coils)
    choice = rng.random()
    if choice < 0.45:
        return (one,), (Applied(kind, _severity(rng, 1.1), seed, only, coils),)
    if choice < 0.8:
        return (), (one,)
    others = [key for key in KEYS if key != kind]
    more = rng.choice(others, size=1 + int(rng.random() < 0.4), replace=False)
    added = [
        Applied(str(key), _severity(rng, 1.5), seed + place, only, coils)
        for place, key in enumerate(more, start=1)
    ]
    return (one,), (one, *added)


def _severity(rng: np.random.Generator, fall: float) -> float:
    """Return a severity, small ones somewhat more often the larger `fall`; never so small that nothing is seen."""
    return float(np.clip(rng.beta(1.0, fall), 0.02, 1))


def varied(plane: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a clean slice with another contrast (gamma), another resolution and another orientation.

    The resolution is lowered by cutting the spectrum together with the matrix, as a smaller matrix at the same field
    of view would. It is raised by filling k-space with zeros, as scanners do: what such a slice lacks in sharpness was
    never measured and is no fault. A coarse matrix without interpolation shows edges from one pixel to the next, as
    echo-planar images do; they are no fault either.
    """
    image = plane ** np.float32(rng.uniform(0.6, 1.5))
    choice = rng.random()
    coarse = rng.uniform(*_COARSE_EDGE) / max(plane.shape)
    if choice < _COARSE and coarse < _LEAST_COARSENING:
        image = _coarse(image, coarse, rng)
    elif choice < 0.55 and min(plane.shape) > 200:
        image = _smaller(image, rng.uniform(_LEAST_ZOOM, 0.95))
    elif choice > 0.75 and max(plane.shape) < _LARGEST_FILLED:
        image = _zero_filled(image, rng.uniform(1.1, _MOST_ZOOM))
    if rng.random() < 0.5:
        image = image[:, ::-1]
    return np.ascontiguousarray(image, dtype=np.float32)


def _coarse(
    image: NDArray[np.float32], zoom: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the image with a matrix smaller by `zoom`: half of the time means over pixels, else k-space cut and weighted."""
    if rng.random() < 0.5:
        return _smaller(image, zoom, taper=rng.uniform(0.35, 1.0))
    return coarse_matrix(image, zoom * max(image.shape))


def _smaller(image: NDArray[np.float32], zoom: float, taper: float = 0.5) -> NDArray[np.float32]:
    """Return the image with a matrix smaller by `zoom`, by cutting k-space, weighted by a power of Hamming's window."""
    shape = [max(CELL, int(size * zoom) // CELL * CELL) for size in image.shape]
    spectrum = np.fft.fftshift(np.fft.fft2(image))
    corner = [(old - new) // 2 for old, new in zip(image.shape, shape, strict=True)]
    cut = spectrum[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]]
    window = np.hamming(shape[0])[:, None] * np.hamming(shape[1])[None, :]
    small = np.abs(np.fft.ifft2(np.fft.ifftshift(cut * window**taper)))
    return np.clip(small * (small.size / image.size), 0, 1).astype(np.float32)


def _zero_filled(image: NDArray[np.float32], zoom: float) -> NDArray[np.float32]:
    """Return the image with a matrix larger by `zoom`, interpolated by zeros around k-space."""
    shape = [int(size * zoom) // CELL * CELL for size in image.shape]
    before = [new // 2 - old // 2 for old, new in zip(image.shape, shape, strict=True)]
    around = [
        (first, new - old - first)
        for old, new, first in zip(image.shape, shape, before, strict=True)
    ]
    spectrum = np.pad(np.fft.fftshift(np.fft.fft2(image)), around)
    large = np.abs(np.fft.ifft2(np.fft.ifftshift(spectrum)))
    return np.clip(large * (large.size / image.size), 0, 1).astype(np.float32)


def _write_chunk(job: tuple[Path, list[_Plan]]) -> None:
    path, plans = job
    arrays: dict[str, Any] = {}
    for index, plan in enumerate(plans):
        for member, sample in enumerate(plan.samples()):
            name = f"{index}-{member}"
            arrays[f"plane-{name}"] = np.rint(sample.plane * 65535).astype(np.uint16)
            arrays[f"damage-{name}"] = sample.damage.astype(np.float16)
            arrays[f"inside-{name}"] = sample.inside
            facts = {
                "metrics": list(sample.metrics),
                "energies": dict(sample.energies),
                "severities": dict(sample.severities),
            }
            arrays[f"facts-{name}"] = np.array(json.dumps(facts))
    partial = path.with_suffix(".part.npz")
    np.savez(partial, **arrays)
    partial.replace(path)


def _read_chunk(path: Path) -> Iterator[Sample]:
    with np.load(path) as arrays:
        for name in [key[6:] for key in arrays.files if key.startswith("plane-")]:
            facts = json.loads(str(arrays[f"facts-{name}"]))
            plane = (arrays[f"plane-{name}"] / np.float32(65535)).astype(np.float16)
            yield Sample(
                plane,
                facts["metrics"],
                facts["energies"],
                facts["severities"],
                arrays[f"damage-{name}"].astype(np.float32),
                arrays[f"inside-{name}"],
            )
