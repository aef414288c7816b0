"""The parts of the loss, each a mean over the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from miqa_app.networks import Prediction
    from miqa_app.training.recipe import LossWeights

RANK_MARGIN = 0.05
AIR_WEIGHT = 0.25
CLEAN_WEIGHT = 3.0
"""Weight of a clean slice in the loss of the score: most scans of a hospital are clean, few of the pool."""
COPIED_EVERY = 4
"""One slice in so many is judged a second time as a harmless copy, where the recipe weighs their agreement."""
COPIED_GAIN = 0.1
"""Greatest change of brightness of a copy, as a share."""


def total_loss(
    prediction: Prediction,
    batch: dict[str, Tensor],
    weights: LossWeights,
    teacher: Prediction | None = None,
    copies: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return the weighted sum as 'loss' and every part by name.

    Args:
        prediction: for B slices, members of a group next to each other.
        batch: q (B,), kinds (B, K), severity (B, K), cells (B, h, w), damaged (B, h, w), inside (B, h, w).
        weights: of the parts.
        teacher: another network's word on the same slices, to be repeated; None for none.
        copies: (ceil(B / COPIED_EVERY),) scores of harmless copies of every COPIED_EVERY-th slice; None for none.
    """
    score = prediction.score.float()
    importance = torch.where(batch["kinds"].amax(dim=1) > 0, 1.0, CLEAN_WEIGHT)
    parts = {
        "score": ((score - batch["q"]) ** 2 * importance).sum() / importance.sum(),
        "plcc": plcc_loss(score, batch["q"]),
        "rank": rank_loss(score, batch["q"]),
        "kind": functional.binary_cross_entropy_with_logits(
            prediction.artefact_logits.float(), batch["kinds"]
        ),
        "severity": functional.smooth_l1_loss(prediction.severity.float(), batch["severity"]),
        "map": map_loss(
            prediction.score_map.float(), batch["cells"], batch["inside"], prediction.valid
        ),
        "kind_map": kind_map_loss(
            prediction.kind_map.float(),
            batch["kinds"],
            batch["damaged"],
            batch["inside"],
            prediction.valid,
        ),
        "spread": spread_loss(score, prediction.log_variance.float(), batch["q"]),
    }
    if teacher is not None:
        parts["teacher"] = teacher_loss(prediction, teacher)
    if copies is not None:
        parts["agreement"] = agreement_loss(score[::COPIED_EVERY], copies.float())
    loss = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return {"loss": loss, **parts}


def plcc_loss(score: Tensor, target: Tensor) -> Tensor:
    """Return (1 − PLCC)/2 of a batch (LoDa, eq. 7)."""
    a, b = score - score.mean(), target - target.mean()
    correlation: Tensor = (a * b).sum() / (a.norm() * b.norm() + 1e-6)
    return (1 - correlation) / 2


def rank_loss(score: Tensor, target: Tensor) -> Tensor:
    """Return the hinge on the order of the two members of each group, margin at most their true distance."""
    difference = score[0::2] - score[1::2]
    truth = target[0::2] - target[1::2]
    margin = truth.abs().clamp(max=RANK_MARGIN)
    return functional.relu(margin - difference * truth.sign()).mean()


def teacher_loss(prediction: Prediction, teacher: Prediction) -> Tensor:
    """Return how far score, score map and artefacts lie from a teacher's (distillation, Hinton et al. 2015).

    Squared error of the score, Huber loss of the map over real cells, and the cross entropy of the artefact
    probabilities above the teacher's own entropy, so that 0 means the same word.
    """
    score = ((prediction.score - teacher.score).float() ** 2).mean()
    cells = functional.huber_loss(
        prediction.score_map.float(), teacher.score_map.float(), reduction="none", delta=0.5
    )
    real = prediction.valid.float()
    said = teacher.artefact_logits.float()
    cross = functional.binary_cross_entropy_with_logits(
        prediction.artefact_logits.float(), said.sigmoid()
    )
    own = functional.binary_cross_entropy_with_logits(said, said.sigmoid())
    return score + (cells * real).sum() / real.sum().clamp(min=1) + (cross - own)


def agreement_loss(score: Tensor, copies: Tensor) -> Tensor:
    """Return the mean squared change of the score under changes that leave the quality as it is, see `harmless_copies`."""
    return ((score - copies) ** 2).mean()


def harmless_copies(image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Return every COPIED_EVERY-th slice again, flipped along one axis and a little brighter or darker.

    Args:
        image: (B, 1, E, E) in [0, 1].
        valid: (B, 1, E, E) bool.

    Returns:
        The copies of both, (ceil(B / COPIED_EVERY), 1, E, E) each.
    """
    image, valid = image[::COPIED_EVERY], valid[::COPIED_EVERY]
    axis = -1 - int(torch.randint(2, ()))
    gain = 1 + COPIED_GAIN * (2 * torch.rand(len(image), 1, 1, 1, device=image.device) - 1)
    return (image.flip(axis) * gain).clamp(0, 1), valid.flip(axis)


def map_loss(score_map: Tensor, cells: Tensor, inside: Tensor, valid: Tensor) -> Tensor:
    """Return the Huber loss of the score map against the local quality, over real cells.

    Air counts a quarter of the object: ghosts and interference show best there, and a map that was never told
    anything about air would tint it at random.
    """
    weight = torch.where(inside, 1.0, AIR_WEIGHT) * valid.float()
    value = functional.huber_loss(score_map, cells, reduction="none", delta=0.5)
    return (value * weight).sum() / weight.sum().clamp(min=1)


def kind_map_loss(
    kind_map: Tensor, kinds: Tensor, damaged: Tensor, inside: Tensor, valid: Tensor
) -> Tensor:
    """Return the cross entropy of the artefact kinds cell by cell: a kind is present where its slice is damaged.

    Hundreds of labels per slice instead of one: what a zipper looks like is learnt from the cells that it crosses.
    """
    target = kinds[:, :, None, None] * damaged[:, None].float()
    weight = torch.where(inside, 1.0, AIR_WEIGHT) * valid.float()
    value = functional.binary_cross_entropy_with_logits(kind_map, target, reduction="none").mean(1)
    return (value * weight).sum() / weight.sum().clamp(min=1)


def spread_loss(score: Tensor, log_variance: Tensor, target: Tensor) -> Tensor:
    """Return the Gaussian negative log likelihood of the error, with the score itself left alone."""
    error = (score.detach() - target) ** 2
    bounded = log_variance.clamp(-10, 2)
    return 0.5 * (bounded + error * torch.exp(-bounded)).mean()
