"""Which engine scores on this computer: measured once, kept, and told in a sentence.

Only exact engines are ever chosen by themselves. A fast mode scores when a person asks for it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app import paths
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.registry.durable import write_whole
from miqa_app.registry.folders import default_model, find_model
from miqa_app.services.engine_graphs import (
    has_graph,
    make_graph,
    phantom_plane,
    processor,
    read_graph,
    versions,
)
from miqa_app.services.registry import Step

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.registry.folders import ModelFolder
    from miqa_app.scoring.prediction import PlaneEngine

ENGINES = ("auto", "torch", "openvino", "fast")
SCHEMA = "miqa.engine/1"
_MEASURED_S = 0.8
_LOOKS_EVERY = 0.5
_ROUNDS = 3
_TITLES = {"torch": "torch", "openvino": "OpenVINO"}


@dataclass(frozen=True)
class EngineChoice:
    """The engine that scores on this computer.

    Attributes:
        engine: 'torch' or 'openvino'.
        device: 'cpu', 'cuda (NAME)' or 'mps'.
        timings: seconds for a slice of the phantom by engine.
        threads: of the CPU, with which it was measured.
        words: the sentence for people.
    """

    engine: str
    device: str
    timings: dict[str, float]
    threads: int
    words: str


def choice_file() -> Path:
    """Return where the choice is kept."""
    return paths.user_settings() / "engine.json"


def kept_choice(model: str | None = None) -> EngineChoice | None:
    """Return the choice of an earlier measurement; neither torch nor OpenVINO is loaded.

    None where nothing was measured, or another processor, version or model: then `choose` should run.

    Raises:
        BadModel: there is no such model.
    """
    return _kept(_folder(model).sha256)


def choose(model: str | None = None) -> Generator[Step, None, EngineChoice]:
    """Measure the exact engines of this computer on a slice of the phantom, keep the fastest, and return it.

    Makes the model's graph where it is missing, which keeps the interpreter busy for seconds: a window asks for it with
    `choose_beside`. Where OpenVINO cannot be used, torch is chosen, and the sentence says why.

    Raises:
        BadModel: the model cannot be loaded.
    """
    import torch

    from miqa_app.registry.checkpoint import load_model
    from miqa_app.scoring.engine import Engine
    from miqa_app.scoring.engines.openvino import OpenVinoEngine

    yield Step(0, 3, "Loading the model")
    loaded = load_model(str(_folder(model).path.absolute()))
    torch.set_num_threads(spare_threads())
    reference = Engine(loaded.network)
    engines: dict[str, PlaneEngine] = {"torch": reference}
    why = ""
    if reference.identity.device == "cpu":
        yield Step(1, 3, "Preparing OpenVINO for this model")
        try:
            graph = read_graph(loaded.folder.sha256) or make_graph(loaded)
            engines["openvino"] = OpenVinoEngine(graph, lambda: reference, threads=spare_threads())
        except (MiqaError, OSError, RuntimeError, ImportError) as error:
            why = f" OpenVINO was left out: {_first_line(error)}"
    yield Step(2, 3, "Measuring")
    timings = _measured(engines)
    name = min(timings, key=lambda engine: timings[engine])
    choice = EngineChoice(
        name,
        reference.identity.device,
        timings,
        torch.get_num_threads(),
        _sentence(name, reference.identity.device, timings, torch.get_num_threads()) + why,
    )
    document = {"schema": SCHEMA, "valid_for": _valid_for(loaded.folder.sha256), **asdict(choice)}
    write_whole(choice_file(), (json.dumps(document, indent=1) + "\n").encode())
    return choice


def choose_beside(model: str | None = None) -> Generator[Step, None, EngineChoice | None]:
    """Do as `choose` in a process of its own behind all others, and yield twice a second: for windows, which must not stall.

    None where that process could not choose; torch goes on scoring, and the next start tries again. A caller that stops
    early ends the process.

    Raises:
        BadModel: there is no such model.
        OSError: the system refuses to start a process.
    """
    command = [*paths.own_command(), "models", "prepare", *([model] if model else [])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        while process.poll() is None:
            yield Step(0, 1, "Preparing this computer's fastest engine")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOKS_EVERY)
    finally:
        process.kill()
        process.wait()
    return kept_choice(model)


def spare_threads() -> int:
    """Return how many threads compute beside a window: one core is left for it and the reader."""
    return max(1, (os.cpu_count() or 2) - 1)


def wanted_engine(wanted: str, sha256: str, device: str) -> str:
    """Return which engine 'auto' means for a model now; any other name is returned as it is.

    OpenVINO is meant on a CPU where the model's graph is there, unless torch was measured to be faster.

    Args:
        wanted: one of `ENGINES`.
        sha256: identity of the model.
        device: 'auto', 'cuda', 'mps' or 'cpu'.

    Raises:
        BadRequest: there is no such engine, or not on that device.
    """
    if wanted not in ENGINES:
        message = f"There is no engine '{wanted}'; choose one of {', '.join(ENGINES)}."
        raise BadRequest(message)
    if wanted == "openvino" and device not in ("auto", "cpu"):
        message = f"OpenVINO computes on the CPU, not on {device.upper()}; leave --engine or --device out."
        raise BadRequest(message)
    if wanted != "auto":
        return wanted
    if device not in ("auto", "cpu") or not has_graph(sha256):
        return "torch"
    choice = _kept(sha256)
    return "openvino" if choice is None else choice.engine


def _measured(engines: dict[str, PlaneEngine]) -> dict[str, float]:
    """Return the median seconds per slice, engines in turn, so that all of them see what else the computer does."""
    plane = phantom_plane()
    times: dict[str, list[float]] = {name: [] for name in engines}
    for engine in engines.values():
        list(engine.predict([plane]))
    end = time.perf_counter() + _MEASURED_S * len(engines)
    while time.perf_counter() < end or min(map(len, times.values())) < _ROUNDS:
        for name, engine in engines.items():
            start = time.perf_counter()
            list(engine.predict([plane]))
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _sentence(name: str, device: str, timings: dict[str, float], threads: int) -> str:
    place = f"{threads} core{'s' if threads > 1 else ''}" if device == "cpu" else f"the {device}"
    words = f"This computer scores a slice in {timings[name]:.2g} s with {_TITLES[name]} on {place}"
    others = [
        f"{_TITLES[other]} would take {timings[other]:.2g} s" for other in timings if other != name
    ]
    return "; ".join([words, *others]) + "."


def _kept(sha256: str) -> EngineChoice | None:
    try:
        document: dict[str, Any] = json.loads(choice_file().read_bytes())
        if document.pop("schema") != SCHEMA or document.pop("valid_for") != _valid_for(sha256):
            return None
        choice = EngineChoice(**document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return choice if choice.engine in _TITLES else None


def _valid_for(sha256: str) -> dict[str, Any]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "versions": versions(),
        "model": sha256,
    }


def _folder(model: str | None) -> ModelFolder:
    return find_model(model) if model else default_model()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
