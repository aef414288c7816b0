"""What each recipe trains in the networks that ship, and adapters that change nothing before they learn."""

from __future__ import annotations

import pytest
import torch

from miqa_app.networks import MIQANet, build
from miqa_app.training.finetune.parts import merge, plain_state, prepare

from .conftest import short, tiny


@pytest.fixture(scope="module")
def lite() -> MIQANet:
    torch.manual_seed(0)
    return build("lite").eval()


def learnt(network: MIQANet) -> set[str]:
    return {name for name, weight in network.named_parameters() if weight.requires_grad}


def test_heads_train_what_reads_the_fused_map(lite: MIQANet) -> None:
    prepare(lite, short(parts="heads"))
    assert {name.split(".")[0] for name in learnt(lite)} == {
        n.rstrip(".") for n in lite.parts.heads
    }


def test_last_adds_necks_alignment_and_one_stage_of_each_encoder(lite: MIQANet) -> None:
    groups = prepare(lite, short(parts="last"))
    names = learnt(lite)
    encoders = {".".join(n.split(".")[:3]) for n in names if n.startswith(("cnn.", "transformer."))}
    assert encoders == {"cnn.body.layer3", "transformer.body.layers_2"}
    assert {"align", "cnn_neck", "transformer_neck", "weighting"} <= {
        n.split(".")[0] for n in names
    }
    assert {group["lr"] for group in groups} == {3e-3, 1e-3}
    assert sum(len(group["params"]) for group in groups) == len(names)


def test_full_trains_every_weight(lite: MIQANet) -> None:
    prepare(lite, short(parts="full"))
    assert len(learnt(lite)) == len(list(lite.parameters()))


def test_adapters_are_few_weights_and_change_nothing_at_the_start() -> None:
    torch.manual_seed(0)
    network = build("lite").eval()
    image = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        before = network(image).score
        prepare(network, short(parts="adapter", adapter_rank=4))
        assert torch.equal(network(image).score, before)
    adapters = [n for n in learnt(network) if ".parametrizations." in n]
    assert any(".attn.qkv." in name for name in adapters)
    assert any(name.startswith("cnn.body.layer3") for name in adapters)
    size = dict(network.named_parameters())
    assert sum(size[name].numel() for name in adapters) < 0.15 * 5.3e6
    with torch.no_grad():
        for name in adapters:
            size[name].add_(0.01 * torch.randn_like(size[name]))
        changed = network(image).score
        state = plain_state(network)
        assert not torch.allclose(changed, before, atol=1e-4)
        torch.testing.assert_close(merge(network)(image).score, changed)
    plain = build("lite").eval()
    plain.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(plain(image).score, changed)


def test_a_rank_above_that_of_a_small_matrix_is_cut_down() -> None:
    network = tiny()
    prepare(network, short(parts="adapter", adapter_rank=64))
    for name, weight in network.named_parameters():
        if ".parametrizations." in name and name.endswith(".up"):
            assert weight.shape[1] <= min(64, weight.shape[0])
