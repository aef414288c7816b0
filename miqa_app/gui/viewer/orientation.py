"""Turning and mirroring an image on screen, and which side of the patient each edge then is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.geometry import edge_letters, plane_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.core.geometry import Geometry

_EDGES = {"right": (1, 0), "bottom": (0, 1), "left": (-1, 0), "top": (0, -1)}
_NAMES = {direction: name for name, direction in _EDGES.items()}

# LPS directions that point right and down on a radiologist's screen
_RADIOLOGICAL = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}


@dataclass(frozen=True)
class Turn:
    """How an image lies on screen: mirrored left to right first, then turned clockwise in quarters."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def matrix(self) -> NDArray[np.int_]:
        """Return the (2, 2) matrix from image directions (column, row) to screen directions (right, down)."""
        clockwise = np.array([[0, -1], [1, 0]])
        mirror = np.array([[-1 if self.mirrored else 1, 0], [0, 1]])
        return np.linalg.matrix_power(clockwise, self.quarters % 4) @ mirror

    def rotated(self, quarters: int = 1) -> Turn:
        """Return this after a further clockwise turn on screen."""
        return Turn((self.quarters + quarters) % 4, self.mirrored)

    def flipped(self) -> Turn:
        """Return this after mirroring left and right on screen."""
        return Turn(-self.quarters % 4, not self.mirrored)


ALL_TURNS = tuple(Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4))


def screen_letters(geometry: Geometry, turn: Turn) -> dict[str, str]:
    """Return the patient letters at the 'left', 'right', 'top' and 'bottom' edge of the screen."""
    stored = edge_letters(geometry)
    return {
        _NAMES[tuple(int(v) for v in turn.matrix @ direction)]: stored[edge]
        for edge, direction in _EDGES.items()
    }


def upright(geometry: Geometry | None, *, neurological: bool = False) -> Turn:
    """Return the turn that shows a stack as radiologists hang it.

    Axial with the front up, coronal and sagittal with the head up, the patient's right on the left of the screen;
    neurological convention mirrors axial and coronal stacks. Oblique stacks and such without geometry stay as stored.
    """
    if geometry is None or plane_name(geometry) not in _RADIOLOGICAL:
        return Turn()
    plane = plane_name(geometry)
    right, down = (np.array(v, dtype=float) for v in _RADIOLOGICAL[plane])
    if neurological and plane != "sagittal":
        right = -right
    stored = np.stack([geometry.along_columns, geometry.along_rows])
    wanted = np.stack([right, down])

    def agreement(turn: Turn) -> float:
        return float(np.sum((turn.matrix @ stored) * wanted))

    return max(ALL_TURNS, key=agreement)
