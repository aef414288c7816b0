"""Measure a model on scans that it never saw: its interval, its figures, and its card."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from miqa_app.errors import BadModel, BadRequest
from miqa_app.evaluation.figures import as_predictions, figures
from miqa_app.evaluation.held_out import load_evaluation
from miqa_app.evaluation.interval import calibrate
from miqa_app.evaluation.measured import Row, measured
from miqa_app.evaluation.packed import SUFFIX
from miqa_app.evaluation.reference_free import reference_free
from miqa_app.evaluation.scope_check import check_scope, load_scope_list, rates
from miqa_app.evaluation.scope_fit import fit_scope
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration
from miqa_app.scoring.scope import ScopeModel
from miqa_app.services.checks import explanations_of, real_artefacts_of
from miqa_app.services.engine_open import open_engine
from miqa_app.services.measured_parts import Parts
from miqa_app.training.card import card_text
from miqa_app.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.evaluation.predictions import Predictions
    from miqa_app.networks import QualityNetwork
    from miqa_app.scoring.prediction import PlaneEngine

EXACT_ENGINES = ("auto", "torch", "openvino")
"""Engines whose scores are those of the network; the card is made with no other."""

_FEWEST_SOURCES = 2


def measure(
    recipe: Recipe,
    network: QualityNetwork,
    engine: PlaneEngine,
    data: Path,
    parts: Parts,
    report: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """Return the parts of config.json that are measured.

    These are 'interval', 'evaluation', 'more_evaluations' and 'explanations', and, where the scans themselves are at
    hand instead of packed slices, 'scope', 'scope_check' and 'real_artefacts'.

    Args:
        recipe: what the network learnt from, which subjects calibrate it, and the frozen evaluations.
        network: the network itself, for what other weights would say.
        engine: scores with that network.
        data: folder of the scans, or a file of packed slices.
        parts: keeps each part when it is done.
        report: called with the stage, what is done and of how many (0 where that is not known).

    Raises:
        BadRecipe: a scan or an evaluation is missing.
    """
    kept = parts.of("interval", lambda: asdict(calibrated(recipe, engine, data, report)))
    interval = Calibration(**kept)
    tables = [
        parts.of(f"evaluation-{place}", partial(_figures, name, engine, interval, data, report))
        for place, name in enumerate((recipe.evaluation, *recipe.more_evaluations), start=1)
    ]
    measured_parts = {
        "interval": kept,
        "evaluation": tables[0],
        "more_evaluations": tables[1:],
        "explanations": parts.of(
            "explanations",
            lambda: explanations_of(
                network,
                recipe.evaluation,
                data,
                lambda done, total, _: report("explain", done, total),
            ),
        ),
    }
    if data.suffix == SUFFIX:
        return measured_parts
    return (
        measured_parts
        | parts.of("scope", lambda: scoped(recipe, engine, data, report))
        | parts.of("real", lambda: on_real_artefacts(engine, data, report))
    )


def on_real_artefacts(
    engine: PlaneEngine, data: Path, report: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Return 'real_artefacts', or nothing where none of those scans is there, as at a site."""
    try:
        _, values = real_artefacts_of(
            engine, data, lambda done, total, _: report("judge real artefacts", done, total)
        )
    except BadRequest:
        return {}
    return {"real_artefacts": values}


def scoped(
    recipe: Recipe, engine: PlaneEngine, data: Path, report: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Return 'scope', the scope check as it is stored, and 'scope_check', its rates on the frozen list.

    The rates are left out where scans of the list are missing, as at a site that trains on its own. With a single
    training source there is no other to set the threshold by, and no check.
    """
    if len({source.name for source in recipe.train}) < _FEWEST_SOURCES:
        return {}
    model: ScopeModel | None = None
    for step in fit_scope(recipe.train, recipe.validation, data, engine):
        if isinstance(step, ScopeModel):
            model = step
        else:
            report("fit the scope check", *step)
    if model is None:
        return {}
    listed = load_scope_list()
    config = {"scope": model.as_config()}
    if not all((data / item.path).exists() for item in listed.items):
        return config
    judged = []
    for item in check_scope(listed, data, engine, model):
        judged.append(item)
        report("test the scope check", len(judged), 0)
    return {**config, "scope_check": {"list": listed.name, **rates(judged)}}


def calibrated(
    recipe: Recipe, engine: PlaneEngine, data: Path, report: Callable[[str, int, int], None]
) -> Calibration:
    """Return the interval calibrated on the recipe's validation subjects."""
    interval = Calibration(1.0)
    for step in calibrate(recipe.train, recipe.validation, data, engine):
        if isinstance(step, Calibration):
            interval = step
        else:
            report("calibrate", *step)
    return interval


def remeasure(
    name: str | None, data: Path, out: Path, engine: str, report: Callable[[str, int, int], None]
) -> Path:
    """Measure an installed model anew and write it with its new figures and card into `out`; return its folder.

    The recipe is the one in its config.json, so the same subjects calibrate it and the same evaluation judges it. After
    a stop the same call goes on behind the last part that was done.

    Args:
        name: name or folder of the model; the active one by default.
        data: folder of the scans.
        out: folder in which the model's folder is written.
        engine: 'auto', 'torch' or 'openvino'.
        report: called with the stage, what is done and of how many (0 where that is not known).

    Raises:
        BadRequest: the engine is not to be had here, or is not exact.
        BadModel: the model is missing or damaged, or names no recipe.
        BadRecipe: a scan is missing.
    """
    if engine not in EXACT_ENGINES:
        message = f"A model is measured with an exact engine: {', '.join(EXACT_ENGINES)}; not with {engine}."
        raise BadRequest(message)
    loaded = load_model(name)
    config = dict(loaded.folder.config)
    try:
        recipe = Recipe(**config["training"]["recipe"])
    except (KeyError, ValueError) as error:
        message = f"The model {loaded.folder.path} does not say by which recipe it was trained; it cannot be measured again."
        raise BadModel(message) from error
    parts = Parts(out / f".{loaded.folder.name}-parts", loaded.network, recipe, data)
    scorer = open_engine(engine, loaded.folder, "auto", torch.get_num_threads())
    config |= measure(recipe, loaded.network, scorer, data, parts, report)
    folder = out / loaded.folder.name
    save_model(folder, loaded.network.cpu(), config, card_text(recipe, config))
    parts.clear()
    return folder


def evaluate(
    model: str | None, evaluation: str, data: Path, report: Callable[[str, int, int], None]
) -> tuple[dict[str, Any], Predictions]:
    """Return the figures of a model on a frozen evaluation, and the table of targets and predictions behind them.

    The figures are those of `evaluation.figures.figures` with 'model' and 'engine'; plain numbers and texts.

    Raises:
        BadModel: the model is missing or damaged.
        BadRecipe: there is no such evaluation, or a scan is missing.
    """
    loaded = load_model(model)
    engine = Engine(loaded.network)
    interval = Calibration(**loaded.folder.config["interval"])
    rows = _rows(evaluation, engine, interval, data, report)
    values: dict[str, Any] = {
        "model": asdict(loaded.folder.identity),
        "engine": asdict(engine.identity),
        **figures(rows, load_evaluation(evaluation)),
    }
    return json.loads(json.dumps(values)), as_predictions(rows, loaded.folder.name)


def _figures(
    name: str,
    engine: PlaneEngine,
    interval: Calibration,
    data: Path,
    report: Callable[[str, int, int], None],
) -> dict[str, Any]:
    return figures(_rows(name, engine, interval, data, report), load_evaluation(name))


def _rows(
    name: str,
    engine: PlaneEngine,
    interval: Calibration,
    data: Path,
    report: Callable[[str, int, int], None],
) -> list[Row]:
    rows: list[Row] = []
    for row in measured(load_evaluation(name), data, engine, interval, reference_free):
        rows.append(row)
        report("evaluate", len(rows), 0)
    return rows
