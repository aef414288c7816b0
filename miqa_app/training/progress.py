"""How far a run is, how long it took, how long it waited for data, and the course of its losses."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lightning.pytorch.callbacks import Callback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import lightning

    from miqa_app.training.crops import Crops
    from miqa_app.training.recipe import Recipe

_CURVE = {"train/loss": "loss", "validation/srocc": "srocc", "validation/plcc": "plcc"}


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


class Reporter(Callback):
    """Tells the progress, keeps the time, and gives the data set a new draw and the size of the crops for every epoch.

    Attributes:
        seconds: spent training, over all parts of a run that was stopped and continued.
        waited: seconds of them in which the network waited for its next batch.
    """

    def __init__(
        self, report: Callable[[Progress], None], recipe: Recipe, epochs_before: int = 0
    ) -> None:
        """Report to `report`; the first epoch here follows `epochs_before` others."""
        self._report = report
        self._recipe = recipe
        self._before = epochs_before
        self._since = time.monotonic()
        self.seconds = 0.0
        self.waited = 0.0

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint must keep."""
        return {"seconds": self.seconds, "waited": self.waited}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from a checkpoint."""
        self.seconds = state_dict["seconds"]
        self.waited = state_dict.get("waited", 0.0)

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Set the draw and the size of the crops, and start the clock."""
        del pl_module
        crops: Crops = trainer.train_dataloader.dataset  # type: ignore[union-attr]
        crops.epoch = self._before + trainer.current_epoch
        last = crops.epoch >= self._recipe.epochs - self._recipe.last_epochs
        crops.edge = self._recipe.last_crop if last else self._recipe.crop
        self._since = time.monotonic()

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_args: Any
    ) -> None:
        """Count the time since the last batch as waiting."""
        del trainer, pl_module
        self.waited += self._lap()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_args: Any
    ) -> None:
        """Count the time of the batch, and tell every tenth."""
        del pl_module
        self._lap()
        if trainer.is_global_zero and trainer.global_step % 10 == 0:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self._report(
                Progress(
                    "train", trainer.global_step, int(trainer.estimated_stepping_batches), metrics
                )
            )

    def _lap(self) -> float:
        """Return the seconds since the last call, and count them."""
        now = time.monotonic()
        passed, self._since = now - self._since, now
        self.seconds += passed
        return passed


def curve(run: Path) -> list[dict[str, float]]:
    """Return loss, SROCC and PLCC on the validation subjects after every epoch, over all parts of a continued run."""
    epochs: dict[int, dict[str, float]] = {}
    logs = sorted(run.glob("log-*/metrics.csv"), key=lambda path: int(path.parent.name[4:]))
    for path in logs:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                values = {
                    short: round(float(row[name]), 4)
                    for name, short in _CURVE.items()
                    if row.get(name)
                }
                epochs.setdefault(int(row["epoch"]), {}).update(values)
    return [epochs[place] for place in sorted(epochs) if len(epochs[place]) == len(_CURVE)]
