"""OpenVINO on the CPU: the graph of a network, compiled once for slices of every size.

In fp32 it is exact; in bfloat16, on processors that compute in it, it is a declared fast mode. OpenVINO picks bfloat16 by
itself where it can, so the precision is always asked for.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from miqa_app.core.assessment import EngineIdentity
from miqa_app.networks import Prediction, QualityNetwork
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.engines.graph import OUTPUTS, sees_the_mask, smallest, takes_views, traced
from miqa_app.scoring.engines.library import FAST_NOTE, library, require_bfloat16

_HINTS = {"fp32": "f32", "bf16": "bf16"}


def converted(network: QualityNetwork) -> Any:
    """Return the graph of a network as a model of OpenVINO; takes seconds.

    Args:
        network: on the CPU, in evaluation mode.
    """
    channels = 3 if takes_views(network) else 1
    image = torch.rand(1, channels, 96, 96)
    valid = torch.ones(1, 96 // network.grid, 96 // network.grid, dtype=torch.bool)
    model = library().convert_model(traced(network), example_input=(image, valid))
    for port, name in zip(model.inputs, ("image", "valid"), strict=True):
        port.get_tensor().set_names({name})
    return model


class OpenVinoEngine(Engine):
    """Runs a network by its graph on the CPU."""

    def __init__(self, network: QualityNetwork, graph: Any, precision: str = "fp32") -> None:
        """Compile the graph for as many threads as torch has.

        Args:
            network: of which the graph is; answers for slices that are too small for the graph.
            graph: from `converted`.
            precision: 'fp32', or 'bf16' for the fast mode.

        Raises:
            BadRequest: the CPU does not compute in bfloat16.
        """
        self.declared = (FAST_NOTE,) if precision == "bf16" else ()
        super().__init__(network, "cpu")
        if precision == "bf16":
            require_bfloat16()
        wanted = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        compiled = library().Core().compile_model(graph, "CPU", wanted)
        # padding, windows and cutting stay the network's own
        self._judge = copy(self.network)
        self._judge.predict_padded = _Graph(  # type: ignore[method-assign]
            self.network, compiled.create_infer_request()
        )
        self.identity = EngineIdentity("openvino", "cpu", precision)


class _Graph:
    """What `predict_padded` of a network does, done by its compiled graph."""

    def __init__(self, network: Any, request: Any) -> None:
        self._network, self._request = network, request

    def __call__(self, image: Tensor, valid: Tensor) -> Prediction:
        """Return what the network says of padded slices (B, 1, H, W) with their mask (B, h, w)."""
        if sees_the_mask(self._network):
            if takes_views(self._network):
                image = self._network.colour(image)
            said = [
                self._asked(one[None], mask[None]) for one, mask in zip(image, valid, strict=True)
            ]
            return Prediction(*(torch.cat(parts) for parts in zip(*said, strict=True)))
        rows, columns = (int(valid.any(dim=axis).sum()) for axis in (2, 1))
        grid = self._network.grid
        if len(image) > 1 or min(rows, columns) * grid <= smallest(self._network):
            # windows of unequal real size share a frame in a batch, which a graph of one slice cannot repeat
            whole: Prediction = self._network.predict_padded(image, valid)
            return whole
        real = image[..., : rows * grid, : columns * grid]
        return _widened(self._asked(real, valid[:, :rows, :columns]), valid)

    def _asked(self, image: Tensor, valid: Tensor) -> Prediction:
        """Run the graph on one slice."""
        inputs = [np.ascontiguousarray(image.numpy()), np.ascontiguousarray(valid.numpy())]
        results = self._request.infer(inputs, share_inputs=True)
        values = {name: torch.from_numpy(results[place]) for place, name in enumerate(OUTPUTS)}
        return Prediction(valid=valid, **values)


def _widened(said: Prediction, valid: Tensor) -> Prediction:
    """Return a prediction on the real cells as one on all cells, with nothing in the others."""
    rows, columns = said.valid.shape[-2:]
    down, right = valid.shape[-2] - rows, valid.shape[-1] - columns
    maps = ("score_map", "weight_map", "contribution_map", "kind_map")
    wide = {
        name: torch.nn.functional.pad(getattr(said, name), (0, right, 0, down)) for name in maps
    }
    return said._replace(valid=valid, **wide)
