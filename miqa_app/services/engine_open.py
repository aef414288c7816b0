"""A model's engine, opened without torch where a graph serves."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.errors import MiqaError
from miqa_app.scoring.engines.library import require_bfloat16
from miqa_app.services.engine_choice import spare_threads, wanted_engine
from miqa_app.services.engine_graphs import graph_file, has_graph, make_graph, read_graph

if TYPE_CHECKING:
    from miqa_app.registry.folders import ModelFolder
    from miqa_app.scoring.engine import Engine
    from miqa_app.scoring.engines.openvino import Graph
    from miqa_app.scoring.prediction import PlaneEngine

_DRIVERS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")
"""What NVIDIA's driver makes on Linux, the last below Windows."""


def needs_torch(wanted: str, sha256: str, device: str) -> bool:
    """Return whether `open_engine` will import torch for a model now.

    Args:
        wanted: one of `ENGINES`.
        sha256: identity of the model.
        device: 'auto', 'cuda', 'mps' or 'cpu'.

    Raises:
        BadRequest: there is no such engine, or not on that device.
    """
    name = wanted_engine(wanted, sha256, device)
    if name == "torch" or not has_graph(sha256):
        return True
    return wanted != "openvino" and device != "cpu" and _may_have_gpu()


def open_engine(wanted: str, folder: ModelFolder, device: str, threads: int = 0) -> PlaneEngine:
    """Return an engine for a model; torch is imported and the network built only where the engine needs it.

    Args:
        wanted: one of `ENGINES`. 'openvino' and 'fast' make the model's graph where it is missing; 'auto' never waits
            for that.
        folder: the model.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        threads: of the CPU; `spare_threads` by default.

    Raises:
        BadRequest: this computer has no such engine.
        BadModel: the network cannot be loaded, or is a start for a training and no judge.
        MiqaError: OpenVINO computes otherwise here, or cannot use its graph, and was asked for by name.
    """
    folder.require_judge()
    threads = threads or spare_threads()
    name = wanted_engine(wanted, folder.sha256, device)
    if name == "openvino" and wanted == "auto" and _scores_on_cpu(device):
        # the graph may be damaged since it was looked at: torch is exact too
        with suppress(MiqaError):
            graph = read_graph(folder.sha256)
            if graph is not None:
                return _openvino(graph, folder, threads)
    elif name == "openvino" and wanted == name:
        return _openvino(_graph(folder), folder, threads)
    elif name == "fast":
        return _fast(folder, device, threads)
    return _torch(folder, device, threads)


def _scores_on_cpu(device: str) -> bool:
    """Return whether the CPU computes; torch is asked only where there may be something else."""
    if device == "cpu" or (device == "auto" and not _may_have_gpu()):
        return True
    from miqa_app.scoring.engine import pick_device

    return pick_device(device).type == "cpu"


def _may_have_gpu() -> bool:
    """Return False only where torch cannot find a GPU: NVIDIA's driver is not installed, and it is no Mac."""
    if sys.platform == "win32":
        return (Path(os.environ["SYSTEMROOT"]) / "System32" / "nvcuda.dll").exists()
    return sys.platform == "darwin" or any(Path(place).exists() for place in _DRIVERS)


def _torch(folder: ModelFolder, device: str, threads: int) -> Engine:
    import torch

    from miqa_app.registry.checkpoint import load_model
    from miqa_app.scoring.engine import Engine

    torch.set_num_threads(threads)
    return Engine(load_model(str(folder.path.absolute())).network, device)


def _fast(folder: ModelFolder, device: str, threads: int) -> PlaneEngine:
    """Return the fast mode: by the graph on the CPU where it keeps the channels exact, else by torch."""
    graph = None
    if _scores_on_cpu(device):
        # before seconds are spent on a graph that could not be used
        require_bfloat16()
        graph = read_graph(folder.sha256)
        if graph is not None and graph.channels is not None:
            return _openvino(graph, folder, threads, "bf16")
    import torch

    from miqa_app.registry.checkpoint import load_model
    from miqa_app.scoring.engines.graph import takes_views
    from miqa_app.scoring.engines.reduced import ReducedEngine

    torch.set_num_threads(threads)
    model = load_model(str(folder.path.absolute()))
    if graph is None and _scores_on_cpu(device) and takes_views(model.network):
        return _openvino(make_graph(model), folder, threads, "bf16")
    return ReducedEngine(model.network, device)


def _graph(folder: ModelFolder) -> Graph:
    """Return the graph of a model, made anew where it is missing."""
    graph = read_graph(folder.sha256)
    if graph is None:
        from miqa_app.registry.checkpoint import load_model

        graph = make_graph(load_model(str(folder.path.absolute())))
    return graph


def _openvino(
    graph: Graph, folder: ModelFolder, threads: int, precision: str = "fp32"
) -> PlaneEngine:
    from miqa_app.scoring.engines.openvino import OpenVinoEngine

    def reference() -> PlaneEngine:
        return _torch(folder, "cpu", threads)

    try:
        return OpenVinoEngine(graph, reference, precision, threads)
    except RuntimeError as error:
        file = graph_file(folder.sha256)
        message = f"OpenVINO cannot use its graph {file} on this computer; delete that file, or leave --engine out so that torch scores."
        raise MiqaError(message) from error
