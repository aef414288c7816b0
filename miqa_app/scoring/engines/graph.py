"""A network as one graph for slices of every size: what other programs and engines can run.

The graph is a trace. While a network is traced, sizes stay symbolic (`networks.pooling`, `networks.extents`), so that the
graph of one size is that of all; tests hold it against the network at other sizes.
"""

from __future__ import annotations

import warnings
from copy import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from miqa_app.networks import MIQANet, Prediction
from miqa_app.networks.config import GREY_CNNS

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.networks import QualityNetwork

OUTPUTS = tuple(name for name in Prediction._fields if name != "valid")
"""What a graph returns, in this order: all of a prediction but the mask, which it was given."""

ONNX_OPSET = 20
_EXAMPLE = (288, 320)
"""Height and width in pixels for the trace: unlike one another, so that neither is taken for the other."""


class _Padded(nn.Module):
    """The part of a network behind its padding, with a plain tuple as result."""

    def __init__(self, network: QualityNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, valid: Tensor) -> tuple[Tensor, ...]:
        said = self.network.predict_padded(image, valid)
        return tuple(getattr(said, name) for name in OUTPUTS)


def sees_the_mask(network: QualityNetwork) -> bool:
    """Return whether the graph of a network reads the mask; else it takes the real part of one slice alone.

    MIQANet judges a padded image with its mask. The other families cut their padding off and frame the image anew, which
    needs its real size: their graph takes the image cut to whole cells, and all of its mask must be True.
    """
    return isinstance(network, MIQANet)


def takes_views(network: QualityNetwork) -> bool:
    """Return whether the graph of a network begins behind its input channels and takes (B, 3, H, W).

    The local contrast of a slice is a small difference of large numbers. In bfloat16 it moved the score of a real scan by
    28 points; computed before the graph, in fp32, by 0.2.
    """
    return isinstance(network, MIQANet) and network.config.cnn not in GREY_CNNS


def traced(network: QualityNetwork) -> torch.jit.ScriptModule:
    """Return a network of the CPU, in evaluation mode, as a graph.

    The graph takes the image (B, 1, H, W) float32, or its channels where `takes_views`, and the mask of real cells
    (B, H / 8, W / 8) bool as `QualityNetwork.predict_padded` does, and returns `OUTPUTS`. Where `sees_the_mask` is False, B
    is 1, the mask is all True, and both sides must exceed `smallest`.
    """
    height, width = _EXAMPLE
    channels, behind = 1, network
    if takes_views(network):
        channels, behind = 3, copy(network)
        # a copy shares the table of its parts, and the network must keep its own
        behind._modules = {**network._modules, "colour": nn.Identity()}
    image = torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(1, height // network.grid, width // network.grid, dtype=torch.bool)
    with torch.inference_mode(), warnings.catch_warnings():
        # a tracer says of every number that it keeps that it keeps it
        warnings.simplefilter("ignore")
        graph: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call]
            _Padded(behind).eval(), (image, valid), check_trace=False
        )
    return graph


def traced_channels(network: QualityNetwork) -> torch.jit.ScriptModule:
    """Return the first layer of a network that `takes_views` as a graph: (B, 1, H, W) float32 to (B, 3, H, W)."""
    image = torch.rand(1, 1, *_EXAMPLE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call]
            network.colour, image, check_trace=False
        )
    return graph


def smallest(network: QualityNetwork) -> int:
    """Return the number of pixels that both sides of a real slice must exceed: padding in a graph is mirrored always."""
    return 0 if sees_the_mask(network) else network.margin + network.multiple


def write_onnx(network: QualityNetwork, path: Path) -> None:
    """Write a network as ONNX of opset 20 with dynamic batch, height and width.

    Args:
        network: one whose graph `sees_the_mask`, on the CPU, in evaluation mode.
        path: the file.
    """
    height, width = _EXAMPLE
    image = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(2, height // network.grid, width // network.grid, dtype=torch.bool)
    sizes: dict[str, dict[int, str]] = {
        "image": {0: "batch", 2: "height", 3: "width"},
        "valid": {0: "batch", 1: "rows", 2: "columns"},
    }
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # torch.export needs more than ten minutes for a Swin transformer of any size, the trace 20 seconds
        torch.onnx.export(
            _Padded(network).eval(),
            (image, valid),
            str(path),
            dynamo=False,
            opset_version=ONNX_OPSET,
            input_names=["image", "valid"],
            output_names=list(OUTPUTS),
            dynamic_axes=sizes,
        )
