"""MIQANet: a CNN and a Swin transformer judge one slice together.

The network returns a score, how sure it is of it, which cells of the image pull the
score down, and which artefact it suspects. The design is that of the paper: the CNN
map is aligned to the Swin map by a deformable convolution, both are weighted and
joined, and the score is the mean of a score map weighted by an attention map.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from miqa_app.networks.backbones import CnnEncoder, Neck, SimpleNeck, SwinEncoder
from miqa_app.networks.config import NetworkConfig, named_config
from miqa_app.networks.deform import DeformableAlignment
from miqa_app.networks.fusion import AdaptiveWeighting, CellHead, Decoder, PooledHeads
from miqa_app.networks.pooling import (
    masked_peak,
    pad,
    pool_score,
    valid_cells,
    weighted_mean,
)
from miqa_app.networks.simplecnn import SimpleCNN
from miqa_app.networks.views import views

PAD = 32
"""Coarsest stride of the encoders, to which every image is padded."""

MARGIN = PAD + 1
"""Least padding in pixels. Cells next to the zeros around a convolution judge otherwise than cells next to the mirrored
image, and whether a slice needs padding must not move its score: more than one coarse cell keeps it within half a point.
"""

_NORMS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
RARE = -2.2
"""Start value of the logit of each artefact kind: about one slice in ten has it."""

_BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class Prediction(NamedTuple):
    """What the network says about a batch of B slices.

    Maps have one cell per 8 (or 4) pixels of the image as given, rows ceil(H / grid) and
    columns ceil(W / grid); cell (r, c) covers the pixels from (grid r, grid c).

    Attributes:
        score: (B,) 1 is flawless and 0 useless; linear, so values may lie outside.
        log_variance: (B,) logarithm of the variance of the score, in score units squared.
        artefact_logits: (B, K) one logit per kind of artefact.
        severity: (B, K) severity of each kind if it is present, 0 to 1.
        score_map: (B, h, w) score of each cell.
        weight_map: (B, h, w) how much each cell counts, 0 to 1.
        contribution_map: (B, h, w) by how much each cell moves the score.
        valid: (B, h, w) bool, cells that hold real pixels.
        embedding: (B, D) weighted mean of the fused map; D is 2C, or C for one branch.
        kind_map: (B, K, h, w) logit of each kind of artefact in each cell.
        peak: (B, D + K) mean of the greatest 2 % of each channel of the fused map and of the kind map.
        gates: (B, 2) weights of the CNN and of the transformer; 0 for a missing branch.
    """

    score: Tensor
    log_variance: Tensor
    artefact_logits: Tensor
    severity: Tensor
    score_map: Tensor
    weight_map: Tensor
    contribution_map: Tensor
    valid: Tensor
    kind_map: Tensor
    embedding: Tensor
    peak: Tensor
    gates: Tensor


class MIQANet(nn.Module):
    """The network of any `NetworkConfig`; every ablation row is an instance.

    Attributes:
        config: the design.
        batchnorm_frozen: whether BatchNorm stays in evaluation mode while training.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        """Build the network with random weights."""
        super().__init__()
        self.config = config
        self.batchnorm_frozen = False
        self._build_branches(config)
        if config.fused:
            self.align = DeformableAlignment(config.width, config.deform)
            self.weighting = AdaptiveWeighting(config)
        self.decoder = Decoder(config)
        self.score_head = CellHead(self.decoder.channels, config.width)
        self.weight_head = CellHead(self.decoder.channels, config.width)
        self.kind_head = nn.Conv2d(config.fused_channels, config.artefact_kinds, 1)
        self.heads = PooledHeads(config.fused_channels, config.artefact_kinds)
        mean, deviation = _NORMS[config.norm]
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer(
            "deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False
        )
        self._initialise()

    def _build_branches(self, config: NetworkConfig) -> None:
        """Create the encoders and necks that the configuration names."""
        if config.cnn == "simplecnn":
            self.cnn: nn.Module = SimpleCNN(config.grid)
            self.cnn_neck: nn.Module = SimpleNeck(SimpleCNN.channels, config)
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

    def train(self, mode: bool = True) -> MIQANet:
        """Switch between training and evaluation; a frozen BatchNorm stays as it is."""
        super().train(mode)
        if self.batchnorm_frozen:
            _batchnorm_to_eval(self)
        return self

    def forward(self, image: Tensor, valid: Tensor | None = None) -> Prediction:
        """Judge a batch of slices.

        Args:
            image: (B, 1, H, W) float, 0 to 1, of any size.
            valid: (B, 1, H, W) bool, real pixels, for slices of unequal size in one
                batch; None when all pixels are real.

        Returns:
            The prediction, in float32.

        Raises:
            ValueError: when the shapes are not those.
        """
        _check(image, valid)
        height, width = image.shape[-2:]
        if valid is None:
            valid = torch.ones(image.shape, dtype=torch.bool, device=image.device)
        padded = pad(image.float(), PAD, MARGIN)
        cells = _cells(padded.shape[-2], padded.shape[-1], self.config.grid)
        result = self.predict_padded(padded, valid_cells(valid, self.config.grid, cells))
        rows, columns = _cells(height, width, self.config.grid)
        return result._replace(
            score_map=result.score_map[:, :rows, :columns],
            weight_map=result.weight_map[:, :rows, :columns],
            contribution_map=result.contribution_map[:, :rows, :columns],
            valid=result.valid[:, :rows, :columns],
            kind_map=result.kind_map[:, :, :rows, :columns],
        )

    def predict_padded(self, image: Tensor, valid: Tensor) -> Prediction:
        """Judge slices that are padded already; the part that exported graphs hold.

        Args:
            image: (B, 1, H, W) float32 with sides that are multiples of 32.
            valid: (B, H / grid, W / grid) bool, cells that count.

        Returns:
            The prediction, with maps of the padded size.
        """
        fused, gates = self.fuse(image, valid)
        decoded = self.decoder(fused)
        score_map = self.score_head(decoded)
        weight_map = torch.sigmoid(self.weight_head(decoded))
        score, contribution = pool_score(score_map, weight_map, valid)
        embedding = weighted_mean(fused, weight_map, valid)
        kind_map = self.kind_head(fused).float()
        peak = masked_peak(torch.cat((fused.float(), kind_map), dim=1), valid)
        log_variance, logits, severity = self.heads(embedding, peak)
        return Prediction(
            score, log_variance, logits, severity,
            score_map, weight_map, contribution, valid, kind_map, embedding, peak, gates,
        )  # fmt: skip

    def fuse(self, image: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fused map (B, 2C or C, h, w) and the branch weights (B, 2).

        Args:
            image: (B, 1, H, W) float32, padded.
            valid: (B, h, w) bool.
        """
        cells = (valid.shape[-2], valid.shape[-1])
        colour = self._channels(image)
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

    def _channels(self, image: Tensor) -> Tensor:
        """Return the three input channels of the encoders, (B, 3, H, W)."""
        if self.config.channels == "views":
            return views(image)
        return (image - self.mean) / self.deviation

    def _cnn_map(self, image: Tensor, colour: Tensor, cells: tuple[int, int]) -> Tensor:
        """Return the map of the CNN on the common grid, (B, C, h, w)."""
        if self.config.cnn == "simplecnn":
            grey: Tensor = self.cnn_neck(self.cnn(image))
            return grey
        joined: Tensor = self.cnn_neck(self.cnn(colour), cells)
        return joined


def _cells(height: int, width: int, grid: int) -> tuple[int, int]:
    """Return rows and columns of the grid that covers an image."""
    return -(-height // grid), -(-width // grid)


def _check(image: Tensor, valid: Tensor | None) -> None:
    """Refuse tensors that are no batch of grey slices."""
    if image.ndim != 4 or image.shape[1] != 1 or 0 in image.shape:
        raise ValueError(f"An image batch is (B, 1, H, W), not {tuple(image.shape)}.")
    if not image.is_floating_point():
        raise ValueError("An image batch holds floating-point values from 0 to 1.")
    if valid is not None and (valid.shape != image.shape or valid.dtype != torch.bool):
        raise ValueError("The mask of real pixels is bool and has the shape of the image.")


def _batchnorm_to_eval(model: nn.Module) -> None:
    """Put every BatchNorm of a model into evaluation mode."""
    for module in model.modules():
        if isinstance(module, _BATCHNORM):
            module.eval()


def freeze_batchnorm(model: MIQANet, frozen: bool = True) -> None:
    """Keep the running statistics of BatchNorm while the rest trains.

    Meant for pretrained encoders with small batches (below 16) or little data (below
    2000 images); a network trained from scratch needs its statistics to move. Scale and
    shift stay trainable. Later calls of `train()` respect the choice.

    Args:
        model: the network.
        frozen: False undoes it.
    """
    model.batchnorm_frozen = frozen
    model.train(model.training)


def build(config: NetworkConfig | str) -> MIQANet:
    """Build a network with random weights.

    Args:
        config: the design, or its name in the table of named networks.

    Returns:
        The network, on the CPU and in training mode.
    """
    return MIQANet(named_config(config) if isinstance(config, str) else config)


def count_parameters(config: NetworkConfig | str) -> int:
    """Count the weights of a design without taking memory for them.

    Args:
        config: the design, or its name in the table of named networks.

    Returns:
        The number of trainable values.
    """
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build(config).parameters())
