"""The same images in other colour spaces or grey scales, whose score should be the same.

LAR-IQA learns from every image in RGB, YUV and LAB (section 3 of its paper), and so do photographs here. A slice has no
colour: what differs from scanner to scanner is how signal becomes grey, so mappings of grey scales take their place
(models.md 1.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from miqa_app.networks.channels import grey_of

if TYPE_CHECKING:
    from torch import Tensor

GAMMAS = (0.8, 1.2)
_LOW, _HIGH = 0.05, 0.1
"""How far the lower and the upper end of the window move at most."""

_U, _V = 0.492, 0.877
"""Scales of the differences blue - luma and red - luma (ITU-R BT.601, analogue form)."""
_TO_XYZ = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_WHITE = (0.95047, 1.0, 1.08883)
"""Linear sRGB to CIE XYZ, and the white D65 of the 2° observer (IEC 61966-2-1)."""
_KNEE = (6 / 29) ** 3
_CHROMA = 1 / 256
"""Brings a* and b*, about ±128, to the width of one channel."""


def mappings(image: Tensor, *, photographs: bool = False) -> list[Tensor]:
    """Return the images in other colour spaces or grey scales.

    Args:
        image: (B, 1, H, W) in [0, 1], or photographs in red, green and blue, (B, 3, H, W).
        photographs: they are no slices, have three channels, and whoever judges them sees colour.

    Returns:
        Of slices the powers of `GAMMAS`, and a window whose ends are drawn anew for every image; of photographs YUV and
        LAB. Each as `image`.
    """
    if photographs:
        return [yuv(image), lab(image)]
    low, high = (
        most * torch.rand(len(image), 1, 1, 1, device=image.device) for most in (_LOW, _HIGH)
    )
    windowed = ((image - low) / (1 - high - low)).clamp(0, 1)
    return [*(image.clamp_min(0) ** gamma for gamma in GAMMAS), windowed]


def yuv(image: Tensor) -> Tensor:
    """Return Y, 0.5 + U and 0.5 + V of red, green and blue in [0, 1] (ITU-R BT.601), (B, 3, H, W)."""
    luma = grey_of(image)
    red, blue = image[:, :1], image[:, 2:]
    return torch.cat((luma, 0.5 + _U * (blue - luma), 0.5 + _V * (red - luma)), dim=1)


def lab(image: Tensor) -> Tensor:
    """Return L* / 100, 0.5 + a* / 256 and 0.5 + b* / 256 of sRGB in [0, 1] (CIE 15:2018, section 8.2), (B, 3, H, W)."""
    linear = torch.where(image > 0.04045, ((image.clamp_min(0) + 0.055) / 1.055) ** 2.4, image / 12.92)  # fmt: skip
    xyz = torch.einsum("xc,bchw->bxhw", linear.new_tensor(_TO_XYZ), linear)
    share = xyz / xyz.new_tensor(_WHITE).view(1, 3, 1, 1)
    curved = torch.where(share > _KNEE, share.clamp_min(_KNEE) ** (1 / 3), share / (3 * (6 / 29) ** 2) + 4 / 29)  # fmt: skip
    x, y, z = curved.unbind(dim=1)
    lightness = (116 * y - 16) / 100
    return torch.stack(
        (lightness, 0.5 + _CHROMA * 500 * (x - y), 0.5 + _CHROMA * 200 * (y - z)), dim=1
    )
