"""The three input channels of an encoder: the slice three times or the colours of a photograph, normalised, or views."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from miqa_app.networks.views import views

LUMA = (0.299, 0.587, 0.114)
"""Grey from red, green and blue (ITU-R BT.601)."""

NORMS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


class Channels(nn.Module):
    """What the encoders of a family see."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, channels: Literal["grey", "views"], norm: Literal["imagenet", "half"]
    ) -> None:
        """Take the choice of a design, see `FamilyConfig`."""
        super().__init__()
        self.views = channels == "views"
        mean, deviation = NORMS[norm]
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer(
            "deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, 3, H, W) from slices (B, 1, H, W) or photographs (B, 3, H, W), 0 to 1; views are of grey values."""
        if self.views:
            return views(grey_of(image))
        return (image - self.mean) / self.deviation


def grey_of(image: Tensor) -> Tensor:
    """Return (B, 1, H, W): slices as they are, and the luma of photographs (B, 3, H, W)."""
    if image.shape[1] == 1:
        return image
    return (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
