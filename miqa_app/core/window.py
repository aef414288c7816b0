"""Grey windows: how stored values become screen greys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A display window in stored units, as DICOM (0028,1050) and (0028,1051) define it.

    Attributes:
        level: the stored value shown as mid grey (window centre).
        width: the range of stored values spread over black to white; at least the smallest positive step.
        name: what the file or the program calls it.
    """

    level: float
    width: float
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a width that is not positive."""
        if not self.width > 0:
            message = "a window needs a positive width"
            raise ValueError(message)

    @property
    def limits(self) -> tuple[float, float]:
        """Return the stored values at which black and white begin (DICOM PS3.3 C.11.2.1.2.1, LINEAR)."""
        if self.width > 1:
            return self.level - 0.5 - (self.width - 1) / 2, self.level - 0.5 + (self.width - 1) / 2
        return self.level - self.width / 2, self.level + self.width / 2


def from_limits(low: float, high: float, name: str = "") -> Window:
    """Return the window that shows `low` as black and `high` as white."""
    width = max(float(high) - float(low), 1e-6)
    if width > 1:
        return Window((low + high) / 2 + 0.5, width + 1, name)
    return Window((low + high) / 2, width, name)


def from_percentiles(values: NDArray[np.generic]) -> Window:
    """Return the window from the 0.1st to the 99.9th percentile, for series that carry none."""
    sample = np.asarray(values).reshape(-1)
    sample = sample[:: max(1, sample.size // 2_000_000)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return Window(0.5, 1.0, "percentiles 0.1–99.9")
    low, high = np.percentile(sample, [0.1, 99.9])
    return from_limits(float(low), float(high if high > low else low + 1), "percentiles 0.1–99.9")


def greys(
    values: NDArray[np.generic], window: Window, *, inverted: bool = False
) -> NDArray[np.uint8]:
    """Return screen greys 0–255 of stored values; `inverted` turns black into white after the window."""
    low, high = window.limits
    scaled = np.clip((np.asarray(values, dtype=np.float32) - low) / max(high - low, 1e-12), 0, 1)
    result = np.rint(np.nan_to_num(scaled) * 255).astype(np.uint8)
    return np.asarray(255 - result if inverted else result, dtype=np.uint8)


def lookup_table(
    low: int, high: int, window: Window, *, inverted: bool = False
) -> NDArray[np.uint8]:
    """Return the greys of the stored integers `low` to `high`, to be applied with numpy.take."""
    return greys(np.arange(low, high + 1), window, inverted=inverted)
