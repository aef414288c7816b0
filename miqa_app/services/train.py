"""Train a model from a recipe to a folder with a card, and measure models."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from miqa_app.evaluation.baselines import Niqe
from miqa_app.evaluation.figures import Row, figures, measured
from miqa_app.evaluation.held_out import load_evaluation
from miqa_app.evaluation.interval import calibrate
from miqa_app.evaluation.sources import clean_slices
from miqa_app.registry.checkpoint import half_precision_network, load_model, save_model
from miqa_app.scoring.assess import Calibration
from miqa_app.scoring.engine import Engine
from miqa_app.training.card import card_text
from miqa_app.training.fit import Progress, fit, freeze_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.training.recipe import Recipe

PREPROCESSING = {
    "version": "robust-series-1",
    "range": [0, 1],
    "low": "0.5th percentile of the series",
    "high": "99.5th percentile of its object",
}


def train_model(recipe: Recipe, data: Path, run: Path, report: Callable[[Progress], None]) -> Path:
    """Train, calibrate, evaluate and write the model folder; return it.

    Args:
        recipe: what to do.
        data: folder of the scans.
        run: folder of this run; a run that was stopped goes on from its last epoch.
        report: called with the progress.

    Raises:
        BadRecipe: held-out sources are used, or a scan is missing.
        MiqaError: the training diverged.
    """
    before = load_model(recipe.warm_start).folder.config["training"] if recipe.warm_start else None
    outcome = fit(recipe, data, run, report)
    torch.set_num_threads(os.cpu_count() or 1)
    engine = Engine(half_precision_network(outcome.network), "auto")
    interval = Calibration(1.0)
    for step in calibrate(recipe.validation, data, engine):
        if isinstance(step, Calibration):
            interval = step
        else:
            report(Progress("calibrate", *step, {}))
    evaluation = load_evaluation(recipe.evaluation)
    rows: list[Row] = []
    for row in measured(evaluation, data, engine, Niqe.bundled()):
        rows.append(row)
        report(Progress("evaluate", len(rows), 0, {}))
    values = figures(rows, evaluation)
    training = {
        **outcome.training,
        "summary": _summary(recipe),
        "before": before,
        "recipe": recipe.model_dump(mode="json"),
    }
    config = {
        "preprocessing": PREPROCESSING,
        "score_scale": {"low": 0, "high": 100, "best": 100, "target": recipe.quality_index},
        "interval": asdict(interval),
        "training": training,
        "evaluation": values,
    }
    folder = run / "model" / recipe.name
    save_model(folder, outcome.network.cpu(), config, card_text(recipe, config))
    report(Progress("done", 1, 1, {}))
    return folder


def _summary(recipe: Recipe) -> str:
    names = sorted({source.name for source in recipe.train})
    return f"simulated degradation of open scans ({len(names)} sources), target {recipe.quality_index}; not rated by people"


def freeze_quality_index(
    recipe: Recipe, data: Path, run: Path, path: Path, report: Callable[[Progress], None]
) -> None:
    """Write the mapping of Q fitted on the recipe's training pool, and NIQE's pristine model beside it."""
    path.write_text(freeze_index(recipe, data, run, report) + "\n", encoding="utf-8")
    planes = [item.plane for item in clean_slices(recipe.train, data)]
    Niqe.fitted(planes[:: max(1, len(planes) // 120)]).write(path.with_name("niqe-mri-1.json"))


def evaluate(
    model: str | None, evaluation: str, data: Path, report: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return the figures of a model on a frozen evaluation; see `evaluation.figures`."""
    torch.set_num_threads(os.cpu_count() or 1)
    loaded = load_model(model)
    recipe = load_evaluation(evaluation)
    engine = Engine(loaded.network)
    rows: list[Row] = []
    for row in measured(recipe, data, engine, Niqe.bundled()):
        rows.append(row)
        report(len(rows), 0)
    result: dict[str, Any] = {
        "model": asdict(loaded.folder.identity),
        "engine": asdict(engine.identity),
        **figures(rows, recipe),
    }
    return json.loads(json.dumps(result))  # type: ignore[no-any-return]
