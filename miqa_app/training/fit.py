"""One training run from recipe to model folder, resumable after a kill."""

from __future__ import annotations

import logging
import subprocess
import time
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
from miqa_app.paths import bundled
from miqa_app.registry.checkpoint import load_model
from miqa_app.training.averaging import AveragedWeights
from miqa_app.training.module import QualityModule
from miqa_app.training.pool import Crops, Pool, make_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.networks import MIQANet
    from miqa_app.training.recipe import Recipe

_PATIENCE = 8


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        stage: 'pool', 'train' or 'done'.
        done: groups made, or steps taken.
        total: of them.
        metrics: the newest losses and correlations.
    """

    stage: str
    done: int
    total: int
    metrics: dict[str, float]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gave: the averaged network and what its card says of the run."""

    network: MIQANet
    training: dict[str, Any]


def fit(
    recipe: Recipe,
    data: Path,
    run: Path,
    report: Callable[[Progress], None],
) -> Outcome:
    """Train as the recipe says; continue from the last epoch where `run` holds a checkpoint.

    A run that was continued took other batches than an unbroken one, so its weights differ from those.

    Args:
        recipe: checked by `read_recipe`.
        data: folder of the scans.
        run: folder for the pool, checkpoints and logs.
        report: called with the progress.

    Raises:
        BadRecipe: a held-out source stands in training or validation.
        MiqaError: the training diverged.
    """
    refuse_leak(recipe)
    lightning.seed_everything(recipe.seed, workers=True, verbose=False)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    index = load_quality_index()
    train = Crops(_pool(recipe, data, run, report, "train"), index, recipe.crop, recipe.seed)
    validation = Crops(
        _pool(recipe, data, run, report, "validation"),
        index,
        recipe.last_crop,
        recipe.seed + 1,
        fixed=True,
    )
    config = named_config(recipe.network).model_copy(update={"score_bias": train.mean_target})
    module = QualityModule(recipe, config)
    taken = 0.0
    if recipe.warm_start:
        taken = take_weights(module.network, load_model(recipe.warm_start).network)
    reporter = _Reporter(report, recipe)
    averaged = AveragedWeights(recipe.ema, train, recipe.batch)
    trainer = _trainer(recipe, run, averaged, reporter)
    last = run / "last.ckpt"
    started_from = revision()
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
    summary = {
        "steps": trainer.global_step,
        "epochs": trainer.current_epoch,
        "minutes": round(reporter.seconds / 60, 1),
        "slices_seen": trainer.global_step * recipe.batch,
        "taken_from_before": round(taken, 3),
        "device": _device_words(recipe.devices),
        "revision": started_from,
        "validation": {
            key.split("/")[1]: round(float(value), 4)
            for key, value in trainer.callback_metrics.items()
            if key.startswith("validation/")
        },
    }
    return Outcome(module.network.eval().float(), summary)


def take_weights(network: MIQANet, source: MIQANet) -> float:
    """Copy every weight whose name and shape agree in both networks, and return their share of the target, 0-1.

    Between networks of one design that is all of them. A deeper ResNet takes the blocks of a shallower one; its other
    blocks begin as identity (the last norm of a block starts at zero), so its features begin where the other's ended.
    """
    own = network.state_dict()
    fitting = {
        name: value
        for name, value in source.state_dict().items()
        if name in own and own[name].shape == value.shape
    }
    network.load_state_dict({**own, **fitting})
    copied, whole = (sum(v.numel() for v in state.values()) for state in (fitting, own))
    return float(copied / whole)


def refuse_leak(recipe: Recipe) -> None:
    """Raise BadRecipe when a source of the frozen evaluation is trained or calibrated on."""
    from miqa_app.evaluation.held_out import load_evaluation

    held_out = {source.name for source in load_evaluation(recipe.evaluation).sources}
    leaked = held_out & {source.name for source in [*recipe.train, *recipe.validation]}
    if leaked:
        message = f"The recipe {recipe.name} uses {', '.join(sorted(leaked))}, which the evaluation {recipe.evaluation} holds out."
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
        num_workers=0,
    )


def _trainer(
    recipe: Recipe, run: Path, averaged: AveragedWeights, reporter: _Reporter
) -> lightning.Trainer:
    """Return the trainer: checkpoint and log after every epoch, averaged weights, early stopping."""
    return lightning.Trainer(
        max_epochs=recipe.epochs,
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
            reporter,
            averaged,
            EarlyStopping("validation/srocc", patience=_PATIENCE, mode="max"),
            ModelCheckpoint(
                run,
                filename="best",
                monitor="validation/srocc",
                mode="max",
                save_last=True,
                enable_version_counter=False,
            ),
        ],
    )


class _Reporter(Callback):
    """Tells the progress, keeps the time, and gives the data set a new draw and the size of the crops for every epoch.

    Attributes:
        seconds: spent training, over all parts of a run that was stopped and continued.
    """

    def __init__(self, report: Callable[[Progress], None], recipe: Recipe) -> None:
        self._report = report
        self._recipe = recipe
        self._since = time.monotonic()
        self.seconds = 0.0

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint must keep."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from a checkpoint."""
        self.seconds = state_dict["seconds"]

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock."""
        del trainer, pl_module
        self._since = time.monotonic()

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        del pl_module
        crops: Crops = trainer.train_dataloader.dataset  # type: ignore[union-attr]
        crops.epoch = trainer.current_epoch
        last = trainer.current_epoch >= self._recipe.epochs - self._recipe.last_epochs
        crops.edge = self._recipe.last_crop if last else self._recipe.crop

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_args: Any
    ) -> None:
        del pl_module
        now = time.monotonic()
        self.seconds += now - self._since
        self._since = now
        if trainer.is_global_zero and trainer.global_step % 10 == 0:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self._report(
                Progress(
                    "train", trainer.global_step, int(trainer.estimated_stepping_batches), metrics
                )
            )


def _free_log(run: Path) -> str:
    """Return a log folder of its own for every start, so that a continued run keeps its earlier curve."""
    return f"log-{sum(1 for _ in run.glob('log-*')) + 1}"


def _device_words(devices: int) -> str:
    """Return what a run was done on; `devices` are GPUs or processes."""
    if torch.cuda.is_available():
        return f"{devices} × {torch.cuda.get_device_name()}"
    return f"CPU, processes × threads: {devices} × {torch.get_num_threads()}"


def revision() -> str:
    """Return the git revision of a checkout, or '' for an installed program."""
    command = ["git", "-C", str(bundled("resources")), "rev-parse", "--short=12", "HEAD"]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
