"""What physicists measure on a phantom: the ghost ratio of the ACR and the signal-to-noise ratio of NEMA."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from miqa_app.core.foreground import object_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROI_SHARE = 0.75
"""Share of the phantom's area that the signal is measured in (NEMA MS 1-2008, 2.3.1.4)."""

_GAP = 0.1
"""Distance of the air regions from the phantom, as a share of its extent: the edge rings."""

_RAYLEIGH = float(np.sqrt(2 - np.pi / 2))
"""Standard deviation of magnitude noise without signal over that of the noise itself, 0.655."""


def signal_roi(image: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return (rows, columns) True on the inner three quarters of the phantom's area.

    Raises:
        ValueError: there is no object on the image.
    """
    mask = object_mask(_unit(image))
    if not mask.any():
        message = "The image shows no phantom to measure on."
        raise ValueError(message)
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return np.asarray(depth >= np.quantile(depth[mask], 1 - _ROI_SHARE))


def ghost_ratio(image: NDArray[np.floating]) -> float:
    """Return the percent-signal ghosting of the ACR phantom test manual, in per cent; NaN where there is no room.

    |(top + bottom) − (left + right)| / (2 · signal) · 100, each the mean of the air in line with the phantom. Ghosts lie
    on one of the two axes, the phase direction, and the other one gives the level without them, so that the direction
    need not be known. Where the phantom lies at an edge of the frame, the side that is left counts for both.
    """
    roi = signal_roi(image)
    rows, columns = _span(roi, 0), _span(roi, 1)
    upright = _beside(image, rows, columns)
    across = _beside(image.T, columns, rows)
    if np.isnan(upright) or np.isnan(across):
        return float("nan")
    return abs(upright - across) / float(image[roi].mean()) * 100


def snr_of_pair(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the signal-to-noise ratio of two images taken one after the other (NEMA MS 1-2008, method 1).

    √2 times the mean of both over the standard deviation of their difference, on `signal_roi` of the first.

    Raises:
        ValueError: the images differ in shape, show no phantom, or are the same image.
    """
    if first.shape != second.shape:
        message = f"The two images of a pair have one shape, not {first.shape} and {second.shape}."
        raise ValueError(message)
    roi = signal_roi(first)
    noise = float((first - second)[roi].std(ddof=1))
    if noise == 0:
        message = "The two images of a pair are the same image."
        raise ValueError(message)
    return float(np.sqrt(2) * (first[roi].mean() + second[roi].mean()) / 2 / noise)


def snr_of_image(image: NDArray[np.floating]) -> float:
    """Return the signal-to-noise ratio of one magnitude image (NEMA MS 1-2008, method 4); NaN where the air is blank.

    0.655 times the mean on `signal_roi` over the standard deviation of the air in the four corners, each an eighth of
    the frame's edge, without those that touch the phantom. Right for one receive coil without filters; several coils,
    parallel imaging and clipped air change the noise of the air, and the value with it.
    """
    roi = signal_roi(image)
    mask = object_mask(_unit(image))
    height, width = (max(4, size // 8) for size in image.shape)
    corners = [
        np.s_[rows, columns]
        for rows in (slice(0, height), slice(-height, None))
        for columns in (slice(0, width), slice(-width, None))
    ]
    air = [image[corner].ravel() for corner in corners if not mask[corner].any()]
    noise = float(np.concatenate(air).std(ddof=1)) if air else 0.0
    return _RAYLEIGH * float(image[roi].mean()) / noise if noise > 0 else float("nan")


def _unit(image: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the image from 0 to 1."""
    low, high = float(image.min()), float(np.percentile(image, 99.5))
    return np.asarray(np.clip((image - low) / max(high - low, 1e-12), 0, 1), dtype=np.float32)


def _span(roi: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    """Return the first place on an axis that a region covers, and the one behind its last."""
    inside = np.nonzero(roi)[axis]
    return int(inside.min()), int(inside.max()) + 1


def _beside(image: NDArray[np.floating], rows: tuple[int, int], columns: tuple[int, int]) -> float:
    """Return the mean of the air above and below the phantom, in line with its middle half; NaN without any."""
    gap = max(2, round(_GAP * (rows[1] - rows[0])) + _rim(rows))
    quarter = (columns[1] - columns[0]) // 4
    middle = slice(columns[0] + quarter, columns[1] - quarter)
    sides = [image[: max(rows[0] - gap, 0), middle], image[rows[1] + gap :, middle]]
    means = [float(side.mean()) for side in sides if side.shape[0] >= 2 and side.size]
    return float(np.mean(means)) if means else float("nan")


def _rim(rows: tuple[int, int]) -> int:
    """Return how far the phantom reaches beyond `signal_roi`: a disc of 75 % of an area has 87 % of its radius."""
    beyond: float = (rows[1] - rows[0]) * (_ROI_SHARE**-0.5 - 1) / 2
    return round(beyond)
