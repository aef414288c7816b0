"""Measures that need no training, for the rows of a table beside the networks: full-reference and reference-free."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.errors import BadRequest
from miqa_app.evaluation.measures import FULL_REFERENCE
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.reference_free import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.record import RatedImage, RatedSet
    from miqa_app.evaluation.reference_free import Measure

_FREE: dict[str, Measure] = {measure.key: measure for measure in MEASURES}


def measure_names() -> tuple[str, ...]:
    """Return the keys that a row of a table may name."""
    return (*FULL_REFERENCE, *_FREE)


def needs_clean(key: str) -> bool:
    """Return whether a measure compares with the clean image."""
    return key in FULL_REFERENCE


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
    measure, slices = measured_slices(rated, image, key)
    value = float(np.mean([measure(planes) for planes in slices]))
    if not math.isfinite(value):
        raise BadRequest(f"The measure {key} is not defined on {image.name}; leave the row out.")
    return value


def measured_slices(
    rated: RatedSet, image: RatedImage, key: str
) -> tuple[
    Callable[[tuple[NDArray[np.float32], ...]], float], list[tuple[NDArray[np.float32], ...]]
]:
    """Return a measure, turned so that larger is better, and what it takes of each slice of an image.

    Args:
        rated: the set.
        image: one of it.
        key: of `measure_names`.

    Raises:
        BadRequest: there is no such measure, the image has no clean one beside it, or both differ in size.
    """
    if key in _FREE:
        free = _FREE[key]
        planes = read_planes(image.path, photograph=rated.photographs, frames=rated.frames)
        sign = -1 if free.lower_is_better else 1
        return lambda given: sign * free.of(given[0]), [(plane,) for plane in planes]
    if key in FULL_REFERENCE:
        full = FULL_REFERENCE[key]
        sign = -1 if full.lower_is_better else 1
        return lambda given: sign * full.of(*given), _pairs(rated, image)
    message = f"There is no measure '{key}'; choose one of {', '.join(measure_names())}."
    raise BadRequest(message)


def _pairs(rated: RatedSet, image: RatedImage) -> list[tuple[NDArray[np.float32], ...]]:
    """Return the clean and the judged plane of each slice."""
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
    if test[0].shape != clean[0].shape:
        message = f"{image.path} is {test[0].shape[0]}×{test[0].shape[1]} and {image.clean} {clean[0].shape[0]}×{clean[0].shape[1]}; give images of one size."
        raise BadRequest(message)
    on_scale = (
        tuple(np.clip(plane / np.float32(rated.peak), 0, 1) for plane in pair)
        for pair in zip(clean, test, strict=True)
    )
    return list(on_scale)
