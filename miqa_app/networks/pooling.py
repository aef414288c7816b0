"""Padding, the mask of real cells, and every mean that must respect it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from miqa_app.networks.tracing import makes_graph

EPSILON = 1e-6
"""Keeps the weighted mean finite when no cell counts (models.md, 1.1.3)."""

PEAK_SHARE = 0.02
"""Share of the cells whose mean is the peak of a channel."""


def pad(image: Tensor, multiple: int, margin: int) -> Tensor:
    """Pad an image at the bottom and on the right.

    Mirrored where the image is larger than the padding, else the border is repeated,
    so that neither edges nor grey values appear that the image does not have.

    Args:
        image: (B, c, H, W).
        multiple: both sides become multiples of this many pixels.
        margin: least number of pixels to add.

    Returns:
        (B, c, H', W').
    """
    height, width = image.shape[-2:]
    down, right = (margin + -(side + margin) % multiple for side in (height, width))
    if makes_graph():  # a graph for all sizes, larger than the padding
        return F.pad(image, (0, right, 0, down), mode="reflect")
    if down:
        mode = "reflect" if down < height else "replicate"
        image = F.pad(image, (0, 0, 0, down), mode=mode)
    if right:
        mode = "reflect" if right < width else "replicate"
        image = F.pad(image, (0, right, 0, 0), mode=mode)
    return image


def valid_cells(valid: Tensor, grid: int, cells: tuple[int, int]) -> Tensor:
    """Tell which cells of the grid hold at least one real pixel.

    Args:
        valid: (B, 1, H, W) bool, True for real pixels.
        grid: pixels per cell.
        cells: rows and columns of the (padded) grid.

    Returns:
        (B, rows, columns) bool.
    """
    rows, columns = cells
    height, width = valid.shape[-2:]
    padded = F.pad(valid.float(), (0, columns * grid - width, 0, rows * grid - height))
    return F.max_pool2d(padded, grid).squeeze(1) > 0.5


def masked_mean(features: Tensor, valid: Tensor) -> Tensor:
    """Average a map over its valid cells.

    Args:
        features: (B, C, h, w).
        valid: (B, h, w) bool.

    Returns:
        (B, C) float32; zero for an image without valid cells.
    """
    return weighted_mean(features, torch.ones_like(valid, dtype=torch.float32), valid)


def weighted_mean(features: Tensor, weights: Tensor, valid: Tensor) -> Tensor:
    """Average a map over its valid cells with weights.

    Args:
        features: (B, C, h, w).
        weights: (B, h, w), not negative.
        valid: (B, h, w) bool.

    Returns:
        (B, C) float32: sum(f w V) / (sum(w V) + 1e-6). Whatever stands in an invalid
        cell, even a value that is not a number, has no influence.
    """
    kept = torch.where(valid, weights.float(), 0.0)
    values = torch.where(valid.unsqueeze(1), features.float(), 0.0)
    total = (values * kept.unsqueeze(1)).sum(dim=(2, 3))
    return total / (kept.sum(dim=(1, 2)).unsqueeze(1) + EPSILON)


def masked_peak(features: Tensor, valid: Tensor) -> Tensor:
    """Return the mean of the greatest 2 % of the values of each channel, at least one, over the valid cells.

    A share, and not the greatest alone, because the greatest of 4096 cells lies higher than that of 144 on the same
    texture: a network that learnt on crops would suspect artefacts in every large slice.

    Args:
        features: (B, C, h, w).
        valid: (B, h, w) bool.

    Returns:
        (B, C) float32; zero for an image without valid cells.
    """
    kept = features.float().masked_fill(~valid.unsqueeze(1), float("-inf")).flatten(2)
    count = torch.ceil(valid.sum(dim=(1, 2)) * PEAK_SHARE).clamp_min(1)
    cells = kept.shape[2]
    # a number that stays a size of the map in a graph for all sizes; what is beyond the count is not counted
    most = cells // round(1 / PEAK_SHARE) + 1 if makes_graph() else math.ceil(cells * PEAK_SHARE)
    highest = kept.topk(most, dim=2).values
    counted = torch.arange(most, device=kept.device) < count.view(-1, 1, 1)
    values = torch.where(counted & torch.isfinite(highest), highest, 0.0)
    return values.sum(dim=2) / count.view(-1, 1)


def pool_score(score: Tensor, weight: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Pool the score map with the weight map (paper, eq. 6, on valid cells).

    Args:
        score: (B, h, w), score of each cell.
        weight: (B, h, w), 0 to 1.
        valid: (B, h, w) bool.

    Returns:
        The score (B,) and the contribution map (B, h, w), w (s - s_f) / sum(w), which
        sums to zero up to the small constant and is zero in invalid cells.
    """
    pooled = weighted_mean(score.unsqueeze(1), weight, valid).squeeze(1)
    return pooled, contributions(pooled, score, weight, valid)


def contributions(pooled: Tensor, score: Tensor, weight: Tensor, valid: Tensor) -> Tensor:
    """Return by how much each cell departs from the score of the image, counted by its weight.

    Args:
        pooled: (B,) the score of the image: the weighted mean of the cells, or that of a regression of its own.
        score: (B, h, w), score of each cell.
        weight: (B, h, w), 0 to 1.
        valid: (B, h, w) bool.

    Returns:
        (B, h, w): w (s - pooled) / sum(w), zero in invalid cells. It sums to zero where `pooled` is the weighted mean;
        with a regression of its own it says where the cells pull the score, not how the score was put together.
    """
    kept = torch.where(valid, weight.float(), 0.0)
    distance = torch.where(valid, score.float() - pooled.view(-1, 1, 1), 0.0)
    mass = kept.sum(dim=(1, 2), keepdim=True) + EPSILON
    return kept * distance / mass


def pool_to(features: Tensor, sizes: Sequence[Sequence[int]], bins: int) -> Tensor:
    """Average the real part of each map of a batch to a fixed number of bins, as adaptive pooling does.

    Args:
        features: (B, C, h, w).
        sizes: rows and columns of the real part of each, at the upper left; no more than the map has.
        bins: rows and columns of the result.

    Returns:
        (B, C, bins, bins).
    """
    if len(set(map(tuple, sizes))) == 1:
        rows, columns = sizes[0]
        return F.adaptive_avg_pool2d(features[..., :rows, :columns], bins)
    parts = zip(features, sizes, strict=True)
    return torch.stack(
        [F.adaptive_avg_pool2d(one[:, :rows, :columns], bins) for one, (rows, columns) in parts]
    )
