"""From a network of torch to a graph of OpenVINO, once per model."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import torch

from miqa_app.scoring.engines.graph import (
    OUTPUTS,
    sees_the_mask,
    smallest,
    takes_views,
    traced,
    traced_channels,
)
from miqa_app.scoring.engines.library import library
from miqa_app.scoring.engines.openvino import HINTS, Framing, Graph

if TYPE_CHECKING:
    from miqa_app.networks import QualityNetwork

_EDGE = 96


def converted(network: QualityNetwork) -> Graph:
    """Return the graph of a network; takes seconds.

    Args:
        network: on the CPU, in evaluation mode.
    """
    views = takes_views(network)
    image = torch.rand(1, 3 if views else 1, _EDGE, _EDGE)
    cells = _EDGE // network.grid
    valid = torch.ones(1, cells, cells, dtype=torch.bool)
    body = library().convert_model(traced(network), example_input=(image, valid))
    for port, name in zip(body.inputs, ("image", "valid"), strict=True):
        port.get_tensor().set_names({name})
    for port, name in zip(body.outputs, OUTPUTS, strict=True):
        port.get_tensor().set_names({name})
    channels: Any = None
    if views:
        channels = library().convert_model(traced_channels(network), example_input=image[:, :1])
    return Graph(_compiled(body), _compiled(channels) if channels else None, framing_of(network))


def framing_of(network: QualityNetwork) -> Framing:
    """Return how the planes of a network are framed for its graph."""
    return Framing(
        network.grid, network.multiple, network.margin, smallest(network), sees_the_mask(network)
    )


def _compiled(model: Any) -> bytes:
    """Return a model as it is after OpenVINO has fitted it to this processor, which takes far longer than to read that."""
    exact = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": HINTS["fp32"]}
    written: io.BytesIO | bytes = library().Core().compile_model(model, "CPU", exact).export_model()
    return written if isinstance(written, bytes) else written.getvalue()
