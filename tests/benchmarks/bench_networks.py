"""Slice throughput of `base` and `lite` against the two plain backbones of timm, in one process."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import timm
import torch
from torch import nn

from miqa_app.networks import build

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = {224: 7, 512: 3}


class Backbones(nn.Module):
    """ResNet34 and Swin-T one after the other, nothing else."""

    def __init__(self) -> None:
        """Build both from random weights."""
        super().__init__()
        self.cnn = timm.create_model("resnet34", features_only=True)
        self.swin = timm.create_model(
            "swin_tiny_patch4_window7_224", features_only=True, strict_img_size=False
        )

    def forward(self, image: torch.Tensor) -> object:
        """Return both feature lists."""
        return self.cnn(image), self.swin(image)


def run() -> list[tuple[str, float, str]]:
    """Return milliseconds of the backbones and ratios of the networks, batch 1."""
    rows = []
    for edge, rounds in _ROUNDS.items():
        reference = _median(Backbones().eval(), torch.rand(1, 3, edge, edge), rounds)
        rows.append((f"ResNet34 + Swin-T alone, {edge}", reference * 1000, "ms per slice"))
        for name in ("base", "lite"):
            seconds = _median(build(name).eval(), torch.rand(1, 1, edge, edge), rounds)
            rows.append((f"{name} against it, {edge}", seconds / reference, "ratio of time"))
    return rows


@torch.inference_mode()
def _median(network: Callable[[torch.Tensor], object], image: torch.Tensor, rounds: int) -> float:
    network(image)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        network(image)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
