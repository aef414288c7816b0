"""A model on a frozen evaluation: every image scored, with all that the figures are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.foreground import without_air
from miqa_app.evaluation.degradation import LOCAL_KINDS, coarse_matrix, rescaled
from miqa_app.evaluation.held_out import items
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.statistics.correlation import auc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.held_out import EvaluationRecipe, Item
    from miqa_app.scoring.interval import Calibration
    from miqa_app.scoring.prediction import PlaneEngine, PlanePrediction

DAMAGED_FROM = 0.25
"""Share of a slice's greatest local damage from which a cell counts as damaged."""

_CHANGED_EVERY = 12
"""Every how many images harmless changes are tried; each costs six more predictions."""

AIR_BELOW = 0.08
"""Level, as a share of full scale, below which a slice is taken for air where its air is set to zero."""

COARSE = 104
"""Longer edge in pixels of a clean slice that gets a coarse matrix."""

_SHIFT = 2
_GAIN = 0.1


@dataclass(frozen=True, eq=False)
class Row:
    """One image of the evaluation after scoring.

    Attributes:
        groups: 'source', 'anatomy', 'vendor' and 'sequence' of the image.
        slice: identity of the clean slice.
        kinds: artefacts applied; none for a clean image.
        severity: of the first artefact, 0 for a clean image.
        q: target, 0–100.
        score: prediction, 0–100.
        half: half width of the prediction's interval, points of 100.
        probabilities: of every artefact kind.
        map_auc: how well low cells of the score map mark the damage on the object; NaN where that is not asked.
        measures: reference-free measures by name.
        changes: absolute change of the score under changes that leave the quality alone, by name; empty where untried.
        without_air: prediction for a clean slice after its air was set to zero, as many scanners do; None where untried.
        coarse: prediction for a clean slice with a coarse matrix, as echo-planar imaging has it; None where untried.
    """

    groups: Mapping[str, str]
    slice: str
    kinds: tuple[str, ...]
    severity: float
    q: float
    score: float
    half: float
    probabilities: Mapping[str, float]
    map_auc: float
    measures: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[str, float] = field(default_factory=dict)
    without_air: float | None = None
    coarse: float | None = None

    @property
    def kind(self) -> str:
        """Return the one artefact kind, 'combined' for several, or '' for a clean image."""
        return self.kinds[0] if len(self.kinds) == 1 else "combined" if self.kinds else ""

    @property
    def covered(self) -> bool:
        """Return whether the interval holds the target."""
        return abs(self.score - self.q) <= self.half


def measured(
    recipe: EvaluationRecipe,
    data: Path,
    engine: PlaneEngine,
    calibration: Calibration,
    measures: Callable[[NDArray[np.float32]], Mapping[str, float]],
) -> Iterator[Row]:
    """Yield a row per image of the evaluation.

    Args:
        recipe: the frozen evaluation.
        data: folder of the scans.
        engine: holds the network.
        calibration: of the interval of a lone slice.
        measures: reference-free measures of a plane (H, W) in [0, 1].
    """
    index = load_quality_index()
    for number, item in enumerate(items(recipe, data)):
        plane = item.sample.plane
        prediction = next(iter(engine.predict([plane])))
        source = item.clean.source
        yield Row(
            groups={
                "source": source.name,
                "anatomy": source.anatomy,
                "vendor": source.vendor,
                "sequence": item.clean.sequence,
            },
            slice=item.clean.identity,
            kinds=item.kinds,
            severity=item.severity,
            q=index.q(item.sample.metrics, item.sample.energies),
            score=prediction.score,
            half=calibration.half_width([prediction]),
            probabilities=prediction.artefacts,
            map_auc=_map_auc(item, prediction),
            measures=measures(plane),
            changes=score_changes(engine, plane) if number % _CHANGED_EVERY == 0 else {},
            without_air=None if item.kinds else _score(engine, without_air(plane, AIR_BELOW)),
            coarse=None if item.kinds else _score(engine, rescaled(coarse_matrix(plane, COARSE))),
        )


def score_changes(engine: PlaneEngine, plane: NDArray[np.float32]) -> dict[str, float]:
    """Return by how many points the score moves under changes that leave the quality as it is.

    A shift is judged on two windows of the slice that lie two pixels apart, so that no pixel has to be made up.

    Args:
        engine: holds the network.
        plane: (H, W) float32 in [0, 1].
    """
    whole = _score(engine, plane)
    first, second = plane[:-_SHIFT, :-_SHIFT], plane[_SHIFT:, _SHIFT:]
    return {
        "flip left to right": abs(_score(engine, plane[:, ::-1]) - whole),
        "flip top to bottom": abs(_score(engine, plane[::-1]) - whole),
        "gain −10 %": abs(_score(engine, plane * (1 - _GAIN)) - whole),
        "gain +10 %": abs(_score(engine, np.clip(plane * (1 + _GAIN), 0, 1)) - whole),
        "shift by 2 pixels": abs(_score(engine, first) - _score(engine, second)),
    }


def _score(engine: PlaneEngine, plane: NDArray[np.float32]) -> float:
    values = np.ascontiguousarray(plane, dtype=np.float32)
    return next(iter(engine.predict([values]))).score


def _map_auc(item: Item, prediction: PlanePrediction) -> float:
    """Return how well low cells of the score map mark the damage on the object; NaN for what is not local."""
    damage, inside = item.sample.damage, item.sample.inside
    if len(item.kinds) != 1 or item.kinds[0] not in LOCAL_KINDS or damage.max() <= 0:
        return float("nan")
    damaged = damage > DAMAGED_FROM * damage.max()
    return auc(-prediction.score_map[inside], damaged[inside])
