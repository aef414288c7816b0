"""From a fused map to the network's word: the part that stays when everything below the heads is frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from miqa_app.networks import Prediction, pool_score, weighted_mean
from miqa_app.networks.pooling import masked_peak

if TYPE_CHECKING:
    from torch import Tensor

    from miqa_app.networks import MIQANet


def from_fused(network: MIQANet, fused: Tensor, gates: Tensor, valid: Tensor) -> Prediction:
    """Return what `MIQANet.predict_padded` says once `MIQANet.fuse` has given the fused map.

    Args:
        network: any.
        fused: (B, D, h, w).
        gates: (B, 2).
        valid: (B, h, w) bool.
    """
    decoded = network.decoder(fused)
    score_map = network.score_head(decoded)
    weight_map = torch.sigmoid(network.weight_head(decoded))
    score, contribution = pool_score(score_map, weight_map, valid)
    embedding = weighted_mean(fused, weight_map, valid)
    kind_map = network.kind_head(fused).float()
    peak = masked_peak(torch.cat((fused.float(), kind_map), dim=1), valid)
    log_variance, logits, severity = network.heads(embedding, peak)
    return Prediction(
        score, log_variance, logits, severity,
        score_map, weight_map, contribution, valid, kind_map, embedding, peak, gates,
    )  # fmt: skip
