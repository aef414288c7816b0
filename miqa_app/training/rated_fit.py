"""Train a network on rated images: the loop, optimiser and averaging of the other trainings, another loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from miqa_app.networks import freeze_batchnorm, freeze_encoders
from miqa_app.training.finetune.scale import least_squares_line
from miqa_app.training.intensity import mappings
from miqa_app.training.losses import plcc_loss, rank_loss
from miqa_app.training.module import QualityModule, flattened, judged
from miqa_app.training.rated_data import RatedCrops
from miqa_app.training.rated_loop import Averaged, Run, begin, optimiser, train_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import lightning
    from torch import Tensor

    from miqa_app.evaluation.rated.loading import Planes
    from miqa_app.evaluation.rated.record import RatedSet
    from miqa_app.networks import QualityNetwork
    from miqa_app.training.progress import Progress
    from miqa_app.training.rated_recipe import RatedLoss, Schedule

_SMALL_BATCH, _SMALL_SET = 16, 2000


@dataclass(frozen=True, eq=False)
class RatedTask:
    """What to learn from.

    Attributes:
        rated: the set.
        planes: its planes.
        train: places of the images to learn from.
        validation: places of an inner part that chooses the epoch; empty for the last epoch.
        seed: of batches and crops.
    """

    rated: RatedSet
    planes: Planes
    train: Sequence[int]
    validation: Sequence[int]
    seed: int


class RatedModule(QualityModule):
    """Trains a network on groups of two rated images; learnt encoders at a rate of their own."""

    def __init__(
        self,
        schedule: Schedule,
        network: QualityNetwork,
        learnt: Sequence[str],
        *,
        photographs: bool = False,
    ) -> None:
        """Train `network`, whose encoders `learnt` do not begin at random."""
        super().__init__(schedule, network.config)  # type: ignore[arg-type]
        self.network = network
        self._schedule, self._learnt = schedule, tuple(learnt)
        # a design with views sees grey values, and of other colour spaces none that mean anything
        self._photographs = photographs and network.config.channels == "grey"

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of a batch of groups."""
        flat = flattened(batch)
        score, others = self._scores(flat)
        parts = rated_loss(score, flat, self._schedule.loss, others)
        self.log_dict(
            {f"train/{name}": value for name, value in parts.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(flat["q"]),
        )
        return parts["loss"]

    def _scores(self, flat: dict[str, Tensor]) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the scores of a batch, and those in other colour spaces or grey scales where these count."""
        score = judged(self.network, flat).score.float()
        if not self._schedule.loss.mappings:
            return score, ()
        images = mappings(flat["image"].float(), photographs=self._photographs)
        others = [judged(self.network, {**flat, "image": image}) for image in images]
        return score, [other.score.float() for other in others]

    def configure_optimizers(self) -> Any:
        """Return AdamW with a rate for learnt encoders and one for the rest, warm-up and one cosine over all steps."""
        schedule = self._schedule
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, weight in self.network.named_parameters():
            if self.network.config.frozen and name.startswith(self.network.parts.encoders):
                continue
            learnt = name.startswith(tuple(f"{branch}." for branch in self._learnt))
            rate = schedule.backbone_rate if learnt else schedule.learning_rate
            free = weight.ndim <= 1 or "relative_position" in name
            groups.setdefault((rate, 0.0 if free else schedule.weight_decay), []).append(weight)
        return optimiser(groups, int(self.trainer.estimated_stepping_batches))


def rated_loss(
    score: Tensor, batch: dict[str, Tensor], weights: RatedLoss, others: Sequence[Tensor] = ()
) -> dict[str, Tensor]:
    """Return the weighted sum as 'loss' and its parts (models.md 1.1.3), those of the table that count.

    Args:
        score: (B,) predictions, 0-1.
        batch: q (B,) scores 0-1, members of a group side by side; paired (B,) True for groups of one reference.
        weights: of the parts.
        others: scores of the same images in other colour spaces or grey scales, (B,) each.
    """
    own = batch["paired"]
    rank = rank_loss(score[own], batch["q"][own]) if bool(own.any()) else score.sum() * 0
    parts = {
        "mse": ((score - batch["q"]) ** 2).mean(),
        "plcc": plcc_loss(score, batch["q"]),
        "rank": rank,
    }
    if weights.plcc_squared:
        correlation = 1 - 2 * parts["plcc"]
        parts["plcc_squared"] = (1 - correlation**2) / 4
    if others:
        parts["mappings"] = torch.stack([((one - batch["q"]) ** 2).mean() for one in others]).sum()
    loss = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return {"loss": loss, **parts}


class _Rest(Callback):
    """Lets the encoders learn when it is time."""

    def __init__(self, frozen_epochs: int) -> None:
        self._frozen_epochs = frozen_epochs

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        network: QualityNetwork = pl_module.network  # type: ignore[assignment]
        freeze_encoders(network, trainer.current_epoch < self._frozen_epochs)


def fit_rated(
    network: QualityNetwork,
    learnt: Sequence[str],
    schedule: Schedule,
    task: RatedTask,
    run: Path,
    device: str,
    report: Callable[[Progress], None],
) -> dict[str, Any]:
    """Train the network in place; a run that was stopped goes on from its last checkpoint in `run`.

    Args:
        network: with its starting weights.
        learnt: its encoders that do not begin at random.
        schedule: how to learn.
        task: what from.
        run: folder for checkpoints; the caller removes it when the result is safe.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        report: called after every epoch.

    Returns:
        Steps, epochs and losses, for the record.

    Raises:
        BadRequest: the device is not there.
        MiqaError: the training diverged.
    """
    begin(task.seed)
    train = RatedCrops(
        task.rated, task.planes, task.train, schedule.crop, task.seed, crops=schedule.crops
    )
    freeze_batchnorm(
        network, statistics_rest(schedule, _encoders(network, learnt), len(task.train))
    )
    freeze_encoders(network, bool(schedule.frozen_epochs))
    module = RatedModule(schedule, network, learnt, photographs=task.rated.photographs)
    trainer = train_loop(
        module,
        Averaged(schedule.ema, train, schedule.batch),
        _loader(train, schedule.batch, shuffle=True),
        _validation(task, schedule),
        schedule,
        Run(run, device, report),
        [_Rest(schedule.frozen_epochs)],
    )
    freeze_encoders(network, frozen=False)
    network.eval().float()
    return {
        **({} if schedule.loss.mse else {"line": _scaled(module, train, schedule.batch)}),
        "steps": trainer.global_step,
        "epochs": trainer.current_epoch,
        "batchnorm_frozen": network.batchnorm_frozen,
        **{name: round(float(value), 5) for name, value in trainer.callback_metrics.items()},
    }


@torch.no_grad()
def _scaled(module: RatedModule, crops: RatedCrops, batch: int) -> dict[str, float]:
    """Bring the scores of a network that learnt from correlation alone to those of its training images, by a line."""
    said, rated = [], []
    for group in _loader(crops, batch, shuffle=False):
        flat = flattened(group)
        device = next(module.network.parameters()).device
        here = {name: flat[name].to(device) for name in ("image", "valid")}
        said += judged(module.network, here).score.double().tolist()
        rated += flat["q"].double().tolist()
    line = least_squares_line(said, rated)
    module.network.rescale(line.gain, line.offset)
    return {"gain": round(line.gain, 5), "offset": round(line.offset, 5)}


def _encoders(network: QualityNetwork, learnt: Sequence[str]) -> list[nn.Module]:
    """Return those encoders that do not begin at random."""
    return [getattr(network, name) for name in network.encoders if name in learnt]


def statistics_rest(schedule: Schedule, learnt: Sequence[nn.Module], images: int) -> bool:
    """Return whether BatchNorm keeps its statistics (models.md 1.1.3); one of random weights must learn them.

    Args:
        schedule: may say so.
        learnt: encoders that do not begin at random.
        images: from which is learnt.
    """
    if schedule.batchnorm == "auto":
        normed = any(isinstance(m, nn.BatchNorm2d) for body in learnt for m in body.modules())
        return normed and (schedule.batch < _SMALL_BATCH or images < _SMALL_SET)
    return schedule.batchnorm == "frozen"


def _loader(
    crops: RatedCrops, batch: int, *, shuffle: bool
) -> torch.utils.data.DataLoader[dict[str, Tensor]]:
    """Return groups in batches; a last batch too small for a correlation is left out where others are there."""
    groups = batch // 2
    return torch.utils.data.DataLoader(
        crops, groups, shuffle=shuffle, drop_last=shuffle and len(crops) >= groups, num_workers=0
    )


def _validation(
    task: RatedTask, schedule: Schedule
) -> torch.utils.data.DataLoader[dict[str, Tensor]] | None:
    if not task.validation:
        return None
    crops = RatedCrops(
        task.rated, task.planes, task.validation, schedule.crop, task.seed, fixed=True
    )
    return _loader(crops, schedule.batch, shuffle=False)
