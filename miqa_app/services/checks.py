"""Checks of a model that have no target: can its maps be believed, and what does it say of real artefacts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app.evaluation.explanations import PASTED, explained, explanation_figures
from miqa_app.evaluation.held_out import load_evaluation
from miqa_app.evaluation.real_artefact_report import as_table, write_plots, write_rows
from miqa_app.evaluation.real_artefacts import real_figures, real_rows
from miqa_app.evaluation.sources import clean_slices
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.evaluation.real_artefacts import Row
    from miqa_app.evaluation.sources import CleanSlice
    from miqa_app.networks import QualityNetwork
    from miqa_app.scoring.prediction import PlaneEngine


def check_explanations(
    model: str | None,
    data: Path,
    report: Callable[[int, int, str], None],
    *,
    evaluation: str = "held-out-1",
    slices_per_source: int = 8,
) -> dict[str, Any]:
    """Return the figures of a model's score maps on the held-out sources; see `evaluation.explanations`.

    Args:
        model: name or folder; the active one by default.
        data: folder of the scans.
        report: called with what is done, of how many, and of what.
        evaluation: the frozen evaluation whose sources are taken.
        slices_per_source: at most so many slices, evenly spaced.

    Raises:
        BadModel: the model is missing or damaged.
        BadRecipe: a scan is missing.
    """
    loaded = load_model(model)
    figures = explanations_of(
        loaded.network, evaluation, data, report, slices_per_source=slices_per_source
    )
    return {"model": asdict(loaded.folder.identity), **figures}


def explanations_of(
    network: QualityNetwork,
    evaluation: str,
    data: Path,
    report: Callable[[int, int, str], None],
    *,
    slices_per_source: int = 8,
) -> dict[str, Any]:
    """Return the figures of a network's score maps, plain numbers and texts; see `check_explanations`."""
    recipe = load_evaluation(evaluation)
    slices: list[CleanSlice] = []
    for source in recipe.sources:
        own = list(clean_slices([source], data))
        slices += own[:: -(-len(own) // slices_per_source) or 1]
    rows = []
    for row in explained(network, slices, seed=recipe.seed):
        rows.append(row)
        report(len(rows), len(slices) * len(PASTED), "Explanations")
    return json.loads(json.dumps(explanation_figures(rows)))  # type: ignore[no-any-return]


def check_real_artefacts(
    model: str | None, data: Path, report: Callable[[int, int, str], None], out: Path | None = None
) -> dict[str, Any]:
    """Return what a model says of real artefacts; see `evaluation.real_artefacts`.

    Args:
        model: name or folder; the active one by default.
        data: folder of the scans.
        report: called with what is done, of how many (0: unknown), and of what.
        out: folder for the table, the rows as CSV and the plots.

    Raises:
        BadModel: the model is missing or damaged.
        BadRequest: none of the scans is there.
    """
    loaded = load_model(model)
    rows, figures = real_artefacts_of(Engine(loaded.network), data, report)
    values = {"model": asdict(loaded.folder.identity), **figures}
    if out is not None:
        write_plots(rows, out)
        write_rows(rows, out)
        (out / "real.md").write_text(as_table(values) + "\n", encoding="utf-8")
    return values


def real_artefacts_of(
    engine: PlaneEngine, data: Path, report: Callable[[int, int, str], None]
) -> tuple[list[tuple[str, Row]], dict[str, Any]]:
    """Return the rows and the figures of a network on real artefacts; see `check_real_artefacts`."""
    rows = []
    for part, row in real_rows(engine, data):
        rows.append((part, row))
        report(len(rows), 0, part)
    return rows, json.loads(json.dumps(real_figures(rows)))
