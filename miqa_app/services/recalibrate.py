"""Calibrate a model's interval on a site's own ratings; the weights and the scores stay as they are."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.assessment import SlicePrediction
from miqa_app.core.slices import object_share
from miqa_app.errors import BadRequest
from miqa_app.evaluation.interval import conformal_quantile
from miqa_app.evaluation.rated import read_rated_set
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.paths import user_cache
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.scoring.assess import lowest_quarter, weighted_score
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from numpy.typing import NDArray

FEWEST_IMAGES = 20
"""Fewer rated images say next to nothing about a ninetieth percentile."""

_GUARANTEED_FROM = 9
"""Subjects from which a 90 % interval of split conformal prediction is one over subjects, not only over images."""


def recalibrate(
    ratings: str, model: str | None, out: Path
) -> Generator[tuple[int, int], None, tuple[Path, str]]:
    """Yield (images done, all); return the folder of the model with its new interval, and in words what was found.

    Args:
        ratings: a rated set, see `read_rated_set`: a CSV file of image, mos, reference, subject, or NAME=FOLDER.
        model: name or folder; the active one when None.
        out: folder in which the model's folder is written.

    Raises:
        BadModel: the model is missing or damaged.
        BadRequest: the ratings cannot be read, or are too few.
    """
    loaded = load_model(model)
    rated = read_rated_set(ratings, user_cache())
    if len(rated.images) < FEWEST_IMAGES:
        message = f"{ratings} holds {len(rated.images)} rated images; the interval needs at least {FEWEST_IMAGES}."
        raise BadRequest(message)
    before = Calibration(**loaded.folder.config["interval"])
    engine, planes = Engine(loaded.network), Planes(rated)
    lone: list[float] = []
    whole: list[float] = []
    covered = []
    for place, image in enumerate(rated.images):
        counted = lowest_quarter(_predicted(engine, planes(place)))
        error = abs(weighted_score(counted) - image.mos)
        (lone if len(counted) == 1 else whole).append(error / _half(counted, _plain(before)))
        covered.append(error <= _half(counted, before))
        yield place + 1, len(rated.images)
    found = replace(
        before,
        factor=conformal_quantile(whole, before.level) if whole else before.factor,
        slice_factor=conformal_quantile(lone, before.level) if lone else before.slice_factor,
    )
    subjects = len({image.subject for image in rated.images})
    words = _words(rated.name, len(rated.images), subjects, float(np.mean(covered)), found)
    config = {**loaded.folder.config, "interval": asdict(found), "recalibrated": words}
    folder = out / loaded.folder.name
    card = f"{loaded.folder.card.rstrip()}\n\n## Interval calibrated on the site's own ratings\n\n{words}\n"
    save_model(folder, loaded.network.cpu(), config, card)
    return folder, words


def _predicted(engine: Engine, planes: list[NDArray[np.float32]]) -> list[SlicePrediction]:
    return [
        SlicePrediction(
            index=number, weight=object_share(plane), **vars(next(iter(engine.predict([plane]))))
        )
        for number, plane in enumerate(planes)
    ]


def _plain(calibration: Calibration) -> Calibration:
    """Return the calibration with the shape of its spread and factors of 1."""
    return replace(calibration, factor=1.0, slice_factor=1.0)


def _half(counted: list[SlicePrediction], calibration: Calibration) -> float:
    return calibration.half_width(counted, [max(item.weight, 1e-6) for item in counted])


def _words(name: str, images: int, subjects: int, covered: float, found: Calibration) -> str:
    lone = "" if found.slice_factor is None else f" (lone slices ±{found.slice_factor:.2f})"
    few = (
        f" With fewer than {_GUARANTEED_FROM} subjects the level holds for images like these, not for new subjects."
        if subjects < _GUARANTEED_FROM
        else ""
    )
    return (
        f"{images} images of {subjects} subjects in {name}: the interval before held {covered:.0%} of their ratings; "
        f"calibrated to {found.level:.0%}, it is now ±{found.factor:.2f}{lone} times the spread.{few}"
    )
