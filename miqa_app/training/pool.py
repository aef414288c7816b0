"""The pool: degraded slices in groups of two, made once, kept on disk, cropped anew in every epoch."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.heatmap import CELL
from miqa_app.evaluation.degradation import LOCAL_KINDS, Applied, Sample, cells, make_sample
from miqa_app.evaluation.sources import clean_slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.quality_index import QualityIndex
    from miqa_app.evaluation.sources import CleanSlice, Source

_LEAST_ZOOM = 0.6
_MOST_ZOOM = 1.6
_LARGEST_FILLED = 400
"""Slices with a longer edge are not made larger still."""

_DRAWN = (*KEYS, "ghosting", "motion", "gibbs", "bias_field")
"""Kinds in the order in which groups take them; what is hardest to see comes twice."""

_COILS = (4, 6, 8)
_SEVERAL_COILS = 0.3
"""Share of the groups whose object is seen by several receive coils."""

_CONTRAST = 0.4
"""Greatest change of contrast of a crop, as the logarithm to base 2 of the exponent of its grey values."""

_PADDED = 0.5
"""Share of the groups that are padded by up to 31 pixels, as slices are in use whose sides are no multiples of 32."""


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
            for done, _ in enumerate(
                workers.map(_write_chunk, todo), start=1 + len(jobs) - len(todo)
            ):
                yield min(done * 50, groups), groups
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
    return "groups-3"


def _quiet() -> None:
    torch.set_num_threads(1)


@dataclass(frozen=True, eq=False)
class _Plan:
    clean: NDArray[np.float32]
    artefacts: tuple[tuple[Applied, ...], tuple[Applied, ...]]
    own_scale: bool

    def samples(self) -> list[Sample]:
        """Return the two members of the group."""
        return [make_sample(self.clean, a, own_scale=self.own_scale) for a in self.artefacts]


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
    never measured and is no fault.
    """
    image = plane ** np.float32(rng.uniform(0.6, 1.5))
    choice = rng.random()
    if choice < 0.35 and min(plane.shape) > 200:
        image = _smaller(image, rng.uniform(_LEAST_ZOOM, 0.95))
    elif choice > 0.75 and max(plane.shape) < _LARGEST_FILLED:
        image = _zero_filled(image, rng.uniform(1.1, _MOST_ZOOM))
    if rng.random() < 0.5:
        image = image[:, ::-1]
    return np.ascontiguousarray(image, dtype=np.float32)


def _smaller(image: NDArray[np.float32], zoom: float) -> NDArray[np.float32]:
    """Return the image with a matrix smaller by `zoom`, by cutting k-space, Hamming-weighted to avoid ringing."""
    shape = [max(CELL, int(size * zoom) // CELL * CELL) for size in image.shape]
    spectrum = np.fft.fftshift(np.fft.fft2(image))
    corner = [(old - new) // 2 for old, new in zip(image.shape, shape, strict=True)]
    cut = spectrum[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]]
    window = np.hamming(shape[0])[:, None] * np.hamming(shape[1])[None, :]
    small = np.abs(np.fft.ifft2(np.fft.ifftshift(cut * window**0.5)))
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


class Crops(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Random crops of the groups: both members of a group cut, flipped and turned alike.

    Item: image (2, 1, E, E), q (2,) 0–1, kinds (2, K), severity (2, K) effective, cells (2, e, e) local quality 0–1,
    damaged (2, e, e), inside (2, e, e), valid (2, 1, E, E).

    Attributes:
        edge: E in pixels; may change between epochs.
        epoch: decides the crops.
    """

    def __init__(
        self,
        pool: Pool,
        index: QualityIndex,
        edge: int,
        seed: int,
        *,
        fixed: bool = False,
        fresh: float = 0.0,
    ) -> None:
        """Compute the targets of the pool.

        Args:
            pool: the groups.
            index: the mapping of Q.
            edge: E in pixels.
            seed: of the crops.
            fixed: take the same crop every time, for validation.
            fresh: share of the groups, 0-1, in whose place every epoch simulates new ones where they are asked for, in
                the worker processes of the loader.
        """
        self._samples, self._plans = pool.samples, pool.plans
        self.edge = edge
        self._seed, self._fixed, self._fresh = seed, fixed, fresh
        self._index = index
        self._q = [self._target(sample) for sample in pool.samples]
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self._samples) // 2

    @property
    def mean_target(self) -> float:
        """Return the mean of all targets, 0–1: the initial bias of the score."""
        return float(np.mean(self._q))

    def __getitem__(self, group: int) -> dict[str, torch.Tensor]:
        """Return one group, see the class."""
        rng = np.random.default_rng([self._seed, group, 0 if self._fixed else self.epoch])
        pair = self._pair(group)
        corner = self._corner(pair, rng)
        turn, flip, gain = int(rng.integers(4)), bool(rng.random() < 0.5), rng.uniform(0.9, 1.1)
        members = [self._member(sample, corner) for sample in pair]
        result = {}
        for name in members[0]:
            values = np.stack([member[name] for member in members])
            if values.ndim > 2 and name != "kinds":
                values = np.rot90(values, turn, (-2, -1))
                values = values[..., ::-1] if flip else values
            result[name] = torch.from_numpy(np.ascontiguousarray(values))
        if not self._fixed:
            gamma = float(2 ** rng.uniform(-_CONTRAST, _CONTRAST))
            result["image"] = (result["image"] * gain).clamp(0, 1) ** gamma
            if rng.random() < _PADDED:
                _pad(result, self.edge - rng.integers(0, 4 * CELL, size=2))
        return result

    def _pair(self, group: int) -> Sequence[Sample]:
        """Return the samples of a group: those of the pool, or new ones."""
        if self._fresh and self._plans and self.epoch:
            draw = np.random.default_rng([self._seed, group, self.epoch, 1]).random()
            if draw < self._fresh:
                return self._plans.of(group, self.epoch).samples()
        return self._samples[2 * group : 2 * group + 2]

    def _target(self, sample: Sample) -> float:
        return self._index.q(sample.metrics, sample.energies) / 100

    def _corner(self, pair: Sequence[Sample], rng: np.random.Generator) -> tuple[int, int]:
        """Return the upper left corner in cells; for local damage the crop holds the place of the worst."""
        damage = max(pair, key=lambda sample: float(sample.damage.max())).damage
        span = self.edge // CELL
        local = any(kind in LOCAL_KINDS for sample in pair for kind in sample.energies)
        centre = np.array(np.unravel_index(int(damage.argmax()), damage.shape)) if local else None
        corner = []
        for axis in (0, 1):
            room = max(0, damage.shape[axis] - span)
            low, high = 0, room
            if centre is not None:
                low, high = (
                    int(np.clip(centre[axis] - span + 3, 0, room)),
                    int(np.clip(centre[axis] - 2, 0, room)),
                )
            corner.append(int(rng.integers(low, max(low, high) + 1)))
        return corner[0], corner[1]

    def _member(self, sample: Sample, corner: tuple[int, int]) -> dict[str, NDArray[Any]]:
        q = self._target(sample)
        span = self.edge // CELL
        box = np.s_[corner[0] : corner[0] + span, corner[1] : corner[1] + span]
        pixels = np.s_[
            corner[0] * CELL : corner[0] * CELL + self.edge,
            corner[1] * CELL : corner[1] * CELL + self.edge,
        ]
        plane = sample.plane[pixels].astype(np.float32)
        effective = np.array(
            [
                self._index.effective_severity(kind, sample.energies[kind])
                if kind in sample.energies
                else 0
                for kind in KEYS
            ],
            dtype=np.float32,
        )
        return {
            "image": _mirrored(plane, self.edge)[None],
            "valid": _fill(np.ones(plane.shape, dtype=bool), self.edge)[None],
            "q": np.array(q, dtype=np.float32),
            "kinds": np.array([float(kind in sample.energies) for kind in KEYS], dtype=np.float32),
            "severity": effective,
            "cells": _fill(local_quality(sample, q)[box], span, 1.0),
            "damaged": _fill(damaged(sample)[box], span),
            "inside": _fill(sample.inside[box], span),
        }


def local_quality(sample: Sample, q: float) -> NDArray[np.float32]:
    """Return the target of the score map, 0–1: as far below 1 as the local damage is high, with mean near q."""
    if not sample.energies or not sample.inside.any():
        return np.full(sample.damage.shape, q, dtype=np.float32)
    mean = float(sample.damage[sample.inside].mean())
    relative = np.minimum(sample.damage / max(mean, 1e-6), 4.0)
    return np.asarray(np.clip(1 - (1 - q) * relative, -0.1, 1), dtype=np.float32)


def damaged(sample: Sample) -> NDArray[np.bool_]:
    """Return the cells whose damage is at least half of the mean on the object."""
    if not sample.energies or not sample.inside.any():
        return np.zeros(sample.damage.shape, dtype=bool)
    return np.asarray(sample.damage > 0.5 * max(float(sample.damage[sample.inside].mean()), 1e-6))


def _pad(group: dict[str, torch.Tensor], kept: NDArray[np.int64]) -> None:
    """Replace what lies beyond the first rows and columns by its mirror image, as the network pads a slice."""
    rows, columns = (int(size) for size in kept)
    edge = group["image"].shape[-1]
    image = group["image"][..., :rows, :columns]
    group["image"] = functional.pad(image, (0, edge - columns, 0, edge - rows), mode="reflect")
    group["valid"][..., rows:, :] = False
    group["valid"][..., columns:] = False


def _mirrored(plane: NDArray[np.float32], edge: int) -> NDArray[np.float32]:
    """Return (edge, edge): a slice that is smaller is mirrored at its lower and right side."""
    pad = [(0, edge - size) for size in plane.shape]
    return np.pad(plane, pad, mode="reflect") if any(after for _, after in pad) else plane


def _fill(values: NDArray[Any], edge: int, value: float = 0) -> NDArray[Any]:
    """Return (edge, edge): cut or filled at the lower and right side."""
    values = values[:edge, :edge]
    pad = [(0, edge - size) for size in values.shape]
    return np.pad(values, pad, constant_values=value) if any(after for _, after in pad) else values


__all__ = ["Crops", "Pool", "cells", "local_quality", "make_pool", "varied"]
