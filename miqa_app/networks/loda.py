"""LoDa: what a CNN sees of local distortions is injected into a Vision Transformer between its blocks.

After K. Xu et al., "Boosting Image Quality Assessment through Efficient Transformer Adaptation with Local Feature
Enhancement" (CVPR 2024), section 3, and its supplement, section 7.2. Both encoders keep their learnt weights; extractor,
injectors and head are all that learns.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.backbones import CnnEncoder
from miqa_app.networks.channels import Channels
from miqa_app.networks.extents import Size, extents, framed
from miqa_app.networks.families import LoDaConfig
from miqa_app.networks.fusion import PooledHeads, start_heads
from miqa_app.networks.network import QualityNetwork, ScoreLine
from miqa_app.networks.pooling import pool_to
from miqa_app.networks.prediction import Parts, Reading
from miqa_app.networks.vit import PATCH, ViTEncoder, patches_of, split_heads

_STAGES = (1, 2, 3, 4)
_BINS = 7
"""Rows and columns to which every map of the CNN is pooled."""
_SCALE_START = 0.02
"""Deviation of the scale of each injection at the start: the transformer begins nearly as it was learnt."""


class LoDa(QualityNetwork):
    """LoDa with the heads of the product.

    The score is the regression of the class token, as in the paper. The score map is the same regression of every patch
    token, which the last block has made alike to the class token in form but which was not asked for a score of the whole:
    it shows what the network would say of a slice that looks like this patch. The weight map is how far the class token
    looked at each patch in the last block; the score is not the weighted mean of the map.
    """

    config: LoDaConfig
    parts = Parts(
        heads=("score_head.", "heads."),
        joints=("extractor.", "injector.", "kind_head."),
        encoders=("cnn.", "transformer."),
    )
    stride = PATCH
    margin = 0
    scores_are_pooled = False

    def __init__(self, config: LoDaConfig) -> None:
        """Build the network with random weights."""
        super().__init__(config)
        self.colour = Channels(config.channels, config.norm)
        self.cnn = CnnEncoder(config.cnn, _STAGES)
        self.transformer = ViTEncoder(config.transformer)
        width = self.transformer.width
        self.channels = width
        self.extractor = Extractor(self.cnn.channels, config.latent)
        self.step = self.transformer.depth // config.injections
        self.injector = nn.ModuleList(
            Injector(width, config.latent, config.heads) for _ in range(config.injections)
        )
        self.dropout = nn.Dropout(0.1)
        self.score_head: nn.Module = CosineHead(width)
        if config.head == "linear":
            self.score_head = nn.Linear(width, 1)
            nn.init.trunc_normal_(self.score_head.weight, std=0.02)
            nn.init.zeros_(self.score_head.bias)
        self.line = ScoreLine(config.score_bias)
        self.kind_head = nn.Conv2d(width, config.artefact_kinds, 1)
        self.heads = PooledHeads(width, config.artefact_kinds)
        start_heads(self.heads, self.kind_head)
        if config.frozen:
            self.cnn.requires_grad_(False)
            self.transformer.requires_grad_(False)

    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return the patch tokens with the attention of the class token as one more channel, and the class token."""
        sizes = [(high * self.grid, wide * self.grid) for high, wide in extents(valid)]
        colour = self.colour(framed(image, sizes, self.multiple, self.margin))
        local = self.extractor(self.cnn(colour), self.cnn.strides, sizes)

        def injected(number: int, tokens: Tensor) -> Tensor:
            if number % self.step:
                return tokens
            changed: Tensor = self.injector[number // self.step](tokens, local)
            return changed

        seen = self.transformer(colour, patches_of(valid, self.grid), injected)
        return torch.cat((seen.map, seen.attention[:, None].to(seen.map.dtype)), 1), seen.summary

    def read(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Reading:
        """Regress the class token, and every patch token in the same way."""
        tokens, attention = fused[:, :-1], fused[:, -1].float()
        score = self._regressed(summary)
        score_map = self._regressed(tokens.permute(0, 2, 3, 1))
        return Reading(tokens, score_map, torch.where(valid, attention, 0.0), score)

    def _regressed(self, tokens: Tensor) -> Tensor:
        """Return scores (...) of tokens (..., D)."""
        scores: Tensor = self.line(self.score_head(self.dropout(tokens)).squeeze(-1))
        return scores

    def _rescale_score(self, gain: float, offset: float) -> None:
        self.line.rescale(gain, offset)


class Extractor(nn.Module):
    """Local distortions: every map of a CNN through 1 x 1 and 3 x 3, pooled to 7 x 7 tokens (section 3.2)."""

    def __init__(self, channels: list[int], latent: int) -> None:
        """Build it for maps with these channels."""
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(c, latent, 1),
                nn.GELU(),
                nn.Conv2d(latent, latent, 3, padding=1, bias=False),
            )
            for c in channels
        )

    def forward(self, maps: list[Tensor], strides: list[int], sizes: list[Size]) -> Tensor:
        """Return (B, 49 levels, r) tokens of the real part of each image, whose size is given in pixels."""
        tokens = []
        for level, features, stride in zip(self.levels, maps, strides, strict=True):
            real = [tuple(-(-side // stride) for side in size) for size in sizes]
            tokens.append(pool_to(level(features), real, _BINS).flatten(2))
        return torch.cat(tokens, dim=2).transpose(1, 2)


class Injector(nn.Module):
    """Adds to every token what it asks of the local distortions, at a low dimension (section 3.3)."""

    def __init__(self, width: int, latent: int, heads: int) -> None:
        """Build it for tokens of `width`, a dimension `latent` in between, and so many heads."""
        super().__init__()
        self.down = _mlp(width, latent, latent)
        self.query = nn.Linear(latent, latent, bias=False)
        self.key_value = nn.Linear(latent, 2 * latent, bias=False)
        self.output = nn.Linear(latent, latent)
        self.up = _mlp(latent, width, width)
        self.scale = nn.Parameter(torch.empty(width))
        self.heads = heads
        nn.init.trunc_normal_(self.scale, std=_SCALE_START)

    def forward(self, tokens: Tensor, local: Tensor) -> Tensor:
        """Return changed tokens (B, N, D) from tokens of that shape and local ones (B, M, r)."""
        narrow = self.down(tokens)
        query = split_heads(self.query(narrow), self.heads)
        both = self.key_value(local).chunk(2, dim=-1)
        key, value = (split_heads(part, self.heads) for part in both)
        asked = F.scaled_dot_product_attention(query, key, value)
        narrow = narrow + self.output(asked.transpose(1, 2).flatten(2))
        result: Tensor = tokens + self.scale * self.up(narrow)
        return result


class CosineHead(nn.Module):
    """The cosine of the angle between a token and one learnt direction, -1 to 1."""

    def __init__(self, width: int) -> None:
        """Begin with a random direction."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, width))
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (..., 1) float32 from (..., D)."""
        with torch.autocast(device_type=tokens.device.type, enabled=False):
            direction = F.normalize(self.weight.float(), dim=-1)
            return F.linear(F.normalize(tokens.float(), dim=-1), direction)


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, outputs))
