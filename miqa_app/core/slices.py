"""What the network sees: one slice, scaled by its series and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.foreground import object_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.core.series import Series

_SAMPLED_FRAMES = 32


@dataclass(frozen=True)
class Scale:
    """The real-world values that become 0 and 1 in the network plane."""

    low: float
    high: float


def series_scale(series: Series) -> Scale:
    """Return the robust scale of a series: 0.5th percentile of all, 99.5th percentile of the object.

    The lower end is taken over the whole frame, not over the object, because noise in the air is evidence and must not
    be clipped away. At most 32 evenly spaced ready frames are sampled. The viewer's window plays no part.

    Raises:
        ValueError: no frame is ready or none holds a finite value.
    """
    ready = np.flatnonzero(series.ready)
    chosen = (
        ready[
            np.unique(np.linspace(0, len(ready) - 1, min(len(ready), _SAMPLED_FRAMES)).astype(int))
        ]
        if len(ready)
        else []
    )
    parts = [_signal(series, int(frame))[series.acquired(int(frame))] for frame in chosen]
    values = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    values = values[np.isfinite(values)]
    if values.size == 0:
        message = "the series holds no finite pixel values"
        raise ValueError(message)
    return robust_scale(values)


def robust_scale(values: NDArray[np.float32]) -> Scale:
    """Return the scale of a pool of real-world values, see `series_scale`."""
    low = float(np.percentile(values, 0.5))
    bright = values[values > low + 0.1 * (float(np.percentile(values, 99.5)) - low)]
    high = float(np.percentile(bright, 99.5)) if bright.size else low
    return Scale(low, high if high > low else low + 1.0)


def network_plane(series: Series, frame: int, scale: Scale) -> NDArray[np.float32]:
    """Return (rows, columns) float32 in [0, 1]: the frame scaled by its series, padding set to 0."""
    plane = (_signal(series, frame) - scale.low) / (scale.high - scale.low)
    plane = np.where(series.acquired(frame), plane, 0.0)
    return np.asarray(np.clip(np.nan_to_num(plane), 0.0, 1.0), dtype=np.float32)


def object_share(plane: NDArray[np.float32]) -> float:
    """Return the share of the frame, 0–1, that the object covers."""
    return float(object_mask(plane).mean())


def _signal(series: Series, frame: int) -> NDArray[np.float32]:
    """Return real-world values of which a large one always means much signal.

    MONOCHROME1 is turned round, and of the real part of the signal the modulus is taken.
    """
    values = series.values(frame)
    if series.real_part:
        return np.abs(values)
    return -values if series.inverted else values
