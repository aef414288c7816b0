"""Three views of a slice: what an artefact looks like depends on how bright its surroundings are.

Ghosts, wrapped tissue, radio interference and noise in the air are a few per cent of full scale, where a
linear grey channel hides them from a network that starts from random weights. So the slice is shown three
times: as it is, companded, and freed of its local mean and contrast.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

COMPANDING = 50.0
"""Slope of the companded view at zero, before it is scaled to end at 1."""

_NEIGHBOURHOOD = 9
_FLOOR = 0.02


def views(image: Tensor) -> Tensor:
    """Return the three views of a batch of slices.

    Args:
        image: (B, 1, H, W) float32, 0 to 1.

    Returns:
        (B, 3, H, W), each about zero mean and unit spread on MR slices: the slice; its logarithm
        log(1 + 50 x) / log(51); the slice minus its mean over 9 x 9 pixels, divided by the standard
        deviation there plus 0.02.
    """
    companded = torch.log1p(COMPANDING * image.clamp_min(0)) / math.log1p(COMPANDING)
    mean = _local_mean(image)
    variance = (_local_mean(image * image) - mean * mean).clamp_min(0)
    local = (image - mean) / (variance.sqrt() + _FLOOR)
    return torch.cat(((image - 0.25) / 0.25, (companded - 0.5) / 0.3, local), dim=1)


def _local_mean(image: Tensor) -> Tensor:
    return F.avg_pool2d(
        image, _NEIGHBOURHOOD, stride=1, padding=_NEIGHBOURHOOD // 2, count_include_pad=False
    )
