"""The deformable convolution is the usual one, by other means."""

import pytest
import torch
from torch.nn import functional as F

from miqa_app.networks import DeformableAlignment, deform_conv3x3


@pytest.mark.parametrize("size", [(9, 12), (1, 7), (5, 1)])
@pytest.mark.parametrize("modulated", [False, True])
def test_it_agrees_with_torchvision_also_out_of_bounds(size, modulated):
    ops = pytest.importorskip("torchvision.ops")
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(2, 4, *size, generator=generator)
    offsets = 4 * torch.randn(2, 18, *size, generator=generator)
    weight = torch.randn(6, 4, 3, 3, generator=generator)
    factors = torch.rand(2, 9, *size, generator=generator) if modulated else None
    expected = ops.deform_conv2d(features, offsets, weight, padding=1, mask=factors)
    torch.testing.assert_close(
        deform_conv3x3(features, offsets, weight, factors), expected, atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("kind", ["on", "modulated"])
def test_zero_offsets_start_it_as_the_plain_convolution(kind):
    layer = DeformableAlignment(16, kind)
    torch.nn.init.zeros_(layer.offset.weight)
    torch.nn.init.zeros_(layer.offset.bias)
    plain = DeformableAlignment(16, "off")
    plain.load_state_dict(layer.state_dict(), strict=False)
    cnn, swin = torch.randn(2, 16, 8, 9), torch.randn(2, 16, 8, 9)
    torch.testing.assert_close(layer(cnn, swin), plain(cnn, swin), atol=1e-5, rtol=1e-5)


def test_sampling_keeps_full_precision_under_autocast():
    features, offsets = torch.randn(1, 3, 4, 200), torch.full((1, 18, 4, 200), 0.3)
    weight = torch.zeros(1, 3, 3, 3)
    weight[0, 0, 1, 1] = 1.0
    exact = deform_conv3x3(features, offsets, weight)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        reduced = deform_conv3x3(features, offsets, weight)
    torch.testing.assert_close(reduced.float(), exact, atol=0.02, rtol=0.01)


def test_offsets_that_are_not_finite_do_no_harm():
    features, weight = torch.randn(1, 2, 5, 5), torch.randn(2, 2, 3, 3)
    offsets = torch.zeros(1, 18, 5, 5)
    offsets[0, 0] = float("nan")
    torch.testing.assert_close(
        deform_conv3x3(features, offsets, weight),
        F.conv2d(features, weight, padding=1),
        atol=1e-5,
        rtol=1e-5,
    )
    offsets[0, :] = float("inf")
    assert (deform_conv3x3(features, offsets, weight) == 0).all()


def test_the_alignment_takes_its_offsets_from_the_transformer_only():
    layer = DeformableAlignment(16, "on")
    cnn, swin = torch.randn(1, 16, 8, 8), torch.randn(1, 16, 8, 8)
    seen = []
    layer.offset.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    layer(cnn, swin)
    assert seen[0] is swin
