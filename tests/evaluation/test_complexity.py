"""Counts of weights and operations against those of the specification and against hand counts."""

from __future__ import annotations

import pytest
from timm.layers.config import use_fused_attn

from miqa_app.evaluation.complexity import complexity
from miqa_app.networks import count_parameters, named_config


@pytest.mark.parametrize(
    ("name", "macs"),
    [("lite", 2.49e9), ("a10", 10.21e9), ("resnet18", 1.814e9 + 0.72e9)],
)  # fmt: skip
def test_operations_are_those_of_the_specification(name: str, macs: float) -> None:
    """MIQANet as models.md counts it; ResNet18 alone is its encoder (1.814 G) with neck and decoder."""
    found = complexity(named_config(name))
    assert found.macs == pytest.approx(macs, rel=0.01)
    assert found.weights == count_parameters(name)


def test_attention_is_counted_and_the_setting_of_the_library_left_as_it_was() -> None:
    """A vision transformer of 12 blocks: its two products of attention alone are 2 · 12 · 197² · 192 operations."""
    before = use_fused_attn()
    found = complexity(named_config("loda_tiny"))
    assert use_fused_attn() == before
    assert found.macs > 1.26e9 + 2 * 12 * 197**2 * 192
