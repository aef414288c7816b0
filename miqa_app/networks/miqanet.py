"""MIQANet: a CNN and a Swin transformer judge one slice together.

The network returns a score, how sure it is of it, which cells of the image pull the
score down, and which artefact it suspects. The design is that of the paper: the CNN
map is aligned to the Swin map by a deformable convolution, both are weighted and
joined, and the score is the mean of a score map weighted by an attention map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from miqa_app.networks.backbones import CnnEncoder, Neck, SimpleNeck, SwinEncoder
from miqa_app.networks.channels import Channels, grey_of
from miqa_app.networks.config import GREY_CNNS, NetworkConfig
from miqa_app.networks.deform import DeformableAlignment
from miqa_app.networks.fusion import RARE, AdaptiveWeighting, CellHead, Decoder, PooledHeads
from miqa_app.networks.lenet5 import LeNet5
from miqa_app.networks.network import QualityNetwork
from miqa_app.networks.prediction import Parts, Reading
from miqa_app.networks.simplecnn import SimpleCNN


class MIQANet(QualityNetwork):
    """The network of any `NetworkConfig`; every ablation row is an instance.

    Its score is the mean of the score map weighted by the weight map; the summary of the image are the weights of the two
    branches, (B, 2), CNN first and 0 for a missing one.
    """

    config: NetworkConfig
    parts = Parts(
        heads=("decoder.", "score_head.", "weight_head.", "heads."),
        joints=("cnn_neck.", "transformer_neck.", "align.", "weighting.", "kind_head."),
        encoders=("cnn.", "transformer."),
    )

    def __init__(self, config: NetworkConfig) -> None:
        """Build the network with random weights."""
        super().__init__(config)
        self.stride = config.grid
        self.channels = config.fused_channels
        self._build_branches(config)
        if config.fused:
            self.align = DeformableAlignment(config.width, config.deform)
            self.weighting = AdaptiveWeighting(config)
        self.decoder = Decoder(config)
        self.score_head = CellHead(self.decoder.channels, config.width)
        self.weight_head = CellHead(self.decoder.channels, config.width)
        self.kind_head = nn.Conv2d(config.fused_channels, config.artefact_kinds, 1)
        self.heads = PooledHeads(config.fused_channels, config.artefact_kinds)
        self.colour = Channels(config.channels, config.norm)
        self._initialise()

    def _build_branches(self, config: NetworkConfig) -> None:
        """Create the encoders and necks that the configuration names."""
        if config.cnn in GREY_CNNS:
            kind = SimpleCNN if config.cnn == "simplecnn" else LeNet5
            self.cnn: nn.Module = kind(config.grid)
            self.cnn_neck: nn.Module = SimpleNeck(kind.channels, config)
        elif config.cnn is not None:
            encoder = CnnEncoder(config.cnn, config.cnn_stages)
            self.cnn = encoder
            self.cnn_neck = Neck(encoder.channels, encoder.strides, config)
        if config.transformer is not None:
            self.transformer = SwinEncoder(config.transformer, config.drop_path)
            self.transformer_neck = Neck(
                self.transformer.channels, self.transformer.strides, config
            )

    def _initialise(self) -> None:
        """Set the start values of all layers but the encoders of timm (models.md, 1.1.3)."""
        for name, module in self.named_modules():
            if name.startswith(("cnn.body", "transformer.body")):
                continue
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        # A convolution to a single channel is a linear layer on each cell: the rule for
        # convolutions would give it a deviation of 1.4 and saturate the sigmoid.
        for head in (self.score_head, self.weight_head):
            nn.init.trunc_normal_(head.output.weight, std=0.02)
        nn.init.constant_(self.score_head.output.bias, self.config.score_bias)  # type: ignore[arg-type]
        nn.init.trunc_normal_(self.kind_head.weight, std=0.02)
        for layer in (self.heads.artefact, self.kind_head):
            nn.init.constant_(layer.bias, RARE)  # type: ignore[arg-type]
        if self.config.fused:
            if self.align.offset is not None:
                nn.init.zeros_(self.align.offset.weight)
            if self.config.ap == "gated":
                nn.init.zeros_(self.weighting.output.weight)

    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fused map (B, 2C or C, h, w) and the branch weights (B, 2).

        Args:
            image: (B, 1, H, W) float32, padded.
            valid: (B, h, w) bool.
        """
        cells = (valid.shape[-2], valid.shape[-1])
        colour = self.colour(image)
        present = torch.ones(image.shape[0], device=image.device)
        if self.config.transformer is None:
            return self._cnn_map(image, colour, cells), torch.stack(
                (present, torch.zeros_like(present)), dim=1
            )
        swin = self.transformer_neck(self.transformer(colour), cells)
        if self.config.cnn is None:
            return swin, torch.stack((torch.zeros_like(present), present), dim=1)
        aligned = self.align(self._cnn_map(image, colour, cells), swin)
        gates = self.weighting(aligned, swin, valid)
        share = gates.view(-1, 2, 1, 1, 1)
        return torch.cat((share[:, 0] * aligned, share[:, 1] * swin), dim=1), gates

    def read(self, fused: Tensor, summary: Tensor, valid: Tensor) -> Reading:
        """Return score and weight of every cell; the fused map itself is what the other heads read."""
        del summary, valid
        decoded = self.decoder(fused)
        score_map = self.score_head(decoded)
        weight_map = torch.sigmoid(self.weight_head(decoded))
        return Reading(fused, score_map, weight_map)

    def _rescale_score(self, gain: float, offset: float) -> None:
        """Change the last layer, which is linear, so that every cell and with them their mean follow the line."""
        output = self.score_head.output
        assert output.bias is not None  # the layer is built with one
        output.weight.mul_(gain)
        output.bias.mul_(gain).add_(offset)

    def _cnn_map(self, image: Tensor, colour: Tensor, cells: tuple[int, int]) -> Tensor:
        """Return the map of the CNN on the common grid, (B, C, h, w)."""
        if self.config.cnn in GREY_CNNS:
            grey: Tensor = self.cnn_neck(self.cnn(grey_of(image)))
            return grey
        joined: Tensor = self.cnn_neck(self.cnn(colour), cells)
        return joined
