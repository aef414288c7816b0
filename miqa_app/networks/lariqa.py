"""LAR-IQA: the whole slice made small beside the slice at full resolution, judged by Kolmogorov-Arnold layers.

After N. J. Avanaki et al., "LAR-IQA: A Lightweight, Accurate, and Robust No-Reference Image Quality Assessment Model"
(ECCV workshops 2024). Its authentic branch, which sees the image resized, is the global one here; its synthetic branch,
which sees it as it is, the local one (models.md 1.4).
"""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.channels import Channels
from miqa_app.networks.extents import extents, framed
from miqa_app.networks.families import LarIqaConfig
from miqa_app.networks.fusion import PooledHeads, start_heads
from miqa_app.networks.kan import KanLayer
from miqa_app.networks.network import PAD, QualityNetwork, ScoreLine
from miqa_app.networks.pooling import weighted_mean
from miqa_app.networks.prediction import Parts, Reading

_STRIDE = 32
_MLP = 3100
"""Neurons of the first layer of a branch of the MLP form, which give it about the operations of the KAN form."""


class LarIqa(QualityNetwork):
    """LAR-IQA with the heads of the product.

    The score comes from the mean of the local features beside those of the whole slice, as in the paper. The score map is
    the same regression with the features of one cell in place of their mean: what the slice would be judged if it looked
    like this cell everywhere. Cells are 32 pixels wide and count by how much of them is real, which is the weight map: 1
    but at the edge. The score is not the mean of the map.
    """

    config: LarIqaConfig
    parts = Parts(
        heads=("whole_head.", "detail_head.", "score_head.", "heads."),
        joints=("kind_head.",),
        encoders=("whole.", "detail."),
    )
    stride = _STRIDE
    scores_are_pooled = False

    def __init__(self, config: LarIqaConfig) -> None:
        """Build the network with random weights."""
        super().__init__(config)
        self.colour = Channels(config.channels, config.norm)
        self.whole = MobileEncoder(config)
        self.detail = MobileEncoder(config)
        self.channels = self.detail.channels
        self.whole_head = _branch_head(config, self.whole.features)
        self.detail_head = _branch_head(config, self.detail.features)
        self.score_head = _score_head(config)
        self.line = ScoreLine(config.score_bias)
        self.kind_head = nn.Conv2d(self.channels, config.artefact_kinds, 1)
        self.heads = PooledHeads(self.channels, config.artefact_kinds)
        start_heads(self.heads, self.kind_head)
        if config.frozen:
            for encoder in (self.whole, self.detail):
                encoder.requires_grad_(False)

    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last map of the local branch with one more channel, and the mean of the map of the global branch.

        The channel is the share of each cell that is real.

        The whole slice is the real part of the image, without its padding, brought to a square.
        """
        edge, grid = self.config.whole_edge, self.grid
        small = torch.cat(
            [
                squared(one[None, :, :rows, :columns], edge)
                for one, (rows, columns) in zip(image, _pixels(valid, grid), strict=True)
            ]
        )
        whole = self.whole(self.colour(small)).mean(dim=(2, 3))
        return local_map(self.colour, self.detail, image, valid, grid, self.margin), whole

    def read(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Reading:
        """Judge the mean of the cells, and each cell in its place."""
        features, share = fused[:, :-1], fused[:, -1].float()
        whole = self.whole_head(self.whole.described(summary))
        score = self._regressed(whole, weighted_mean(features, share, valid))
        cells = features.permute(0, 2, 3, 1)
        beside = whole[:, None, None].expand(*cells.shape[:3], -1)
        return Reading(features, self._regressed(beside, cells), share, score)

    def _regressed(self, whole: Tensor, features: Tensor) -> Tensor:
        """Return scores (...) from the global branch (..., W) and local features (..., C)."""
        detail = self.detail_head(self.detail.described(features))
        value: Tensor = self.score_head(torch.cat((whole.float(), detail.float()), dim=-1))
        scores: Tensor = self.line(value.squeeze(-1))
        return scores

    def _rescale_score(self, gain: float, offset: float) -> None:
        self.line.rescale(gain, offset)


class MobileEncoder(nn.Module):
    """A MobileNetV3 of timm up to its last map, and with `features: logits` its classifier.

    Attributes:
        channels: of the map.
        features: numbers that describe an image or a cell.
    """

    def __init__(self, config: LarIqaConfig) -> None:
        """Build the encoder with random weights."""
        super().__init__()
        self.logits = config.features == "logits"
        if self.logits:
            body: Any = timm.create_model(config.cnn, pretrained=False)
            self.channels = int(body.conv_head.in_channels)
            self.features = int(body.num_classes)
        else:
            body = timm.create_model(
                config.cnn, pretrained=False, features_only=True, out_indices=(4,)
            )
            self.channels = self.features = int(body.feature_info.channels()[0])
        self.body = body

    def forward(self, image: Tensor) -> Tensor:
        """Return the map (B, C, ceil(H / 32), ceil(W / 32)) of (B, 3, H, W)."""
        result: Tensor = self.body.forward_features(image) if self.logits else self.body(image)[0]
        return result

    def described(self, features: Tensor) -> Tensor:
        """Return (..., F) from features (..., C) of the map: themselves, or the outputs of the classifier."""
        if not self.logits:
            return features
        flat = features.reshape(-1, features.shape[-1], 1, 1)
        logits: Tensor = self.body.forward_head(flat)
        return logits.reshape(*features.shape[:-1], -1)


def _branch_head(config: LarIqaConfig, features: int) -> nn.Module:
    """Return what makes the features of one branch few."""
    if config.head == "kan":
        return KanLayer(features, config.width)
    return nn.Sequential(
        nn.ReLU(), nn.Linear(features, _MLP), nn.ReLU(), nn.Linear(_MLP, config.width), nn.ReLU()
    )


def _score_head(config: LarIqaConfig) -> nn.Module:
    """Return what makes one number of both branches."""
    if config.head == "kan":
        return KanLayer(2 * config.width, 1)
    return nn.Linear(2 * config.width, 1)


def local_map(
    colour: nn.Module, encoder: nn.Module, image: Tensor, valid: Tensor, grid: int, margin: int
) -> Tensor:
    """Return the last map of the local branch, with one more channel: the share of each cell that is real.

    Args:
        colour: makes the three channels of the encoder.
        encoder: of the branch.
        image: (B, 1, H, W) float32, padded.
        valid: (B, H / grid, W / grid) bool.
        grid: pixels per cell of `valid`.
        margin: least number of pixels by which the real part is framed.

    Returns:
        (B, C + 1, ceil(H / 32), ceil(W / 32)) float32.
    """
    frame = framed(image, _pixels(valid, grid), PAD, margin)
    detail = encoder(colour(frame))
    share = _real_share(valid, _STRIDE // grid)
    rows, columns = share.shape[-2:]
    detail = F.pad(detail, (0, columns - detail.shape[-1], 0, rows - detail.shape[-2]))
    return torch.cat((detail.float(), share), dim=1)


def squared(image: Tensor, edge: int) -> Tensor:
    """Return images (B, C, H, W) as squares of `edge` pixels, smoothed where they become smaller."""
    size = (edge, edge)
    return F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)


def _pixels(valid: Tensor, grid: int) -> list[tuple[int, int]]:
    """Return rows and columns of the real part of each image, in pixels."""
    return [(rows * grid, columns * grid) for rows, columns in extents(valid)]


def _real_share(valid: Tensor, factor: int) -> Tensor:
    """Return (B, 1, ceil(h / factor), ceil(w / factor)) float32: the share of each wide cell that is real."""
    down, right = (-side % factor for side in valid.shape[-2:])
    return F.avg_pool2d(F.pad(valid.float(), (0, right, 0, down))[:, None], factor)
