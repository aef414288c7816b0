"""What a run leaves behind after every epoch: its averaged weights as a model folder, and what was done up to there."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.callbacks import Callback

from miqa_app.paths import bundled
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.training.imagenet import IMAGENET

if TYPE_CHECKING:
    from pathlib import Path

    import lightning

    from miqa_app.networks import QualityNetwork
    from miqa_app.training.first_weights import Start
    from miqa_app.training.progress import Reporter
    from miqa_app.training.recipe import Recipe

PREPROCESSING = {
    "version": "robust-series-1",
    "range": [0, 1],
    "low": "0.5th percentile of the series",
    "high": "99.5th percentile of its object",
}


def model_config(recipe: Recipe, training: dict[str, Any]) -> dict[str, Any]:
    """Return what config.json says of a trained model before it is measured.

    Args:
        recipe: what was done.
        training: how far and where, see `RunLog.summary`.
    """
    parent = recipe.warm_start not in ("", IMAGENET)
    before = load_model(recipe.warm_start, start=True).folder.config["training"] if parent else None
    names = sorted({source.name for source in recipe.train})
    learnt = f"simulated degradation of open scans ({len(names)} sources), target {recipe.quality_index}; not rated by people"
    return {
        "preprocessing": PREPROCESSING,
        "score_scale": {"low": 0, "high": 100, "best": 100, "target": recipe.quality_index},
        "training": {
            **training,
            "summary": learnt,
            "before": before,
            "recipe": recipe.model_dump(mode="json"),
        },
    }


@dataclass(frozen=True, eq=False)
class RunLog:
    """What is known of a run while it goes.

    Attributes:
        recipe: what is done.
        start: what was done elsewhere before.
        reporter: keeps the time.
        revision: git revision of the code, or ''.
    """

    recipe: Recipe
    start: Start
    reporter: Reporter
    revision: str

    def summary(
        self, trainer: lightning.Trainer, *, ended_epochs: int | None = None
    ) -> dict[str, Any]:
        """Return steps, epochs, minutes and where, counted from the first start of the recipe."""
        steps = self.start.steps + trainer.global_step
        epochs = trainer.current_epoch if ended_epochs is None else ended_epochs
        seconds = self.reporter.seconds
        return {
            "steps": steps,
            "epochs": self.start.epochs + epochs,
            "minutes": round(self.start.minutes + seconds / 60, 1),
            "slices_seen": steps * self.recipe.batch,
            "taken_from_before": round(self.start.taken, 3),
            "start": self.start.words,
            "wait_share": round(self.reporter.waited / max(seconds, 1e-9), 4),
            "device": device_words(self.recipe.devices),
            "revision": self.revision,
        }


class Keeper(Callback):
    """Writes the averaged weights after every epoch, so that a run can go on on another machine."""

    def __init__(self, folder: Path, log: RunLog) -> None:
        """Write to `folder`, whole or not at all."""
        self._folder, self._log = folder, log

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write the weights that have just been judged: the averaged ones."""
        if not trainer.is_global_zero:
            return
        network: QualityNetwork = pl_module.network  # type: ignore[assignment]
        done = self._log.summary(trainer, ended_epochs=trainer.current_epoch + 1)
        text = (
            f"# {self._log.recipe.name}, unfinished\n\n{done['epochs']} of {self._log.recipe.epochs} epochs of its "
            "recipe; its figures were not measured.\n"
        )
        save_model(self._folder, network, model_config(self._log.recipe, done), text)


def device_words(devices: int) -> str:
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
