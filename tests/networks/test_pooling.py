"""Only real cells count, whatever stands in the others."""

import pytest
import torch

from miqa_app.networks import NetworkConfig, masked_mean, pool_score, weighted_mean
from miqa_app.networks.fusion import AdaptiveWeighting
from miqa_app.networks.pooling import masked_peak, pad, valid_cells


def _maps():
    generator = torch.Generator().manual_seed(1)
    score = torch.rand(2, 5, 6, generator=generator)
    weight = torch.rand(2, 5, 6, generator=generator)
    valid = torch.ones(2, 5, 6, dtype=torch.bool)
    valid[:, 3:] = False
    valid[1, :, 4:] = False
    return score, weight, valid


def test_the_score_is_the_weighted_mean_of_equation_6():
    score, weight, valid = _maps()
    pooled, _ = pool_score(score, weight, valid)
    real = (score[1, :3, :4] * weight[1, :3, :4]).sum() / weight[1, :3, :4].sum()
    torch.testing.assert_close(pooled[1], real)


def test_invalid_cells_do_not_change_the_score_even_when_not_numbers():
    score, weight, valid = _maps()
    before, contribution = pool_score(score, weight, valid)
    score[~valid], weight[~valid] = float("nan"), float("inf")
    after, changed = pool_score(score, weight, valid)
    assert torch.equal(before, after)
    assert torch.equal(contribution, changed)


def test_contributions_sum_to_zero_and_vanish_in_invalid_cells():
    score, weight, valid = _maps()
    _, contribution = pool_score(score, weight, valid)
    assert contribution.sum().abs() < 1e-5
    assert (contribution[~valid] == 0).all()


def test_an_image_without_valid_cells_gives_finite_values():
    score, weight, valid = _maps()
    pooled, contribution = pool_score(score, weight, torch.zeros_like(valid))
    assert (pooled == 0).all()
    assert contribution.isfinite().all()


def test_means_of_maps_ignore_invalid_cells():
    _, weight, valid = _maps()
    features = torch.rand(2, 7, 5, 6)
    plain, weighted = masked_mean(features, valid), weighted_mean(features, weight, valid)
    torch.testing.assert_close(plain[0], features[0, :, :3].mean(dim=(1, 2)))
    features = torch.where(valid[:, None], features, torch.nan)
    assert torch.equal(plain, masked_mean(features, valid))
    assert torch.equal(weighted, weighted_mean(features, weight, valid))


def test_gating_ignores_invalid_cells():
    _, _, valid = _maps()
    gate = AdaptiveWeighting(NetworkConfig(width=32))
    cnn, swin = torch.rand(2, 32, 5, 6), torch.rand(2, 32, 5, 6)
    before = gate(cnn, swin, valid)
    cnn = torch.where(valid[:, None], cnn, 1000.0)
    swin = torch.where(valid[:, None], swin, torch.nan)
    assert torch.equal(before, gate(cnn, swin, valid))
    torch.testing.assert_close(before.sum(dim=1), torch.full((2,), 2.0))


def test_a_cell_is_valid_when_it_holds_a_real_pixel():
    mask = torch.zeros(1, 1, 20, 20, dtype=torch.bool)
    mask[..., :9, :8] = True
    cells = valid_cells(mask, 8, (4, 4))
    assert cells[0].tolist() == [[True] + [False] * 3] * 2 + [[False] * 4] * 2


def test_padding_mirrors_where_it_can_and_repeats_where_it_cannot():
    image = torch.arange(30.0).view(1, 1, 30, 1).expand(1, 1, 30, 5)
    padded = pad(image, 32, 0)
    assert padded.shape == (1, 1, 32, 32)
    assert padded[0, 0, 28:, 0].tolist() == [28.0, 29.0, 28.0, 27.0]
    assert padded[0, 0, 3].unique().tolist() == [3.0]


@pytest.mark.parametrize(("side", "expected"), [(16, 32), (17, 64), (32, 64), (48, 64), (49, 96)])
def test_padding_keeps_its_margin(side, expected):
    padded = pad(torch.rand(1, 1, side, 80), 32, 16)
    assert padded.shape[-2:] == (expected, 96)


def test_the_peak_ignores_cells_that_hold_no_pixels() -> None:
    features = torch.tensor([[[[1.0, 9.0], [2.0, float("nan")]]]])
    valid = torch.tensor([[[True, False], [True, False]]])
    assert masked_peak(features, valid).tolist() == [[2.0]]
    assert masked_peak(features, torch.zeros_like(valid)).tolist() == [[0.0]]


def test_the_peak_is_the_mean_of_two_per_cent_so_that_it_does_not_grow_with_the_slice() -> None:
    ramp = torch.arange(100.0).view(1, 1, 10, 10)
    whole = torch.ones(1, 10, 10, dtype=torch.bool)
    assert masked_peak(ramp, whole).item() == (99 + 98) / 2
    half = whole.clone()
    half[:, 5:] = False
    assert masked_peak(ramp, half).item() == 49
    torch.manual_seed(0)
    small, large = torch.randn(1, 64, 12, 12), torch.randn(1, 64, 64, 64)
    at_small = masked_peak(small, torch.ones(1, 12, 12, dtype=torch.bool)).mean()
    at_large = masked_peak(large, torch.ones(1, 64, 64, dtype=torch.bool)).mean()
    assert abs(at_small - at_large) < 0.2 < large.amax() - small.amax()
