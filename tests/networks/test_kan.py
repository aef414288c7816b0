"""The splines of the Kolmogorov-Arnold layer are those of SciPy, and the layer has the weights that the design says."""

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from miqa_app.networks.kan import INTERVALS, ORDER, KanLayer, spline_bases, spline_knots


@pytest.mark.parametrize(("intervals", "order"), [(INTERVALS, ORDER), (3, 1), (8, 2), (4, 4)])
def test_the_bases_are_those_of_scipy(intervals, order):
    knots = spline_knots(intervals, order)
    values = torch.linspace(-0.999, 0.999, 101)
    found = spline_bases(values, knots, order).numpy()
    for number in range(intervals + order):
        coefficients = np.zeros(intervals + order)
        coefficients[number] = 1
        expected = BSpline(knots.double().numpy(), coefficients, order)(values.numpy())
        np.testing.assert_allclose(found[:, number], expected, atol=2e-6)


def test_the_bases_sum_to_one_within_the_range_and_vanish_far_outside():
    values = torch.linspace(-1, 0.9999, 200)
    torch.testing.assert_close(spline_bases(values, spline_knots()).sum(-1), torch.ones(200))
    assert spline_bases(torch.tensor([-2.5, 2.5]), spline_knots()).abs().sum() == 0


def test_a_layer_is_the_sum_over_its_edges():
    torch.manual_seed(0)
    layer = KanLayer(3, 2).eval()
    values = torch.randn(5, 3)
    x = torch.tanh(layer.norm(values)).detach().double().numpy()
    knots = layer.knots.double().numpy()
    expected = np.zeros((5, 2))
    for out in range(2):
        for into in range(3):
            weights = layer.spline[out, into].detach().double().numpy()
            spline = BSpline(knots, weights, ORDER)(x[:, into])
            silu = x[:, into] / (1 + np.exp(-x[:, into]))
            expected[:, out] += layer.scale[out, into].item() * spline
            expected[:, out] += layer.base[out, into].item() * silu
    np.testing.assert_allclose(layer(values).detach().numpy(), expected, atol=1e-5)


def test_an_edge_has_ten_weights():
    layer = KanLayer(20, 7)
    edges = sum(p.numel() for name, p in layer.named_parameters() if "norm" not in name)
    assert edges == 20 * 7 * (INTERVALS + ORDER + 2)


def test_large_inputs_still_reach_the_splines():
    torch.manual_seed(0)
    layer = KanLayer(8, 1)
    layer(50 * torch.randn(16, 8)).sum().backward()
    used = (layer.spline.grad.abs() > 1e-6).float().mean()
    assert used > 0.5
