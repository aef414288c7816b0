"""Fused maps of whole frames, computed once: what a recipe reads that leaves everything below the heads alone.

Frames are known by their content, so that the folds of a cross-validation, all seeds, the training, the validation and the
simulated slices share them. One store belongs to one parent.
"""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, NamedTuple

import psutil
import torch
from torch.nn import functional

from miqa_app.networks.miqanet import MARGIN, PAD
from miqa_app.networks.pooling import pad, valid_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from miqa_app.networks import MIQANet

_MOST = 2 << 30
_SHARE = 0.25
"""Share of the free memory that features may take, up to the most."""


class Features(NamedTuple):
    """What the heads see of B frames.

    Attributes:
        fused: (B, D, h, w) float16, cells beyond the frame at the lower and right side.
        gates: (B, 2).
        valid: (B, h, w) bool, cells that hold real pixels.
    """

    fused: Tensor
    gates: Tensor
    valid: Tensor


class FeatureStore:
    """Fused maps of frames, kept on the CPU as far as memory allows and computed anew beyond that.

    Attributes:
        parent: a copy of the network whose encoders, necks and fusion are used.
    """

    def __init__(self, parent: MIQANet, most: int | None = None) -> None:
        """Keep features of at most `most` bytes, by default a quarter of the free memory up to 2 GiB."""
        self.parent = copy.deepcopy(parent).eval().requires_grad_(False)
        self._kept: dict[bytes, Features] = {}
        free = psutil.virtual_memory().available
        self._left = min(_MOST, int(_SHARE * free)) if most is None else most

    @torch.no_grad()
    def of(self, plane: NDArray[np.float32], device: torch.device) -> Features:
        """Return the features of a frame, B = 1, computed on a device in fp32 and kept on the CPU."""
        key = hashlib.blake2b(plane.tobytes() + repr(plane.shape).encode(), digest_size=16).digest()
        if key in self._kept:
            return self._kept[key]
        features = self._computed(torch.from_numpy(plane)[None, None].to(device))
        size = features.fused.nbytes
        if size <= self._left:
            self._left -= size
            self._kept[key] = features
        return features

    def _computed(self, image: Tensor) -> Features:
        padded, grid = pad(image.float(), PAD, MARGIN), self.parent.config.grid
        cells = (padded.shape[-2] // grid, padded.shape[-1] // grid)
        real = torch.ones(image.shape, dtype=torch.bool, device=image.device)
        valid = valid_cells(real, grid, cells)
        self.parent.to(image.device)
        fused, gates = self.parent.fuse(padded, valid)
        # the decoder looks one cell around each; what lies further outside changes nothing
        rows, columns = (-(-size // grid) + 1 for size in image.shape[-2:])
        return Features(
            fused[..., :rows, :columns].half().cpu().clone(),
            gates.float().cpu(),
            valid[..., :rows, :columns].cpu().clone(),
        )


def stacked(features: Sequence[Features]) -> Features:
    """Return features of frames of unequal size as one batch; the cells that are added hold no real pixels."""
    height = max(one.valid.shape[-2] for one in features)
    width = max(one.valid.shape[-1] for one in features)
    return Features(
        torch.cat([to_size(one.fused, height, width) for one in features]),
        torch.cat([one.gates for one in features]),
        torch.cat([to_size(one.valid, height, width) for one in features]),
    )


def to_size(values: Tensor, height: int, width: int) -> Tensor:
    """Return a map with zeros added below and on the right."""
    return functional.pad(values, (0, width - values.shape[-1], 0, height - values.shape[-2]))
