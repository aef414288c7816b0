"""One branch of LAR-IQA with a head for each rated set that it learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from miqa_app.networks.kan import KanLayer
from miqa_app.networks.lariqa import local_map
from miqa_app.networks.network import ScoreLine
from miqa_app.networks.pooling import valid_cells, weighted_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.networks.lariqa import LarIqa
    from miqa_app.training.branches.recipe import BranchName

_WIDTH = 128
"""Numbers between the two layers of a head (section 3.3 of the paper)."""


class BranchNetwork(nn.Module):
    """An encoder that LAR-IQA shares, and heads that are thrown away.

    Attributes:
        encoder: the network's own, not a copy: what it learns here the network has learnt.
        heads: one per set; each begins at the mean score of its set.
        batchnorm_frozen: whether BatchNorm keeps its statistics.
        encoders_frozen: never; the encoder is what learns.
    """

    encoders_frozen = False

    def __init__(
        self,
        network: LarIqa,
        branch: BranchName,
        means: Sequence[float],
        *,
        batchnorm_frozen: bool = False,
    ) -> None:
        """Share the encoder of a branch; `means` are those of the scores of each set, 0-1."""
        super().__init__()
        self._local, self._grid, self._margin = branch == "detail", network.grid, network.margin
        self.colour = network.colour
        self.encoder = network.detail if self._local else network.whole
        self.heads = nn.ModuleList(_head(self.encoder.features, mean) for mean in means)
        self.batchnorm_frozen = batchnorm_frozen
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; a frozen BatchNorm stays as it is."""
        super().train(mode)
        if self.batchnorm_frozen:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, image: Tensor, valid: Tensor, task: Tensor) -> Tensor:
        """Return the scores of images, each by the head of its own set.

        Args:
            image: (B, 1, E, E) or (B, 3, E, E) float, 0-1: crops for the local branch, whole slices for the other.
            valid: (B, 1, E, E) bool, pixels that are real.
            task: (B,) place of the set of each image.

        Returns:
            (B,) float32, 0-1 on the scale of its set.
        """
        features = self.features(image, valid)
        scores = torch.stack([head(features)[:, 0] for head in self.heads], dim=1)  # (B, sets)
        return scores.gather(1, task[:, None])[:, 0].float()

    def features(self, image: Tensor, valid: Tensor) -> Tensor:
        """Return what the encoder says of each image, (B, F), as the whole network will ask for it."""
        image = image.float()
        if not self._local:
            features = self.encoder(self.colour(image)).mean(dim=(2, 3))
        else:
            cells = (image.shape[-2] // self._grid, image.shape[-1] // self._grid)
            real = valid_cells(valid, self._grid, cells)
            seen = local_map(self.colour, self.encoder, image, real, self._grid, self._margin)
            features = weighted_mean(seen[:, :-1], seen[:, -1], seen[:, -1] > 0)
        described: Tensor = self.encoder.described(features)
        return described


def _head(features: int, mean: float) -> nn.Sequential:
    """Return a head that begins at the mean score of its set."""
    return nn.Sequential(KanLayer(features, _WIDTH), KanLayer(_WIDTH, 1), ScoreLine(mean))
