"""Crops of the pool for training and validation, with their targets, both members of a group cut alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.foreground import without_air
from miqa_app.core.heatmap import CELL
from miqa_app.evaluation.degradation import LOCAL_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.degradation import Sample
    from miqa_app.evaluation.quality_index import QualityIndex
    from miqa_app.training.pool import Pool

_CONTRAST = 0.4
"""Greatest change of contrast of a crop, as the logarithm to base 2 of the exponent of its grey values."""

_PADDED = 0.5
"""Share of the groups that are padded by up to 31 pixels, as slices are in use whose sides are no multiples of 32."""

_MASKED = 0.3
"""Share of the groups whose air is set to zero, as many scanners do; their noise and ghosts show on the object alone."""

_MASK_LEVELS = (0.02, 0.15)
"""Bounds of the level, as a share of full scale, below which such a slice is taken for air."""

_MOST_UNFILLED = 0.05


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
        mask = _mask(rng) if not self._fixed and rng.random() < _MASKED else None
        members = [self._member(sample, corner, mask) for sample in pair]
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

    def _member(
        self, sample: Sample, corner: tuple[int, int], mask: dict[str, Any] | None
    ) -> dict[str, NDArray[Any]]:
        q = self._target(sample)
        whole = without_air(sample.plane, **mask) if mask else sample.plane
        span = self.edge // CELL
        box = np.s_[corner[0] : corner[0] + span, corner[1] : corner[1] + span]
        pixels = np.s_[
            corner[0] * CELL : corner[0] * CELL + self.edge,
            corner[1] * CELL : corner[1] * CELL + self.edge,
        ]
        plane = whole[pixels].astype(np.float32)
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


def _mask(rng: np.random.Generator) -> dict[str, Any]:
    """Return how the air of a group is found, for `without_air`."""
    filled = bool(rng.random() < 0.7)
    level = float(np.exp(rng.uniform(*np.log(_MASK_LEVELS))))
    # without filling, a high level would punch holes into dark tissue
    return {
        "level": level if filled else min(level, _MOST_UNFILLED),
        "radius": int(rng.integers(3)),
        "filled": filled,
    }


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
