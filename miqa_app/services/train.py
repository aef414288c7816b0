"""Train a model from a recipe to a folder with a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.held_out import load_evaluation
from miqa_app.evaluation.niqe import Niqe
from miqa_app.evaluation.packed import SUFFIX, pack
from miqa_app.evaluation.sources import clean_slices
from miqa_app.registry.checkpoint import half_precision_network, save_model
from miqa_app.scoring.engine import Engine
from miqa_app.services.measure import measure
from miqa_app.services.measured_parts import Parts
from miqa_app.training.card import card_text
from miqa_app.training.fit import fit, freeze_index
from miqa_app.training.keeping import model_config
from miqa_app.training.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miqa_app.training.recipe import Recipe


def train_model(
    recipe: Recipe,
    data: Path,
    run: Path,
    report: Callable[[Progress], None],
    going_on_from: str | None = None,
    imagenet: Path | None = None,
) -> Path:
    """Train, calibrate, evaluate and write the model folder; return it.

    Args:
        recipe: what to do.
        data: folder of the scans.
        run: folder of this run; a run that was stopped goes on from its last epoch.
        report: called with the progress.
        going_on_from: model that the same recipe trained up to some step elsewhere, see `training.fit.fit`.
        imagenet: folder of the weights for `warm_start: imagenet`; timm downloads them where it is None.

    Raises:
        BadModel: a model that is named is missing or damaged.
        BadRecipe: held-out sources are used, a scan is missing, or ImageNet weights cannot be had.
        MiqaError: the training diverged.
    """
    outcome = fit(recipe, data, run, report, going_on_from, imagenet)
    engine = Engine(half_precision_network(outcome.network), "auto")
    parts = Parts(run / "measured", engine.network, recipe, data)
    figures = measure(
        recipe,
        engine.network,
        engine,
        data,
        parts,
        lambda stage, done, total: report(Progress(stage, done, total, {})),
    )
    config = {**model_config(recipe, outcome.training), **figures}
    folder = run / "model" / recipe.name
    save_model(folder, outcome.network.cpu(), config, card_text(recipe, config))
    parts.clear()
    report(Progress("done", 1, 1, {}))
    return folder


def freeze_quality_index(
    recipe: Recipe, data: Path, run: Path, path: Path, report: Callable[[Progress], None]
) -> None:
    """Write the mapping of Q fitted on the recipe's training pool, and NIQE's pristine model beside it."""
    path.write_text(freeze_index(recipe, data, run, report) + "\n", encoding="utf-8")
    planes = [item.plane for item in clean_slices(recipe.train, data)]
    Niqe.fitted(planes[:: max(1, len(planes) // 120)]).write(path.with_name("niqe-mri-1.json"))


def pack_slices(recipe: Recipe, data: Path, path: Path) -> int:
    """Write every clean slice that training, calibration and evaluation of a recipe need into one file.

    Returns:
        The number of slices.

    Raises:
        BadRecipe: a scan is missing, or the file's name does not end in .npz.
    """
    if path.suffix != SUFFIX:
        message = f"The packed slices go into a {SUFFIX} file, not {path}."
        raise BadRecipe(message)
    held_out = [
        source
        for name in (recipe.evaluation, *recipe.more_evaluations)
        for source in load_evaluation(name).sources
    ]
    wanted = {
        (s.name, s.subject, s.path, s.every, s.frames, s.stacks): s
        for s in [*held_out, *recipe.train, *recipe.validation]
    }
    return pack(clean_slices(list(wanted.values()), data), path)
