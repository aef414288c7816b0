"""The three views of a slice show what a linear grey channel hides."""

from __future__ import annotations

import torch

from miqa_app.networks.views import views


def test_a_faint_ghost_in_the_air_stands_out_in_the_second_and_third_view() -> None:
    air = torch.zeros(1, 1, 64, 64)
    ghost = air.clone()
    ghost[..., 30:34, :] = 0.02
    difference = (views(ghost) - views(air)).abs().amax(dim=(0, 2, 3))
    assert difference[0] < 0.1
    assert difference[1] > 0.5
    assert difference[2] > 0.3


def test_an_even_slice_has_no_local_contrast_not_even_at_its_edges() -> None:
    assert views(torch.full((1, 1, 40, 40), 0.7))[:, 2].abs().max() < 1e-4


def test_the_views_of_any_slice_are_finite() -> None:
    slices = torch.cat((torch.zeros(1, 1, 33, 47), torch.ones(1, 1, 33, 47)))
    assert views(slices).shape == (2, 3, 33, 47)
    assert views(slices).isfinite().all()
