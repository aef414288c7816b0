"""Degraded slices with their targets: what training learns from and what evaluation asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from miqa_app.artefacts import degrade
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.foreground import object_mask
from miqa_app.core.heatmap import CELL
from miqa_app.core.slices import robust_scale
from miqa_app.evaluation.quality_index import full_reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LOCAL_KINDS = ("wrap", "zipper", "signal_loss")
"""Kinds whose damage lies in one place, for which the place of the score map can be checked."""


@dataclass(frozen=True)
class Applied:
    """One artefact to apply: kind, severity 0–1, seed, whether air is spared, and the number of receive coils."""

    kind: str
    severity: float
    seed: int
    object_only: bool = False
    coils: int = 1


@dataclass(frozen=True, eq=False)
class Sample:
    """A degraded slice as the network will see it, and what is known about it.

    Attributes:
        plane: (H, W) float32, in [0, 1] after scaling by its own robust percentiles as a lone slice is; or on the scale
            of the clean slice and cut off where asked for.
        metrics: `full_reference` against the clean slice; empty for a clean one.
        energies: energy on the object by artefact kind, in units of (peak signal)².
        severities: severity asked for, by kind.
        damage: (H/8, W/8) local root mean square of the difference, share of the peak signal.
        inside: (H/8, W/8) True where the cell lies mostly on the object.
    """

    plane: NDArray[np.float32]
    metrics: Sequence[float]
    energies: Mapping[str, float]
    severities: Mapping[str, float]
    damage: NDArray[np.float32]
    inside: NDArray[np.bool_]


def make_sample(
    clean: NDArray[np.float32],
    artefacts: Sequence[Applied],
    brightest: float | None = None,
) -> Sample:
    """Return the slice with the artefacts applied one after the other.

    Args:
        clean: (H, W) float32 in [0, 1].
        artefacts: what to apply; none gives the clean slice.
        brightest: keep the scale of the clean series and cut it off there; None to scale the result by its own percentiles.
    """
    mask = object_mask(clean)
    image = clean
    energies: dict[str, float] = {}
    damage = np.zeros_like(clean)
    for item in artefacts:
        done = degrade(
            image,
            item.kind,
            item.severity,
            item.seed,
            object_only=item.object_only,
            mask=mask,
            coils=item.coils,
        )
        image = np.asarray(done.image, dtype=np.float32)
        energies[item.kind] = done.energy
        damage = np.sqrt(damage**2 + done.map**2)
    metrics = full_reference(*_cut(clean, image, mask)) if artefacts else []
    return Sample(
        rescaled(image) if brightest is None else np.clip(image, 0, brightest).astype(np.float32),
        metrics,
        energies,
        {item.kind: item.severity for item in artefacts},
        cells(damage),
        cells(mask.astype(np.float32)) > 0.5,
    )


def rescaled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image scaled to [0, 1] by its own robust percentiles, as a lone slice is in use."""
    scale = robust_scale(image.reshape(-1))
    scaled = (image - scale.low) / (scale.high - scale.low)
    return np.asarray(np.clip(scaled, 0, 1), dtype=np.float32)


def coarse_matrix(plane: NDArray[np.float32], longer: float) -> NDArray[np.float32]:
    """Return a plane (H, W) with a coarser matrix: means over pixels, so that edges run from one pixel to the next.

    Args:
        plane: grey values.
        longer: wished length of the longer edge in pixels, at most the present one; edges come out as multiples of 8.
    """
    zoom = min(1.0, longer / max(plane.shape))
    shape = [max(CELL, int(size * zoom) // CELL * CELL) for size in plane.shape]
    whole = torch.from_numpy(np.ascontiguousarray(plane, dtype=np.float32))[None, None]
    return np.asarray(torch.nn.functional.interpolate(whole, size=shape, mode="area")[0, 0].numpy())


def cells(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the mean over cells of 8×8 pixels; a rest at the lower and right edge is averaged as it is."""
    height, width = (-(-size // CELL) * CELL for size in values.shape)
    padded = np.pad(
        values, ((0, height - values.shape[0]), (0, width - values.shape[1])), mode="edge"
    )
    return np.asarray(
        padded.reshape(height // CELL, CELL, width // CELL, CELL).mean((1, 3)), dtype=np.float32
    )


def kind_targets(severities: Mapping[str, float]) -> NDArray[np.float32]:
    """Return (kinds,) 1 where the kind was applied."""
    return np.array([float(kind in severities) for kind in KEYS], dtype=np.float32)


def _cut(
    clean: NDArray[np.float32], image: NDArray[np.float32], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return both planes cut to the object's bounding box, so that air does not dilute the metrics."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) < 2 or len(columns) < 2:
        return clean, image
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return clean[box], image[box]
