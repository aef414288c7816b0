"""A small real network, and a user's model folder that is nobody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from miqa_app.networks import MIQANet, NetworkConfig, build
from miqa_app.registry.checkpoint import save_model

CONFIG: dict[str, Any] = {
    "preprocessing": {"version": "robust-series-1"},
    "score_scale": {"low": 0, "high": 100},
    "training": {"summary": "weights at random"},
}


@pytest.fixture(scope="session")
def network() -> MIQANet:
    """A CNN of 16 channels with random weights."""
    torch.manual_seed(3)
    config = NetworkConfig(
        name="tiny", cnn="simplecnn", transformer=None, ap="none", decoder="cnn", width=16
    )
    return build(config).eval()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's models, empty at first."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "miqa_app" / "models"


@pytest.fixture
def folder(models: Path, network: MIQANet) -> Path:
    """A saved model called 'tiny'."""
    save_model(models / "tiny", network, CONFIG, "# tiny\n")
    return models / "tiny"
