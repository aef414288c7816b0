"""What a batch of rated and simulated crops should give.

The loss has two sorts of parts. Those of the score need the whole batch at once (a correlation does); their gradient is
taken with respect to the scores alone, so that the batch may be judged in parts and on several devices. Those that keep the
parent's word are sums over crops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from miqa_app.training.losses import plcc_loss, rank_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from miqa_app.evaluation.rated.record import RatedSet
    from miqa_app.networks import Prediction
    from miqa_app.training.finetune.recipe import FineTuneLoss

_NORMAL = 1.96
_SPREAD_SHARE = 0.1
"""Weight of the log variance beside kinds and severities, whose differences are smaller."""


class Batch(NamedTuple):
    """What is known of a whole batch, members of a group side by side.

    Attributes:
        score: (B,) the network's word, 0-1.
        q: (B,) rating, or for a simulated crop the score before the training, 0-1.
        weight: (B,) precision of the rating, mean about 1.
        paired: (B,) bool, of one reference with its neighbour.
        simulated: (B,) bool.
    """

    score: Tensor
    q: Tensor
    weight: Tensor
    paired: Tensor
    simulated: Tensor


def score_loss(batch: Batch, weights: FineTuneLoss) -> dict[str, Tensor]:
    """Return the weighted sum as 'loss' and its parts: mse, plcc, rank, rehearsal."""
    score, rated = batch.score, ~batch.simulated
    error = (score - batch.q)[rated] ** 2
    precision = batch.weight[rated]
    parts = {
        "mse": (error * precision).sum() / precision.sum().clamp(min=1e-9),
        "plcc": _or_zero(plcc_loss, batch, rated),
        "rank": _or_zero(rank_loss, batch, rated & batch.paired),
        "rehearsal": _or_zero(functional.mse_loss, batch, batch.simulated),
    }
    loss = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
    return {"loss": loss, **parts}


def score_gradient(batch: Batch, weights: FineTuneLoss) -> tuple[float, Tensor]:
    """Return the loss of the scores and its derivative with respect to them, (B,)."""
    leaf = batch.score.detach().clone().requires_grad_()
    loss = score_loss(batch._replace(score=leaf), weights)["loss"]
    (gradient,) = torch.autograd.grad(loss, leaf)
    return float(loss.detach()), gradient


def keeping_loss(
    prediction: Prediction, parent: dict[str, Tensor], weights: FineTuneLoss
) -> Tensor:
    """Return how far a word moves from the parent's, summed over crops (learning without forgetting, Li and Hoiem 2016).

    Artefact kinds by the cross entropy above the parent's own entropy, severity and log variance by squared differences;
    of the score map the departures of its cells from the score, so that a shift of the whole scale costs nothing.

    Args:
        prediction: of b crops.
        parent: logits (b, K), severity (b, K), log_variance (b,), map (b, h, w), as from `parent_word`.
        weights: kinds and map count here.
    """
    said = parent["logits"].sigmoid()
    logits = prediction.artefact_logits.float()
    cross = functional.binary_cross_entropy_with_logits(logits, said, reduction="none")
    own = functional.binary_cross_entropy_with_logits(parent["logits"], said, reduction="none")
    severity = (prediction.severity.float() - parent["severity"]) ** 2
    spread = (prediction.log_variance.float() - parent["log_variance"]) ** 2
    kinds = (cross - own).mean(1) + severity.mean(1) + _SPREAD_SHARE * spread
    real = prediction.valid.float()
    moved = functional.huber_loss(
        centred_map(prediction), parent["map"], reduction="none", delta=0.5
    )
    cells = (moved * real).sum((1, 2)) / real.sum((1, 2)).clamp(min=1)
    return weights.kinds * kinds.sum() + weights.map * cells.sum()


def parent_word(prediction: Prediction) -> dict[str, Tensor]:
    """Return what of the parent's word is kept, fp32."""
    return {
        "logits": prediction.artefact_logits.float(),
        "severity": prediction.severity.float(),
        "log_variance": prediction.log_variance.float(),
        "map": centred_map(prediction),
    }


def centred_map(prediction: Prediction) -> Tensor:
    """Return the departures of the cells from the score, (b, h, w)."""
    return prediction.score_map.float() - prediction.score.float().view(-1, 1, 1)


def precisions(rated: RatedSet, places: Sequence[int], *, weighted: bool) -> NDArray[np.float64]:
    """Return the weight of every image of a set in the loss, by place.

    The inverse of the variance of its rating plus the median variance, which keeps a few items with very narrow
    intervals from ruling; an item without an interval counts as one of the median. The mean over `places` is 1.

    Args:
        rated: the set.
        places: images to learn from.
        weighted: False gives every image the same weight.
    """
    weights = np.ones(len(rated))
    widths = {p: ci for p in places if (ci := rated.images[p].ci) is not None}
    median = float(np.median([ci / _NORMAL for ci in widths.values()])) if widths else 0.0
    if not weighted or median <= 0:
        return weights
    for place in places:
        deviation = widths.get(place, median * _NORMAL) / _NORMAL
        weights[place] = 1 / (deviation**2 + median**2)
    weights[list(places)] /= weights[list(places)].mean()
    return weights


def _or_zero(part: object, batch: Batch, chosen: Tensor) -> Tensor:
    """Return a part of the loss over the chosen crops, 0 where they are too few for it."""
    if int(chosen.sum()) < 2:
        return batch.score.sum() * 0
    value: Tensor = part(batch.score[chosen], batch.q[chosen])  # type: ignore[operator]
    return value
