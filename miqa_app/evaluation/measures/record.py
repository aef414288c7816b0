"""What is known of a full-reference measure: its name, its source, who computes it, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


@dataclass(frozen=True)
class FullReference:
    """A measure of a plane against its clean one.

    Attributes:
        key: its name in recipes.
        name: its name for people, as the paper's Table II writes it.
        provider: 'piq', or 'own' for what is written in this package.
        source: the publication that defines it.
        compute: takes the clean and the judged plane, (H, W) float32 in [0, 1] of one size.
        lower_is_better: the direction in which its source reads it.
        smallest: edge in pixels that its definition needs; smaller planes are continued by their last row and column.
    """

    key: str
    name: str
    provider: str
    source: str
    compute: Callable[[Plane, Plane], float]
    lower_is_better: bool = False
    smallest: int = 1

    def of(self, clean: Plane, test: Plane) -> float:
        """Return the measure in its own units, not turned; infinite or NaN where it is not defined.

        Args:
            clean: (H, W) float32 in [0, 1].
            test: of the same size.

        Raises:
            ValueError: the sizes differ.
        """
        if clean.shape != test.shape or clean.ndim != 2:
            message = f"{self.name} compares planes of one size, not {clean.shape} and {test.shape}"
            raise ValueError(message)
        after = [(0, max(0, self.smallest - size)) for size in clean.shape]
        if any(more for _, more in after):
            clean, test = (np.pad(plane, after, mode="edge") for plane in (clean, test))
        return float(self.compute(clean, test))
