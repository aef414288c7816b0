"""The loop of a training on rated images: Lightning, averaged weights, the epoch that is kept, and going on after a stop."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from miqa_app.errors import MiqaError
from miqa_app.scoring.engine import pick_device
from miqa_app.training.averaging import AveragedWeights
from miqa_app.training.module import cosine
from miqa_app.training.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.rated_recipe import Schedule

    Loader = torch.utils.data.DataLoader[dict[str, Tensor]]

_ACCELERATORS = {"cuda": "gpu", "mps": "mps", "cpu": "cpu"}


@dataclass(frozen=True, eq=False)
class Run:
    """Where and how a training runs.

    Attributes:
        folder: for checkpoints; the caller removes it when the result is safe.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        report: called after every epoch.
        stage: what the progress calls this training.
    """

    folder: Path
    device: str
    report: Callable[[Progress], None]
    stage: str = "train"


class Averaged(AveragedWeights):
    """Averaged weights whose batch statistics stay those of ImageNet or of the first training where they are frozen."""

    def _measure(self, module: lightning.LightningModule) -> None:
        network: QualityNetwork = module.network  # type: ignore[assignment]
        if not (network.batchnorm_frozen or network.encoders_frozen):
            super()._measure(module)

    def take(self, module: lightning.LightningModule, checkpoint: Path) -> None:
        """Give the module the averaged weights of a checkpoint, and these their statistics."""
        module.load_state_dict(torch.load(checkpoint, weights_only=False)["state_dict"])
        self._measure(module)


class _Reporter(Callback):
    """Tells the progress, and gives the data set a new draw for every epoch."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        del pl_module
        crops: Any = trainer.train_dataloader.dataset  # type: ignore[union-attr]
        crops.epoch = trainer.current_epoch

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        del pl_module
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        total = int(trainer.estimated_stepping_batches)
        self._run.report(Progress(self._run.stage, trainer.global_step, total, metrics))


def begin(seed: int) -> None:
    """Seed everything that draws, and keep Lightning's advice to programmers to itself."""
    lightning.seed_everything(seed, workers=True, verbose=False)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def optimiser(groups: Mapping[tuple[float, float], list[Tensor]], steps: int) -> dict[str, Any]:
    """Return AdamW with warm-up and one cosine over all steps, as Lightning wants it.

    Args:
        groups: weights by their peak rate and their decay.
        steps: of the whole training.
    """
    optimizer = torch.optim.AdamW(
        [
            {"params": weights, "lr": rate, "weight_decay": decay}
            for (rate, decay), weights in groups.items()
        ],
        betas=(0.9, 0.999),
    )
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(step / max(1, steps)))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rates, "interval": "step"}}


def train_loop(
    module: lightning.LightningModule,
    averaged: Averaged,
    train: Loader,
    validation: Loader | None,
    schedule: Schedule,
    run: Run,
    callbacks: Sequence[Callback] = (),
) -> lightning.Trainer:
    """Train a module in place and leave the averaged weights of its best epoch in it.

    A run that was stopped goes on from its last checkpoint in the folder of the run.

    Args:
        module: has a `network`; with `validation` it logs validation/srocc after every epoch.
        averaged: of the module's weights.
        train: of a data set with an `epoch` that decides the crops.
        validation: chooses the epoch; None for the last epoch.
        schedule: how to learn.
        run: where.
        callbacks: called before those of the loop.

    Raises:
        BadRequest: the device is not there.
        MiqaError: the training diverged.
    """
    trainer = _trainer(
        schedule, run, [*callbacks, _Reporter(run), averaged], validation is not None
    )
    last = run.folder / "last.ckpt"
    with warnings.catch_warnings():
        # advice to the programmer: worker counts, folders that exist because the run goes on
        warnings.simplefilter("ignore", PossibleUserWarning)
        warnings.filterwarnings("ignore", ".*(exists and is not empty|training batches).*")
        trainer.fit(
            module,
            train,
            validation,
            ckpt_path=last if last.exists() else None,
            weights_only=False,
        )
    # batch statistics are measured on the crops of the last epoch, whether it was trained now or before a stop
    crops: Any = train.dataset
    crops.epoch = max(0, trainer.current_epoch - 1)
    _choose(module, run.folder, averaged, validated=validation is not None)
    network: torch.nn.Module = module.network  # type: ignore[assignment]
    if not all(torch.isfinite(weight).all() for weight in network.parameters()):
        message = "The training on rated images diverged; lower the learning rates in the recipe."
        raise MiqaError(message)
    return trainer


def _choose(
    module: lightning.LightningModule, folder: Path, averaged: Averaged, *, validated: bool
) -> None:
    """Leave the averaged weights of the best epoch in the module, or of the last one where nothing chooses.

    A run that had ended before is skipped by Lightning, which leaves the last weights in place of the averaged ones.
    """
    if validated:
        averaged.take(module, folder / "best.ckpt")
    elif not averaged.ended:
        averaged.take(module, folder / "last.ckpt")


def _trainer(
    schedule: Schedule, run: Run, callbacks: list[Callback], validated: bool
) -> lightning.Trainer:
    if validated:
        callbacks = [
            *callbacks,
            # before the checkpoint of the epoch, so that a run which goes on from there has counted it
            EarlyStopping(
                "validation/srocc",
                patience=schedule.patience,
                mode="max",
                check_on_train_epoch_end=False,
            ),
        ]
    keep = ModelCheckpoint(
        run.folder,
        filename="best",
        monitor="validation/srocc" if validated else None,
        mode="max",
        save_last=True,
        every_n_epochs=1 if validated else max(1, schedule.epochs // 5),
        save_on_train_epoch_end=not validated,
        enable_version_counter=False,
    )
    return lightning.Trainer(
        max_epochs=schedule.epochs,
        precision=schedule.precision,
        gradient_clip_val=1.0,
        deterministic="warn",
        accelerator=_ACCELERATORS[pick_device(run.device).type],
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=run.folder,
        num_sanity_val_steps=0,
        callbacks=[*callbacks, keep],
    )
