"""The geometry of a sorted stack, and what is odd about its spacing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.geometry import Geometry

if TYPE_CHECKING:
    from miqa_app.imaging.dicom.grouping import Group

_UNEVEN = 0.05
_GAP = 1.5


def geometry_of(group: Group) -> tuple[Geometry | None, list[str]]:
    """Return where the frames of a stack lie, None where the headers do not say, and warnings."""
    first = group.frames[0]
    if any(len(frame.position) != 3 or len(frame.orientation) != 6 for frame in group.frames):
        return None, []
    if any(len(frame.spacing) != 2 or min(frame.spacing) <= 0 for frame in group.frames):
        return None, ["The pixel spacing is missing; distances and orientation letters are off."]
    warnings = []
    if any(not np.allclose(f.spacing, first.spacing, rtol=1e-3) for f in group.frames):
        warnings.append("The pixel spacing differs between slices; that of the first is used.")
    origins = np.array([frame.position for frame in group.frames], dtype=np.float64)
    spacing, uneven = _slice_spacing(group)
    try:
        geometry = Geometry(
            origins=origins,
            along_columns=np.array(first.orientation[:3]),
            along_rows=np.array(first.orientation[3:]),
            row_spacing=first.spacing[0],
            column_spacing=first.spacing[1],
            slice_spacing=spacing,
        )
    except ValueError:
        warnings.append("The orientation in the file is not valid; orientation letters are off.")
        return None, warnings
    return geometry, warnings + uneven


def _slice_spacing(group: Group) -> tuple[float | None, list[str]]:
    """Return the usual distance of neighbours in mm and warnings about gaps and uneven spacing."""
    slices = len(group.frames) // group.time_points
    along = np.array([frame.along_normal or 0.0 for frame in group.frames[:slices]])
    steps = np.diff(along)
    if slices < 2:
        return None, []
    # the lower median: of two steps, the longer one is the gap
    usual = float(np.sort(steps)[(len(steps) - 1) // 2])
    if usual <= 0:
        return None, ["Slices lie at the same depth; no slice spacing is given."]
    warnings = []
    gaps = [n for n, step in enumerate(steps) if step > _GAP * usual]
    for n in gaps[:3]:
        missing = round(float(steps[n]) / usual) - 1
        what = "1 slice seems" if missing <= 1 else f"{missing} slices seem"
        warnings.append(
            f"{what} to be missing between slices {n + 1} and {n + 2} "
            f"({along[n]:.1f} mm and {along[n + 1]:.1f} mm along the stack)."
        )
    if len(gaps) > 3:
        warnings.append(f"There are {len(gaps) - 3} more gaps between slices.")
    regular = np.delete(steps, gaps)
    if regular.size and float(np.abs(regular - usual).max()) > _UNEVEN * usual:
        warnings.append(
            f"The slice spacing is uneven: {regular.min():.2f} to {regular.max():.2f} mm."
        )
    return usual, warnings
