"""The two encoders and the necks that bring their maps onto the common grid.

Encoders come from timm with random weights: nothing is ever downloaded. Weights are
those of a bundled or trained model, loaded over the whole network.
"""

from __future__ import annotations

from typing import Any

import timm
import torch
from timm.layers.norm import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.config import NetworkConfig

_SWIN: dict[str, tuple[str, dict[str, Any]]] = {
    "swin_lite": (
        "swin_tiny_patch4_window7_224",
        {"embed_dim": 48, "depths": (2, 2, 4), "num_heads": (2, 4, 8)},
    ),
    "swin_tiny": ("swin_tiny_patch4_window7_224", {}),
    "swin_small": ("swin_small_patch4_window7_224", {}),
    "swin_base": ("swin_base_patch4_window7_224", {}),
    "swin_large": ("swin_large_patch4_window7_224", {}),
}


class CnnEncoder(nn.Module):
    """A CNN of timm as a list of maps, finest first."""

    def __init__(self, name: str, stages: tuple[int, ...]) -> None:
        """Build the encoder.

        Args:
            name: timm's name of the architecture.
            stages: feature levels to return.
        """
        super().__init__()
        self.body = timm.create_model(
            name, pretrained=False, features_only=True, out_indices=stages
        )
        levels: Any = self.body.feature_info
        self.channels: list[int] = levels.channels()
        self.strides: list[int] = levels.reduction()

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the maps, each (B, c, H / stride, W / stride), of (B, 3, H, W)."""
        maps: list[Tensor] = self.body(image)
        return maps


class SwinEncoder(nn.Module):
    """A Swin transformer of timm as a list of maps, finest first, for any size."""

    def __init__(self, name: str, drop_path: float) -> None:
        """Build the encoder.

        Args:
            name: a key of the table of Swin variants.
            drop_path: rate of stochastic depth while training.
        """
        super().__init__()
        architecture, options = _SWIN[name]
        stages = len(options.get("depths", (0, 0, 0, 0)))
        self.body = timm.create_model(
            architecture,
            pretrained=False,
            features_only=True,
            out_indices=tuple(range(stages)),
            strict_img_size=False,
            drop_path_rate=drop_path,
            **options,
        )
        levels: Any = self.body.feature_info
        self.channels: list[int] = levels.channels()
        self.strides: list[int] = levels.reduction()

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the maps, each (B, c, H / stride, W / stride), of (B, 3, H, W)."""
        return [level.permute(0, 3, 1, 2) for level in self.body(image)]


def to_grid(level: Tensor, stride: int, grid: int, cells: tuple[int, int]) -> Tensor:
    """Bring one map onto the common grid.

    Args:
        level: (B, c, h, w), one cell per `stride` pixels.
        stride: pixels per cell of the map.
        grid: pixels per cell of the common grid.
        cells: rows and columns of the common grid.

    Returns:
        (B, c, rows, columns): averaged where the map is finer, bilinear where coarser.
    """
    if stride < grid:
        factor = grid // stride
        level = F.avg_pool2d(level, factor, ceil_mode=True, count_include_pad=False)
    if tuple(level.shape[-2:]) != cells:
        level = F.interpolate(level, size=cells, mode="bilinear", align_corners=False)
    return level


class Neck(nn.Module):
    """Join the maps of one encoder into one map of C channels on the grid."""

    def __init__(self, channels: list[int], strides: list[int], config: NetworkConfig) -> None:
        """Build the neck for maps with these channels and strides."""
        super().__init__()
        half = config.width // 2
        self.strides = strides
        self.grid = config.grid
        self.levels = nn.ModuleList(nn.Conv2d(c, half, 1, bias=False) for c in channels)
        self.join = nn.Conv2d(half * len(channels), config.width, 1)
        self.norm = LayerNorm2d(config.width)

    def forward(self, maps: list[Tensor], cells: tuple[int, int]) -> Tensor:
        """Return (B, C, rows, columns) from the maps of the encoder."""
        narrow = [
            to_grid(conv(level), stride, self.grid, cells)
            for conv, level, stride in zip(self.levels, maps, self.strides, strict=True)
        ]
        return F.gelu(self.norm(self.join(torch.cat(narrow, dim=1))))


class SimpleNeck(nn.Module):
    """One 1x1 convolution, for an encoder that already lies on the grid."""

    def __init__(self, channels: int, config: NetworkConfig) -> None:
        """Build the neck for one map with this many channels."""
        super().__init__()
        self.join = nn.Conv2d(channels, config.width, 1)
        self.norm = LayerNorm2d(config.width)

    def forward(self, level: Tensor) -> Tensor:
        """Return (B, C, rows, columns) from (B, c, rows, columns)."""
        return F.gelu(self.norm(self.join(level)))
