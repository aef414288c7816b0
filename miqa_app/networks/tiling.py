"""Judge a large slice in overlapping windows and blend the maps.

Full-frame evaluation is exact and cheaper; windows serve above about 1024 pixels and
for graphs of a fixed size. Windows begin on the grid of cells, so that their maps
blend cell by cell without resampling.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from miqa_app.networks.network import PAD, QualityNetwork
from miqa_app.networks.pooling import contributions, valid_cells, weighted_mean
from miqa_app.networks.prediction import Prediction

WINDOW = 288
"""Holds a slice of 224 pixels with its margin."""

STRIDE = 144
BATCH = 8
"""Windows judged at once."""


def window_starts(length: int, window: int, stride: int) -> list[int]:
    """Return where the windows begin along one axis.

    Args:
        length: pixels of the axis, at least one window.
        window: pixels of a window.
        stride: pixels from one window to the next.

    Returns:
        Rising start positions; the last window ends at the border.
    """
    starts = list(range(0, length - window + 1, stride))
    if starts[-1] + window < length:
        starts.append(length - window)
    return starts


def hann_window(rows: int, columns: int) -> Tensor:
    """Return the two-dimensional Hann window over cell centres, (rows, columns).

    Sampled at the centres it is positive everywhere, so that a cell which only one
    window sees keeps exactly the value of that window.
    """
    sides = [
        torch.sin(math.pi * (torch.arange(cells, dtype=torch.float64) + 0.5) / cells) ** 2
        for cells in (rows, columns)
    ]
    return torch.outer(sides[0], sides[1]).float()


def _check_window(window: int, stride: int, grid: int) -> None:
    """Refuse windows that would not fall on the grid."""
    if window < PAD or window % PAD:
        raise ValueError(f"The window must be a multiple of {PAD} pixels, not {window}.")
    if not 0 < stride <= window or stride % grid:
        raise ValueError(f"The stride must be a multiple of {grid} up to the window, not {stride}.")


class _Blend:
    """Sums of the windowed maps and pooled values of one slice."""

    def __init__(self, model: QualityNetwork, valid: Tensor, window: tuple[int, int]) -> None:
        """Start empty sums for the valid cells (h, w) and a window in cells."""
        self.model = model
        self.valid = valid
        self.hann = hann_window(*window).to(valid.device)
        self.sums = torch.zeros(3, *valid.shape, device=valid.device)
        self.kinds = torch.zeros(model.config.artefact_kinds, *valid.shape, device=valid.device)
        self.embedding = torch.zeros(model.channels, device=valid.device)
        self.peak = torch.full(
            (model.channels + model.config.artefact_kinds,),
            float("-inf"),
            device=valid.device,
        )
        self.summary = torch.zeros((), device=valid.device)
        self.score = torch.zeros((), device=valid.device)
        self.mass = torch.zeros((), device=valid.device)

    def judge(self, image: Tensor, places: list[tuple[int, int]]) -> None:
        """Judge the windows of an image (C, H, W) that begin at these pixels, and add them."""
        grid = self.model.grid
        rows, columns = self.hann.shape
        parts = [
            (slice(top // grid, top // grid + rows), slice(left // grid, left // grid + columns))
            for top, left in places
        ]
        pixels = [
            image[:, top : top + rows * grid, left : left + columns * grid] for top, left in places
        ]
        masks = torch.stack([self.valid[part] for part in parts])
        result = self.model.predict_padded(torch.stack(pixels), masks)
        for index, part in enumerate(parts):
            self._add(result, index, part)

    def _add(self, result: Prediction, index: int, part: tuple[slice, slice]) -> None:
        """Add one window of a batch, which covers this part of the cells."""
        weight = result.weight_map[index]
        self.sums[0][part] += self.hann
        self.sums[1][part] += self.hann * result.score_map[index]
        self.sums[2][part] += self.hann * weight
        self.kinds[:, *part] += self.hann * result.kind_map[index]
        mass = (self.hann * weight * self.valid[part]).sum()
        self.embedding += mass * result.embedding[index]
        if bool(self.valid[part].any()):
            self.peak = torch.maximum(self.peak, result.peak[index])
        self.summary = self.summary + mass * result.summary[index]
        self.score += mass * result.score[index]
        self.mass += mass

    def result(self, rows: int, columns: int) -> Prediction:
        """Return the blended prediction, its maps cut to this many cells."""
        part = (slice(None), slice(0, rows), slice(0, columns))
        score_map = (self.sums[1] / self.sums[0])[None][part]
        weight_map = (self.sums[2] / self.sums[0])[None][part]
        valid = self.valid[None][part]
        kind_map = (self.kinds / self.sums[0])[None][:, :, :rows, :columns]
        mass = self.mass.clamp_min(1e-12)
        if self.model.scores_are_pooled:
            score = weighted_mean(score_map[:, None], weight_map, valid).squeeze(1)
        else:
            score = (self.score / mass)[None]
        contribution = contributions(score, score_map, weight_map, valid)
        embedding = (self.embedding / mass)[None]
        peak = torch.where(torch.isfinite(self.peak), self.peak, 0.0)[None]
        log_variance, logits, severity = self.model.heads(embedding, peak)
        return Prediction(
            score, log_variance, logits, severity, score_map, weight_map,
            contribution, valid, kind_map, embedding, peak, (self.summary / mass)[None],
        )  # fmt: skip


@torch.inference_mode()
def predict_tiled(
    model: QualityNetwork,
    image: Tensor,
    window: int = WINDOW,
    stride: int = STRIDE,
    valid: Tensor | None = None,
) -> Prediction:
    """Judge one slice in overlapping windows.

    Score and weight maps are blended with Hann windows h: S = sum(h s) / sum(h),
    W = sum(h w) / sum(h), score = sum(S W V) / sum(W V) (models.md, 1.1.3). The pooled
    values come from the mean embedding of the windows, each counted by its weight; so does
    the score of a network with a regression of its own, as the papers average crops. A
    slice that one window covers gives the full-frame result.

    Args:
        model: the network, in evaluation mode.
        image: (1, 1, H, W) float, 0 to 1; (1, 3, H, W) of a photograph.
        window: side of a window in pixels, a multiple of 32.
        stride: pixels between windows, a multiple of the grid.
        valid: (1, 1, H, W) bool, real pixels, or None when all are.

    Returns:
        The prediction, as of the whole slice.

    Raises:
        ValueError: when the sizes do not fit.
    """
    grid = model.grid
    _check_window(window, stride, grid)
    if image.ndim != 4 or image.shape[0] != 1 or image.shape[1] not in (1, 3):
        raise ValueError(f"One slice is (1, 1, H, W) or (1, 3, H, W), not {tuple(image.shape)}.")
    height, width = image.shape[-2:]
    if valid is None:
        valid = torch.ones_like(image[:, :1], dtype=torch.bool)
    padded = model.padded(image)
    tall, wide = padded.shape[-2:]
    cells = valid_cells(valid, grid, (tall // grid, wide // grid))[0]
    rows, columns = min(window, tall), min(window, wide)
    places = list(
        itertools.product(window_starts(tall, rows, stride), window_starts(wide, columns, stride))
    )
    blend = _Blend(model, cells, (rows // grid, columns // grid))
    for first in range(0, len(places), BATCH):
        blend.judge(padded[0], places[first : first + BATCH])
    return blend.result(-(-height // grid), -(-width // grid))
