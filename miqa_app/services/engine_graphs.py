"""Graphs of models for OpenVINO, kept in the user's cache: made once per model, taken into use only when they are sound.

A graph is one file: a line of JSON that says what it was made from and by, then its models as OpenVINO writes
them for this processor. What is damaged, or of another model, version or processor, counts as missing and is made anew;
until then torch scores.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app import __version__
from miqa_app.errors import MiqaError
from miqa_app.paths import bundled, user_cache
from miqa_app.registry.durable import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from miqa_app.registry.checkpoint import LoadedModel
    from miqa_app.scoring.engines.openvino import Graph
    from miqa_app.scoring.prediction import PlaneEngine

SCHEMA = "miqa.graph/3"
"""Its number goes up whenever a graph is to take or return something else (`scoring.engines.graph`)."""
EXACT = 0.05
"""Points of 100 by which an exact engine may depart from torch."""

_DIGITS = 16


def graph_file(sha256: str) -> Path:
    """Return where the graph of a model lies, or will lie; computers of other kinds that share the home have their own."""
    kind = hashlib.sha256(processor().encode()).hexdigest()
    return user_cache() / "engines" / f"{sha256[:_DIGITS]}-{kind[:_DIGITS]}.graph"


@cache
def versions() -> dict[str, str]:
    """Return the versions of all that takes part in making a graph; '' for what does not say its own."""
    return {"miqa_app": __version__, **{name: _version(name) for name in ("torch", "openvino")}}


@cache
def processor() -> str:
    """Return the name of the CPU as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def has_graph(sha256: str) -> bool:
    """Return whether a graph is there that this program made of this model; its content is not looked at."""
    try:
        with graph_file(sha256).open("rb") as stream:
            return _belongs(_head(stream.readline()), sha256)
    except OSError:
        return False


def read_graph(sha256: str) -> Graph | None:
    """Return the kept graph of a model, or None where there is none or it is damaged, of another model, version or processor."""
    from miqa_app.scoring.engines.openvino import Framing, Graph

    try:
        content = graph_file(sha256).read_bytes()
    except OSError:
        return None
    first, _, rest = content.partition(b"\n")
    head = _head(first)
    if not _belongs(head, sha256) or head.get("sha256") != hashlib.sha256(rest).hexdigest():
        return None
    size = head["body"]
    return Graph(rest[:size], rest[size:] or None, Framing(**head["framing"]))


def make_graph(model: LoadedModel) -> Graph:
    """Return the graph of a model, new, and keep it; takes 5 to 30 seconds.

    It is kept only if it says of a slice of the phantom what torch says.

    Raises:
        MiqaError: it says something else on this computer; nothing is kept then.
        OSError: the cache cannot be written.
    """
    from miqa_app.scoring.engine import Engine
    from miqa_app.scoring.engines.conversion import converted
    from miqa_app.scoring.engines.openvino import OpenVinoEngine

    graph, reference = converted(model.network.cpu()), Engine(model.network, "cpu")
    plane = phantom_plane()
    engines: tuple[PlaneEngine, ...] = (reference, OpenVinoEngine(graph, lambda: reference))
    said = [next(iter(engine.predict([plane]))).score for engine in engines]
    gap = abs(said[0] - said[1])
    if not gap <= EXACT:
        message = (
            f"OpenVINO scores the phantom {gap:.2f} points otherwise than torch with the model {model.folder.name} on this "
            "computer, so it is not used; torch goes on scoring."
        )
        raise MiqaError(message)
    _keep(graph, model.folder.sha256)
    return graph


def phantom_plane() -> NDArray[np.float32]:
    """Return the middle slice of the bundled phantom as the network sees it, (rows, columns) float32 in [0, 1]."""
    from miqa_app.core.slices import network_plane, series_scale
    from miqa_app.imaging import load

    (series,) = load(bundled("resources") / "phantom" / "motion")
    return network_plane(series, series.frames // 2, series_scale(series))


def _keep(graph: Graph, sha256: str) -> None:
    rest = graph.body + (graph.channels or b"")
    head = {
        "schema": SCHEMA,
        "model": sha256,
        "versions": versions(),
        "processor": processor(),
        "framing": asdict(graph.framing),
        "body": len(graph.body),
        "sha256": hashlib.sha256(rest).hexdigest(),
    }
    write_whole(graph_file(sha256), json.dumps(head).encode() + b"\n" + rest)


def _head(line: bytes) -> dict[str, Any]:
    try:
        head = json.loads(line)
    except ValueError:
        return {}
    return head if isinstance(head, dict) else {}


def _belongs(head: dict[str, Any], sha256: str) -> bool:
    wanted = {
        "schema": SCHEMA,
        "model": sha256,
        "versions": versions(),
        "processor": processor(),
    }
    return all(head.get(key) == value for key, value in wanted.items())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
