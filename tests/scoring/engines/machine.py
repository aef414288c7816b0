"""The engines of this machine and slices that a scanner could have made, for the tests of all engines."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from miqa_app.networks import build
from miqa_app.registry.checkpoint import load_model
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.engines.conversion import converted
from miqa_app.scoring.engines.graph import takes_views
from miqa_app.scoring.engines.library import has_bfloat16
from miqa_app.scoring.engines.openvino import OpenVinoEngine
from miqa_app.scoring.engines.reduced import ReducedEngine
from miqa_app.services.engine_graphs import phantom_plane
from tests.networks.small_families import SMALL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.networks import QualityNetwork
    from miqa_app.scoring.prediction import PlaneEngine

BUNDLED = ("lite", "base", "lodapro_lite")
EXACT, FAST = 0.05, 1.5
"""Points of 100 by which an engine may depart from torch in fp32."""

ENGINES = {"openvino fp32": EXACT, "openvino bf16": FAST, "torch bf16": FAST, "cuda bf16": FAST}


@cache
def network_of(name: str) -> QualityNetwork:
    """A bundled model, or a network of random weights, small where its name is that of a family."""
    if name in BUNDLED:
        return load_model(name).network
    torch.manual_seed(5)
    return build(SMALL.get(name, name)).eval().requires_grad_(False)


@cache
def graph_of(name: str) -> Any:
    return converted(network_of(name))


@cache
def engine_of(kind: str, name: str) -> PlaneEngine | None:
    """An engine with a network, or None where this machine lacks it."""
    match kind:
        case "openvino fp32":
            return OpenVinoEngine(graph_of(name), lambda: Engine(network_of(name), "cpu"))
        case "openvino bf16" if has_bfloat16() and takes_views(network_of(name)):
            return OpenVinoEngine(graph_of(name), lambda: Engine(network_of(name), "cpu"), "bf16")
        case "torch bf16" if has_bfloat16():
            return ReducedEngine(deepcopy(network_of(name)), "cpu")
        case "cuda bf16" if torch.cuda.is_available():
            return ReducedEngine(deepcopy(network_of(name)), "cuda")
    return None


def phantom_of(rows: int, columns: int) -> NDArray[np.float32]:
    """A slice of the phantom cut, or repeated beyond its edges, to this size."""
    plane = phantom_plane()
    wide = np.tile(plane, (-(-rows // plane.shape[0]), -(-columns // plane.shape[1])))
    return np.ascontiguousarray(wide[:rows, :columns])
