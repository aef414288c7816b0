"""What happens to the two maps on the common grid: weighting, decoding, heads."""

from __future__ import annotations

import torch
from timm.layers.norm import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional as F

from miqa_app.networks.config import NetworkConfig
from miqa_app.networks.pooling import masked_mean

SCALAR_START = 0.5
"""Start value of the single logit of the scalar form (models.md, 1.1.3)."""


class AdaptiveWeighting(nn.Module):
    """Weights of the two branches, which sum to 2 (paper: learnable AP)."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build the form that the configuration names."""
        super().__init__()
        self.kind = config.ap
        width = config.width
        if config.ap == "gated":
            self.hidden = nn.Linear(2 * width, width // 4)
            self.output = nn.Linear(width // 4, 2)
        elif config.ap == "scalar":
            self.logit = nn.Parameter(torch.tensor(SCALAR_START))

    def forward(self, cnn: Tensor, transformer: Tensor, valid: Tensor) -> Tensor:
        """Return the weights (B, 2), CNN first, from two maps (B, C, h, w)."""
        batch = cnn.shape[0]
        if self.kind == "gated":
            summary = torch.cat((masked_mean(cnn, valid), masked_mean(transformer, valid)), dim=1)
            logits = self.output(F.gelu(self.hidden(summary)))
            return 2 * torch.softmax(logits.float(), dim=1)
        if self.kind == "scalar":
            share = 2 * torch.sigmoid(self.logit.float())
            return torch.stack((2 - share, share)).unsqueeze(0).expand(batch, 2)
        return torch.ones(batch, 2, device=cnn.device)


class Decoder(nn.Module):
    """The decoding pathways (paper, Fig. 5): 3x3 for the CNN, per cell for Swin."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build the pathways that the configuration names."""
        super().__init__()
        channels, width = config.fused_channels, config.width
        kernels = {"both": (3, 1), "cnn": (3,), "transformer": (1,)}[config.decoder]
        self.paths = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, width, kernel, padding=kernel // 2),
                LayerNorm2d(width),
                nn.GELU(),
            )
            for kernel in kernels
        )
        self.channels = width * len(kernels)

    def forward(self, fused: Tensor) -> Tensor:
        """Return the decoded map (B, C per pathway, h, w)."""
        return torch.cat([path(fused) for path in self.paths], dim=1)


class CellHead(nn.Module):
    """One linear number per cell from the decoded map."""

    def __init__(self, channels: int, width: int) -> None:
        """Build the head for a decoded map with this many channels."""
        super().__init__()
        self.hidden = nn.Conv2d(channels, width, 1)
        self.dropout = nn.Dropout(0.1)
        self.output = nn.Conv2d(width, 1, 1)

    def forward(self, decoded: Tensor) -> Tensor:
        """Return (B, h, w) float32."""
        value: Tensor = self.output(self.dropout(F.gelu(self.hidden(decoded))))
        return value.squeeze(1).float()


class PooledHeads(nn.Module):
    """Log variance, artefact kinds and their severity, from the mean of the fused map and the peaks of two maps.

    The mean alone dilutes what touches few cells: a zipper line, a spike, a hole of lost signal. So the peaks of the
    fused map and of the map of artefact kinds stand beside it.
    """

    def __init__(self, channels: int, kinds: int) -> None:
        """Build the three heads."""
        super().__init__()
        narrow = channels // 2
        self.hidden = nn.Linear(2 * channels + kinds, narrow)
        self.log_variance = nn.Linear(narrow, 1)
        self.artefact = nn.Linear(narrow, kinds)
        self.severity = nn.Linear(narrow, kinds)

    def forward(self, embedding: Tensor, peak: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log variance (B,), logits (B, K) and severity 0 to 1 (B, K)."""
        hidden = F.gelu(self.hidden(torch.cat((embedding, peak), dim=1)))
        log_variance = self.log_variance(hidden).squeeze(1).float()
        severity = torch.sigmoid(self.severity(hidden).float())
        return log_variance, self.artefact(hidden).float(), severity


RARE = -2.2
"""Start value of the logit of each artefact kind: about one slice in ten has it."""


def start_heads(heads: PooledHeads, kind_head: nn.Conv2d) -> None:
    """Set the start values of the heads that tell artefact kinds, their severity and the spread (models.md 1.1.3)."""
    for module in heads.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
    nn.init.trunc_normal_(kind_head.weight, std=0.02)
    nn.init.constant_(heads.artefact.bias, RARE)
    nn.init.constant_(kind_head.bias, RARE)  # type: ignore[arg-type]
