"""The mean of two models is a model half way between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from miqa_app.errors import BadModel
from miqa_app.networks import build
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.training.mean_weights import main, mean_of

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {"preprocessing": {}, "score_scale": {}, "training": {"summary": "of a test", "steps": 3}}


def written(folder: Path, seed: int, network: str = "a1") -> str:
    torch.manual_seed(seed)
    save_model(folder, build(network), CONFIG | {"interval": {"factor": 2.0}}, "")
    return str(folder)


def test_every_weight_is_half_way_and_nothing_measured_is_kept(tmp_path: Path) -> None:
    one, two = (written(tmp_path / name, seed) for seed, name in enumerate(("one", "two")))
    mean = load_model(str(mean_of(one, two, tmp_path / "mean")))
    states = [load_model(name).network.state_dict() for name in (one, two)]
    for key, value in mean.network.state_dict().items():
        half = (states[0][key].double() + states[1][key].double()) / 2
        assert torch.allclose(value.double(), half, atol=1e-3, rtol=1e-3), key
    assert mean.folder.config["training"]["steps"] == 3
    assert one.rsplit("/", 1)[0] not in mean.folder.config["training"]["mean_of"]
    assert "interval" not in mean.folder.config


def test_models_of_two_designs_have_no_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = written(tmp_path / "one", 0), written(tmp_path / "two", 0, "lenet5")
    with pytest.raises(BadModel, match="different designs"):
        mean_of(one, two, tmp_path / "mean")
    assert main([one, two, str(tmp_path / "mean")]) == 1
    assert "different designs" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()
    assert main([one]) == 2
