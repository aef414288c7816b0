"""The table of sizes is what counting gives."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from miqa_app.networks import CONFIGS, build
from miqa_app.networks.catalogue import SIZES

LIGHT = {
    "lite", "loda_tiny", "lodapro_tiny", "lodapro_lite", "lariqa", "lariqa_mlp", "lariqa_paper", "lariqa_128",
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_the_weights_are_counted_right(name):
    with torch.device("meta"):
        weights = list(build(name).parameters())
    assert sum(weight.numel() for weight in weights) == SIZES[name].weights
    assert sum(w.numel() for w in weights if w.requires_grad) == SIZES[name].learnt


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in LIGHT else pytest.mark.slow) for n in SIZES],
)
def test_the_operations_are_counted_right(name):
    cells = torch.ones(1, 28, 28, dtype=torch.bool)
    network = build(name).eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.predict_padded(torch.rand(1, 1, 224, 224), cells)
    assert counter.get_total_flops() // 2 == SIZES[name].operations


def test_every_family_is_in_the_table():
    assert {CONFIGS[name].family for name in SIZES} == {"miqanet", "loda", "lodapro", "lariqa"}
