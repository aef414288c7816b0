"""MIQANet takes any slice, in every design, and says the same thing twice."""

import pytest
import torch
from safetensors.torch import load, save

from miqa_app.networks import CONFIGS, NetworkConfig, build, freeze_batchnorm
from miqa_app.networks.config import ROWS

SMALL = NetworkConfig(
    cnn="resnet10t", cnn_stages=(1, 2, 3), transformer="swin_lite", width=32, artefact_kinds=5
)
HEAVY = {"b1", "b1_resnet101", "b2", "b3"}


def _network(config=SMALL):
    torch.manual_seed(0)
    return build(config).eval()


def _image(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(5))


def _loss(result):
    maps = result.score_map.square().mean() + result.contribution_map.square().sum()
    heads = result.log_variance.sum() + result.artefact_logits.square().sum()
    return result.score.sum() + maps + heads + result.severity.square().sum()


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.name not in HEAVY])
def test_every_row_learns_with_finite_gradients(name):
    network = build(name)
    result = network(_image(2, 1, 64, 64))
    assert result.score.shape == (2,)
    assert result.artefact_logits.shape == result.severity.shape == (2, 13)
    assert result.embedding.shape == (2, network.config.fused_channels)
    _loss(result).backward()
    for label, parameter in network.named_parameters():
        assert parameter.grad is not None, label
        assert parameter.grad.isfinite().all(), label


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_the_heavy_rows_have_sound_shapes(name):
    with torch.device("meta"):
        result = build(name)(torch.empty(2, 1, 64, 96))
    assert result.score.shape == (2,)
    assert result.score_map.shape == (2, 8, 12)


@pytest.mark.parametrize("size", [(97, 130), (40, 60), (7, 9), (1, 1), (64, 32)])
@pytest.mark.parametrize("grid", [8, 4])
def test_any_size_works_and_maps_cover_the_image(size, grid):
    network = _network(SMALL.model_copy(update={"grid": grid}))
    with torch.inference_mode():
        result = network(_image(2, 1, *size))
    cells = (2, -(-size[0] // grid), -(-size[1] // grid))
    assert result.score_map.shape == result.weight_map.shape == cells
    assert result.contribution_map.shape == result.valid.shape == cells
    assert result.valid.all()
    assert all(value.isfinite().all() for value in result)
    assert ((result.weight_map > 0) & (result.weight_map < 1)).all()


def test_the_score_is_pooled_over_real_cells_only():
    network = _network()
    image = _image(1, 1, 64, 64)
    valid = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    valid[..., :40, :30] = True
    with torch.inference_mode():
        result = network(image, valid)
    assert result.valid.sum() == 5 * 4
    weights = result.weight_map * result.valid
    expected = (result.score_map * weights).sum() / weights.sum()
    torch.testing.assert_close(result.score[0], expected)


def test_padding_to_the_right_of_the_image_is_not_counted():
    network = _network()
    with torch.inference_mode():
        result = network(_image(1, 1, 40, 72))
    weights = result.weight_map
    torch.testing.assert_close(result.score[0], (result.score_map * weights).sum() / weights.sum())


def test_gated_weighting_starts_as_no_weighting():
    gated = _network()
    plain = _network(SMALL.model_copy(update={"ap": "none"}))
    plain.load_state_dict(gated.state_dict(), strict=False)
    image = _image(2, 1, 64, 64)
    with torch.inference_mode():
        one, other = gated(image), plain(image)
    assert (one.summary == 1).all()
    torch.testing.assert_close(one.score, other.score)
    torch.testing.assert_close(one.score_map, other.score_map)


def test_scalar_weighting_is_the_same_for_every_image_and_sums_to_two():
    result = _network(SMALL.model_copy(update={"ap": "scalar"}))(_image(2, 1, 32, 32))
    assert torch.equal(result.summary[0], result.summary[1])
    assert result.summary[0].sum().item() == pytest.approx(2.0)


def test_deformable_alignment_starts_as_a_plain_convolution():
    image = _image(1, 1, 64, 64)
    deformable = _network()
    for kind in ("off", "modulated"):
        other = _network(SMALL.model_copy(update={"deform": kind}))
        weights = {k: v for k, v in deformable.state_dict().items() if "align.offset" not in k}
        other.load_state_dict(weights, strict=False)
        with torch.inference_mode():
            torch.testing.assert_close(
                deformable(image).score, other(image).score, atol=1e-5, rtol=1e-5
            )


def test_the_score_starts_near_its_bias():
    network = _network(SMALL.model_copy(update={"score_bias": 0.7}))
    assert network.score_head.output.bias.item() == pytest.approx(0.7)
    with torch.inference_mode():
        assert network(_image(1, 1, 64, 64)).score.item() == pytest.approx(0.7, abs=0.5)


def test_the_result_on_the_cpu_is_bit_identical_from_run_to_run():
    image = _image(1, 1, 97, 130)
    with torch.inference_mode():
        first, second = _network(CONFIGS["lite"])(image), _network(CONFIGS["lite"])(image)
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_reduced_precision_and_channels_last_give_nearly_the_same():
    image, network = _image(1, 1, 64, 96), _network()
    with torch.inference_mode():
        exact = network(image)
        network.to(memory_format=torch.channels_last)
        turned = network(image)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            reduced = network(image)
    torch.testing.assert_close(turned.score, exact.score, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(reduced.score, exact.score, atol=0.02, rtol=0.02)
    assert reduced.score_map.dtype == torch.float32


def test_weights_survive_safetensors():
    network = _network()
    restored = build(SMALL).eval()
    restored.load_state_dict(load(save(network.state_dict())))
    image = _image(1, 1, 40, 40)
    with torch.inference_mode():
        assert torch.equal(network(image).score, restored(image).score)


def test_frozen_batchnorm_keeps_its_statistics_while_training():
    network = build(SMALL)
    freeze_batchnorm(network)
    before = {k: v.clone() for k, v in network.state_dict().items() if "running" in k}
    assert before
    network.train()(_image(2, 1, 32, 32))
    assert all(torch.equal(network.state_dict()[k], v) for k, v in before.items())
    freeze_batchnorm(network, frozen=False)
    network(_image(2, 1, 32, 32))
    assert any(not torch.equal(network.state_dict()[k], v) for k, v in before.items())


@pytest.mark.parametrize(
    ("image", "valid"),
    [
        (torch.rand(1, 2, 32, 32), None),
        (torch.rand(32, 32), None),
        (torch.rand(1, 1, 0, 32), None),
        (torch.ones(1, 1, 32, 32, dtype=torch.int16), None),
        (torch.rand(1, 1, 32, 32), torch.ones(1, 1, 32, 32)),
        (torch.rand(1, 1, 32, 32), torch.ones(1, 1, 16, 32, dtype=torch.bool)),
    ],
)
def test_what_is_no_batch_of_slices_is_refused(image, valid):
    with pytest.raises(ValueError):
        _network()(image, valid)
