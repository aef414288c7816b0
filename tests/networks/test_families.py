"""What holds of every family: shapes, masks, padding, windows, scales, parts and checkpoints of its designs."""

import copy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from miqa_app.networks import (
    CONFIGS,
    NetworkConfig,
    build,
    count_parameters,
    design_of,
    freeze_encoders,
    predict_tiled,
)

from .small_families import DBCNN, SMALL

MIQANET = NetworkConfig(
    cnn="resnet10t", cnn_stages=(1, 2, 3), transformer="swin_lite", width=32, artefact_kinds=13
)
LITE = SMALL["lodapro"].model_copy(update={"name": "lite_cnn", "cnn": "efficientnet_lite0"})
FROZEN = SMALL["loda"].model_copy(update={"frozen": True})
OTHERS = {**SMALL, "lodapro_lite": LITE, "dbcnn": DBCNN}
DESIGNS = {"miqanet": MIQANET, **OTHERS}
TRANSFORMERS = ("loda", "lodapro")


def _seeded(config):
    torch.manual_seed(0)
    return build(config).eval()


@pytest.fixture(scope="module")
def networks():
    return {name: _seeded(config) for name, config in DESIGNS.items()}


@pytest.fixture(params=DESIGNS)
def network(request, networks):
    return networks[request.param]


@pytest.fixture(params=OTHERS)
def other(request, networks):
    """A network of a family beside MIQANet."""
    return networks[request.param]


def _image(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(64, 64), (97, 130), (40, 72), (7, 9), (1, 1)])
def test_a_slice_of_any_size_gets_score_maps_and_artefacts_in_cells_of_eight_pixels(network, size):
    with torch.inference_mode():
        result = network(_image(2, 1, *size))
    cells = tuple(-(-side // 8) for side in size)
    assert result.score.shape == result.log_variance.shape == (2,)
    assert result.artefact_logits.shape == result.severity.shape == (2, 13)
    for values in (result.score_map, result.weight_map, result.contribution_map, result.valid):
        assert values.shape == (2, *cells)
    assert result.kind_map.shape == (2, 13, *cells)
    assert result.embedding.shape == (2, network.channels)
    assert result.peak.shape == (2, network.channels + 13)
    assert result.valid.all()
    assert all(value.isfinite().all() for value in result)
    assert ((result.weight_map >= 0) & (result.weight_map <= 1)).all()
    assert result.weight_map.amax() > 0
    assert {value.dtype for value in result} == {torch.float32, torch.bool}


def test_the_contribution_of_a_cell_is_its_distance_from_the_score_by_its_weight(network):
    with torch.inference_mode():
        result = network(_image(2, 1, 96, 64))
    weight = result.weight_map / result.weight_map.sum((1, 2), keepdim=True)
    expected = weight * (result.score_map - result.score.view(-1, 1, 1))
    torch.testing.assert_close(result.contribution_map, expected, atol=1e-6, rtol=1e-4)


def test_fuse_and_judge_are_the_two_halves_of_the_network(network):
    image = _image(2, 1, 64, 96)
    valid = torch.ones(2, 8, 12, dtype=torch.bool)
    valid[1, 5:] = False
    with torch.inference_mode():
        whole = network.predict_padded(image, valid)
        fused, summary = network.fuse(image, valid)
        halves = network.judge(fused, summary, valid)
        # as features are kept: cells of padding left out, in half precision
        short = network.judge(fused.half().float(), summary, valid)
    assert all(torch.equal(one, two) for one, two in zip(whole, halves, strict=True))
    torch.testing.assert_close(short.score, whole.score, atol=5e-3, rtol=0)


@pytest.mark.parametrize("family", TRANSFORMERS)
def test_padding_is_kept_out_of_a_transformer(networks, family):
    """Cells of padding are masked, so the tokens are the same for any padding; the CNN alone sees its mirrored edge."""
    network = networks[family]
    image = _image(1, 1, 64, 96)
    wider = torch.nn.functional.pad(image, (0, 32, 0, 64), value=1.0)
    valid = torch.zeros(wider.shape, dtype=torch.bool)
    valid[..., :64, :96] = True
    patches = valid[:, 0, ::16, ::16]
    with torch.inference_mode():
        one = network.transformer(network.colour(image), torch.ones(1, 4, 6, dtype=torch.bool))
        two = network.transformer(network.colour(wider), patches)
        both = network.transformer(
            network.colour(wider.repeat(2, 1, 1, 1)), torch.cat((patches, ~patches | patches))
        )
    for name in one._fields:
        value = getattr(one, name)
        torch.testing.assert_close(getattr(two, name), value, atol=1e-5, rtol=1e-4)
        beside = getattr(both, name)[:1]
        if beside.ndim > 2:
            beside = beside[..., :4, :6]
        torch.testing.assert_close(beside, value, atol=1e-4, rtol=1e-3)


def test_padding_by_32_does_not_move_the_score(network):
    """The others frame the real part anew; MIQANet does not, and moves by less than half a point at random weights."""
    differences = []
    for seed in range(4):
        image = _image(1, 1, 12, 16, seed=seed)
        image = torch.nn.functional.interpolate(image, (224, 192), mode="bilinear")
        padded = torch.nn.functional.pad(image, (0, 32, 0, 32), mode="reflect")
        real = torch.zeros(padded.shape, dtype=torch.bool)
        real[..., :224, :192] = True
        with torch.inference_mode():
            moved = network(padded, real).score - network(image).score
        differences.append(abs(100 * moved.item()))
    limit = 0.5 if network.config.family == "miqanet" else 1e-3
    assert max(differences) < limit, differences


def test_what_stands_in_invalid_pixels_of_a_batch_hardly_matters(other):
    """A slice judged beside a larger one is judged as alone."""
    small, large = _image(1, 1, 192, 192), _image(1, 1, 224, 256, seed=1)
    filled = torch.nn.functional.pad(small, (0, 64, 0, 32), mode="reflect")
    batch = torch.cat((filled, large))
    valid = torch.ones(batch.shape, dtype=torch.bool)
    valid[0, :, 192:] = False
    valid[0, :, :, 192:] = False
    with torch.inference_mode():
        together, alone = other(batch, valid), other(small)
    torch.testing.assert_close(together.score[:1], alone.score, atol=0.01, rtol=0)
    inner = together.score_map[:1, :12, :12] - alone.score_map[:, :12, :12]
    assert inner.abs().mean() < 0.01


def test_an_image_without_a_real_pixel_still_gives_numbers(network):
    image = _image(2, 1, 64, 64)
    valid = torch.ones(image.shape, dtype=torch.bool)
    valid[1] = False
    with torch.inference_mode():
        result = network(image, valid)
    assert all(value.isfinite().all() for value in result)


def test_one_window_over_the_image_equals_the_full_frame(other):
    image = _image(1, 1, 97, 130)
    with torch.inference_mode():
        full = other(image)
    tiled = predict_tiled(other, image)
    for name, value in tiled._asdict().items():
        torch.testing.assert_close(value, getattr(full, name), atol=2e-4, rtol=1e-4, msg=name)


def test_windows_cover_every_cell_and_their_scores_are_averaged(other):
    image = _image(1, 1, 150, 203)
    tiled = predict_tiled(other, image, window=96, stride=48)
    assert tiled.score_map.shape == (1, 19, 26)
    assert all(value.isfinite().all() for value in tiled)
    with torch.inference_mode():
        assert abs(tiled.score - other(image).score).item() < 0.25


def test_a_scale_is_folded_in_exactly(network):
    changed = copy.deepcopy(network)
    changed.rescale(0.5, 0.2)
    image = _image(2, 1, 64, 96)
    with torch.inference_mode():
        before, after = network(image), changed(image)
    torch.testing.assert_close(after.score, 0.5 * before.score + 0.2, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(after.score_map, 0.5 * before.score_map + 0.2, atol=1e-5, rtol=1e-5)
    deviation = (0.5 * (after.log_variance - before.log_variance)).exp()
    torch.testing.assert_close(deviation, torch.full((2,), 0.5))


def test_every_weight_is_a_head_a_joint_or_of_an_encoder(network):
    groups = [prefix for part in network.parts for prefix in part]
    for name, _ in network.named_parameters():
        assert sum(name.startswith(prefix) for prefix in groups) == 1, name


def test_every_weight_moves_when_score_and_maps_are_learnt(network):
    """No weight is dead: each has a gradient, but the offsets of zero of the deformable layer and what is behind them."""
    learning = copy.deepcopy(network).train()
    result = learning(_image(2, 1, 64, 64))
    loss = result.score.sum() + (result.score_map * _image(2, 8, 8)).sum()
    loss = loss + (result.weight_map * _image(2, 8, 8)).sum() + result.log_variance.sum()
    loss = loss + result.severity.sum() + result.artefact_logits.sum() + result.kind_map.sum()
    loss.backward()
    dead = [n for n, weight in learning.named_parameters() if weight.grad is None]
    assert not dead


def test_encoders_at_rest_have_no_gradient_and_keep_their_statistics(network):
    learning = copy.deepcopy(network)
    freeze_encoders(learning)
    learning.train()
    before = {name: value.clone() for name, value in learning.state_dict().items()}
    learning(_image(2, 1, 64, 64)).score.sum().backward()
    for name, weight in learning.named_parameters():
        assert weight.requires_grad != name.startswith(learning.parts.encoders), name
    after = learning.state_dict()
    assert all(torch.equal(after[n], v) for n, v in before.items() if "running" in n)
    freeze_encoders(learning, frozen=False)
    assert all(weight.requires_grad for weight in learning.parameters())
    assert all(module.training for module in learning.modules())


def test_a_design_survives_json_and_says_its_family(network):
    config = network.config
    stored = config.model_dump(mode="json")
    assert design_of(stored) == config
    assert design_of({"family": config.family, **stored}) == config
    if config.family == "miqanet":
        assert "family" not in stored


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="no family 'vgg'"):
        design_of({"family": "vgg"})


def test_the_result_is_bit_identical_from_run_to_run(other):
    image = _image(1, 1, 97, 130)
    again = _seeded(other.config)
    with torch.inference_mode():
        first, second = other(image), again(image)
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))


def test_reduced_precision_gives_nearly_the_same(other):
    image = _image(1, 1, 64, 96)
    with torch.inference_mode():
        exact = other(image)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            reduced = other(image)
    torch.testing.assert_close(reduced.score, exact.score, atol=0.03, rtol=0.03)
    assert reduced.score_map.dtype == torch.float32


# ------------------------------------------------------------------ counts of the papers


def own_weights(network, *, learnt=False):
    """Return the weights of the paper's parts: all but the heads of the product."""
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if not name.startswith(("heads.", "kind_head.")) and (weight.requires_grad or not learnt)
    )


def operations(network, edge=224):
    """Return the multiply-accumulates of a crop of 224 pixels."""
    cells = torch.ones(1, edge // 8, edge // 8, dtype=torch.bool)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval().predict_padded(torch.rand(1, 1, edge, edge), cells)
    return counter.get_total_flops() / 2


def test_loda_has_the_weights_of_the_paper_of_which_nine_million_learn():
    with torch.device("meta"):
        network = build("loda")
    assert own_weights(network) == pytest.approx(118.23e6, rel=1e-3)
    assert own_weights(network, learnt=True) == pytest.approx(8.93e6, rel=1e-3)
    assert sum(p.numel() for p in network.extractor.parameters()) == pytest.approx(
        0.393e6, rel=0.01
    )
    assert sum(p.numel() for p in network.injector.parameters()) == pytest.approx(
        (0.641 + 0.197 + 7.686) * 1e6 + 12 * 768, rel=1e-3
    )


def test_the_ranks_heads_and_intervals_of_the_papers_tables_build():
    wide = {}
    for latent in (48, 64, 80):
        config = CONFIGS["loda"].model_copy(update={"latent": latent})
        wide[latent] = count_parameters(config)
    assert wide[48] < wide[64] < wide[80]
    sparse = count_parameters(CONFIGS["loda"].model_copy(update={"injections": 3}))
    assert wide[64] - sparse == pytest.approx(9 * 0.711e6, rel=0.01)
    with pytest.raises(ValueError, match="cannot be shared by 7 heads"):
        type(CONFIGS["loda"])(heads=7)


def test_lodapro_has_the_weights_of_the_paper_but_the_blocks_that_it_never_asks():
    with torch.device("meta"):
        network = build("lodapro")
        unused = build_unused_blocks()
    assert own_weights(network) + unused == pytest.approx(89.52e6, rel=1e-3)
    assert own_weights(network) == pytest.approx(86.78e6, rel=1e-3)


def test_lodapro_lite_leaves_out_squeeze_and_excitation_and_nothing_else():
    with torch.device("meta"):
        paper, lite = (build(name).cnn for name in ("lodapro_tiny", "lodapro_lite"))
    assert (paper.channels, paper.strides) == (lite.channels, lite.strides) == ([112], [16])
    squeezing = sum(w.numel() for name, w in paper.named_parameters() if ".se." in name)
    own, others = (sum(w.numel() for w in cnn.parameters()) for cnn in (lite, paper))
    assert others - own == squeezing > 0
    names = {type(module).__name__ for module in lite.modules()}
    assert "ReLU6" in names
    assert not names & {"SiLU", "Sigmoid", "SqueezeExcite"}


def test_a_frozen_encoder_is_never_in_training_mode_not_even_when_it_was_just_built():
    network = build(FROZEN)
    assert network.training
    assert network.injector.training
    assert not network.cnn.training
    assert not any(part.training for part in network.transformer.modules())


def test_a_lodapro_that_was_kept_without_naming_its_cnn_has_the_one_of_the_paper():
    kept = {k: v for k, v in CONFIGS["lodapro_tiny"].model_dump().items() if k != "cnn"}
    assert design_of(kept) == CONFIGS["lodapro_tiny"]
    assert design_of(kept | {"cnn": "efficientnet_lite0", "name": "lodapro_lite"}) == CONFIGS["lodapro_lite"]  # fmt: skip


def build_unused_blocks():
    """Return the weights of EfficientNet-B0 beyond the stage with 112 channels, without the last convolution."""
    import timm

    body = timm.create_model("efficientnet_b0", features_only=True, out_indices=(3,))
    return sum(weight.numel() for weight in body.blocks[5:].parameters())


def test_lar_iqa_has_the_weights_of_the_paper_beside_the_norms_before_its_splines():
    norms = 2 * (2 * 1000 + 1024)
    with torch.device("meta"):
        network = build("lariqa_paper")
        mlp = build(network.config.model_copy(update={"head": "mlp"}))
    assert own_weights(network) - norms == pytest.approx(21.216e6, rel=1e-4)
    assert own_weights(mlp) == pytest.approx(20.349e6, rel=1e-4)


def test_lar_iqa_takes_the_operations_of_the_paper_beside_its_score_map():
    paper = CONFIGS["lariqa_paper"].model_copy(update={"whole_edge": 224})
    network = build(paper).eval()
    network.margin = 0
    cells = 49
    per_cell = 1000 * 512 * 9 + 1024 * 9 + 960 * 1280 + 1280 * 1000
    found = operations(network) - cells * per_cell
    assert found == pytest.approx(0.442e9, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"), [("loda", 23.63e9), ("lodapro", 17.93e9), ("loda_tiny", 3.51e9)]
)
def test_the_large_networks_take_the_stated_operations(name, expected):
    """LoDa's 23.63 G and 0.12 G more for the attention of the class token, which is its weight map."""
    assert operations(build(name)) == pytest.approx(expected, rel=0.01)


def test_the_tiny_members_are_small_enough_for_a_processor():
    assert count_parameters("loda_tiny") == pytest.approx(17.9e6, rel=0.01)
    assert count_parameters("lodapro_tiny") == pytest.approx(6.5e6, rel=0.01)
    assert count_parameters("lariqa") == pytest.approx(16.7e6, rel=0.01)
