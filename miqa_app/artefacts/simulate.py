"""Degrade a magnitude image: one call, one artefact, and a map of where it did how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.artefacts.arrays import (
    Array,
    filtered,
    gaussian_transfer,
    like,
    namespace,
    smooth_field,
)
from miqa_app.artefacts.coils import joined, receiver
from miqa_app.artefacts.kinds import PATTERN_RMS, PATTERNS, TRANSFORMS, motion
from miqa_app.artefacts.volume_motion import moved_volume
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.foreground import object_mask
from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

MAP_BLUR = 3.0
"""Standard deviation in pixels over which the local damage is averaged."""

_ROW_ENCODED = 0.5
"""Probability that the phase direction runs along the rows of the array."""


@dataclass(frozen=True, eq=False)
class Degraded:
    """A degraded image and what was done to it.

    Attributes:
        image: same shape as the input, same units; ≥ 0 for kinds reconstructed as magnitude.
        kind: artefact kind.
        severity: 0–1 as asked for.
        energy: mean square of the difference on the object, in units of (peak signal)².
        map: same shape, ≥ 0: local root mean square of the difference as a share of the peak signal.
    """

    image: Array
    kind: str
    severity: float
    energy: float
    map: Array


def degrade(
    image: Array,
    kind: str,
    severity: float,
    seed: int,
    *,
    object_only: bool = False,
    mask: Any = None,
    coils: int = 1,
) -> Degraded:
    """Return the image with one artefact.

    Args:
        image: (H, W) slice or (slices, H, W) volume of magnitudes ≥ 0, NumPy or torch float32; a volume shares its
            random parameters over all slices, noise is drawn for each.
        kind: a key of core.artefact_kinds.
        severity: 0 (unchanged) to 1 (useless).
        seed: any integer; the same seed gives the same artefact at another severity, and in NumPy and torch.
        object_only: leave the air untouched, as RAD-IQMRI's images were made.
        mask: (H, W) or (slices, H, W) object mask; found by itself when not given.
        coils: receive coils that see the object and are joined by the root of the sum of squares; the four added
            patterns of RAD-IQMRI know none.

    Raises:
        BadRequest: unknown kind, severity outside 0–1, or an image without signal.
    """
    if kind not in KEYS:
        message = f"There is no artefact kind '{kind}'; choose one of {', '.join(KEYS)}."
        raise BadRequest(message)
    _check_severity(severity)
    xp = namespace(image)
    peak = _peak(image)
    unit = image / peak
    masked = like(_mask(unit) if mask is None else np.asarray(mask), image)
    if severity == 0:
        return Degraded(image + 0, kind, 0.0, 0.0, xp.zeros_like(image))
    rng = np.random.default_rng([seed & 0xFFFFFFFF, KEYS.index(kind)])
    turned = kind in _DIRECTED and rng.random() > _ROW_ENCODED
    view, region = (_turn(unit), _turn(masked)) if turned else (unit, masked)
    if kind in PATTERNS:
        result = _add_pattern(view, kind, severity, rng, region)
    else:
        phase = np.pi * 0.8 * smooth_field((int(view.shape[-2]), int(view.shape[-1])), rng)
        sight = view * like(np.exp(1j * phase), view)
        if coils == 1:
            result = xp.abs(TRANSFORMS[kind](sight, severity, rng))
        else:
            result = _with_coils(sight, kind, severity, rng, coils)
    result = _turn(result) if turned else result
    if object_only:
        result = unit + masked * (result - unit)
    difference = result - unit
    energy = float((difference**2 * masked).sum() / max(float(masked.sum()), 1.0))
    return Degraded(result * peak, kind, float(severity), energy, local_damage(difference))


def degrade_by_motion(
    volume: np.ndarray, severity: float, seed: int, slice_spacing: float
) -> Degraded:
    """Return a multi-slice scan of an object that moves in space, the same course of poses for all slices.

    Args:
        volume: (slices, H, W) magnitudes ≥ 0, at least two slices.
        severity: 0 (unchanged) to 1 (useless).
        seed: any integer; the same seed gives the same course at another severity.
        slice_spacing: distance of neighbouring slices in pixels, > 0.

    Raises:
        BadRequest: severity outside 0–1, or a volume without signal.
    """
    if severity == 0:
        return degrade(volume, "motion", 0.0, seed)
    _check_severity(severity)
    peak = _peak(volume)
    unit = volume / peak
    rng = np.random.default_rng([seed & 0xFFFFFFFF, KEYS.index("motion"), 3])
    turned = rng.random() > _ROW_ENCODED
    view = np.asarray(_turn(unit) if turned else unit, dtype=np.float32)
    moved = moved_volume(view, severity, rng, slice_spacing)
    difference = (_turn(moved) if turned else moved) - unit
    mask = _mask(unit)
    energy = float((difference**2 * mask).sum() / max(float(mask.sum()), 1.0))
    return Degraded(
        (unit + difference) * peak, "motion", float(severity), energy, local_damage(difference)
    )


def _check_severity(severity: float) -> None:
    if not 0 <= severity <= 1:
        message = f"A severity must lie between 0 and 1, not {severity}."
        raise BadRequest(message)


def degrade_batch(
    images: Array, kinds: Sequence[str], severities: Sequence[float], seeds: Sequence[int]
) -> list[Degraded]:
    """Return one degradation per image of a (B, H, W) torch batch, computed on the batch's device."""
    return [
        degrade(image, kind, severity, seed)
        for image, kind, severity, seed in zip(images, kinds, severities, seeds, strict=True)
    ]


def local_damage(difference: Array) -> Array:
    """Return the local root mean square of a difference image, smoothed over `MAP_BLUR` pixels."""
    xp = namespace(difference)
    shape = (int(difference.shape[-2]), int(difference.shape[-1]))
    mean_square = xp.real(
        filtered(difference**2 + 0j, gaussian_transfer(shape, MAP_BLUR, MAP_BLUR))
    )
    return xp.sqrt(mean_square * (mean_square > 0))


def _with_coils(
    sight: Array, kind: str, severity: float, rng: np.random.Generator, coils: int
) -> Array:
    """Return the joined magnitude after the artefact met the signal of every coil."""
    receive = receiver(sight, coils, np.random.default_rng(rng.integers(2**32)))
    if kind == "motion":
        return joined(motion(sight, severity, rng, receive))
    # a disturbance from outside has the strength of the joined signal in all coils together, noise arises in each
    share = 1.0 if kind == "rician_noise" else coils**0.5
    return joined(TRANSFORMS[kind](receive(sight) * share, severity, rng)) / share


_DIRECTED = frozenset({"ghosting", "edge_ghosting", "motion", "gibbs", "wrap", "zipper", "blur"})


def _add_pattern(
    unit: Array, kind: str, severity: float, rng: np.random.Generator, mask: Array
) -> Array:
    """Add a pattern with mean square (PATTERN_RMS · severity)² on the object, exactly, slice by slice."""
    xp = namespace(unit)
    pattern = PATTERNS[kind](unit, rng)
    area = xp.sum(mask, (-2, -1))[..., None, None]
    rms = xp.sqrt(xp.sum(pattern**2 * mask, (-2, -1))[..., None, None] / (area + (area == 0)))
    scale = PATTERN_RMS * severity / (rms + (rms == 0))
    return unit + scale * pattern


def _peak(image: Array) -> float:
    """Return the 99.7th percentile of the magnitudes, the unit of all amplitudes.

    Raises:
        BadRequest: the image is empty.
    """
    values = image if isinstance(image, np.ndarray) else image.detach().cpu().numpy()
    peak = float(np.percentile(values, 99.7)) or float(values.max())
    if not peak > 0 or not np.isfinite(peak):
        message = "The image holds no signal to degrade."
        raise BadRequest(message)
    return peak


def _mask(unit: Array) -> np.ndarray:
    """Return the object mask of a slice or of every slice of a volume."""
    values = unit if isinstance(unit, np.ndarray) else unit.detach().cpu().numpy()
    if values.ndim == 2:
        return object_mask(values)
    return np.stack([object_mask(plane) for plane in values])


def _turn(array: Array) -> Array:
    return namespace(array).swapaxes(array, -2, -1)
