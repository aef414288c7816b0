"""A stand-in of the size of MANIQA for comparisons of speed: the parts its paper names, built from timm.

MANIQA (S. Yang et al., CVPR workshops 2022) has 135.75 M weights and 151.4 GMACs at 224 x 224: a ViT-B/8 whose blocks 6 to 9
are joined to 3072 channels, attention across channels, and transformer blocks at 768 and at 384 channels. This is not the
published network, and its scores mean nothing; weights and operations are counted in the tests and printed with the times.
"""

from __future__ import annotations

import timm
import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

_BLOCKS = (6, 7, 8, 9)
_TOKENS = 28 * 28
_WIDE, _MIDDLE, _NARROW = 3072, 768, 384


class ChannelAttention(nn.Module):
    """Every channel asks every other: attention over a map turned on its side."""

    def __init__(self) -> None:
        """Build the three projections over the 784 places."""
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(_TOKENS, _TOKENS) for _ in range(3))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (B, N, C) from tokens of that shape."""
        turned = tokens.transpose(1, 2)
        asked = F.scaled_dot_product_attention(
            self.query(turned), self.key(turned), self.value(turned)
        )
        return tokens + asked.transpose(1, 2)


class ManiqaSize(nn.Module):
    """ViT-B/8 and heads: one score from one slice of 224 x 224 pixels."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        self.encoder = timm.create_model("vit_base_patch8_224", num_classes=0)
        self.wide = ChannelAttention()
        self.narrower = nn.Linear(_WIDE, _MIDDLE)
        self.middle = nn.Sequential(*(Block(_MIDDLE, 4, mlp_ratio=2) for _ in range(8)))
        self.across = nn.Sequential(ChannelAttention(), ChannelAttention())
        self.narrowest = nn.Linear(_MIDDLE, _NARROW)
        self.narrow = nn.Sequential(*(Block(_NARROW, 4, mlp_ratio=2) for _ in range(4)))
        self.score, self.weight = (
            nn.Sequential(nn.Linear(_NARROW, _NARROW), nn.ReLU(), nn.Linear(_NARROW, 1))
            for _ in range(2)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return (B,) from (B, 3, 224, 224)."""
        maps = self.encoder.forward_intermediates(
            image, indices=list(_BLOCKS), output_fmt="NLC", intermediates_only=True
        )
        tokens = self.narrower(self.wide(torch.cat(maps, dim=-1)))
        tokens = self.narrow(self.narrowest(self.across(self.middle(tokens))))
        weight = torch.sigmoid(self.weight(tokens))
        return (self.score(tokens) * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2))
