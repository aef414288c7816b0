"""What the scope check learns from: training slices in many guises, damaged ones among them, and made-up pictures.

A bad scan must be told that it is bad, so damaged slices stand on the side of the scans. Gains, fields of view,
resolutions and contrasts that no training source has are imitated, because new scanners bring them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from miqa_app.artefacts import degrade
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.foreground import EMPTY_SHARE, object_mask
from miqa_app.core.slices import network_plane, object_share, series_scale
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.degradation import rescaled
from miqa_app.evaluation.made_up import FAMILIES, made_up
from miqa_app.imaging import load
from miqa_app.scoring.scope import scope_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.sources import Source
    from miqa_app.scoring.prediction import PlaneEngine

    Plane = NDArray[np.float32]

PER_SOURCE = 104
PER_FAMILY = 40
_FRAMES = 6
_STACK = 3
_SEVERITIES = (0.5, 1.0)
_LEAST_EDGE = 96
_SMALLEST = 64
_WIDEST = 512


@dataclass(frozen=True, eq=False)
class Samples:
    """Features of pictures and where these came from.

    Attributes:
        features: (n, F) float32, see `scope_features`.
        group: (n,) name of the source, of the family of made-up pictures, or of the validation source.
        stack: (n,) pictures of one series under one kind of damage share a number; -1 for pictures by themselves.
        part: (n,) 'train', 'validation' or 'made up'.
    """

    features: NDArray[np.float32]
    group: NDArray[np.str_]
    stack: NDArray[np.int64]
    part: NDArray[np.str_]


def collect(
    train: Sequence[Source],
    validation: Sequence[Source],
    data: Path,
    engine: PlaneEngine,
    seed: int,
) -> Iterator[tuple[int, int] | Samples]:
    """Yield (pictures done, pictures) and last the samples.

    Every training source gives the same number of pictures, so that the largest does not set the measure.
    Validation series come as stacks of three slices, clean and damaged by every kind.

    Raises:
        BadRecipe: a path is missing.
    """
    pool = {name: _planes(own, data) for name, own in _by_name(train).items()}
    stacks = [
        (source.name, stack) for source in validation for stack in _stacks(source, data, _STACK)
    ]
    total = PER_SOURCE * len(pool) + PER_FAMILY * len(FAMILIES)
    total += sum(len(stack) for _, stack in stacks) * len(_conditions())
    found: list[tuple[NDArray[np.float32], str, int, str]] = []
    for plane, group, number, part in _pictures(pool, stacks, seed):
        found.append((_features(plane, engine), group, number, part))
        yield len(found), total
    features, groups, numbers, parts = zip(*found, strict=True)
    yield Samples(np.stack(features), np.array(groups), np.array(numbers), np.array(parts))


def _pictures(
    pool: dict[str, list[Plane]],
    stacks: Sequence[tuple[str, list[Plane]]],
    seed: int,
) -> Iterator[tuple[Plane, str, int, str]]:
    for place, (name, planes) in enumerate(pool.items()):
        for count in range(PER_SOURCE):
            rng = np.random.default_rng([seed, 1, place, count])
            yield _guise(planes[count % len(planes)], count, rng), name, -1, "train"
    everything = [plane for planes in pool.values() for plane in planes]
    for place, family in enumerate(FAMILIES):
        for count in range(PER_FAMILY):
            rng = np.random.default_rng([seed, 2, place, count])
            start = everything[int(rng.integers(len(everything)))]
            yield made_up(family, start, rng), family, -1, "made up"
    number = 0
    for name, stack in stacks:
        for kind, severity in _conditions():
            for plane in stack:
                yield _damaged(plane, kind, severity, seed + number), name, number, "validation"
            number += 1


def _conditions() -> list[tuple[str, float]]:
    """Return what is done to every validation series: nothing, and every kind, severe or at its worst in turn."""
    return [(KEYS[0], 0.0), *zip(KEYS, _SEVERITIES * len(KEYS), strict=False)]


def _features(plane: Plane, engine: PlaneEngine) -> NDArray[np.float32]:
    return scope_features(plane, next(iter(engine.predict([plane]))).embedding)


def _by_name(sources: Sequence[Source]) -> dict[str, list[Source]]:
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.name, []).append(source)
    return groups


def _planes(sources: Sequence[Source], data: Path) -> list[Plane]:
    """Return planes of all series of the sources, mixed so that any first few come from many series."""
    stacks = [stack for source in sources for stack in _stacks(source, data, _FRAMES)]
    return [stack[place] for place in range(_FRAMES) for stack in stacks if place < len(stack)]


def _stacks(source: Source, data: Path, count: int) -> Iterator[list[Plane]]:
    """Yield at most `count` whole planes of every series, evenly spaced over those that show an object."""
    if not (data / source.path).exists():
        message = f"The recipe names {source.path}, which is not in {data}; give the data folder with --data."
        raise BadRecipe(message)
    found = [series for series in load(data / source.path) if min(series.shape) >= _LEAST_EDGE]
    for series in found[: source.stacks or None]:
        scale = series_scale(series)
        last = min(source.frames or series.frames, series.frames)
        planes = [network_plane(series, frame, scale) for frame in range(last)]
        planes = [plane for plane in planes if object_share(plane) >= EMPTY_SHARE]
        places = np.unique(np.linspace(0, len(planes) - 1, count).round().astype(int))
        if planes:
            yield [planes[int(place)] for place in places]


def _guise(plane: Plane, count: int, rng: np.random.Generator) -> Plane:
    """Return the plane as acquired (one of four), in another guise, damaged, or both."""
    if count % 4 in (1, 3):
        plane = _other_scanner(plane, rng)
    if count % 4 in (2, 3):
        damage = count // 2  # every kind in its turn, whatever else is drawn beside it
        for _ in range(int(rng.choice((1, 1, 2)))):
            kind, severity = KEYS[damage % len(KEYS)], float(rng.uniform(0.05, 1))
            damage += int(rng.integers(1, len(KEYS)))
            plane = _damaged(plane, kind, severity, int(rng.integers(2**31)))
    return plane


def _damaged(plane: Plane, kind: str, severity: float, seed: int) -> Plane:
    image = degrade(plane, kind, severity, seed).image
    # no magnitude image reaches below zero, whatever pattern was added to it
    return rescaled(np.maximum(image, 0).astype(np.float32))


def _other_scanner(plane: Plane, rng: np.random.Generator) -> Plane:
    """Return the plane turned, cut, resampled, with another contrast, shading and air."""
    if rng.random() < 0.5:
        plane = np.ascontiguousarray(plane.T)
    if rng.random() < 0.5:
        plane = np.ascontiguousarray(plane[::-1])
    if rng.random() < 0.5:
        plane = np.ascontiguousarray(plane[:, ::-1])
    if rng.random() < 0.3:
        plane = np.where(ndimage.binary_dilation(object_mask(plane), iterations=2), plane, 0)
    plane = _resampled(_cut(plane, rng), rng)
    y, x = (np.linspace(-1, 1, size) for size in plane.shape)
    shading = np.exp(rng.normal(0, 0.15) * y[:, None] + rng.normal(0, 0.15) * x[None])
    toned = np.maximum(plane, 0) ** np.exp(rng.uniform(-0.5, 0.5)) * shading
    return rescaled(np.asarray(toned, dtype=np.float32))


def _cut(plane: Plane, rng: np.random.Generator) -> Plane:
    """Return the plane with another field of view: cut on the object, or with more air around it."""
    share = rng.uniform(0.65, 1.2)
    if share > 1:
        pads = [round(size * (share - 1) / 2) for size in plane.shape]
        return np.pad(plane, [(pad, pad) for pad in pads])
    sizes = [max(_SMALLEST, round(size * share)) for size in plane.shape]
    starts = [
        int(rng.integers(0, max(1, whole - size + 1)))
        for whole, size in zip(plane.shape, sizes, strict=True)
    ]
    part = plane[tuple(slice(a, a + size) for a, size in zip(starts, sizes, strict=True))]
    return part if object_share(part) > 0.1 and part.max() > 0 else plane


def _resampled(plane: Plane, rng: np.random.Generator) -> Plane:
    """Return the plane with another matrix over the same field of view, by cubic splines."""
    factor = float(np.clip(rng.uniform(0.5, 1.5), _SMALLEST / min(plane.shape), None))
    factor = min(factor, max(1.0, _WIDEST / max(plane.shape)))
    if rng.random() < 0.4 or abs(factor - 1) < 0.05:
        return plane
    smooth = ndimage.gaussian_filter(plane, 0.4 / factor) if factor < 1 else plane
    return np.asarray(np.clip(ndimage.zoom(smooth, factor, order=3), 0, None), dtype=np.float32)
