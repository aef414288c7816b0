"""Scrolling several views together: which slice of one series matches a slice of another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from miqa_app.core.series import Series

_PARALLEL = 0.95


def same_frame_of_reference(first: Series, second: Series) -> bool:
    """Return whether positions of the two series are in one coordinate system, as the scanner declares it."""
    return bool(first.frame_of_reference) and first.frame_of_reference == second.frame_of_reference


def matching_slice(source: Series, slice_index: int, target: Series) -> int | None:
    """Return the slice of `target` nearest to a slice of `source`, or None where there is none.

    None for missing geometry, planes that are not parallel, and positions more than one spacing outside the target.
    """
    if source.geometry is None or target.geometry is None:
        return None
    normal = target.geometry.normal
    if abs(float(source.geometry.normal @ normal)) < _PARALLEL:
        return None
    rows, columns = source.shape
    centre = source.geometry.to_patient(slice_index, (rows - 1) / 2, (columns - 1) / 2)
    positions = target.geometry.origins[: target.slices] @ normal
    distances = np.abs(positions - centre @ normal)
    nearest = int(np.argmin(distances))
    reach = target.geometry.slice_spacing or 5.0
    return nearest if distances[nearest] <= reach else None


@dataclass
class ManualLink:
    """A link made by hand: the slices that were on screen when it was made belong together.

    Attributes:
        anchors: slice by series key at the moment of linking.
    """

    anchors: dict[str, int] = field(default_factory=dict)

    def target(self, source: str, slice_index: int, other: str) -> int | None:
        """Return the slice that `other` should show, or None where either is not part of the link."""
        if source not in self.anchors or other not in self.anchors:
            return None
        return self.anchors[other] + slice_index - self.anchors[source]
