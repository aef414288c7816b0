"""The SimpleCNN branch: local contrast, one layer of filters, max and min pooling.

After L. Kang et al., "Convolutional neural networks for no-reference image quality
assessment", CVPR 2014, made dense: pooling per cell instead of over a 32x32 patch,
and 1x1 convolutions instead of fully connected layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CONTRAST_WINDOW = 7
CONTRAST_FLOOR = 1.0 / 255.0
"""Constant beside the local deviation: one grey level of 255, as in the paper."""

FILTERS = 50
HIDDEN = 800


def local_contrast(image: Tensor) -> Tensor:
    """Normalise each pixel by mean and deviation of its 7x7 neighbourhood.

    Args:
        image: (B, 1, H, W), 0 to 1.

    Returns:
        (B, 1, H, W) float32: (x - mean) / (deviation + 1/255), Kang 2014, eq. 1.
    """
    with torch.autocast(device_type=image.device.type, enabled=False):
        pixels = image.float()
        reach = CONTRAST_WINDOW // 2
        padded = F.pad(pixels, (reach,) * 4, mode="replicate")
        mean = F.avg_pool2d(padded, CONTRAST_WINDOW, stride=1)
        square = F.avg_pool2d(padded * padded, CONTRAST_WINDOW, stride=1)
        # The floor inside the root keeps its gradient finite on flat background.
        deviation = torch.sqrt((square - mean * mean).clamp_min(1e-12))
        return (pixels - mean) / (deviation + CONTRAST_FLOOR)


class SimpleCNN(nn.Module):
    """Dense form of the network of Kang 2014; the map has 800 channels."""

    channels = HIDDEN

    def __init__(self, grid: int) -> None:
        """Build the branch.

        Args:
            grid: pixels per cell, which is also the pooling window.
        """
        super().__init__()
        self.grid = grid
        self.filters = nn.Conv2d(1, FILTERS, 7, padding=3)
        self.hidden = nn.Conv2d(2 * FILTERS, HIDDEN, 1)
        self.output = nn.Conv2d(HIDDEN, HIDDEN, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, 800, ceil(H / grid), ceil(W / grid)) from a grey image (B, 1, H, W)."""
        responses = self.filters(local_contrast(image))
        largest = F.max_pool2d(responses, self.grid, ceil_mode=True)
        smallest = -F.max_pool2d(-responses, self.grid, ceil_mode=True)
        hidden = F.relu(self.hidden(torch.cat((largest, smallest), dim=1)))
        result: Tensor = self.dropout(F.relu(self.output(hidden)))
        return result
