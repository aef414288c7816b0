"""The pixels of a study: places in a scan, degraded at will, on one grey scale and in one window with their reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts import degrade, degrade_by_motion
from miqa_app.core.foreground import EMPTY_SHARE, object_mask
from miqa_app.core.slices import network_plane, object_share, series_scale
from miqa_app.core.window import from_percentiles
from miqa_app.rating.stimulus import Stimulus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.core.series import Series
    from miqa_app.core.window import Window
    from miqa_app.rating.design import Change

_FEWEST_SLICES = 4
"""Stacks of fewer slices move within their plane only, see services.simulate."""

_FULL_SHARE = 0.5
"""A slice counts as full whose object covers at least this share of what it covers in the largest slice."""

_HEADROOM = 4.0
"""What an artefact adds above so many spans of the reference is cut off, so that the reference keeps its grey levels."""

_SEEN_SHARE = 0.05
"""A window that shows less than this share of the object as grey is no window for this image."""


def full_slices(series: Series) -> list[int]:
    """Return the frames of the first time point whose object is large enough to judge, in order; none where there is no signal."""
    try:
        scale = series_scale(series)
    except ValueError:  # no finite value
        shares = [0.0]
    else:
        shares = [object_share(network_plane(series, n, scale)) for n in range(series.slices)]
    least = max(EMPTY_SHARE, _FULL_SHARE * max(shares))
    return [frame for frame, share in enumerate(shares) if share >= least]


def places(
    full: Sequence[int], count: int, depth: int
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return up to `count` runs of `depth` neighbouring frames, evenly spaced, and the runs that are left over.

    Args:
        full: frames to choose from, rising, at least one.
        count: number of places, at least 1.
        depth: frames of each, at least 1; fewer where the scan has no more.
    """
    depth = min(depth, len(full))
    runs = [tuple(full[n : n + depth]) for n in range(0, len(full) - depth + 1, depth)]
    whole = [run for run in runs if run[-1] - run[0] == depth - 1] or runs[:1]
    few = min(count, len(whole))
    chosen = [whole[int((n + 0.5) * len(whole) / few)] for n in range(few)]
    return chosen, [run for run in whole if run not in chosen]


def stimuli_of(
    series: Series,
    frames: tuple[int, ...],
    changes: Sequence[Change] = (),
    *,
    repeats: Sequence[tuple[Series, tuple[int, ...]]] = (),
) -> tuple[list[Stimulus], str]:
    """Return a place of a scan as acquired, as in each of its repeats, with each change, and a remark or ''.

    All share one scale of stored values and one window: the default VOI window of the scan, which for MR applies to
    stored values (DICOM PS3.3 C.11.2.1.2). Artefacts are made on real-world values, which stay at or above 0, and the
    result goes back through the rescale slope of its frame. A window that shows next to nothing of the object gives way
    to the 0.1st to 99.9th percentile of the scan; the remark says so.

    Args:
        series: the scan, not refused.
        frames: the place.
        changes: artefacts.
        repeats: scans of the same geometry with their frames, to be shown on the scale of the first.

    Raises:
        BadRequest: an unknown kind, a severity outside 0-1, or an image without signal.
    """
    stored = [_acquired(series, frames)]
    stored += [_to_stored(series, frames, _real(*repeat)) for repeat in repeats]
    if changes:
        # in MONOCHROME1 much signal is a small value
        sign = np.float32(-1.0 if series.inverted else 1.0)
        signal = sign * _real(series, frames)
        floor = min(0.0, float(signal.min()))
        for change in changes:
            # added patterns reach below zero, which no magnitude image does
            made = np.maximum(_degraded(series, signal - floor, change), 0) + floor
            stored.append(_to_stored(series, frames, sign * made))
    window, remark = _window(series, frames)
    return _on_one_scale(series, stored, window), remark


def _acquired(series: Series, frames: tuple[int, ...]) -> NDArray[np.float64]:
    """Return (frames, rows, columns) stored values; what was never acquired gets the smallest that was."""
    stored = series.voxels[list(frames)].astype(np.float64)
    known = np.stack([series.acquired(frame) for frame in frames])
    return np.where(known, stored, stored[known].min() if known.any() else 0.0)


def _real(series: Series, frames: tuple[int, ...]) -> NDArray[np.float32]:
    slope, intercept = series.slope[list(frames)], series.intercept[list(frames)]
    real = _acquired(series, frames) * slope[:, None, None] + intercept[:, None, None]
    return np.asarray(real, dtype=np.float32)


def _to_stored(
    series: Series, frames: tuple[int, ...], real: NDArray[np.floating]
) -> NDArray[np.float64]:
    slope, intercept = series.slope[list(frames)], series.intercept[list(frames)]
    safe = np.where(slope == 0, 1.0, slope)
    return np.asarray((real - intercept[:, None, None]) / safe[:, None, None], dtype=np.float64)


def _degraded(series: Series, real: NDArray[np.floating], change: Change) -> NDArray[np.float32]:
    place = series.geometry
    if len(real) == 1:
        image = degrade(real[0], change.kind, change.severity, change.seed).image[None]
    elif change.kind == "motion" and len(real) >= _FEWEST_SLICES and place and place.slice_spacing:
        spacing = place.slice_spacing / place.row_spacing
        image = degrade_by_motion(real, change.severity, change.seed, spacing).image
    else:
        image = degrade(real, change.kind, change.severity, change.seed).image
    return np.asarray(image, dtype=np.float32)


def _window(series: Series, frames: tuple[int, ...]) -> tuple[Window, str]:
    """Return the window in stored units; readers put the percentile window last."""
    windows = series.windows or (from_percentiles(series.voxels),)
    default, fallback = windows[0], windows[-1]
    low, high = default.limits
    middle = frames[len(frames) // 2]
    stored = _acquired(series, (middle,))[0]
    mask = object_mask(network_plane(series, middle, series_scale(series)))
    seen = stored[mask] if mask.any() else stored
    if ((seen > low) & (seen < high)).mean() >= _SEEN_SHARE:
        return default, ""
    return fallback, (
        f"{series.description or 'A scan'}: its own window ({low:.5g} to {high:.5g}) shows next to nothing of the "
        "object; shown from the 0.1st to the 99.9th percentile instead."
    )


def _on_one_scale(
    series: Series, stored: Sequence[NDArray[np.float64]], window: Window
) -> list[Stimulus]:
    """Return stored values as 16-bit stimuli; whole numbers stay exact wherever 16 bits can hold the range."""
    sign = -1.0 if series.inverted else 1.0
    values = [sign * array for array in stored]
    black, white = sorted(sign * limit for limit in window.limits)
    low, high = float(values[0].min()), float(values[0].max())
    span = max(high - low, white - black)
    least = max(min(float(v.min()) for v in values), low - _HEADROOM * span)
    if np.issubdtype(series.voxels.dtype, np.integer):
        least = math.floor(least)
    most = max(min(max(float(v.max()) for v in values), high + _HEADROOM * span), least + 1e-6)
    factor = 2.0 ** math.floor(math.log2(np.iinfo(np.uint16).max / (most - least)))
    aspect = series.geometry.aspect if series.geometry else 1.0
    return [
        Stimulus(
            np.rint(np.clip((array - least) * factor, 0, np.iinfo(np.uint16).max)).astype(
                np.uint16
            ),
            (black - least) * factor,
            (white - least) * factor,
            aspect,
        )
        for array in values
    ]
