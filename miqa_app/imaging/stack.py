"""A stack that is still on disk: what every reader of one file format hands to the common reading loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from miqa_app.core.window import Window, from_percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miqa_app.core.series import Problem, Series


class Stack(Protocol):
    """One stack whose header is known and whose pixels come when asked for."""

    series: Series

    def fill(self) -> Iterator[int | Problem]:
        """Read the pixels into `series.voxels`, middle slice first; yield each frame number once it is there."""
        ...

    def finished(self) -> Series | None:
        """Return the final series after `fill`, or None when no frame could be read."""
        ...


def middle_out(frames: int, time_points: int = 1) -> list[int]:
    """Return all frame numbers: the middle slice of the first time point, its neighbours, then later time points."""
    slices = frames // time_points
    order = sorted(range(slices), key=lambda index: (abs(index - slices // 2), index))
    return [point * slices + index for point in range(time_points) for index in order]


def percentile_window(series: Series) -> Window:
    """Return the window over the 0.1st to 99.9th percentile of what was acquired."""
    if series.padding is None:
        return from_percentiles(series.voxels)
    flat: NDArray[Any] = series.voxels.reshape(-1)
    sample = flat[:: max(1, flat.size // 2_000_000)]
    kept = sample[(sample < series.padding[0]) | (sample > series.padding[1])]
    return from_percentiles(kept)


def smallest_dtype(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Return the type in native byte order that voxels are kept in; doubles and 64-bit integers become float32."""
    if dtype.kind in "iu" and dtype.itemsize <= 4:
        return dtype.newbyteorder("=")
    return np.dtype(np.float32)
