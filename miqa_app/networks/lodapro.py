"""LoDaPro: the class token of a Vision Transformer asks the local features of a CNN.

After "LoDaPro: Combining Local Detail and Global Projection for Improved Image Quality Assessment Using Efficient-Net and
Vision Transformers", equations 2 to 5; what its text leaves open is settled in models.md 1.3 and decision 0013.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from miqa_app.networks.backbones import CnnEncoder
from miqa_app.networks.channels import Channels
from miqa_app.networks.extents import extents, framed
from miqa_app.networks.families import LoDaProConfig
from miqa_app.networks.fusion import PooledHeads, start_heads
from miqa_app.networks.network import QualityNetwork, ScoreLine
from miqa_app.networks.prediction import Parts, Reading
from miqa_app.networks.vit import PATCH, ViTEncoder, patches_of, relative, split_heads

_TIMM = {"efficientnet_b0": "efficientnet_b0", "efficientnet_lite0": "tf_efficientnet_lite0"}
"""timm's names; those of Lite0 begin with tf_ because its published weights were learnt with TensorFlow's padding."""
_STAGE = 3
"""timm's level of either EfficientNet with 112 channels, one cell per 16 pixels."""
_BLOCKS = 5
"""Groups of blocks of EfficientNet up to there; the others would never be asked."""
_DROPOUT = 0.5


class LoDaPro(QualityNetwork):
    """LoDaPro with the heads of the product.

    The score is the regression of z = CLS + gamma Up(attention), as in the paper. The score map is the same regression
    with the value of one cell in place of what attention gathers from all: what the network would say if this were all
    that it had asked. The weight map is that attention, the mean of its heads; the score is not the weighted mean of the
    map. Artefact kinds are told from the local features and the patch tokens beside one another.

    The 14 x 14 cells of the paper are those of its 224 pixels: one per 16. Larger slices have more of them.
    """

    config: LoDaProConfig
    parts = Parts(
        heads=("fusion.", "score_head.", "heads."),
        joints=("local.", "kind_head."),
        encoders=("cnn.", "transformer."),
    )
    stride = PATCH
    margin = 0
    scores_are_pooled = False

    def __init__(self, config: LoDaProConfig) -> None:
        """Build the network with random weights."""
        super().__init__(config)
        self.colour = Channels(config.channels, config.norm)
        self.cnn = CnnEncoder(_TIMM[config.cnn], (_STAGE,))
        body: Any = self.cnn.body
        body.blocks = body.blocks[:_BLOCKS]
        self.transformer = ViTEncoder(config.transformer)
        width = self.transformer.width
        self.channels = config.latent + width
        self.local = nn.Sequential(nn.Conv2d(self.cnn.channels[0], config.latent, 1), nn.ReLU())
        self.dropout = nn.Dropout(_DROPOUT)
        self.fusion = CrossAttention(width, config.latent, config.heads, config.gamma)
        self.score_head = nn.Sequential(
            nn.LayerNorm(width), nn.Dropout(_DROPOUT), nn.Linear(width, 1)
        )
        self.line = ScoreLine(config.score_bias)
        self.kind_head = nn.Conv2d(self.channels, config.artefact_kinds, 1)
        self.heads = PooledHeads(self.channels, config.artefact_kinds)
        start_heads(self.heads, self.kind_head)
        last = self.score_head[2]
        nn.init.trunc_normal_(last.weight, std=0.02)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        if config.frozen:
            self.cnn.requires_grad_(False)
            self.transformer.requires_grad_(False)

    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return local features and patch tokens beside one another, and the class token."""
        sizes = [(high * self.grid, wide * self.grid) for high, wide in extents(valid)]
        colour = self.colour(framed(image, sizes, self.multiple, self.margin))
        seen = self.transformer(colour, patches_of(valid, self.grid))
        rows, columns = seen.map.shape[-2:]
        local = self.local(self.cnn(colour)[0])[..., :rows, :columns]
        return torch.cat((local.float(), seen.map.float()), dim=1), seen.summary

    def read(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Reading:
        """Fuse class token and cells, and every cell alone; regress both."""
        local = fused[:, : self.config.latent].permute(0, 2, 3, 1)
        cells = self.dropout(local)
        token, cell_tokens, attention = self.fusion(summary, cells, valid)
        score = self._regressed(token)
        score_map = self._regressed(cell_tokens)
        return Reading(fused, score_map, attention, score)

    def _regressed(self, tokens: Tensor) -> Tensor:
        """Return scores (...) of tokens (..., D)."""
        scores: Tensor = self.line(self.score_head(tokens).squeeze(-1))
        return scores

    def _rescale_score(self, gain: float, offset: float) -> None:
        self.line.rescale(gain, offset)


class CrossAttention(nn.Module):
    """The class token asks the cells (equations 3 and 4): z = CLS + gamma Up(attention(q, k, v))."""

    def __init__(self, width: int, latent: int, heads: int, gamma: float) -> None:
        """Build it for a class token of `width` and cells of `latent` channels."""
        super().__init__()
        self.ask = nn.Linear(width, latent)
        self.query = nn.Linear(latent, latent)
        self.key = nn.Linear(latent, latent)
        self.value = nn.Linear(latent, latent)
        self.output = nn.Linear(latent, latent)
        self.up = nn.Linear(latent, width)
        self.gamma = nn.Parameter(torch.tensor(float(gamma)))
        self.heads = heads

    def forward(
        self, summary: Tensor, cells: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return z of the image and of every cell alone, and the attention.

        Args:
            summary: (B, D) class tokens.
            cells: (B, h, w, d).
            valid: (B, h, w) bool.

        Returns:
            (B, D), (B, h, w, D), and (B, h, w) float32 with a maximum of 1, zero where no pixel is real.
        """
        flat = cells.flatten(1, 2)
        query = split_heads(self.query(self.ask(summary))[:, None], self.heads)
        key, value = split_heads(self.key(flat), self.heads), self.value(flat)
        logits = (query @ key.transpose(-2, -1)).float() * key.shape[-1] ** -0.5
        real = valid.flatten(1)[:, None, None]
        # a finite number: an image without any real pixel must stay a number
        share = logits.masked_fill(~real, -1e4).softmax(dim=-1)  # (B, heads, 1, N)
        gathered = (
            (share.to(value.dtype) @ split_heads(value, self.heads)).transpose(1, 2).flatten(2)
        )
        attention = relative(share.mean(dim=1)[:, 0]).reshape(valid.shape)
        return (
            self._beside(summary[:, None], gathered)[:, 0],
            self._beside(summary[:, None], value).reshape(*cells.shape[:3], -1),
            torch.where(valid, attention, 0.0),
        )

    def _beside(self, summary: Tensor, values: Tensor) -> Tensor:
        """Return z (B, N, D) from class tokens (B, 1, D) and attended values (B, N, d)."""
        result: Tensor = summary + self.gamma * self.up(self.output(values))
        return result
