"""What every network of the program is: an image in, a prediction out, cut in two where features may be frozen.

A family of networks says how it sees an image (`fuse`) and how it reads what it has seen (`read`). Everything else is the
same for all: padding, masks, artefact kinds, maps on cells of 8 pixels, and the scale of the score.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.pooling import (
    contributions,
    masked_peak,
    pad,
    pool_score,
    valid_cells,
    weighted_mean,
)
from miqa_app.networks.prediction import Parts, Prediction, Reading

if TYPE_CHECKING:
    from miqa_app.networks.design import Design
    from miqa_app.networks.fusion import PooledHeads

PAD = 32
"""Coarsest stride of the encoders, to which every image is padded."""

MARGIN = PAD + 1
"""Least padding in pixels. Cells next to the zeros around a convolution judge otherwise than cells next to the mirrored
image, and whether a slice needs padding must not move its score: more than one coarse cell keeps it within half a point.
"""

_BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class QualityNetwork(nn.Module):
    """A network that judges slices; the families are its subclasses.

    Attributes:
        config: the design.
        parts: its weights by what they are for.
        stride: pixels per cell of the fused map, a multiple of the grid.
        multiple: pixels, of which both sides of a padded image are multiples.
        margin: least number of pixels that are added to an image at the bottom and on the right.
        channels: D of the map that the heads read.
        scores_are_pooled: whether the score is the weighted mean of the score map, and not a regression of its own.
        batchnorm_frozen: whether BatchNorm stays in evaluation mode while training.
        encoders_at_rest: whether the encoders are not trained for now, see `freeze_encoders`.
    """

    parts: Parts
    stride: int
    multiple = PAD
    margin = MARGIN
    channels: int
    scores_are_pooled = True
    kind_head: nn.Conv2d
    heads: PooledHeads

    def __init__(self, config: Design) -> None:
        """Keep the design; the subclass builds the layers."""
        super().__init__()
        self.config = config
        self.batchnorm_frozen = False
        self.encoders_at_rest = False

    @property
    def grid(self) -> int:
        """Return the pixels per cell of the maps of a prediction."""
        return self.config.grid

    @property
    def encoders(self) -> tuple[str, ...]:
        """Return the names of the encoders, each a module of this network."""
        names = (name.rstrip(".") for name in self.parts.encoders)
        return tuple(name for name in names if hasattr(self, name))

    @property
    def encoders_frozen(self) -> bool:
        """Return whether the encoders stay as they are, by the design or for now."""
        return self.config.frozen or self.encoders_at_rest

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; a frozen BatchNorm and frozen encoders stay as they are."""
        super().train(mode)
        if self.batchnorm_frozen:
            _batchnorm_to_eval(self)
        if self.encoders_frozen:
            for name in self.encoders:
                getattr(self, name).eval()
        return self

    def forward(self, image: Tensor, valid: Tensor | None = None) -> Prediction:
        """Judge a batch of slices.

        Args:
            image: (B, 1, H, W) float, 0 to 1, of any size; photographs in red, green and blue are (B, 3, H, W).
            valid: (B, 1, H, W) bool, real pixels, for slices of unequal size in one
                batch; None when all pixels are real.

        Returns:
            The prediction, in float32.

        Raises:
            ValueError: when the shapes are not those.
        """
        _check(image, valid)
        height, width = image.shape[-2:]
        if valid is None:
            valid = torch.ones_like(image[:, :1], dtype=torch.bool)
        padded = self.padded(image)
        cells = _cells(padded.shape[-2], padded.shape[-1], self.grid)
        result = self.predict_padded(padded, valid_cells(valid, self.grid, cells))
        rows, columns = _cells(height, width, self.grid)
        return result._replace(
            score_map=result.score_map[:, :rows, :columns],
            weight_map=result.weight_map[:, :rows, :columns],
            contribution_map=result.contribution_map[:, :rows, :columns],
            valid=result.valid[:, :rows, :columns],
            kind_map=result.kind_map[:, :, :rows, :columns],
        )

    def padded(self, image: Tensor) -> Tensor:
        """Return an image (B, C, H, W) in float32, padded as `forward` does it."""
        return pad(image.float(), self.multiple, self.margin)

    def predict_padded(self, image: Tensor, valid: Tensor) -> Prediction:
        """Judge slices that are padded already; the part that exported graphs hold.

        Args:
            image: (B, 1, H, W) float32 with sides that are multiples of 32; (B, 3, H, W) of photographs.
            valid: (B, H / grid, W / grid) bool, cells that count.

        Returns:
            The prediction, with maps of the padded size.
        """
        fused, summary = self.fuse(image, valid)
        return self.judge(fused, summary, valid)

    @abstractmethod
    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fused map (B, C, h, w), one cell per `stride` pixels, and the summary (B, S).

        Args:
            image: (B, 1, H, W) float32, padded; (B, 3, H, W) of photographs.
            valid: (B, H / grid, W / grid) bool.
        """

    @abstractmethod
    def read(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Reading:
        """Return the score of every cell, and the family's own score of the image where it has one.

        Args:
            fused: (B, C, h, w) from `fuse`.
            summary: (B, S) from `fuse`.
            valid: (B, h, w) bool, cells of the fused map that count.
        """

    def judge(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Prediction:
        """Return what `predict_padded` says once `fuse` has given its map: all that the heads need.

        Args:
            fused: (B, C, h, w), one cell per `stride` pixels.
            summary: (B, S).
            valid: (B, H / grid, W / grid) bool; may reach further than the fused map.
        """
        factor = self.stride // self.grid
        near = _coarser(valid, factor, (fused.shape[-2], fused.shape[-1]))
        reading = self.read(fused, summary, near)
        features, score_map, weight_map, score = reading
        embedding = weighted_mean(features, weight_map, near)
        kind_map = self.kind_head(features).float()
        peak = masked_peak(torch.cat((features.float(), kind_map), dim=1), near)
        log_variance, logits, severity = self.heads(embedding, peak)
        score_map, weight_map, kind_map = (
            _finer(values, factor, valid) for values in (score_map, weight_map, kind_map)
        )
        if score is None:
            score, contribution = pool_score(score_map, weight_map, valid)
        else:
            contribution = contributions(score, score_map, weight_map, valid)
        return Prediction(
            score, log_variance, logits, severity, score_map, weight_map,
            contribution, valid, kind_map, embedding, peak, summary,
        )  # fmt: skip

    def rescale(self, gain: float, offset: float) -> None:
        """Make every score s of image and cells gain · s + offset, and the deviation gain times as large, in place."""
        spread = self.heads.log_variance.bias
        assert spread is not None  # the layer is built with one
        with torch.no_grad():
            spread.add_(2 * math.log(gain))
            self._rescale_score(gain, offset)

    @abstractmethod
    def _rescale_score(self, gain: float, offset: float) -> None:
        """Make every score s gain · s + offset, in place and without a gradient."""


class ScoreLine(nn.Module):
    """The last step of a regression whose own scale is fixed: score = gain · value + offset.

    Neither is learnt by gradient: a cosine and a loss that knows correlation alone leave the scale open, so it is fitted
    once after the training and kept with the weights.
    """

    gain: Tensor
    offset: Tensor

    def __init__(self, start: float) -> None:
        """Begin with gain 1 and the offset `start`, the mean of the training targets."""
        super().__init__()
        self.register_buffer("gain", torch.tensor(1.0))
        self.register_buffer("offset", torch.tensor(float(start)))

    def forward(self, value: Tensor) -> Tensor:
        """Return scores in float32 from values of any shape."""
        return self.gain * value.float() + self.offset

    def rescale(self, gain: float, offset: float) -> None:
        """Apply a line to the scores."""
        self.gain.mul_(gain)
        self.offset.mul_(gain).add_(offset)


def _coarser(valid: Tensor, factor: int, cells: tuple[int, int]) -> Tensor:
    """Return the mask of a map with cells `factor` times as wide: those that hold a real cell."""
    if factor == 1:
        return valid
    rows, columns = cells
    down, right = rows * factor - valid.shape[-2], columns * factor - valid.shape[-1]
    return F.max_pool2d(F.pad(valid.float(), (0, right, 0, down)), factor) > 0.5


def _finer(values: Tensor, factor: int, valid: Tensor) -> Tensor:
    """Return a map with every cell repeated `factor` times along both sides, cut or filled with 0 to those of `valid`."""
    if factor == 1:
        return values
    rows, columns = valid.shape[-2:]
    repeated = values.repeat_interleave(factor, -2).repeat_interleave(factor, -1)
    return F.pad(
        repeated, (0, columns - repeated.shape[-1], 0, rows - repeated.shape[-2])
    )  # a negative number cuts


def _cells(height: int, width: int, grid: int) -> tuple[int, int]:
    """Return rows and columns of the grid that covers an image."""
    return -(-height // grid), -(-width // grid)


def _check(image: Tensor, valid: Tensor | None) -> None:
    """Refuse tensors that are no batch of slices or of photographs in colour."""
    if image.ndim != 4 or image.shape[1] not in (1, 3) or 0 in image.shape:
        raise ValueError(
            f"An image batch is (B, 1, H, W) or (B, 3, H, W), not {tuple(image.shape)}."
        )
    if not image.is_floating_point():
        raise ValueError("An image batch holds floating-point values from 0 to 1.")
    if valid is not None and (valid.shape != image[:, :1].shape or valid.dtype != torch.bool):
        raise ValueError("The mask of real pixels is bool, (B, 1, H, W) of the size of the images.")


def _batchnorm_to_eval(model: nn.Module) -> None:
    """Put every BatchNorm of a model into evaluation mode."""
    for module in model.modules():
        if isinstance(module, _BATCHNORM):
            module.eval()


def freeze_batchnorm(model: QualityNetwork, frozen: bool = True) -> None:
    """Keep the running statistics of BatchNorm while the rest trains.

    Meant for pretrained encoders with small batches (below 16) or little data (below
    2000 images); a network trained from scratch needs its statistics to move. Scale and
    shift stay trainable. Later calls of `train()` respect the choice.

    Args:
        model: the network.
        frozen: False undoes it.
    """
    model.batchnorm_frozen = frozen
    model.train(model.training)


def freeze_encoders(model: QualityNetwork, frozen: bool = True) -> None:
    """Leave the encoders out of the training for now: no gradients, batch statistics and dropout as in use.

    Encoders that the design itself freezes stay so.

    Args:
        model: the network.
        frozen: False undoes it.
    """
    model.encoders_at_rest = frozen
    for name in model.encoders:
        getattr(model, name).requires_grad_(not model.encoders_frozen)
    model.train(model.training)
