"""Display windows from a DICOM header (PS3.3 C.11.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.core.window import Window, from_limits
from miqa_app.imaging.dicom.values import first_item, numbers, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from miqa_app.core.series import Series

LUT_NOTE = "The display table of the file was replaced by a linear window over its input range."


def header_windows(dataset: Dataset, *, signed: bool) -> tuple[tuple[Window, ...], str]:
    """Return the windows of a header or functional group, the default first, and a note for the user or ''."""
    centres, widths = numbers(dataset, "WindowCenter"), numbers(dataset, "WindowWidth")
    names = text(dataset, "WindowCenterWidthExplanation").split("\\")
    function = text(dataset, "VOILUTFunction").upper()
    found = []
    for number, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if width <= 0:
            continue
        name = names[number] if number < len(names) and names[number] else "from the file"
        if function == "LINEAR_EXACT":
            found.append(from_limits(centre - width / 2, centre + width / 2, name))
        else:
            found.append(Window(centre, width, name))
    if found:
        return tuple(found), ""
    table = first_item(dataset, "VOILUTSequence")
    descriptor = numbers(table, "LUTDescriptor") if table is not None else ()
    if len(descriptor) != 3:
        return (), ""
    entries = int(descriptor[0]) or 65536
    first = descriptor[1] - 65536 if signed and descriptor[1] > 32767 else descriptor[1]
    name = (text(table, "LUTExplanation") if table is not None else "") or "display table"
    return (from_limits(first, first + max(entries - 1, 1), name),), LUT_NOTE


def rescaled_to_stored(window: Window, slope: float, intercept: float) -> Window:
    """Return a window given in real-world values in stored units."""
    low, high = sorted((limit - intercept) / slope for limit in window.limits)
    return from_limits(low, high, window.name)


def fitting_windows(series: Series, windows: tuple[Window, ...], frame: int) -> tuple[Window, ...]:
    """Return the windows in stored units.

    MR windows apply to stored values even where a rescale slope stands beside them; other modalities apply them to
    rescaled values (PS3.3 C.11.2.1.2). Some scanners write MR windows in rescaled units all the same: where a window
    misses the stored values of the frame and meets the rescaled ones, it is taken as rescaled.
    """
    slope, intercept = float(series.slope[frame]), float(series.intercept[frame])
    if (slope, intercept) == (1.0, 0.0) or slope == 0:
        return windows
    if series.modality != "MR":
        return tuple(rescaled_to_stored(window, slope, intercept) for window in windows)
    values = series.voxels[frame]
    return tuple(_better(window, values, slope, intercept) for window in windows)


def _better(window: Window, values: NDArray[np.generic], slope: float, intercept: float) -> Window:
    span = (float(values.min()), float(values.max()))
    converted = rescaled_to_stored(window, slope, intercept)
    as_stored, as_rescaled = _overlap(window.limits, span), _overlap(converted.limits, span)
    return converted if as_stored < 0.05 and as_rescaled > as_stored else window


def _overlap(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return shared length over joint length of two intervals, 0–1."""
    shared = min(first[1], second[1]) - max(first[0], second[0])
    joint = max(first[1], second[1]) - min(first[0], second[0])
    return max(0.0, shared) / joint if joint > 0 else 1.0
