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

_CONTRAST = 0.4
"""Greatest change of contrast of a crop, as the logarithm to base 2 of the exponent of its grey values."""

_PADDED = 0.5
"""Share of the groups that are padded by up to 31 pixels, as slices are in use whose sides are no multiples of 32."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Groups of two samples of one clean slice.

    Attributes:
        samples: two per group, neighbours.
    """

    samples: list[Sample]

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
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        slices = list(clean_slices(sources, data))
        jobs = [
            (folder / f"{first}.npz", _plans(slices, first, min(first + 50, groups), seed))
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
        ]
    )


def _recipe_of_pool() -> str:
    """Return what changes when the way of drawing changes, so that an old cache is not taken for a new one."""
    return "groups-2"


def _quiet() -> None:
    torch.set_num_threads(1)


@dataclass(frozen=True, eq=False)
class _Plan:
    clean: NDArray[np.float32]
    artefacts: tuple[tuple[Applied, ...], tuple[Applied, ...]]
    own_scale: bool


def _plans(slices: Sequence[CleanSlice], first: int, last: int, seed: int) -> list[_Plan]:
    """Return the plans of a chunk; data sets are drawn with the square root of their number of slices."""
    names = np.array([item.source.name for item in slices])
    weights = np.array([1 / np.sqrt((names == name).sum()) for name in names])
    plans = []
    for group in range(first, last):
        rng = np.random.default_rng([seed, group])
        item = slices[int(rng.choice(len(slices), p=weights / weights.sum()))]
        plans.append(_Plan(varied(item.plane, rng), _draw(group, rng), bool(rng.random() < 0.6)))
    return plans


def _draw(group: int, rng: np.random.Generator) -> tuple[tuple[Applied, ...], tuple[Applied, ...]]:
    """Return the artefacts of the two members: another severity, clean against one, or one against two."""
    kind = KEYS[group % len(KEYS)]
    only = bool(rng.random() < (0.5 if kind in KEYS[:4] else 0.15))
    seed = int(rng.integers(2**31))
    severity = float(np.clip(rng.beta(1.0, 1.1), 0.02, 1))
    one = Applied(kind, severity, seed, only)
    choice = rng.random()
    if choice < 0.5:
        other = float(np.clip(rng.beta(1.0, 1.1), 0.02, 1))
        return (one,), (Applied(kind, other, seed, only),)
    if choice < 0.85:
        return (), (one,)
    second = KEYS[int(rng.integers(len(KEYS)))]
    added = Applied(second, float(np.clip(rng.beta(1.0, 1.5), 0.05, 1)), seed + 1, only)
    return (one,), (one, added) if second != kind else (one,)


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
        for member, artefacts in enumerate(plan.artefacts):
            sample = make_sample(plan.clean, artefacts, own_scale=plan.own_scale)
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
        self, pool: Pool, index: QualityIndex, edge: int, seed: int, *, fixed: bool = False
    ) -> None:
        """Compute the targets of the pool; `fixed` takes the same crop every time, for validation."""
        self._samples = pool.samples
        self.edge = edge
        self._seed, self._fixed = seed, fixed
        self._index = index
        self._q = [index.q(sample.metrics, sample.energies) / 100 for sample in pool.samples]
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
        pair = self._samples[2 * group : 2 * group + 2]
        corner = self._corner(pair, rng)
        turn, flip, gain = int(rng.integers(4)), bool(rng.random() < 0.5), rng.uniform(0.9, 1.1)
        members = [self._member(2 * group + place, corner) for place in range(2)]
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

    def _member(self, number: int, corner: tuple[int, int]) -> dict[str, NDArray[Any]]:
        sample, q = self._samples[number], self._q[number]
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
