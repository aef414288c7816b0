"""Starting weights: random, ImageNet from a local file, or a model; and what is said of each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from miqa_app.errors import BadModel, BadRecipe
from miqa_app.networks import CONFIGS
from miqa_app.registry.checkpoint import load_model
from miqa_app.training.imagenet import TIMM_WEIGHTS
from miqa_app.training.start import start_identity, starting_network

RESNET10T = CONFIGS["a3"].model_copy(update={"cnn": "resnet10t", "name": "small"})
WITH_LITE_SWIN = CONFIGS["lite"].model_copy(update={"cnn": "resnet10t"})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of timm's smallest ResNet, as its file would be."""
    folder = tmp_path_factory.mktemp("imagenet")
    torch.manual_seed(11)
    state = timm.create_model("resnet10t", pretrained=False).state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "resnet10t.c3_in1k.safetensors")  # fmt: skip
    return folder


def test_every_name_of_timm_exists() -> None:
    known = set(timm.list_pretrained())
    assert set(TIMM_WEIGHTS.values()) <= known


def test_random_weights_follow_the_seed() -> None:
    one, start = starting_network(RESNET10T, "random", 3)
    two, _ = starting_network(RESNET10T, "random", 3)
    other, _ = starting_network(RESNET10T, "random", 4)
    assert start.words == "random weights, seed 3"
    assert start.learnt == ()
    first = next(iter(one.parameters()))
    assert torch.equal(first, next(iter(two.parameters())))
    assert not torch.equal(first, next(iter(other.parameters())))


def test_imagenet_weights_come_from_a_local_file(weights: Path) -> None:
    network, start = starting_network(RESNET10T, "imagenet", 0, weights)
    torch.manual_seed(11)
    expected = timm.create_model("resnet10t", pretrained=False).state_dict()
    own = network.cnn.body.state_dict()
    assert torch.equal(own["layer3_0.conv1.weight" if "layer3_0.conv1.weight" in own else "layer3.0.conv1.weight"], expected["layer3.0.conv1.weight"])  # fmt: skip
    sha256 = hashlib.sha256((weights / "resnet10t.c3_in1k.safetensors").read_bytes()).hexdigest()
    assert start.words == (
        f"resnet10t from ImageNet (resnet10t.c3_in1k, licence apache-2.0, file sha256 {sha256[:12]})"
    )
    assert start.learnt == ("cnn",)


def test_a_branch_without_imagenet_weights_begins_at_random_and_says_so(weights: Path) -> None:
    _, start = starting_network(WITH_LITE_SWIN, "imagenet", 0, weights)
    assert start.words.endswith("swin_lite from random weights (there are none from ImageNet)")
    assert start.learnt == ("cnn",)
    with pytest.raises(BadRecipe, match="no ImageNet weights for a1; start it from random"):
        starting_network(CONFIGS["a1"], "imagenet", 0, weights)


def test_a_missing_file_is_named(weights: Path) -> None:
    with pytest.raises(BadRecipe, match=r"resnet34\.tv_in1k\.safetensors is missing"):
        starting_network(CONFIGS["a3"], "imagenet", 0, weights)


def test_a_download_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    original = timm.create_model

    def fail(*names: Any, pretrained: bool = False, **options: Any) -> Any:
        if pretrained:
            raise ConnectionError("no route to host")
        return original(*names, pretrained=pretrained, **options)

    monkeypatch.setattr("miqa_app.training.imagenet.timm.create_model", fail)
    with pytest.raises(
        BadRecipe, match=r"resnet10t\.c3_in1k could not be had: no route to host; allow the"
    ):
        starting_network(RESNET10T, "imagenet", 0)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "resnet10t.c3_in1k.safetensors")
    with pytest.raises(BadRecipe, match="could not be had"):
        starting_network(RESNET10T, "imagenet", 0, tmp_path)


def test_a_model_gives_all_its_weights_to_its_own_design() -> None:
    network, start = starting_network(CONFIGS["lite"], "lite", 0)
    source = load_model("lite")
    assert start.words.endswith(f"(sha256 {source.folder.sha256[:12]}), 100 % of the weights")
    assert start.learnt == ("cnn", "transformer")
    for name, value in source.network.state_dict().items():
        assert torch.equal(network.state_dict()[name], value), name


def test_a_model_that_is_missing_says_which_there_are() -> None:
    with pytest.raises(BadModel, match="There is no model 'nobody'"):
        starting_network(CONFIGS["lite"], "nobody", 0)


def test_a_start_is_told_from_another(weights: Path) -> None:
    config = RESNET10T
    names = {
        start_identity(config, "random"),
        start_identity(config, "imagenet"),
        start_identity(config, "imagenet", weights),
        start_identity(config, "lite"),
    }
    assert len(names) == 4
    assert start_identity(config, "lite") == load_model("lite").folder.sha256
