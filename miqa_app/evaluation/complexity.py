"""What a network costs: its weights and the multiply-accumulate operations of one slice, counted and not estimated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from timm.layers.config import set_fused_attn, use_fused_attn
from torch.utils.flop_counter import FlopCounterMode

from miqa_app.networks import build

if TYPE_CHECKING:
    from miqa_app.networks import Design

EDGE = 224
"""Pixels on each side of the slice that is counted, as the papers count it."""


@dataclass(frozen=True)
class Complexity:
    """What a design costs.

    Attributes:
        weights: all of them, frozen ones too.
        macs: multiply-accumulate operations of one slice of `EDGE`×`EDGE` pixels without the margin around it.
    """

    weights: int
    macs: int


@cache
def complexity(config: Design) -> Complexity:
    """Return what a design costs, by running one black slice through random weights.

    Fused attention hides its operations from the counter, so the plain form is counted, which does the same.

    Args:
        config: the design; equal ones are counted once.
    """
    fused = use_fused_attn()
    set_fused_attn(False)
    try:
        network = build(config).eval()
        image = torch.zeros(1, 1, EDGE, EDGE)
        valid = torch.ones(1, EDGE // config.grid, EDGE // config.grid, dtype=torch.bool)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network.predict_padded(image, valid)
    finally:
        set_fused_attn(fused)
    weights = sum(parameter.numel() for parameter in network.parameters())
    return Complexity(weights, counter.get_total_flops() // 2)
