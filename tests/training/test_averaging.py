"""Averaged weights are judged with batch statistics of their own."""

from __future__ import annotations

import pytest
import torch

from miqa_app.networks import build, freeze_encoders, named_config
from miqa_app.training.averaging import measure_batch_statistics


def test_the_statistics_are_those_of_the_data_and_nothing_else_changes() -> None:
    torch.manual_seed(0)
    network = build(named_config("lite"))
    stem = network.cnn.body.bn1
    stem.running_mean.fill_(50.0)
    weights = {name: value.clone() for name, value in network.named_parameters()}
    batches = [
        {"image": torch.rand(4, 1, 64, 64), "valid": torch.ones(4, 1, 64, 64, dtype=torch.bool)}
        for _ in range(3)
    ]
    seen: list[torch.Tensor] = []
    handle = stem.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].mean((0, 2, 3)))
    )
    measure_batch_statistics(network, iter(batches))
    handle.remove()
    assert torch.allclose(stem.running_mean, torch.stack(seen).mean(0), atol=1e-4)
    assert stem.momentum == pytest.approx(0.1)
    assert network.training
    assert stem.training
    assert all(torch.equal(weights[name], value) for name, value in network.named_parameters())


def test_an_encoder_that_rests_keeps_its_statistics() -> None:
    network = build(named_config("lite"))
    stem = network.cnn.body.bn1
    batch = {"image": torch.rand(2, 1, 64, 64), "valid": torch.ones(2, 1, 64, 64, dtype=torch.bool)}
    freeze_encoders(network)
    before = stem.running_mean.clone()
    measure_batch_statistics(network, [batch])
    assert torch.equal(stem.running_mean, before)
    freeze_encoders(network, frozen=False)
    measure_batch_statistics(network, [batch])
    assert not torch.equal(stem.running_mean, before)


def test_a_frozen_batchnorm_stays_frozen_afterwards() -> None:
    network = build(named_config("lite")).eval()
    batch = {"image": torch.rand(2, 1, 64, 64), "valid": torch.ones(2, 1, 64, 64, dtype=torch.bool)}
    measure_batch_statistics(network, [batch])
    assert not network.training
    assert not network.cnn.body.bn1.training
