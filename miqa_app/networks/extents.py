"""How much of a padded image is real: its size in cells, and what is done with the real part alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from miqa_app.networks.pooling import pad
from miqa_app.networks.tracing import makes_graph

Size = tuple[int, int]


def extents(valid: Tensor) -> list[Size]:
    """Return rows and columns of the real part of each image, at least one of each.

    Padding lies below and on the right, so the real part reaches from the first row to the last that holds a real cell.

    Args:
        valid: (B, h, w) bool. While a graph is made it is a single image, and all of it is real.
    """
    if makes_graph():
        return [(valid.shape[1], valid.shape[2])]
    found = []
    for axis in (2, 1):
        holds = valid.any(dim=axis).long()
        last = (holds * (holds.new_tensor(range(1, holds.shape[1] + 1)))).amax(dim=1)
        found.append(last.clamp_min(1).tolist())
    return list(zip(*found, strict=True))


def framed(image: Tensor, sizes: Sequence[Size], multiple: int, margin: int) -> Tensor:
    """Return the real part of each image, mirrored anew at the bottom and on the right.

    So an encoder sees the same whether an image was padded little or much before, or lies beside larger ones: deep
    layers of small networks look further than any margin.

    Args:
        image: (B, C, H, W) padded.
        sizes: rows and columns of the real part of each, in pixels.
        multiple: both sides become multiples of this many pixels.
        margin: least number of pixels to add.

    Returns:
        (B, C, H', W'), which fits the largest; zeros beyond the frame of a smaller one.
    """
    if len(set(sizes)) == 1:
        rows, columns = sizes[0]
        return pad(image[..., :rows, :columns], multiple, margin)
    parts = [
        pad(one[None, :, :rows, :columns], multiple, margin)
        for one, (rows, columns) in zip(image, sizes, strict=True)
    ]
    height, width = (max(part.shape[axis] for part in parts) for axis in (2, 3))
    return torch.cat(
        [F.pad(part, (0, width - part.shape[3], 0, height - part.shape[2])) for part in parts]
    )


def with_one_cell(valid: Tensor) -> Tensor:
    """Return the mask, with the first cell real where none is: attention over nothing would be no number."""
    first = valid.clone()
    first[:, 0, 0] |= ~valid.flatten(1).any(dim=1)
    return first
