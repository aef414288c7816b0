"""LeNet-5 as a dense encoder: the smallest network of the tables.

After Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998), 2278-2324, made
dense: convolutions are padded, the fully connected layers of its 32 x 32 window are a 5 x 5 convolution and one of 1 x 1,
and the second of its layers of neurons is the map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_STRIDE = 4
"""Pixels per cell after the two poolings of the original."""


class LeNet5(nn.Module):
    """Dense form of LeNet-5; the map has 84 channels."""

    channels = 84

    def __init__(self, grid: int) -> None:
        """Build the encoder.

        Args:
            grid: pixels per cell, 4 or a multiple.
        """
        super().__init__()
        self.first = nn.Conv2d(1, 6, 5, padding=2)
        self.second = nn.Conv2d(6, 16, 5, padding=2)
        self.hidden = nn.Conv2d(16, 120, 5, padding=2)
        self.output = nn.Conv2d(120, self.channels, 1)
        self.factor = grid // _STRIDE

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, 84, ceil(H / grid), ceil(W / grid)) from a grey image (B, 1, H, W), 0 to 1."""
        level = 2 * image - 1
        for layer in (self.first, self.second):
            level = F.avg_pool2d(torch.tanh(layer(level)), 2, ceil_mode=True)
        level = torch.tanh(self.output(torch.tanh(self.hidden(level))))
        if self.factor == 1:
            return level
        return F.avg_pool2d(level, self.factor, ceil_mode=True, count_include_pad=False)
