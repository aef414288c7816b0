"""One training run from recipe to model folder, resumable after a kill."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from miqa_app.errors import BadRecipe, MiqaError
from miqa_app.evaluation.quality_index import fit_quality_index, load_quality_index
from miqa_app.networks import named_config
from miqa_app.registry.checkpoint import load_model
from miqa_app.training.averaging import AveragedWeights
from miqa_app.training.crops import Crops
from miqa_app.training.first_weights import begin, check_start
from miqa_app.training.keeping import Keeper, RunLog, revision
from miqa_app.training.module import QualityModule
from miqa_app.training.pool import Pool, make_pool
from miqa_app.training.progress import Progress, Reporter, curve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.recipe import Recipe

_PATIENCE = 8


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gave: the averaged network and what its card says of the run."""

    network: QualityNetwork
    training: dict[str, Any]


def fit(
    recipe: Recipe,
    data: Path,
    run: Path,
    report: Callable[[Progress], None],
    going_on_from: str | None = None,
    imagenet: Path | None = None,
) -> Outcome:
    """Train as the recipe says; continue from the last epoch where `run` holds a checkpoint.

    A run that was continued took other batches than an unbroken one, so its weights differ from those. After every
    epoch the averaged weights lie in `run`/averaged as a model folder, from which the run can go on elsewhere.

    Args:
        recipe: checked by `read_recipe`.
        data: folder of the scans.
        run: folder for the pool, checkpoints and logs.
        report: called with the progress.
        going_on_from: name or folder of a model that the same recipe trained up to some step, perhaps on another
            machine; its optimiser starts anew, its learning rate and its epochs go on.
        imagenet: folder of the weights for `warm_start: imagenet`, see `imagenet.take_imagenet`; None downloads them.

    Raises:
        BadModel: a model that is named is missing or damaged.
        BadRecipe: a held-out source stands in training or validation, the recipe does not fit `going_on_from`, or
            ImageNet weights cannot be had.
        MiqaError: the training diverged.
    """
    refuse_leak(recipe)
    check_start(recipe, going_on_from, imagenet)
    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    index = load_quality_index()
    train = Crops(
        _pool(recipe, data, run, report, "train"),
        index,
        recipe.crop,
        recipe.seed,
        fresh=recipe.fresh,
    )
    validation = validation_crops(recipe, data, run, report)
    config = named_config(recipe.network).model_copy(update={"score_bias": train.mean_target})
    teacher = load_model(recipe.teacher).network if recipe.teacher else None
    module = QualityModule(recipe, config, teacher)
    start = begin(recipe, module.network, going_on_from, imagenet)
    module.steps_before = start.steps
    log = RunLog(recipe, start, Reporter(report, recipe, start.epochs), revision())
    averaged = AveragedWeights(recipe.ema, train, recipe.batch)
    # before `averaged`, so that it still finds the averaged weights in place when they have been judged
    keeper = Keeper(averaged_model(run, recipe), log)
    trainer = _trainer(recipe, run, [log.reporter, keeper, averaged], recipe.epochs - start.epochs)
    last = run / "last.ckpt"
    with warnings.catch_warnings():
        # advice to the programmer: worker counts, folders that exist because the run goes on
        warnings.simplefilter("ignore", PossibleUserWarning)
        warnings.filterwarnings("ignore", ".*(exists and is not empty|training batches).*")
        trainer.fit(
            module,
            _loader(train, recipe, shuffle=True),
            _loader(validation, recipe, shuffle=False),
            ckpt_path=last if last.exists() else None,
            weights_only=False,
        )
    if not averaged.ended:
        # the run had ended before: Lightning skips it, and leaves the last weights in place of the averaged ones
        module.load_state_dict(torch.load(last, weights_only=False)["state_dict"])
    if not trainer.is_global_zero:
        # a helper process of a run on several devices: the first one evaluates and writes the model
        raise SystemExit(0)
    if not all(torch.isfinite(p).all() for p in module.network.parameters()):
        message = f"The training of {recipe.name} diverged; lower the learning rate in the recipe."
        raise MiqaError(message)
    figures = {
        key.split("/")[1]: round(float(value), 4)
        for key, value in trainer.callback_metrics.items()
        if key.startswith("validation/")
    }
    training = {**log.summary(trainer), "curve": curve(run), "validation": figures}
    return Outcome(module.network.eval().float(), training)


def averaged_model(run: Path, recipe: Recipe) -> Path:
    """Return the model folder in which a run keeps its averaged weights after every epoch."""
    return run / "averaged" / recipe.name


def validation_crops(
    recipe: Recipe, data: Path, run: Path, report: Callable[[Progress], None]
) -> Crops:
    """Return the crops of the validation subjects, the same in every epoch and every run of the recipe."""
    pool = _pool(recipe, data, run, report, "validation")
    return Crops(pool, load_quality_index(), recipe.last_crop, recipe.seed + 1, fixed=True)


def refuse_leak(recipe: Recipe) -> None:
    """Raise BadRecipe when a source of a frozen evaluation is trained or calibrated on."""
    from miqa_app.evaluation.held_out import load_evaluation

    used = {source.name for source in [*recipe.train, *recipe.validation]}
    for name in (recipe.evaluation, *recipe.more_evaluations):
        leaked = used & {source.name for source in load_evaluation(name).sources}
        if leaked:
            message = f"The recipe {recipe.name} uses {', '.join(sorted(leaked))}, which the evaluation {name} holds out."
            raise BadRecipe(message)


def _pool(
    recipe: Recipe, data: Path, run: Path, report: Callable[[Progress], None], part: str
) -> Pool:
    sources, groups = (
        (recipe.train, recipe.groups)
        if part == "train"
        else (recipe.validation, recipe.validation_groups)
    )
    for step in make_pool(
        sources, data, groups, recipe.seed + (part == "validation"), run.parent / "pools"
    ):
        if isinstance(step, Pool):
            return step
        report(Progress("pool", *step, {}))
    message = "the pool came out empty"
    raise AssertionError(message)


def freeze_index(recipe: Recipe, data: Path, run: Path, report: Callable[[Progress], None]) -> str:
    """Return the JSON of the mapping of Q fitted on the recipe's training pool, to be committed once per version."""
    import json
    from dataclasses import asdict

    refuse_leak(recipe)
    pool = _pool(recipe, data, run, report, "train")
    return json.dumps(
        asdict(fit_quality_index(pool.metrics, pool.energies(), recipe.quality_index)), indent=1
    )


def _loader(crops: Crops, recipe: Recipe, *, shuffle: bool) -> torch.utils.data.DataLoader[Any]:
    return torch.utils.data.DataLoader(
        crops,
        batch_size=recipe.batch // 2 // recipe.devices,
        shuffle=shuffle,
        drop_last=shuffle,
        num_workers=recipe.workers,
        prefetch_factor=4 if recipe.workers else None,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_one_thread,
    )


def _one_thread(worker: int) -> None:
    """Keep a worker process to one core."""
    del worker
    torch.set_num_threads(1)


def _trainer(
    recipe: Recipe, run: Path, callbacks: Sequence[Callback], epochs: int
) -> lightning.Trainer:
    """Return the trainer: checkpoint and log after every epoch, early stopping, and the given callbacks."""
    return lightning.Trainer(
        max_epochs=epochs,
        precision=recipe.precision,
        gradient_clip_val=1.0,
        deterministic="warn",
        accelerator="auto",
        devices=recipe.devices,
        strategy="ddp" if recipe.devices > 1 else "auto",
        logger=lightning.pytorch.loggers.CSVLogger(run, name="", version=_free_log(run)),
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=run,
        num_sanity_val_steps=0,
        callbacks=[
            *callbacks,
            EarlyStopping("validation/srocc", patience=_PATIENCE, mode="max"),
            # of every epoch, better or not: a stopped run goes on from here
            ModelCheckpoint(run, filename="last", every_n_epochs=1, enable_version_counter=False),
        ],
    )


def _free_log(run: Path) -> str:
    """Return a log folder of its own for every start, so that a continued run keeps its earlier curve."""
    return f"log-{sum(1 for _ in run.glob('log-*')) + 1}"
