"""The Lightning module: one step, one optimiser, one cosine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import lightning
import torch
from scipy.stats import pearsonr, spearmanr

from miqa_app.networks import QualityNetwork, build
from miqa_app.networks.pooling import valid_cells
from miqa_app.training.losses import harmless_copies, total_loss

if TYPE_CHECKING:
    from torch import Tensor

    from miqa_app.networks import Design, Prediction
    from miqa_app.training.recipe import Recipe

_WARM_UP = 0.05


class QualityModule(lightning.LightningModule):
    """Trains a network on groups of two degraded slices.

    Attributes:
        recipe: the losses and the learning rate.
        network: what is trained.
        steps_before: steps of the recipe that were done elsewhere; the cosine goes on from there.
    """

    def __init__(
        self, recipe: Recipe, config: Design, teacher: QualityNetwork | None = None
    ) -> None:
        """Build the network from random weights; it also learns from the `teacher`, where there is one."""
        super().__init__()
        self.recipe = recipe
        self.network: QualityNetwork = build(config)
        # in a tuple, so that its weights are neither trained nor kept with the checkpoints
        self._teacher = (teacher.eval().requires_grad_(False),) if teacher else ()
        self.steps_before = 0
        self._outputs: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of a batch of groups."""
        flat = flattened(batch)
        said, copies = self._said(flat)
        parts = total_loss(said, flat, self.recipe.loss, self._taught(flat), copies)
        self.log_dict(
            {f"train/{name}": value for name, value in parts.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(flat["q"]),
        )
        return parts["loss"]

    def _said(self, flat: dict[str, Tensor]) -> tuple[Prediction, Tensor | None]:
        """Return the network's word on the batch, and its scores of harmless copies where their agreement counts."""
        if not self.recipe.loss.agreement:
            return judged(self.network, flat), None
        count = len(flat["q"])
        copies = harmless_copies(flat["image"], flat["valid"])
        both = {
            name: torch.cat((flat[name], copy))
            for name, copy in zip(("image", "valid"), copies, strict=True)
        }
        said = judged(self.network, both)
        return type(said)(*(values[:count] for values in said)), said.score[count:]

    @torch.no_grad()
    def _taught(self, flat: dict[str, Tensor]) -> Prediction | None:
        """Return the teacher's word on the batch, or None where there is no teacher."""
        return judged(self._teacher[0].to(self.device), flat) if self._teacher else None

    def validation_step(self, batch: dict[str, Tensor]) -> None:
        """Collect scores on the validation subjects."""
        flat = flattened(batch)
        prediction = judged(self.network, flat)
        self._outputs.append((prediction.score.float().cpu(), flat["q"].cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log SROCC and PLCC over all validation slices."""
        columns = [torch.cat(column) for column in zip(*self._outputs, strict=True)]
        # with several devices each has judged a share of the slices
        gathered: Any = [self.all_gather(column.to(self.device)) for column in columns]
        score, target = (column.flatten().cpu().numpy() for column in gathered)
        self._outputs.clear()
        varies = score.std() > 0
        self.log(
            "validation/srocc",
            float(spearmanr(score, target).statistic) if varies else 0.0,
        )
        plcc = float(pearsonr(score, target).statistic) if varies else 0.0
        self.log("validation/plcc", plcc)
        rmse = float(((score - target) ** 2).mean() ** 0.5) * 100
        self.log("validation/rmse", rmse)

    def configure_optimizers(self) -> Any:
        """Return AdamW, no decay on biases and norms, with a linear warm-up and one cosine over all steps."""
        learnt = [p for p in self.network.parameters() if p.requires_grad]
        decayed = [p for p in learnt if p.ndim > 1]
        free = [p for p in learnt if p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": self.recipe.weight_decay},
            {"params": free, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.recipe.learning_rate, betas=(0.9, 0.999))
        before = self.steps_before
        steps = before + int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: cosine((before + step) / max(1, steps))
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def cosine(progress: float) -> float:
    """Return the share of the peak learning rate after a share of all steps."""
    if progress < _WARM_UP:
        return (progress + 1e-3) / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - _WARM_UP) / (1 - _WARM_UP))))


def judged(network: QualityNetwork, batch: dict[str, Tensor]) -> Prediction:
    """Return the prediction of crops as they are cut: their sides fit the network, so no margin is added to them.

    Args:
        network: any.
        batch: with image (B, 1, E, E) and valid (B, 1, E, E), where E is a multiple of 32.
    """
    image, grid = batch["image"].float(), network.grid
    cells = (image.shape[-2] // grid, image.shape[-1] // grid)
    return network.predict_padded(image, valid_cells(batch["valid"], grid, cells))


def flattened(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the groups (G, 2, …) as slices (2G, …), members side by side."""
    return {name: values.flatten(0, 1) for name, values in batch.items()}
