"""OpenVINO reports nothing to anybody, serves slices of every size with one graph, and names itself in the result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from miqa_app.core.assessment import EngineIdentity
from miqa_app.errors import BadRequest
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.engines import library
from miqa_app.scoring.engines.conversion import framing_of
from miqa_app.scoring.engines.library import has_bfloat16
from miqa_app.scoring.engines.openvino import OpenVinoEngine
from tests.scoring.engines.machine import engine_of, graph_of, network_of, phantom_of

WATCHED = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event.startswith("socket.") else None)
from miqa_app.scoring.engines.library import library
openvino = library()
import numpy as np
parameter = openvino.opset13.parameter([1, 4], np.float32)
model = openvino.Model([openvino.opset13.relu(parameter)], [parameter])
compiled = openvino.Core().compile_model(model, "CPU")
assert compiled(np.ones((1, 4), np.float32))[0].sum() == 4
assert sys.modules["openvino_telemetry"] is None
print(opened)
"""


def test_openvino_opens_no_socket_and_leaves_no_file_in_the_home(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        env=home,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_without_the_block_openvino_would_have_loaded_its_telemetry() -> None:
    """The control of the test before: in a bare interpreter the package that reports is imported."""
    pytest.importorskip("openvino_telemetry")
    code = "import sys, openvino; print(getattr(sys.modules.get('openvino_telemetry'), '__name__', ''))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"CI": "true", "HOME": "/nowhere", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "openvino_telemetry"


def test_the_identity_names_backend_device_and_precision() -> None:
    engine = engine_of("openvino fp32", "lite")
    assert engine is not None
    assert engine.identity == EngineIdentity("openvino", "cpu", "fp32")
    assert engine.notes == []


def test_the_fast_mode_says_so_beside_every_result() -> None:
    engine = engine_of("openvino bf16", "lite")
    if engine is None:
        pytest.skip("this CPU does not compute in bfloat16")
    assert engine.identity.precision == "bf16"
    assert "fast mode" in engine.notes[0]


def test_a_processor_without_bfloat16_has_no_fast_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "has_bfloat16", lambda: False)
    with pytest.raises(BadRequest, match="leave --engine out"):
        OpenVinoEngine(graph_of("lite"), lambda: Engine(network_of("lite"), "cpu"), "bf16")
    assert isinstance(has_bfloat16(), bool)


@pytest.mark.parametrize("family", ["lite", "loda", "lodapro", "lariqa"])
@pytest.mark.parametrize("shape", [(48, 51), (66, 67), (96, 224), (181, 217)])
def test_a_plane_is_framed_as_the_network_pads_it(family: str, shape: tuple[int, int]) -> None:
    network = network_of(family)
    framing = framing_of(network)
    plane = np.random.default_rng(2).random(shape, dtype=np.float32)
    wanted = network.padded(torch.from_numpy(plane)[None, None]).numpy()
    image, mask = framing.frame(plane)
    rows, columns = framing.cells(plane)
    if not framing.masked:
        wanted = wanted[..., : rows * framing.grid, : columns * framing.grid]
    assert (image == wanted).all()
    assert mask.shape[1:] == (image.shape[2] // framing.grid, image.shape[3] // framing.grid)
    assert mask[0, :rows, :columns].all()
    assert mask.sum() == rows * columns


def test_a_plane_too_large_for_a_graph_is_scored_by_torch_in_windows() -> None:
    plane = phantom_of(64, 1100)
    engine = engine_of("openvino fp32", "lite")
    assert engine is not None
    (found,), (wanted,) = (
        list(one.predict([plane])) for one in (engine, Engine(network_of("lite"), "cpu"))
    )
    assert found.score == wanted.score
    assert engine.identity.backend == "torch"
    list(engine.predict([phantom_of(96, 96)]))
    assert engine.identity.backend == "openvino"
