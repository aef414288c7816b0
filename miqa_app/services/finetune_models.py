"""The models around a fine-tuning: which one it begins with, what they have seen, and how long they take to learn."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.registry.folders import ModelFolder
    from miqa_app.services.finetune_data import SiteData
    from miqa_app.services.finetune_plan import Plan
    from miqa_app.training.finetune.recipe import FineTuneRecipe

LEARNT = "learnt.json"
"""File of the local evidence that says from which pixels a candidate has learnt; it is never exported."""

TRIAL_SEEDS = 1
"""A trial model is trained once: the average of several seeds, which the candidate gets, does no worse."""

_STEP_COST = 3.0
"""A step forward and back in forward passes."""

_HEADS_COST = 0.2
"""The same where only the heads learn."""

_OTHER_IMAGES = 600
"""Simulated images that three models score, and the checks of the evidence."""

_TIMED, _SAMPLED = 3, 8
_STOPS_EARLY = 0.7
"""Share of the epochs that is usually run."""


def learnt_from(model: ModelFolder) -> set[str] | None:
    """Return the marks (see `SiteData.marks`) of all that a model learnt from; None where a fine-tuned one does not say."""
    if "parent" not in model.config["training"]:
        return set()
    path = model.path / "evidence" / "local" / LEARNT
    try:
        return set(json.loads(path.read_text(encoding="utf-8"))["images"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def estimated_seconds(
    data: SiteData, plan: Plan, recipe: FineTuneRecipe, parent: ModelFolder, device: str
) -> float:
    """Return how long the training may take, in seconds, from one image scored on this device."""
    from miqa_app.registry.checkpoint import load_model
    from miqa_app.scoring.engine import Engine
    from miqa_app.training.finetune.rehearsal import rehearsal_size

    engine = Engine(load_model(str(parent.path)).network, device)
    plane = data.planes(0)[0]
    list(engine.predict([plane]))
    image = min(_timed(lambda: list(engine.predict([plane]))) for _ in range(_TIMED))
    crop = image * recipe.crop**2 / plane.size
    sample = range(0, len(data.images), max(1, len(data.images) // _SAMPLED))
    slices = sum(len(data.planes(place)) for place in sample) / len(sample)
    heads, seconds = recipe.parts == "heads", 0.0
    if heads:
        # features below the heads are computed once for all trainings
        known = len(data.images) * slices + (
            rehearsal_size(len(data.images)) if recipe.rehearsal else 0
        )
        seconds += known * image
    for number, fold in enumerate(plan.trainings):
        seeds = recipe.seeds if number == len(plan.folds) else TRIAL_SEEDS
        epochs = seeds * recipe.epochs * _STOPS_EARLY
        learnt = len(fold.train) * recipe.crops / (1 - recipe.rehearsal) * epochs
        judged = len(fold.validation) * slices * epochs
        seconds += (
            (learnt + judged) * image * _HEADS_COST
            if heads
            else learnt * crop * _STEP_COST + judged * image
        )
        seconds += len(fold.test) * slices * image
    others = 2 * len(plan.tested) * slices + _OTHER_IMAGES
    return float(seconds + others * image)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
