"""What the networks of a fine-tuning say of images that they never saw, rated ones and simulated ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import SlicePrediction
from miqa_app.core.slices import object_share
from miqa_app.evaluation.degradation import Applied, make_sample
from miqa_app.evaluation.interval import conformal_quantile
from miqa_app.evaluation.predictions import Predictions
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.rated.lookalike import references
from miqa_app.scoring.assess import lowest_quarter, weighted_score
from miqa_app.services.recalibrate import FEWEST_IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.scoring.engine import Engine
    from miqa_app.scoring.interval import Calibration
    from miqa_app.scoring.scope import ScopeModel
    from miqa_app.services.finetune_data import SiteData
    from miqa_app.services.finetune_plan import Plan

    Plane = NDArray[np.float32]

_SEVERITIES = (0.2, 0.45, 0.8)
_SITE_KINDS = 6
_MOST_REFERENCES = 30
_TRAINED_ON = "phantom"
"""Subject of the look-alike set on which trainings rehearse; it cannot test what they forgot."""


@dataclass(frozen=True)
class Said:
    """What a network said of one rated image.

    Attributes:
        score: 0-100, as the score of a series.
        spread: half width of its interval with factors of 1, points.
        lone: True for a single slice, whose interval has a factor of its own.
        outside: True where the scope check would refuse the image; None without such a check.
    """

    score: float
    spread: float
    lone: bool
    outside: bool | None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Said:
        """Return what was kept as JSON."""
        return cls(**stored)


@dataclass(frozen=True, eq=False)
class Simulated:
    """A degraded clean image with its quality index.

    Attributes:
        name: unique.
        reference: the clean image.
        kind: of the artefact, 'clean' for none.
        plane: (H, W) float32 in [0, 1].
        q: quality index, 0-100.
        training: number of the training whose network is asked, see `Plan.trainings`; it has not seen the reference.
    """

    name: str
    reference: str
    kind: str
    plane: Plane
    q: float
    training: int


def said(
    engine: Engine,
    data: SiteData,
    places: Sequence[int],
    calibration: Calibration,
    scope: ScopeModel | None,
    tick: Callable[[], None],
) -> list[Said]:
    """Return what a network says of rated images.

    Args:
        engine: holds the network.
        data: the rated images.
        places: which of them.
        calibration: shape of the spread of the parent's interval.
        scope: check of the parent.
        tick: called before every image; it may raise.
    """
    plain = replace(calibration, factor=1.0, slice_factor=1.0)
    result = []
    for place in places:
        tick()
        slices = _slices(engine, data.planes(place))
        counted = lowest_quarter(slices)
        weights = [max(one.weight, 1e-6) for one in counted]
        outside = None
        if scope is not None:
            planes = data.planes(place)
            distances = [
                scope.distance(p, s.embedding) for p, s in zip(planes, slices, strict=True)
            ]
            outside = scope.judge(distances).in_scope is False
        half = plain.half_width(counted, weights)
        result.append(Said(weighted_score(counted), half, len(counted) == 1, outside))
    return result


def _slices(engine: Engine, planes: Sequence[Plane]) -> list[SlicePrediction]:
    return [
        SlicePrediction(
            index=number, weight=object_share(plane), **vars(next(iter(engine.predict([plane]))))
        )
        for number, plane in enumerate(planes)
    ]


def scores(engine: Engine, simulated: Sequence[Simulated], tick: Callable[[], None]) -> list[float]:
    """Return the score, 0-100, of every simulated image."""
    found = []
    for one in simulated:
        tick()
        found.append(next(iter(engine.predict([one.plane]))).score)
    return found


def simulated_images(data: SiteData, plan: Plan, tick: Callable[[], None]) -> list[Simulated]:
    """Return simulated images of references on which the network that judges them has not rehearsed.

    Clean images of tested references go to the network that was tested on them, bundled slices to the candidate.

    Args:
        data: the rated images.
        plan: the split.
        tick: called before every image; it may raise.
    """
    result: list[Simulated] = []
    for number, (training, name, path) in enumerate(_clean(data, plan)):
        planes = read_planes(path, photograph=data.rated.photographs, frames=1)
        kinds = [KEYS[(_SITE_KINDS * number + count) % len(KEYS)] for count in range(_SITE_KINDS)]
        result += _degraded(name, planes[0], kinds, training, 1000 + number, tick)
    for number, bundled in enumerate(references()):
        if bundled.subject != _TRAINED_ON:
            last = len(plan.trainings) - 1
            name = f"bundled {bundled.name}"
            result += _degraded(name, bundled.plane, KEYS, last, number, tick)
    return result


def write_simulated(simulated: Sequence[Simulated], path: Path) -> None:
    """Keep simulated images, whole or not at all."""
    facts = [(one.name, one.reference, one.kind, one.q, one.training) for one in simulated]
    arrays: dict[str, Any] = {
        str(number): one.plane.astype(np.float16) for number, one in enumerate(simulated)
    }
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as stream:
        np.savez(stream, **arrays, facts=np.array(json.dumps(facts)))
    partial.replace(path)


def read_simulated(path: Path) -> list[Simulated] | None:
    """Return kept images, None where there are none."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as kept:
        facts = json.loads(str(kept["facts"]))
        return [
            Simulated(name, reference, kind, kept[str(number)].astype(np.float32), q, training)
            for number, (name, reference, kind, q, training) in enumerate(facts)
        ]


def _clean(data: SiteData, plan: Plan) -> list[tuple[int, str, Path]]:
    """Return training, reference and clean image of tested references, evenly spaced where there are many."""
    found: dict[str, tuple[int, str, Path]] = {}
    for training, fold in enumerate(plan.trainings):
        for place in fold.test:
            image = data.images[place]
            if image.clean is not None and image.clean.exists():
                found.setdefault(image.reference, (training, image.reference, image.clean))
    every = list(found.values())
    if len(every) <= _MOST_REFERENCES:
        return every
    return [every[int(place)] for place in np.linspace(0, len(every) - 1, _MOST_REFERENCES)]


def _degraded(
    reference: str,
    plane: Plane,
    kinds: Sequence[str],
    training: int,
    seed: int,
    tick: Callable[[], None],
) -> list[Simulated]:
    """Return the plane without and with each artefact, severities taking turns."""
    index = load_quality_index()
    result = []
    for number, kind in enumerate(["clean", *kinds]):
        tick()
        severity = _SEVERITIES[(seed + number) % len(_SEVERITIES)] if number else 0.0
        applied = [Applied(kind, severity, 31 * seed + number)] if number else []
        sample = make_sample(plane, applied)
        q = index.q(sample.metrics, sample.energies)
        # as they are kept, so that a run that goes on asks about the very same pixels
        kept = sample.plane.astype(np.float16).astype(np.float32)
        name = f"{reference} {kind} {severity:g}"
        result.append(Simulated(name, reference, kind, kept, q, training))
    return result


def recalibrated(
    before: Calibration, targets: Sequence[float], given: Sequence[Said]
) -> Calibration:
    """Return the calibration whose factors hold the ratings of images that the network never saw.

    The parent's factors stay where fewer than `FEWEST_IMAGES` say something about them.

    Args:
        before: the parent's.
        targets: scores 0-100.
        given: what was said of the same images.
    """
    found = {
        lone: [
            abs(one.score - target) / one.spread
            for one, target in zip(given, targets, strict=True)
            if one.lone is lone
        ]
        for lone in (True, False)
    }
    factors = {
        lone: conformal_quantile(ratios, before.level) if len(ratios) >= FEWEST_IMAGES else old
        for (lone, ratios), old in zip(
            found.items(), (before.slice_factor, before.factor), strict=True
        )
    }
    return replace(before, slice_factor=factors[True], factor=factors[False] or before.factor)


def held_out_predictions(
    data: SiteData, places: Sequence[int], methods: Mapping[str, Sequence[float]]
) -> Predictions:
    """Return the predictions of rated images, with every group that is known.

    Args:
        data: the rated images.
        places: which were tested.
        methods: scores by method.
    """
    images = [data.images[place] for place in places]
    widths = [image.ci for image in images if image.ci is not None]
    groups = {
        name: tuple(labels[place] for place in places)
        for name, labels in data.groups.items()
        if any(labels[place] for place in places)
    }
    return Predictions(
        images=tuple(image.name for image in images),
        references=tuple(image.reference for image in images),
        targets=np.array([image.mos for image in images]),
        methods={name: np.array(values) for name, values in methods.items()},
        groups={**groups, "subject": tuple(image.subject for image in images)},
        intervals=np.array(widths) if len(widths) == len(images) else None,
    )


def rehearsal_predictions(
    simulated: Sequence[Simulated], methods: Mapping[str, Sequence[float]]
) -> Predictions:
    """Return the predictions of simulated images against their quality index."""
    return Predictions(
        images=tuple(one.name for one in simulated),
        references=tuple(one.reference for one in simulated),
        targets=np.array([one.q for one in simulated]),
        methods={name: np.array(values) for name, values in methods.items()},
        groups={"kind": tuple(one.kind for one in simulated)},
    )
