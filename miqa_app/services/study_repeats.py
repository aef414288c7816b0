"""Scans that were taken twice in one exam: the first, poor one beside its repeat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom

from miqa_app.core.geometry import plane_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.core.geometry import Geometry
    from miqa_app.core.series import Series

_SAME = ("Protocol", "Sequence name", "TE", "TR", "TI", "Flip angle", "Slice thickness", "Image type")  # fmt: skip
"""Acquisition facts that a repeat shares with what it repeats; the image type tells two reconstructions apart."""

_MARK = re.compile(
    r"[\s_\-.(#]+(repeat(ed)?|rpt|rep|redo|again|wdh|run)?[\s_\-.#]*\d{0,2}\)?$", re.I
)
"""What people add to the name of a repeat."""

_LARGEST_TILT = 5.0
"""Degrees between the slices of two scans that still show the same."""

_LARGEST_SHIFT = 0.1
"""Shift within the plane, as a share of the field of view."""

_TIMES = ("AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "SeriesDate", "SeriesTime")


@dataclass(frozen=True, eq=False)
class Repeat:
    """Two scans of one exam that look like a poor one and its repeat.

    Attributes:
        first: the earlier scan, taken for the poor one.
        second: the last of that name, taken for the good one.
        why: sentence that says what the suggestion rests on.
    """

    first: Series
    second: Series
    why: str

    def frames_beside(self, frames: tuple[int, ...]) -> tuple[int, ...]:
        """Return the frames of the first scan that lie nearest to frames of the second."""
        places = _along(self.second, self.second)[list(frames)]
        own = _along(self.first, self.second)
        return tuple(int(np.argmin(np.abs(own - place))) for place in places)


def suggest_repeats(series: Sequence[Series]) -> tuple[Repeat, ...]:
    """Return the scans that were probably repeated, each beside the last of its repeats.

    Two scans belong together when they come from one study, have the same name (but for words such as 'repeat' or a
    number behind it), the same sequence parameters and image type, the same matrix, spacing and number of slices, and
    lie in the same place at the same tilt. Scans that must not be scored and scans with the very same pixels are left
    out. Contrast series of one name cannot be told from repeats; the sentence says what to check.

    Args:
        series: all scans that were read, whole.
    """
    usable = [one for one in series if not one.refusal and one.study_uid and one.geometry]
    found, left = [], _in_time(usable)
    while left:
        last = left.pop()
        taken = [other for other in left if _repeats(other, last)]
        left = [other for other in left if other not in taken]
        found += [Repeat(other, last, _why(other, last)) for other in taken]
    return tuple(reversed(found))


def _repeats(first: Series, second: Series) -> bool:
    return (
        first.study_uid == second.study_uid
        and first.uid != second.uid
        and _name(first) == _name(second)
        and all(first.facts.get(name) == second.facts.get(name) for name in _SAME)
        and first.voxels.shape == second.voxels.shape
        and first.time_points == second.time_points
        and _same_place(first, second)
        and not np.array_equal(first.voxels, second.voxels)
    )


def _name(series: Series) -> str:
    bare = _MARK.sub("", series.description.strip())
    return (bare or series.description).strip().lower()


def _same_place(first: Series, second: Series) -> bool:
    one, other = first.geometry, second.geometry
    if one is None or other is None:
        return False
    spacings = np.array([(g.row_spacing, g.column_spacing, g.slice_spacing or 1.0) for g in (one, other)])  # fmt: skip
    least = np.cos(np.radians(_LARGEST_TILT))
    if not np.allclose(spacings[0], spacings[1], rtol=0.01):
        return False
    if min(one.along_columns @ other.along_columns, one.along_rows @ other.along_rows) < least:
        return False
    shift = _centre(first, one) - _centre(second, other)
    fields = (first.shape[1] * one.column_spacing, first.shape[0] * one.row_spacing)
    slab = first.slices * (one.slice_spacing or 1.0)
    moved = np.abs([shift @ one.along_columns, shift @ one.along_rows, shift @ one.normal])
    limits = [_LARGEST_SHIFT * fields[0], _LARGEST_SHIFT * fields[1], 0.5 * slab]
    return bool((moved <= limits).all())


def _centre(series: Series, geometry: Geometry) -> NDArray[np.float64]:
    """Return the centre of the first time point, LPS mm."""
    rows, columns = series.shape
    middles = [geometry.to_patient(f, (rows - 1) / 2, (columns - 1) / 2) for f in (0, series.slices - 1)]  # fmt: skip
    return np.asarray((middles[0] + middles[1]) / 2)


def _along(series: Series, frame: Series) -> NDArray[np.float64]:
    """Return where the slices of the first time point of one scan lie along the normal of another, mm."""
    if series.geometry is None or frame.geometry is None:  # repeats have both
        return np.arange(series.slices, dtype=np.float64)
    return np.asarray(series.geometry.origins[: series.slices] @ frame.geometry.normal)


def _in_time(series: Sequence[Series]) -> list[Series]:
    """Return scans in the order in which they were taken; where that is not known, as they came."""
    return sorted(series, key=_taken)


def _taken(series: Series) -> str:
    """Return date and time of a scan in a form that sorts, or ''."""
    path = Path(series.files[0]) if series.files else None
    if path is None or not path.is_file():  # inside an archive that is closed again
        return ""
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_TIMES))
    except (OSError, pydicom.errors.InvalidDicomError):
        return ""
    values = {name: str(header.get(name) or "") for name in _TIMES}
    return values["AcquisitionDateTime"][:14] or (
        (values["AcquisitionDate"] or values["SeriesDate"])
        + (values["AcquisitionTime"] or values["SeriesTime"])[:6]
    )


def _why(first: Series, second: Series) -> str:
    geometry = second.geometry
    if geometry is None:
        return ""
    rows, columns = second.shape
    earlier, later = _taken(first), _taken(second)
    if earlier[:14] and earlier != later:
        order = f"taken at {_clock(earlier)} and again at {_clock(later)}"
    else:
        order = "no time of acquisition tells which came first, so check which is the better one"
    return (
        f"'{first.description}' and '{second.description}': same exam, same sequence parameters, same "
        f"{plane_name(geometry)} slices ({second.slices} of {columns} × {rows} at {geometry.row_spacing:.3g} × "
        f"{geometry.column_spacing:.3g} mm) in the same place; {order}; make sure that no contrast agent was given in "
        "between."
    )


def _clock(taken: str) -> str:
    digits = taken[8:14]
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}" if len(digits) == 6 else taken
