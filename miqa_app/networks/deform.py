"""Deformable 3x3 convolution by bilinear sampling of nine shifted maps.

The same function as torchvision's `deform_conv2d`, written with `grid_sample`,
which is faster on a CPU, needs no compiled extension and exports everywhere.
"""

from __future__ import annotations

import torch
from timm.layers.norm import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional as F

KERNEL = 3
TAPS = KERNEL * KERNEL
REACH = 4.0
"""Largest shift of a tap, in cells."""


def _tap_positions(offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Return row and column of every tap, each (B, 9, h, w) in cells."""
    batch, _, height, width = offsets.shape
    shifts = offsets.reshape(batch, TAPS, 2, height, width)
    device, dtype = offsets.device, offsets.dtype
    tap = torch.arange(TAPS, device=device)
    tap_row = (torch.div(tap, KERNEL, rounding_mode="floor") - 1).to(dtype)
    tap_column = (tap % KERNEL - 1).to(dtype)
    row = torch.arange(height, device=device, dtype=dtype).view(1, 1, height, 1) + tap_row.view(
        1, TAPS, 1, 1
    )
    column = torch.arange(width, device=device, dtype=dtype).view(1, 1, 1, width) + tap_column.view(
        1, TAPS, 1, 1
    )
    # Beyond one cell outside the map everything is zero, so clamping there changes
    # no value and keeps huge shifts out of the integer arithmetic of the sampler.
    return (
        (row + shifts[:, :, 0]).clamp(-2.0, height + 1.0),
        (column + shifts[:, :, 1]).clamp(-2.0, width + 1.0),
    )


def sample_taps(features: Tensor, offsets: Tensor) -> Tensor:
    """Sample a map at the nine shifted taps around each cell.

    Sampling is done in float32 also where the rest runs in reduced precision: bfloat16
    has 8 bits, which would round a position at cell 60 to half a cell.

    Args:
        features: (B, C, h, w).
        offsets: (B, 18, h, w) in cells, row then column for each tap, taps row by row,
            as in torchvision. A shift that is not a number counts as none.

    Returns:
        (B, 9 C, h, w) in float32, zero outside the map; the tap runs fastest.
    """
    batch, channels, height, width = features.shape
    with torch.autocast(device_type=features.device.type, enabled=False):
        shifts = offsets.float()
        # not nan_to_num, which graphs lack; infinite shifts are clamped with the positions
        shifts = torch.where(shifts.isnan(), 0.0, shifts)
        row, column = _tap_positions(shifts)
        # The half-cell convention divides by the size, not by size - 1, and so also
        # holds for a map that is one cell high or wide.
        grid = torch.stack(((2 * column + 1) / width - 1, (2 * row + 1) / height - 1), dim=-1)
        sampled = F.grid_sample(
            features.float(),
            grid.reshape(batch, TAPS * height, width, 2),
            mode="bilinear",
            padding_mode="zeros",
            align_corners=False,
        )
    return sampled.reshape(batch, channels * TAPS, height, width)


def deform_conv3x3(
    features: Tensor, offsets: Tensor, weight: Tensor, modulation: Tensor | None = None
) -> Tensor:
    """Convolve a map with a 3x3 kernel whose taps are shifted cell by cell.

    Args:
        features: (B, C, h, w).
        offsets: (B, 18, h, w) in cells.
        weight: (C_out, C, 3, 3).
        modulation: (B, 9, h, w) factors of the taps, or None for 1.

    Returns:
        (B, C_out, h, w).
    """
    taps = sample_taps(features, offsets)
    if modulation is not None:
        batch, _, height, width = features.shape
        shaped = taps.reshape(batch, -1, TAPS, height, width)
        taps = (shaped * modulation.float().unsqueeze(1)).reshape(taps.shape)
    return F.conv2d(taps, weight.reshape(weight.shape[0], -1, 1, 1))


class DeformableAlignment(nn.Module):
    """Align the CNN map with the transformer map (paper, Fig. 4).

    The offsets come from the transformer map only and start at zero, so that the layer
    starts as the plain convolution that `deform="off"` keeps. The factors of the
    modulated form start at 1 for the same reason.
    """

    def __init__(self, width: int, kind: str) -> None:
        """Build the layer.

        Args:
            width: channels C of both maps.
            kind: "off", "on" or "modulated".
        """
        super().__init__()
        self.kind = kind
        outputs = {"off": 0, "on": 2 * TAPS, "modulated": 3 * TAPS}[kind]
        self.offset = nn.Conv2d(width, outputs, KERNEL, padding=1) if outputs else None
        self.conv = nn.Conv2d(width, width, KERNEL, padding=1, bias=False)
        self.norm = LayerNorm2d(width)

    def forward(self, cnn: Tensor, transformer: Tensor) -> Tensor:
        """Return the aligned map (B, C, h, w) from two maps of that shape."""
        if self.offset is None:
            plain: Tensor = self.conv(cnn)
            return F.gelu(self.norm(plain))
        predicted = self.offset(transformer).float()
        offsets = REACH * torch.tanh(predicted[:, : 2 * TAPS] / REACH)
        modulation = None
        if self.kind == "modulated":
            modulation = 2 * torch.sigmoid(predicted[:, 2 * TAPS :])
        return F.gelu(self.norm(deform_conv3x3(cnn, offsets, self.conv.weight, modulation)))
