"""Engines from the command line: chosen by name, named in the result, and networks written for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.networks import build
from miqa_app.paths import bundled
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.scoring.engines.graph import OUTPUTS, write_onnx
from miqa_app.scoring.engines.library import library
from miqa_app.services.engine_graphs import graph_file
from tests.networks.small_families import SMALL
from tests.registry.promotable import CONFIG, NAME, prepared

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return prepared(tmp_path, monkeypatch)


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, [str(argument) for argument in arguments])


def test_the_engine_asked_for_is_the_one_that_the_result_names(tmp_path: Path) -> None:
    scan, scores = bundled("resources") / "phantom" / "clean.nii.gz", {}
    for engine in ("torch", "openvino", "auto"):
        file = tmp_path / f"{engine}.json"
        assert miqa("score", scan, "--model", NAME, "--engine", engine, "--json", file) == 0
        document = json.loads(file.read_text())
        assert document["engine"]["backend"] == ("torch" if engine == "torch" else "openvino")
        assert document["engine"]["precision"] == "fp32"
        (series,) = document["series"]
        scores[engine] = [row["score"] for row in series["slices"]]
    assert scores["openvino"] == pytest.approx(scores["torch"], abs=0.05)
    assert scores["auto"] == scores["openvino"]


def test_a_wrong_engine_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    scan = bundled("resources") / "phantom" / "clean.nii.gz"
    assert miqa("score", scan, "--engine", "tensorrt") == 2
    assert "choose one of auto, torch, openvino, fast" in capsys.readouterr().err


def test_preparing_makes_the_graph_and_says_which_engine_was_chosen(
    models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miqa_app.training.finetune.priority.run_in_background", lambda: None)
    assert miqa("models", "prepare", NAME) == 0
    assert capsys.readouterr().out.startswith("This computer scores a slice in ")
    assert graph_file(load_model(NAME).folder.sha256).exists()


def test_a_network_goes_to_onnx_and_says_there_what_it_says_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "network.onnx"
    assert miqa("models", "export", NAME, "--onnx", file) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert_onnx_agrees(file, load_model(NAME).network)
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


@pytest.mark.slow
def test_the_bundled_model_goes_to_onnx_and_says_there_what_it_says_here(tmp_path: Path) -> None:
    network = load_model("lite").network
    write_onnx(network, tmp_path / "lite.onnx")
    assert_onnx_agrees(tmp_path / "lite.onnx", network)


def assert_onnx_agrees(file: Path, network: torch.nn.Module) -> None:
    """Batch, height and width other than those of the export, and a mask that leaves cells out."""
    rng = np.random.default_rng(4)
    compiled = library().Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for batch, height, width in ((1, 96, 160), (3, 352, 128)):
        image = rng.random((batch, 1, height, width), dtype=np.float32)
        valid = np.ones((batch, height // 8, width // 8), bool)
        valid[:, -4:], valid[:, :, -3:] = False, False
        with torch.inference_mode():
            wanted = network.predict_padded(torch.from_numpy(image), torch.from_numpy(valid))
        found = compiled([image, valid])
        for name in OUTPUTS:
            expected = getattr(wanted, name).numpy()
            assert found[name] == pytest.approx(expected, abs=2e-4), name


def test_onnx_is_refused_where_a_network_has_no_form_in_it_and_leaves_no_file(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(models / "lar", build(SMALL["lariqa"]).eval(), CONFIG, "# lar\n")
    assert miqa("models", "export", "lar", "--onnx", models / "lar.onnx") == 2
    assert "cannot be written as ONNX" in capsys.readouterr().err
    assert miqa("models", "export", "lar") == 2
    assert "Name the archive" in capsys.readouterr().err
    both = ("models", "export", "lar", models / "lar.miqa", "--onnx", models / "lar.onnx")
    assert miqa(*both) == 2
    assert "not both" in capsys.readouterr().err
    assert miqa("models", "export", "nix", "--onnx", models / "lar.onnx") in (1, 2)
    assert "takes up to a minute" not in capsys.readouterr().err
    assert not (models / "lar.onnx").exists()


def test_onnx_into_a_folder_that_is_not_there_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert miqa("models", "export", NAME, "--onnx", tmp_path / "none" / "network.onnx") == 2
    words = " ".join(capsys.readouterr().err.split())
    assert "there is no folder" in words
    assert "partial" not in words
