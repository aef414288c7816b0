"""What a network says, and what it says it from."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Prediction(NamedTuple):
    """What the network says about a batch of B slices.

    Maps have one cell per 8 (or 4) pixels of the image as given, rows ceil(H / grid) and
    columns ceil(W / grid); cell (r, c) covers the pixels from (grid r, grid c).

    Attributes:
        score: (B,) 1 is flawless and 0 useless; linear, so values may lie outside.
        log_variance: (B,) logarithm of the variance of the score, in score units squared.
        artefact_logits: (B, K) one logit per kind of artefact.
        severity: (B, K) severity of each kind if it is present, 0 to 1.
        score_map: (B, h, w) score of each cell.
        weight_map: (B, h, w) how much each cell counts, 0 to 1.
        contribution_map: (B, h, w) by how much each cell moves the score.
        valid: (B, h, w) bool, cells that hold real pixels.
        embedding: (B, D) weighted mean of the map that the heads read.
        kind_map: (B, K, h, w) logit of each kind of artefact in each cell.
        peak: (B, D + K) mean of the greatest 2 % of each channel of that map and of the kind map.
        summary: (B, S) what the network knows of the image as a whole beside the map: MIQANet the weights of CNN and
            transformer (0 for a missing branch), LoDa and LoDaPro the class token, LAR-IQA the features of the whole slice.
    """

    score: Tensor
    log_variance: Tensor
    artefact_logits: Tensor
    severity: Tensor
    score_map: Tensor
    weight_map: Tensor
    contribution_map: Tensor
    valid: Tensor
    kind_map: Tensor
    embedding: Tensor
    peak: Tensor
    summary: Tensor


class Reading(NamedTuple):
    """What the regression of a family makes of a fused map, on the grid of that map.

    Attributes:
        features: (B, D, h, w) what artefact kinds, uncertainty and embedding are told from.
        score_map: (B, h, w) float32.
        weight_map: (B, h, w) float32, 0 to 1.
        score: (B,) float32 of a regression of its own, or None for the weighted mean of the score map.
    """

    features: Tensor
    score_map: Tensor
    weight_map: Tensor
    score: Tensor | None = None


class Parts(NamedTuple):
    """The weights of a network by what their names begin with; each stands in one of the three.

    Attributes:
        heads: read the fused map; frozen features suffice to train them.
        joints: between encoders and fused map, and the head of the kind map.
        encoders: begin with learnt weights where there are any; each is a module of the network with its `body` from timm.
    """

    heads: tuple[str, ...]
    joints: tuple[str, ...]
    encoders: tuple[str, ...]
