"""Train one branch of LAR-IQA on several rated sets at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch

from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.training.averaging import measure_batch_statistics
from miqa_app.training.branches.data import Chunks, branch_crops
from miqa_app.training.branches.network import BranchNetwork
from miqa_app.training.intensity import mappings
from miqa_app.training.module import flattened
from miqa_app.training.rated_fit import rated_loss, statistics_rest
from miqa_app.training.rated_loop import Averaged, begin, optimiser, train_loop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from miqa_app.networks.lariqa import LarIqa
    from miqa_app.training.branches.data import Task
    from miqa_app.training.branches.recipe import Branch, BranchName
    from miqa_app.training.rated_loop import Run

Figures = dict[str, Any]


class BranchModule(lightning.LightningModule):
    """Trains a branch; each set counts in the loss by its share of the batch, on its own scale."""

    def __init__(
        self, plan: Branch, network: BranchNetwork, tasks: Sequence[Task], *, learnt: bool
    ) -> None:
        """Train `network`, whose encoder begins with learnt weights or at random."""
        super().__init__()
        self.network = network
        self._plan, self._tasks, self._learnt = plan, list(tasks), learnt
        self._said: list[dict[int, tuple[float, float]]] = [{} for _ in tasks]

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of a batch of groups."""
        flat = flattened(batch)
        score = self.network(flat["image"], flat["valid"], flat["task"])
        losses = []
        for place in sorted(set(flat["task"].tolist())):
            own = flat["task"] == place
            part = {name: values[own] for name, values in flat.items()}
            others = self._others(part, photographs=self._tasks[place].rated.photographs)
            loss = rated_loss(score[own], part, self._plan.loss, others)["loss"]
            losses.append(loss * own.float().mean())
        total = torch.stack(losses).sum()
        self.log("train/loss", total, on_step=False, on_epoch=True, batch_size=len(score))
        return total

    def _others(self, part: dict[str, Tensor], *, photographs: bool) -> list[Tensor]:
        """Return the scores of the images of one set in other colour spaces or grey scales, where these count."""
        if not self._plan.loss.mappings:
            return []
        in_colour = photographs and not self.network.colour.views
        images = mappings(part["image"].float(), photographs=in_colour)
        return [self.network(image, part["valid"], part["task"]) for image in images]

    def validation_step(self, batch: dict[str, Tensor]) -> None:
        """Collect the scores of images that are held back, each once."""
        flat = flattened(batch)
        score = self.network(flat["image"], flat["valid"], flat["task"])
        columns = (flat["task"], flat["place"], score.float(), flat["q"])
        for task, place, said, q in zip(*(c.tolist() for c in columns), strict=True):
            self._said[task][place] = (said, q)

    def on_validation_epoch_end(self) -> None:
        """Log the rank correlation of each set, and their mean, which chooses the epoch."""
        found = {task.name: figures["srocc"] for task, figures in self.figures()}
        for name, value in found.items():
            self.log(f"validation/srocc {name}", value)
        self.log("validation/srocc", float(np.mean(list(found.values()))))

    def figures(self) -> list[tuple[Task, Figures]]:
        """Return SROCC, PLCC and RMSE (points of 100) of what was collected since the last call, and forget it.

        A correlation that does not exist, as of scores that are all alike, counts as 0.
        """
        result = []
        for task, said in zip(self._tasks, self._said, strict=True):
            scores, targets = np.array([said[place] for place in sorted(said)]).T
            values = {
                "srocc": float(np.nan_to_num(srocc(scores, targets))),
                "plcc": float(np.nan_to_num(plcc(scores, targets))),
                "rmse": 100 * float(np.sqrt(np.mean((scores - targets) ** 2))),
            }
            result.append((task, {name: round(value, 4) for name, value in values.items()}))
            said.clear()
        return result

    def configure_optimizers(self) -> Any:
        """Return AdamW with a rate for a learnt encoder and one for the heads, warm-up and one cosine over all steps."""
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, weight in self.network.named_parameters():
            slow = self._learnt and name.startswith("encoder.")
            rate = self._plan.backbone_rate if slow else self._plan.learning_rate
            decay = 0.0 if weight.ndim <= 1 else self._plan.weight_decay
            groups.setdefault((rate, decay), []).append(weight)
        return optimiser(groups, int(self.trainer.estimated_stepping_batches))


class _Averaged(Averaged):
    """Averaged weights of a branch, which has features and no prediction."""

    def _measure(self, module: lightning.LightningModule) -> None:
        network: BranchNetwork = module.network  # type: ignore[assignment]
        if not network.batchnorm_frozen:
            measure_batch_statistics(
                network,
                (flattened(batch) for batch in self._sample),
                lambda net, part: net.features(part["image"], part["valid"]),
            )


def fit_branch(
    network: LarIqa,
    branch: BranchName,
    plan: Branch,
    tasks: Sequence[Task],
    seed: int,
    run: Run,
    *,
    learnt: bool,
) -> dict[str, Any]:
    """Train the encoder of one branch in place; all else of the network stays as it is.

    A run that was stopped goes on from its last checkpoint.

    Args:
        network: with its starting weights.
        branch: 'whole' or 'detail'.
        plan: how to learn.
        tasks: what from.
        seed: of heads, batches and crops.
        run: where.
        learnt: whether the encoder does not begin at random.

    Returns:
        Steps, epochs, minutes, and of each set what it was and the figures on its images that were held back.

    Raises:
        BadRequest: the device is not there.
        MiqaError: the training diverged.
    """
    began = time.monotonic()
    begin(seed)
    whole = branch == "whole"
    train = branch_crops(tasks, plan.crop, seed, crops=plan.crops, whole=whole)
    kept = branch_crops(tasks, plan.crop, seed, fixed=True, whole=whole)
    means = [float(np.mean([t.rated.images[p].mos for p in t.train])) / 100 for t in tasks]
    encoder = network.whole if whole else network.detail
    images = sum(len(task.train) for task in tasks)
    frozen = statistics_rest(plan, [encoder] if learnt else [], images)
    own = BranchNetwork(network, branch, means, batchnorm_frozen=frozen)
    module = BranchModule(plan, own, tasks, learnt=learnt)
    loader = torch.utils.data.DataLoader(train, batch_sampler=Chunks(train.spans, plan.batch))
    held = torch.utils.data.DataLoader(kept, batch_size=plan.batch // 2)
    averaged = _Averaged(plan.ema, train, plan.batch)
    trainer = train_loop(module, averaged, loader, held, plan, run)
    own.eval().float()
    _judge(module, held)
    return {
        "steps": trainer.global_step,
        "epochs": trainer.current_epoch,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "batchnorm_frozen": frozen,
        "sets": [_facts(task, figures) for task, figures in module.figures()],
    }


@torch.no_grad()
def _judge(module: BranchModule, held: torch.utils.data.DataLoader[dict[str, Tensor]]) -> None:
    """Let the chosen weights score what was held back."""
    device = next(module.network.parameters()).device
    for batch in held:
        module.validation_step({name: values.to(device) for name, values in batch.items()})


def _facts(task: Task, figures: Figures) -> dict[str, Any]:
    """Return what the record says of a set."""
    references = task.rated.groups("reference")
    return {
        "name": task.name,
        "target": task.rated.target,
        "scale": task.rated.scale.words,
        "learnt_from": len(task.train),
        "held_back": len(task.held_back),
        "references_held_back": len({references[place] for place in task.held_back}),
        **figures,
    }
