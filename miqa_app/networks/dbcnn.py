"""DBCNN: what a CNN of photographs and one of distortions see, multiplied with one another and pooled.

After W. Zhang, K. Ma, J. Yan, D. Deng and Z. Wang, "Blind image quality assessment using a deep bilinear convolutional
neural network", IEEE Transactions on Circuits and Systems for Video Technology 30 (2020), 36-47; layer sizes, batch
norms and the small number under the root are those of the authors' PyTorch version (DBCNN-PyTorch). A network of the
tables, which the paper of MIQANet compares itself with; it is no member of the product.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.backbones import CnnEncoder
from miqa_app.networks.channels import Channels
from miqa_app.networks.extents import extents, framed
from miqa_app.networks.families import DbCnnConfig
from miqa_app.networks.fusion import PooledHeads, start_heads
from miqa_app.networks.network import QualityNetwork
from miqa_app.networks.prediction import Parts, Reading

_STAGES = {"vgg16": 4, "resnet10t": 3}
"""timm's level with one cell per 16 pixels; of VGG16 that is conv5_3 after its ReLU, before the last pooling."""
_S_CNN = ((48, 1), (48, 2), (64, 1), (64, 2), (64, 1), (64, 2), (128, 1), (128, 1), (128, 2))
"""Channels and stride of the nine 3 x 3 convolutions of S-CNN, the CNN of distortions; one cell per 16 pixels at the end."""
_SMALL = 1e-8
"""Under the root of a product, which has no slope at 0."""


class DbCnn(QualityNetwork):
    """DBCNN with the heads of the product.

    The score is a linear layer on the mean over cells of the products of all channels of one CNN with all of the other,
    after a root and a division by its length. The score map is the same with the products of one cell in place of their
    mean: what the network would say if all cells were like this one. All cells count the same; the score is not the mean
    of the map. Artefact kinds are told from both maps beside one another.

    In the paper S-CNN learnt kinds and levels of distortion from two large sets of photographs before; here it begins at
    random. A training on simulated degradation teaches it kinds through the head of the kind map.
    """

    config: DbCnnConfig
    parts = Parts(
        heads=("output.", "heads."),
        joints=("kind_head.",),
        encoders=("cnn.", "distortions."),
    )
    stride = 16
    margin = 0
    scores_are_pooled = False

    def __init__(self, config: DbCnnConfig) -> None:
        """Build the network with random weights."""
        super().__init__(config)
        self.colour = Channels(config.channels, config.norm)
        self.cnn = CnnEncoder(config.cnn, (_STAGES[config.cnn],))
        self.distortions = SCnn()
        (self.seen,) = self.cnn.channels
        self.channels = self.seen + self.distortions.channels
        self.output = nn.Linear(self.seen * self.distortions.channels, 1)
        self.kind_head = nn.Conv2d(self.channels, config.artefact_kinds, 1)
        self.heads = PooledHeads(self.channels, config.artefact_kinds)
        start_heads(self.heads, self.kind_head)
        # the vector has length 1, so the first scores lie within a few points of the mean of the targets
        nn.init.trunc_normal_(self.output.weight, std=0.02)
        nn.init.constant_(self.output.bias, config.score_bias)

    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps of both CNNs beside one another, none of them negative, and an empty summary (B, 1)."""
        sizes = [(high * self.grid, wide * self.grid) for high, wide in extents(valid)]
        colour = self.colour(framed(image, sizes, self.multiple, self.margin))
        fused = torch.cat((self.cnn(colour)[0].float(), self.distortions(colour).float()), dim=1)
        return fused, fused.new_zeros(len(image), 1)

    def read(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Reading:
        """Multiply and pool; regress the image, and every cell alone."""
        del summary
        weight_map = valid.float()
        maps = torch.where(valid.unsqueeze(1), fused.float(), 0.0)
        seen, distortions = maps[:, : self.seen], maps[:, self.seen :]
        count = weight_map.sum(dim=(1, 2)).clamp_min(1).view(-1, 1, 1)
        pooled = seen.flatten(2) @ distortions.flatten(2).transpose(1, 2) / count
        unit = F.normalize((pooled + _SMALL).sqrt().flatten(1))
        score = self.output(unit).squeeze(1).float()
        return Reading(fused, self._cell_scores(seen, distortions), weight_map, score)

    def _cell_scores(self, seen: Tensor, distortions: Tensor) -> Tensor:
        """Return (B, h, w): what the linear layer says of the products of each cell.

        The root of a product is the product of the roots, and the length of all products is that of the one map by that
        of the other: no cell needs its 65 536 products.
        """
        roots = [(values + _SMALL**0.5).sqrt() for values in (seen, distortions)]
        lengths = [values.square().sum(dim=1).sqrt() for values in roots]
        weights = self.output.weight.view(self.seen, -1, 1, 1)
        said = (F.conv2d(roots[1], weights) * roots[0]).sum(dim=1) / (lengths[0] * lengths[1])
        scores: Tensor = said + self.output.bias
        return scores.float()

    def _rescale_score(self, gain: float, offset: float) -> None:
        self.output.weight.mul_(gain)
        self.output.bias.mul_(gain).add_(offset)


class SCnn(nn.Module):
    """S-CNN: the small CNN that sees distortions."""

    channels = _S_CNN[-1][0]

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for channels, stride in _S_CNN:
            layers += [
                nn.Conv2d(before, channels, 3, stride, padding=1),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
            before = channels
        self.body = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor) -> Tensor:
        """Return the map (B, 128, H / 16, W / 16) of (B, 3, H, W)."""
        result: Tensor = self.body(image)
        return result
