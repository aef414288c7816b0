"""A Kolmogorov-Arnold layer: every edge between two neurons has a function of its own, learnt as a cubic spline.

After Z. Liu et al., "KAN: Kolmogorov-Arnold Networks" (2024): phi(x) = b silu(x) + c sum_i w_i B_i(x), where the B_i are
the B-splines of an evenly spaced grid (C. de Boor, "A Practical Guide to Splines", chapter IX). LAR-IQA puts such layers
at its end.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ORDER = 3
"""Degree of the splines."""
INTERVALS = 5
"""Parts of the range from -1 to 1."""

_NOISE = 0.1


def spline_knots(intervals: int = INTERVALS, order: int = ORDER) -> Tensor:
    """Return the evenly spaced knots of [-1, 1], `order` more on each side: (intervals + 2 order + 1,)."""
    step = 2 / intervals
    return torch.arange(-order, intervals + order + 1, dtype=torch.float32) * step - 1


def spline_bases(values: Tensor, knots: Tensor, order: int = ORDER) -> Tensor:
    """Return the B-splines at some values by the recursion of Cox and de Boor.

    Args:
        values: (...) of any shape, float32.
        knots: (k,) rising.
        order: degree of the splines.

    Returns:
        (..., k - order - 1): zero where a value lies outside of a spline's support, half open to the right.
    """
    x = values.unsqueeze(-1)
    bases = ((x >= knots[:-1]) & (x < knots[1:])).to(values.dtype)
    for degree in range(1, order + 1):
        low, high = knots[: -degree - 1], knots[degree + 1 :]
        rising = (x - low) / (knots[degree:-1] - low) * bases[..., :-1]
        falling = (high - x) / (high - knots[1:-degree]) * bases[..., 1:]
        bases = rising + falling
    return bases


class KanLayer(nn.Module):
    """One layer of edges, behind a norm and tanh that keep its input where the splines live.

    Outputs of an encoder lie mostly outside of [-1, 1], where every B-spline is zero and silu alone would act
    (models.md 1.4). Weights beside the norm: inputs x outputs x (intervals + order + 2).
    """

    knots: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        """Build the layer with cubic splines over five intervals."""
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.base = nn.Parameter(torch.empty(outputs, inputs))
        self.spline = nn.Parameter(torch.empty(outputs, inputs, INTERVALS + ORDER))
        self.scale = nn.Parameter(torch.empty(outputs, inputs))
        self.register_buffer("knots", spline_knots(), persistent=False)
        for weight in (self.base, self.scale):
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5))
        nn.init.normal_(self.spline, std=_NOISE)

    def forward(self, values: Tensor) -> Tensor:
        """Return (..., outputs) float32 from (..., inputs)."""
        # neighbouring knots are 0.4 apart: the recursion needs more digits than bfloat16 has
        with torch.autocast(device_type=values.device.type, enabled=False):
            x = torch.tanh(self.norm(values.float()))
            bases = spline_bases(x, self.knots).flatten(-2)
            weight = (self.spline * self.scale.unsqueeze(-1)).flatten(1)
            return F.linear(F.silu(x), self.base) + F.linear(bases, weight)
