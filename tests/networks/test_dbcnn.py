"""DBCNN: the sizes of its paper, its bilinear pooling, and the score map that is made of the same."""

from __future__ import annotations

import pytest
import torch

from miqa_app.networks import build, named_config
from miqa_app.networks.dbcnn import DbCnn, SCnn

from .small_families import DBCNN


@pytest.fixture
def network() -> DbCnn:
    torch.manual_seed(2)
    built = build(DBCNN).eval()
    assert isinstance(built, DbCnn)
    return built


def maps(network: DbCnn, rows: int, columns: int) -> torch.Tensor:
    """What both CNNs might see: nothing negative, and often nothing."""
    values = torch.randn(2, network.channels, rows, columns, generator=torch.Generator().manual_seed(4))  # fmt: skip
    return values.relu()


def test_vgg16_up_to_its_last_convolution_and_a_small_cnn_meet_in_one_linear_layer() -> None:
    with torch.device("meta"):
        network = build("dbcnn")
    shapes = [tuple(w.shape) for n, w in network.named_parameters() if n.endswith("weight") and w.ndim == 4]  # fmt: skip
    assert [shape[0] for shape in shapes[:13]] == [64, 64, 128, 128, *[256] * 3, *[512] * 6]
    small = [(48, 3), (48, 48), (64, 48), (64, 64), (64, 64), (64, 64), (128, 64), (128, 128), (128, 128)]  # fmt: skip
    assert [shape[:2] for shape in shapes[13:22]] == small
    assert all(shape[2:] == (3, 3) for shape in shapes[:22])
    assert network.output.weight.shape == (1, 512 * 128)  # type: ignore[union-attr]


def test_both_cnns_have_a_cell_per_sixteen_pixels() -> None:
    assert SCnn()(torch.rand(1, 3, 64, 96)).shape == (1, 128, 4, 6)
    with torch.device("meta"):
        vgg = build("dbcnn").cnn
    assert (vgg.strides, vgg.channels) == ([16], [512])  # type: ignore[union-attr]


def test_the_score_is_a_line_on_the_pooled_products_of_all_pairs_of_channels(
    network: DbCnn,
) -> None:
    fused, valid = maps(network, 5, 7), torch.ones(2, 5, 7, dtype=torch.bool)
    valid[1, 3:] = False
    with torch.inference_mode():
        score = network.read(fused, fused[:, :1, 0, 0], valid).score
    assert score is not None
    weight, bias = network.output.weight[0].double(), network.output.bias[0].double()
    for image in range(2):
        cells = fused[image, :, valid[image]].double().T  # (cells, channels)
        products = torch.stack([torch.outer(c[: network.seen], c[network.seen :]) for c in cells])
        vector = products.mean(dim=0).flatten().sqrt()
        expected = (vector / vector.norm()) @ weight + bias
        assert score[image].item() == pytest.approx(expected.item(), abs=2e-4)


def test_a_cell_says_what_the_network_would_say_if_all_were_like_it(network: DbCnn) -> None:
    fused = maps(network, 3, 4)
    valid = torch.ones(2, 3, 4, dtype=torch.bool)
    with torch.inference_mode():
        reading = network.read(fused, fused[:, :1, 0, 0], valid)
        for row, column in ((0, 0), (2, 1)):
            alike = fused[:, :, row, column, None, None].expand(-1, -1, 3, 4)
            score = network.read(alike, fused[:, :1, 0, 0], valid).score
            torch.testing.assert_close(reading.score_map[:, row, column], score, atol=2e-3, rtol=0)
    assert reading.score_map.std() > 0
    assert torch.equal(reading.weight_map, valid.float())


def test_padding_has_no_say_even_where_it_holds_no_numbers(network: DbCnn) -> None:
    fused, valid = maps(network, 4, 4), torch.ones(2, 4, 4, dtype=torch.bool)
    valid[:, 2:] = False
    spoilt = fused.clone()
    spoilt[:, :, 2:] = float("nan")
    with torch.inference_mode():
        one, two = (network.read(f, f[:, :1, 0, 0], valid) for f in (fused, spoilt))
    assert torch.equal(one.score, two.score)  # type: ignore[arg-type]
    assert torch.equal(one.score_map, two.score_map)


def test_channels_that_see_nothing_leave_finite_gradients(network: DbCnn) -> None:
    fused = torch.zeros(1, network.channels, 2, 2, requires_grad=True)
    reading = network.read(fused, fused[:, :1, 0, 0], torch.ones(1, 2, 2, dtype=torch.bool))
    (reading.score.sum() + reading.score_map.sum()).backward()  # type: ignore[union-attr]
    assert fused.grad is not None
    assert fused.grad.isfinite().all()


def test_dbcnn_begins_near_the_mean_of_the_targets() -> None:
    torch.manual_seed(0)
    network = build(DBCNN.model_copy(update={"score_bias": 0.7})).eval()
    with torch.inference_mode():
        scores = network(torch.rand(4, 1, 64, 64)).score
    assert (scores - 0.7).abs().max() < 0.1
    assert named_config("dbcnn").family == "dbcnn"
