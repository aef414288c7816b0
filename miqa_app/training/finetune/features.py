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

from miqa_app.networks.pooling import valid_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from miqa_app.networks import QualityNetwork

_MOST = 2 << 30
_SHARE = 0.25
"""Share of the free memory that features may take, up to the most."""


class Features(NamedTuple):
    """What the heads see of B frames.

    Attributes:
        fused: (B, D, h, w) float16, cells beyond the frame at the lower and right side, one per `stride` pixels of the
            network.
        summary: (B, S), see `Prediction`.
        valid: (B, h', w') bool, cells of the maps of a prediction that hold real pixels.
    """

    fused: Tensor
    summary: Tensor
    valid: Tensor


class FeatureStore:
    """Fused maps of frames, kept on the CPU as far as memory allows and computed anew beyond that.

    Attributes:
        parent: a copy of the network whose encoders, necks and fusion are used.
    """

    def __init__(self, parent: QualityNetwork, most: int | None = None) -> None:
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
        padded, grid = self.parent.padded(image), self.parent.grid
        cells = (padded.shape[-2] // grid, padded.shape[-1] // grid)
        real = torch.ones(image.shape, dtype=torch.bool, device=image.device)
        valid = valid_cells(real, grid, cells)
        self.parent.to(image.device)
        fused, summary = self.parent.fuse(padded, valid)
        return Features(
            _near(fused, image, self.parent.stride).half().cpu().clone(),
            summary.float().cpu(),
            _near(valid, image, grid).cpu().clone(),
        )


def _near(values: Tensor, image: Tensor, cell: int) -> Tensor:
    """Return a map, one cell per `cell` pixels, up to one cell beyond the image.

    The decoder looks one cell around each; what lies further outside changes nothing.
    """
    rows, columns = (-(-size // cell) + 1 for size in image.shape[-2:])
    return values[..., :rows, :columns]


def stacked(features: Sequence[Features]) -> Features:
    """Return features of frames of unequal size as one batch; the cells that are added hold no real pixels."""
    return Features(
        _to_largest([one.fused for one in features]),
        torch.cat([one.summary for one in features]),
        _to_largest([one.valid for one in features]),
    )


def _to_largest(maps: Sequence[Tensor]) -> Tensor:
    height, width = (max(one.shape[axis] for one in maps) for axis in (-2, -1))
    return torch.cat([to_size(one, height, width) for one in maps])


def to_size(values: Tensor, height: int, width: int) -> Tensor:
    """Return a map with zeros added below and on the right."""
    return functional.pad(values, (0, width - values.shape[-1], 0, height - values.shape[-2]))
