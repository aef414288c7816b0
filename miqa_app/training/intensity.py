"""The same images in other grey scales, whose score should be the same.

LAR-IQA learns from every image in three colour spaces (section 3 of its paper). A slice has no colour: what differs from
scanner to scanner is how signal becomes grey, so the mappings of grey scales take their place (models.md 1.4). Photographs
reach the networks as grey planes too; of RGB, YUV and LAB they keep the grey itself and the lightness of CIE 1976.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

GAMMAS = (0.8, 1.2)
_LOW, _HIGH = 0.05, 0.1
"""How far the lower and the upper end of the window move at most."""
_LINEAR_UP_TO, _LINEAR = (6 / 29) ** 3, (29 / 3) ** 3 / 100


def mappings(image: Tensor, *, photographs: bool = False) -> list[Tensor]:
    """Return the images in other grey scales.

    Args:
        image: (B, 1, H, W) in [0, 1].
        photographs: they are no slices.

    Returns:
        Of slices the powers of `GAMMAS`, and a window whose ends are drawn anew for every image; of photographs their
        lightness. Each as `image`.
    """
    if photographs:
        return [lightness(image)]
    low, high = (
        most * torch.rand(len(image), 1, 1, 1, device=image.device) for most in (_LOW, _HIGH)
    )
    windowed = ((image - low) / (1 - high - low)).clamp(0, 1)
    return [*(image.clamp_min(0) ** gamma for gamma in GAMMAS), windowed]


def lightness(luminance: Tensor) -> Tensor:
    """Return L* / 100 of a relative luminance in [0, 1] (CIE 15:2018, equation 8.3)."""
    curved = 1.16 * luminance.clamp_min(_LINEAR_UP_TO) ** (1 / 3) - 0.16
    return torch.where(luminance > _LINEAR_UP_TO, curved, _LINEAR * luminance)
