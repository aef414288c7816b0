"""A Vision Transformer of timm for slices of any size, which padding does not reach.

Tokens of padding are cut off, or in a batch of unequal slices kept out of the attention, and the position embedding is
stretched over the real part of each slice. So what is said of a slice does not depend on how far it was padded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import timm
import torch
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.extents import extents, with_one_cell

PATCH = 16
"""Pixels per token."""

_VIT = {
    "vit_tiny": "vit_tiny_patch16_224",
    "vit_small": "vit_small_patch16_224",
    "vit_base": "vit_base_patch16_224",
}

Before = Callable[[int, Tensor], Tensor]
"""What changes the tokens (B, N, D) before the block of this number."""


class Tokens(NamedTuple):
    """What the transformer says of B slices.

    Attributes:
        summary: (B, D) the class token after the last norm.
        map: (B, D, h, w) the tokens of the patches after the last norm, one per 16 pixels.
        attention: (B, h, w) how far the class token looked at each patch in the last block: mean of the heads, brought to
            a maximum of 1 over the patches.
    """

    summary: Tensor
    map: Tensor
    attention: Tensor


class ViTEncoder(nn.Module):
    """A ViT of timm with patches of 16 pixels.

    Attributes:
        body: timm's model without its classifier.
        width: D.
        depth: number of blocks.
    """

    def __init__(self, name: str) -> None:
        """Build the encoder with random weights; `name` is a key of the table of ViTs."""
        super().__init__()
        body: Any = timm.create_model(_VIT[name], pretrained=False, num_classes=0)
        self.body = body
        self.width = int(body.embed_dim)
        self.depth = len(body.blocks)

    def forward(self, image: Tensor, valid: Tensor, before: Before | None = None) -> Tokens:
        """Return the tokens of a batch.

        Args:
            image: (B, 3, H, W), sides multiples of 16.
            valid: (B, h, w) bool, the patches that hold real pixels; those of padding lie below and on the right.
            before: changes the tokens between the blocks, or None.
        """
        valid = with_one_cell(valid)
        sizes = extents(valid)
        rows, columns = (max(size[axis] for size in sizes) for axis in (0, 1))
        valid = valid[:, :rows, :columns]
        patches = self.body.patch_embed.proj(image[..., : rows * PATCH, : columns * PATCH])
        tokens = self._placed(patches, sizes)
        mask = None if bool(valid.all()) else _mask(valid)
        last = self.depth - 1
        for number, block in enumerate(self.body.blocks):
            if before is not None:
                tokens = before(number, tokens)
            if number == last:
                attention = _class_attention(block, tokens, mask)
            tokens = block(tokens, attn_mask=mask)
        tokens = self.body.norm(tokens)
        grid = tokens[:, 1:].transpose(1, 2).reshape(len(image), -1, rows, columns)
        return Tokens(tokens[:, 0], grid, attention.reshape(valid.shape))

    def _placed(self, patches: Tensor, sizes: list[tuple[int, int]]) -> Tensor:
        """Return class token and patches (B, 1 + N, D) with their position embedding."""
        rows, columns = patches.shape[-2:]
        patches = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat((self.body.cls_token.expand(len(patches), -1, -1), patches), dim=1)
        known = {size: self._positions(size, rows, columns) for size in set(sizes)}
        return tokens + torch.cat([known[size] for size in sizes])

    def _positions(self, size: tuple[int, int], rows: int, columns: int) -> Tensor:
        """Return the position embedding (1, 1 + N, D) stretched over `size` patches, zero beyond."""
        own = self.body.patch_embed.grid_size
        embedding = resample_abs_pos_embed(
            self.body.pos_embed, new_size=size, old_size=own, num_prefix_tokens=1
        )
        places = embedding[:, 1:].reshape(1, *size, -1)
        filled = F.pad(places, (0, 0, 0, columns - size[1], 0, rows - size[0]))
        return torch.cat((embedding[:, :1], filled.flatten(1, 2)), dim=1)


def patches_of(valid: Tensor, grid: int) -> Tensor:
    """Return the mask of patches (B, ceil(h / 2), ceil(w / 2)) from that of cells of 8 pixels (B, h, w)."""
    return F.max_pool2d(valid.float(), PATCH // grid, ceil_mode=True) > 0.5


def _mask(valid: Tensor) -> Tensor:
    """Return (B, 1, 1, 1 + N) bool: the class token and the real patches may be looked at."""
    seen = F.pad(valid.flatten(1), (1, 0), value=True)
    return seen[:, None, None]


def _class_attention(block: Any, tokens: Tensor, mask: Tensor | None) -> Tensor:
    """Return (B, N) float32: the attention of the class token over the patches, its maximum 1."""
    attn = block.attn
    width, heads = tokens.shape[-1], attn.num_heads
    seen = block.norm1(tokens)
    weight, bias = attn.qkv.weight, attn.qkv.bias
    query = F.linear(seen[:, :1], weight[:width], bias[:width])
    key = F.linear(seen, weight[width : 2 * width], bias[width : 2 * width])
    query, key = (split_heads(values, heads) for values in (query, key))
    logits = (query @ key.transpose(-2, -1)).float() * attn.scale  # (B, heads, 1, 1 + N)
    if mask is not None:
        logits = logits.masked_fill(~mask, float("-inf"))
    share = logits.softmax(dim=-1).mean(dim=1)[:, 0, 1:]
    return relative(share)


def split_heads(values: Tensor, heads: int) -> Tensor:
    """Return (B, heads, N, D / heads) from (B, N, D)."""
    batch, count, _ = values.shape
    return values.reshape(batch, count, heads, -1).transpose(1, 2)


def relative(share: Tensor) -> Tensor:
    """Return attention (B, N) with a maximum of 1 for each image."""
    return share / share.amax(dim=1, keepdim=True).clamp_min(1e-12)
