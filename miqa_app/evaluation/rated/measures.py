"""Measures that need no training, for the rows of a table beside the networks: full-reference and reference-free."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import piq
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.reference_free import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.record import RatedImage, RatedSet
    from miqa_app.evaluation.reference_free import Measure

_SMALLEST = 176
"""Edge to which small images are padded; MS-SSIM and IW-SSIM need 161 pixels."""

FULL_REFERENCE: dict[str, Callable[[Any, Any], Any]] = {
    "psnr": piq.psnr,
    "ssim": piq.ssim,
    "ms_ssim": piq.multi_scale_ssim,
    "iw_ssim": piq.information_weighted_ssim,
    "vif_p": piq.vif_p,
    "fsim": lambda test, clean: piq.fsim(test, clean, chromatic=False),
    "sr_sim": lambda test, clean: piq.srsim(test, clean, chromatic=False),
    "gmsd": lambda test, clean: -piq.gmsd(test, clean),
    "dss": piq.dss,
    "haarpsi": piq.haarpsi,
}
"""Measures of piq against the clean image, (1, 1, H, W) in [0, 1]; all turned so that larger is better."""

_FREE: dict[str, Measure] = {measure.key: measure for measure in MEASURES}


def measure_names() -> tuple[str, ...]:
    """Return the keys that a row of a table may name."""
    return (*FULL_REFERENCE, *_FREE)


def measured_image(rated: RatedSet, image: RatedImage, key: str) -> float:
    """Return a measure of an image in its own units, turned so that larger is better; the mean over slices of a scan.

    Full-reference measures compare the grey values as stored, reference-free ones see what the network sees.

    Args:
        rated: the set.
        image: one of it.
        key: of `measure_names`.

    Raises:
        BadRequest: there is no such measure, the image has no clean one beside it, both differ in size, or the measure
            is not defined on the image.
    """
    if key in _FREE:
        planes = read_planes(image.path, photograph=rated.photographs, frames=rated.frames)
        sign = -1 if _FREE[key].lower_is_better else 1
        values = [sign * _FREE[key].of(plane) for plane in planes]
    elif key in FULL_REFERENCE:
        values = [_against_clean(image, test, clean, key) for test, clean in _pairs(rated, image)]
    else:
        message = f"There is no measure '{key}'; choose one of {', '.join(measure_names())}."
        raise BadRequest(message)
    value = float(np.mean(values))
    if not math.isfinite(value):
        raise BadRequest(f"The measure {key} is not defined on {image.name}; leave the row out.")
    return value


def _pairs(
    rated: RatedSet, image: RatedImage
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    if image.clean is None:
        message = (
            f"{rated.name} has no clean image beside {image.name}; leave full-reference rows out."
        )
        raise BadRequest(message)
    test, clean = (
        read_planes(path, photograph=True, frames=rated.frames)
        for path in (image.path, image.clean)
    )
    if len(test) != len(clean):
        raise BadRequest(f"{image.path} and {image.clean} differ in their number of slices.")
    return list(zip(test, clean, strict=True))


@torch.inference_mode()
def _against_clean(
    image: RatedImage, test: NDArray[np.float32], clean: NDArray[np.float32], key: str
) -> float:
    if test.shape != clean.shape:
        message = f"{image.path} is {test.shape[0]}×{test.shape[1]} and {image.clean} {clean.shape[0]}×{clean.shape[1]}; give images of one size."
        raise BadRequest(message)
    return float(FULL_REFERENCE[key](_batch(test), _batch(clean)))


def _batch(plane: NDArray[np.float32]) -> torch.Tensor:
    after = [(0, max(0, _SMALLEST - size)) for size in plane.shape]
    return torch.from_numpy(np.pad(plane, after, mode="edge"))[None, None]
