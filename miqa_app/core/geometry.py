"""Where the voxels lie in the patient: DICOM's LPS coordinates, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))


@dataclass(frozen=True, eq=False)
class Geometry:
    """Position and direction of every frame of a stack of parallel slices.

    Attributes:
        origins: (frames, 3) centre of each frame's first voxel, LPS mm (DICOM (0020,0032)).
        along_columns: (3,) unit vector in which the column index grows (first half of (0020,0037)).
        along_rows: (3,) unit vector in which the row index grows (second half of (0020,0037)).
        row_spacing: mm between the centres of two rows (first value of (0028,0030)).
        column_spacing: mm between the centres of two columns.
        slice_spacing: mm between neighbouring slices along the normal; None for a lone slice.
    """

    origins: NDArray[np.float64]
    along_columns: NDArray[np.float64]
    along_rows: NDArray[np.float64]
    row_spacing: float
    column_spacing: float
    slice_spacing: float | None = None

    def __post_init__(self) -> None:
        """Refuse directions that are not perpendicular unit vectors and spacings that are not positive."""
        directions = np.stack([self.along_columns, self.along_rows])
        if not np.allclose(directions @ directions.T, np.eye(2), atol=1e-2):
            message = "row and column directions are not perpendicular unit vectors"
            raise ValueError(message)
        if not (self.row_spacing > 0 and self.column_spacing > 0):
            message = "pixel spacing is not positive"
            raise ValueError(message)

    @property
    def normal(self) -> NDArray[np.float64]:
        """Return the unit vector out of the slice plane: along_columns × along_rows."""
        return np.cross(self.along_columns, self.along_rows)

    @property
    def aspect(self) -> float:
        """Return height of a pixel over its width, for display at true proportions."""
        return self.row_spacing / self.column_spacing

    def to_patient(self, frame: int, row: float, column: float) -> NDArray[np.float64]:
        """Return the LPS position in mm of a voxel centre (DICOM PS3.3 C.7.6.2.1.1)."""
        return np.asarray(
            self.origins[frame]
            + self.along_columns * column * self.column_spacing
            + self.along_rows * row * self.row_spacing
        )


def direction_letters(vector: NDArray[np.float64]) -> str:
    """Return the letters of the patient side a vector points to, strongest first, such as 'L' or 'PH'.

    Uses R/L, A/P and F/H as DICOM PS3.3 C.7.6.1.1.1 does; components under a quarter of the length are left out.
    """
    order = np.argsort(-np.abs(vector))
    return "".join(
        _LETTERS[axis][int(vector[axis] > 0)] for axis in order if abs(vector[axis]) > 0.25
    )


def edge_letters(geometry: Geometry) -> dict[str, str]:
    """Return the patient letters at the 'left', 'right', 'top' and 'bottom' edge of the image as stored."""
    return {
        "left": direction_letters(-geometry.along_columns),
        "right": direction_letters(geometry.along_columns),
        "top": direction_letters(-geometry.along_rows),
        "bottom": direction_letters(geometry.along_rows),
    }


def plane_name(geometry: Geometry) -> str:
    """Return 'axial', 'sagittal' or 'coronal' by the strongest component of the normal, 'oblique' if none wins."""
    normal = np.abs(geometry.normal)
    axis = int(np.argmax(normal))
    return ("sagittal", "coronal", "axial")[axis] if normal[axis] > 0.8 else "oblique"
