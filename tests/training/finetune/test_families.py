"""Every recipe of fine-tuning learns with every family of networks, and trains what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from miqa_app.networks import QualityNetwork, build
from miqa_app.networks.families import LoDaConfig
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.scoring.engine import Engine
from miqa_app.training.finetune.features import FeatureStore, stacked
from miqa_app.training.finetune.parts import prepare
from tests.networks.small_families import SMALL

from .conftest import Runner, short

QUICK = {("loda", "heads"), ("lodapro", "adapter"), ("lariqa", "full"), ("lariqa", "last")}


def _parent(family: str) -> QualityNetwork:
    torch.manual_seed(0)
    return build(SMALL[family]).eval().requires_grad_(False)


@pytest.fixture(params=SMALL)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


RUNS = [
    # the others take as long again; each recipe and each family is among the quick ones
    pytest.param(name, parts, marks=() if (name, parts) in QUICK else pytest.mark.slow)
    for name in SMALL
    for parts in ("heads", "last", "full", "adapter")
]


@pytest.mark.parametrize(("family", "parts"), RUNS)
def test_every_recipe_tunes_every_family_and_moves_what_it_says(
    family: str, parts: str, runner: Runner
) -> None:
    runner.parent = _parent(family)
    runner.task = replace(runner.task, rehearsal=None, train=range(8), validation=range(16, 20))
    rate = 0.02 if parts == "heads" else 3e-3
    tuned = runner(short(parts=parts, epochs=3, learning_rate=rate, backbone_rate=5e-4))
    assert tuned.facts["validation"]["srocc"] > 0.7
    moved = {
        name
        for name, value in tuned.network.state_dict().items()
        if not torch.equal(value, runner.parent.state_dict()[name])
    }
    assert any(name.startswith(runner.parent.parts.heads) for name in moved)
    assert list(tuned.network.state_dict()) == list(runner.parent.state_dict())
    below = {n for n in moved if not n.startswith((*runner.parent.parts.heads, "line."))}
    assert bool(below) == (parts != "heads")


def test_features_kept_of_frames_give_what_the_network_says(family: str, runner: Runner) -> None:
    parent = _parent(family)
    store = FeatureStore(parent)
    planes = [runner.task.planes(place)[0] for place in (0, 5)]
    planes.append(np.ascontiguousarray(planes[0][:50, :61]))
    device = torch.device("cpu")
    features = stacked([store.of(plane, device) for plane in planes])
    with torch.inference_mode():
        said = parent.judge(features.fused.float(), features.summary, features.valid)
        whole = torch.cat([parent(torch.from_numpy(p)[None, None]).score for p in planes])
    torch.testing.assert_close(said.score, whole, atol=2e-3, rtol=0)


def test_the_recipe_last_trains_the_last_stage_of_encoders_that_learn(family: str) -> None:
    network = _parent(family)
    prepare(network, short(parts="last"))
    learnt = {name for name, weight in network.named_parameters() if weight.requires_grad}
    stages = {
        "loda": {"cnn.body.layer4", "transformer.body.blocks"},
        "lodapro": {"cnn.body.blocks", "transformer.body.blocks"},
        "lariqa": {"whole.body.blocks", "detail.body.blocks"},
    }[family]
    found = {".".join(n.split(".")[:3]) for n in learnt if n.startswith(network.parts.encoders)}
    assert found == stages
    assert not any(name.startswith("transformer.body.blocks.10.") for name in learnt)


def test_a_design_with_frozen_encoders_leaves_them_alone_in_the_recipe_last() -> None:
    config = LoDaConfig(
        transformer="vit_tiny", cnn="resnet10t", latent=16, heads=2, injections=2, frozen=True
    )
    network = build(config)
    prepare(network, short(parts="last"))
    learnt = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert not any(name.startswith(network.parts.encoders) for name in learnt)
    assert any(name.startswith("injector.") for name in learnt)


def test_a_saved_network_of_any_family_scores_as_before(
    family: str, runner: Runner, tmp_path: Path
) -> None:
    network = _parent(family)
    config = {
        "preprocessing": {"version": "robust-series-1"},
        "score_scale": {"low": 0, "high": 100},
        "training": {"summary": "weights at random"},
    }
    save_model(tmp_path / "model", network, config, "# small\n")
    loaded = load_model(str(tmp_path / "model")).network
    assert loaded.config == network.config
    plane = runner.task.planes(0)[0]
    before, after = (next(iter(Engine(one, "cpu").predict([plane]))) for one in (network, loaded))
    assert after.score == pytest.approx(before.score, abs=1.0)
    assert after.score_map.shape == (9, 10)
    assert set(after.artefacts) == set(before.artefacts)
