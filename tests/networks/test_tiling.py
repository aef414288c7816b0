"""Windows blend into the result of the whole slice."""

import pytest
import torch

from miqa_app.networks import NetworkConfig, build, predict_tiled
from miqa_app.networks.network import MARGIN, PAD
from miqa_app.networks.pooling import pad
from miqa_app.networks.tiling import hann_window, window_starts

SMALL = NetworkConfig(
    cnn="resnet10t", cnn_stages=(1, 2, 3), transformer="swin_lite", width=32, artefact_kinds=5
)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build(SMALL).eval()


@pytest.mark.parametrize("size", [(96, 64), (97, 130), (40, 60), (7, 9), (224, 224)])
def test_one_window_over_the_image_equals_the_full_frame(network, size):
    image = torch.rand(1, 1, *size)
    with torch.inference_mode():
        full = network(image)
    tiled = predict_tiled(network, image)
    for name, value in tiled._asdict().items():
        torch.testing.assert_close(value, getattr(full, name), atol=1e-4, rtol=0, msg=name)


def test_many_windows_cover_every_cell_and_stay_finite(network):
    image = torch.rand(1, 1, 150, 203)
    tiled = predict_tiled(network, image, window=96, stride=48)
    assert tiled.score_map.shape == (1, 19, 26)
    assert all(value.isfinite().all() for value in tiled)
    weights = tiled.weight_map
    torch.testing.assert_close(tiled.score[0], (tiled.score_map * weights).sum() / weights.sum())


def _left_window(network, image):
    """Return the prediction of the left 96 x 96 pixels of an image of 60 rows, with its margin below."""
    cells = torch.zeros(1, 12, 12, dtype=torch.bool)
    cells[:, :8] = True
    with torch.inference_mode():
        return network.predict_padded(pad(image, PAD, MARGIN)[..., :96], cells)


def test_a_cell_that_one_window_sees_keeps_the_value_of_that_window(network):
    image = torch.rand(1, 1, 60, 150)
    tiled = predict_tiled(network, image, window=96, stride=96)
    left = _left_window(network, image)
    torch.testing.assert_close(tiled.score_map[..., :12], left.score_map[:, :8], atol=1e-4, rtol=0)


def test_masked_pixels_are_not_counted(network):
    image = torch.rand(1, 1, 60, 150)
    valid = torch.ones(image.shape, dtype=torch.bool)
    valid[..., 96:] = False
    tiled = predict_tiled(network, image, window=96, stride=96, valid=valid)
    left = _left_window(network, image)
    torch.testing.assert_close(tiled.score, left.score, atol=1e-4, rtol=0)
    torch.testing.assert_close(tiled.embedding, left.embedding, atol=1e-4, rtol=0)


def test_a_large_photograph_is_judged_in_its_colours(network):
    colours = torch.rand(1, 3, 60, 150)
    grey = colours[:, :1]
    score = predict_tiled(network, colours, window=96, stride=48).score
    as_slice = predict_tiled(network, grey, window=96, stride=48).score
    alike = predict_tiled(network, grey.expand(-1, 3, -1, -1), window=96, stride=48).score
    torch.testing.assert_close(alike, as_slice, atol=1e-5, rtol=0)
    assert abs(float(score - as_slice)) > 1e-4


def test_the_last_window_ends_at_the_border():
    assert window_starts(512, 224, 112) == [0, 112, 224, 288]
    assert window_starts(224, 224, 112) == [0]
    assert (hann_window(28, 28) > 0).all()


@pytest.mark.parametrize(("window", "stride"), [(100, 48), (96, 0), (96, 100), (96, 44), (0, 8)])
def test_windows_off_the_grid_are_refused(network, window, stride):
    with pytest.raises(ValueError):
        predict_tiled(network, torch.rand(1, 1, 64, 64), window, stride)
