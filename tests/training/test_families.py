"""Training of the families beside MIQANet: on simulated degradation, from ImageNet, and as their papers train on ratings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import timm
import torch
from safetensors.torch import save_file

from miqa_app.core.assessment import Verdict
from miqa_app.errors import BadRecipe
from miqa_app.evaluation import interval
from miqa_app.evaluation.rated import RatedImage, RatedSet, Scale
from miqa_app.evaluation.rated.loading import Planes, read_planes
from miqa_app.imaging import load
from miqa_app.networks import CONFIGS, build
from miqa_app.networks.channels import grey_of
from miqa_app.networks.families import LoDaConfig
from miqa_app.registry import verify_model
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.scoring.assess import assess
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration
from miqa_app.services.train import train_model
from miqa_app.training.first_weights import begin
from miqa_app.training.fit import fit
from miqa_app.training.intensity import GAMMAS, lab, mappings, yuv
from miqa_app.training.keeping import model_config
from miqa_app.training.losses import plcc_loss
from miqa_app.training.rated_fit import RatedModule, RatedTask, fit_rated, rated_loss
from miqa_app.training.rated_recipe import RatedLoss, Schedule, read_rated_recipe
from miqa_app.training.recipe import Recipe, read_recipe
from miqa_app.training.ridge import pooled_features
from miqa_app.training.start import starting_network
from tests.networks.small_families import SMALL
from tests.training.rated_discs import rated_discs

ROOT = Path(__file__).parents[2]
SHORT = Schedule(
    epochs=2, crops=2, batch=8, crop=64, learning_rate=1e-3, backbone_rate=1e-4, ema=0.5
)
CALIBRATION = Calibration(factor=1.5, level=0.9, slice_factor=2.0, base=5.0)
FROZEN = LoDaConfig(
    name="frozen", transformer="vit_tiny", cnn="resnet10t", latent=16, heads=2, injections=2
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest of each family have names."""
    for config in (*SMALL.values(), FROZEN):
        monkeypatch.setitem(CONFIGS, config.name, config)


# ------------------------------------------------------------------ simulated degradation


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pools, made once."""
    return tmp_path_factory.mktemp("runs")


@pytest.mark.parametrize("family", SMALL)
def test_what_learnt_from_simulated_degradation_scores_a_scan_with_a_heatmap(
    family: str, recipe_values: dict[str, Any], phantom: Path, pools: Path
) -> None:
    values = {
        "network": f"small_{family}",
        "name": family,
        "epochs": 1,
        "groups": 12,
        "validation_groups": 3,
        # four steps at the usual rate may end anywhere, even where every score is cut off at 0
        "learning_rate": 0.0002,
    }
    recipe = Recipe(**recipe_values | values)
    outcome = fit(recipe, phantom, pools / family, lambda _: None)
    config = model_config(recipe, outcome.training)
    save_model(pools / "models" / family, outcome.network.cpu(), config, "# small\n")
    _check_model(pools / "models" / family, family, phantom, CALIBRATION)


@pytest.mark.slow
@pytest.mark.parametrize("family", SMALL)
def test_train_gives_a_measured_model_with_a_card(
    family: str, recipe_values: dict[str, Any], phantom: Path, pools: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The whole of `miqa train`: calibration, held-out figures and explanations too."""
    monkeypatch.setattr(interval, "_SHAPED_ON", 30)
    values = {"network": f"small_{family}", "name": family, "epochs": 1}
    recipe = Recipe(**recipe_values | values)
    folder = train_model(recipe, phantom, pools / f"whole-{family}", lambda _: None)
    config = load_model(str(folder)).folder.config
    assert config["explanations"]
    _check_model(folder, family, phantom, Calibration(**config["interval"]))


def _check_model(folder: Path, family: str, phantom: Path, calibration: Calibration) -> None:
    """Load a model, look at it, and score a scan with it."""
    loaded = load_model(str(folder))
    assert verify_model(loaded.folder) == []
    assert loaded.network.config.family == family
    json.dumps(loaded.folder.config)
    series = next(iter(load(phantom / "clean.nii.gz")))
    steps = assess(series, Engine(loaded.network, "cpu"), loaded.folder.identity, calibration)
    result = _result(steps)
    assert 0 <= result.score <= 100
    assert result.verdict is not Verdict.NOT_ASSESSED
    first = result.slices[0]
    assert np.isfinite(first.score_map).all()
    assert first.score_map.std() > 0


def _result(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_frozen_encoders_of_random_weights_are_refused_by_training(
    recipe_values: dict[str, Any],
) -> None:
    recipe = Recipe(**recipe_values | {"network": "frozen"})
    with pytest.raises(BadRecipe, match="keeps its encoders as they were learnt"):
        begin(recipe, build(FROZEN), None)


@pytest.mark.parametrize("name", ["loda_tiny", "lodapro_tiny", "lariqa"])
def test_the_bundled_recipes_train_networks_whose_encoders_learn(name: str) -> None:
    recipe = read_recipe(ROOT / "resources" / "recipes" / f"{name}.yaml")
    assert recipe.name == recipe.network == name
    assert not CONFIGS[recipe.network].frozen
    assert "random" in recipe.remark


def test_the_recipe_of_lodapro_lite_begins_its_cnn_on_imagenet_and_says_that_the_rest_does_not() -> (
    None
):
    recipe = read_recipe(ROOT / "resources" / "recipes" / "lodapro_lite.yaml")
    assert recipe.name == recipe.network == "lodapro_lite"
    assert (recipe.warm_start, recipe.pretrained) == ("imagenet", ["cnn"])
    assert "transformer and all else from random" in recipe.remark


# ------------------------------------------------------------------ ImageNet from local files


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of the smallest encoders, as timm's files would be."""
    folder = tmp_path_factory.mktemp("imagenet")
    torch.manual_seed(11)
    for model, tag in (
        ("resnet10t", "c3_in1k"),
        ("vit_tiny_patch16_224", "augreg_in21k_ft_in1k"),
        ("efficientnet_b0", "ra_in1k"),
        ("mobilenetv3_small_050", "lamb_in1k"),
    ):
        state = timm.create_model(model, pretrained=False).state_dict()
        tensors = {name: value.contiguous() for name, value in state.items()}
        save_file(tensors, folder / f"{model}.{tag}.safetensors")
    return folder


@pytest.mark.parametrize("family", SMALL)
def test_the_encoders_of_every_family_take_imagenet_weights_from_a_local_folder(
    family: str, weights: Path
) -> None:
    network, start = starting_network(SMALL[family], "imagenet", 0, weights)
    assert set(start.learnt) == set(network.encoders)
    other, _ = starting_network(SMALL[family], "imagenet", 1, weights)
    for name, value in network.named_parameters():
        same = torch.equal(value, other.get_parameter(name))
        if name.startswith(network.parts.encoders):
            assert same, name
    assert not torch.equal(network.kind_head.weight, other.kind_head.weight)


def test_logits_take_the_classifier_of_imagenet_too(weights: Path) -> None:
    config = SMALL["lariqa"].model_copy(update={"features": "logits"})
    network, _ = starting_network(config, "imagenet", 0, weights)
    file = "mobilenetv3_small_050.lamb_in1k.safetensors"
    from safetensors.torch import load_file

    expected = load_file(weights / file)["classifier.weight"]
    assert torch.equal(network.whole.body.classifier.weight, expected)


def test_frozen_encoders_start_from_imagenet_and_not_at_random(weights: Path) -> None:
    with pytest.raises(BadRecipe, match="random ones have learnt nothing; start it from"):
        starting_network(FROZEN, "random", 0)
    network, start = starting_network(FROZEN, "imagenet", 0, weights)
    assert "vit_tiny from ImageNet (vit_tiny_patch16_224.augreg_in21k_ft_in1k, " in start.words
    learnt = {name.split(".")[0] for name, w in network.named_parameters() if w.requires_grad}
    assert learnt == {"extractor", "injector", "score_head", "kind_head", "heads"}
    assert not network.train().transformer.training
    assert network.injector.training


# ------------------------------------------------------------------ ratings, as the papers train


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    return rated_discs(tmp_path_factory.mktemp("rated"))


def _task(rated: RatedSet) -> RatedTask:
    return RatedTask(rated, Planes(rated), range(12), (), 1)


def test_loda_learns_from_correlation_alone_and_gets_the_scale_of_the_ratings_at_the_end(
    rated: RatedSet, weights: Path, tmp_path: Path
) -> None:
    network, start = starting_network(FROZEN, "imagenet", 0, weights)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    schedule = SHORT.model_copy(update={"loss": RatedLoss(mse=0.0), "epochs": 6, "ema": 0.0})
    facts = fit_rated(
        network, start.learnt, schedule, _task(rated), tmp_path, "cpu", lambda _: None
    )
    after = network.state_dict()
    still = [name for name in before if name.startswith(network.parts.encoders)]
    assert all(torch.equal(before[name], after[name]) for name in still)
    assert not torch.equal(before["score_head.weight"], after["score_head.weight"])
    assert float(network.line.gain) == pytest.approx(facts["line"]["gain"], abs=1e-4)
    engine, planes = Engine(network, "cpu"), Planes(rated)
    scores = [next(iter(engine.predict(planes(place)))).score for place in range(12)]
    assert np.mean(scores) == pytest.approx(52.5, abs=20)
    assert np.corrcoef(scores, [rated.images[place].mos for place in range(12)])[0, 1] > 0.3


@pytest.fixture(scope="module")
def tinted(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    """Photographs of one luma, whose score falls with the strength of their colour, which grey cannot see."""
    folder = tmp_path_factory.mktemp("tinted")
    rng = np.random.default_rng(3)
    images = []
    for reference in range(4):
        luma = 90 + 60 * rng.random((72, 80))
        for level in range(4):
            # red up and blue down, so that 0.299 R + 0.114 B stays
            stored = np.stack((luma + 12 * level, luma, luma - 12 * level * 0.299 / 0.114), axis=-1)
            path = folder / f"{reference}-{level}.png"
            picture = sitk.GetImageFromArray(stored.round().astype(np.uint8), isVector=True)
            sitk.WriteImage(picture, str(path))
            mos, name = 90.0 - 25 * level, f"scene {reference}"
            images.append(RatedImage(path.name, path, mos, mos, name, name))
    return RatedSet("tinted", tuple(images), Scale(0, 100), photographs=True)


def test_photographs_are_judged_in_colour_and_learnt_in_two_more_colour_spaces(
    tinted: RatedSet, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = build(SMALL["lariqa"])
    whole = pooled_features(network, Planes(tinted), range(4), "cpu", lambda: None)
    in_grey: Any = lambda place: read_planes(tinted.images[place].path, photograph=True)  # noqa: E731
    grey = pooled_features(network, in_grey, range(4), "cpu", lambda: None)
    apart, as_grey = (np.abs(one[3] - one[0]).mean() for one in (whole, grey))
    assert apart > 3 * as_grey  # what is left in grey comes from rounding to 8 bits
    loss = RatedLoss(mse=1.0, plcc=2.0, mappings=1.0)
    schedule = SHORT.model_copy(update={"loss": loss, "epochs": 1})
    facts = fit_rated(network, (), schedule, _task(tinted), tmp_path, "cpu", lambda _: None)
    assert facts["train/mappings"] > facts["train/mse"] / 2  # the sum over two spaces


@pytest.mark.parametrize(("channels", "shown"), [("grey", [yuv, lab]), ("views", None)])
def test_only_a_design_that_sees_colour_is_shown_other_colour_spaces(
    channels: Any, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The luma of a picture in LAB is no picture: a design with views gets grey scales of the photograph."""
    network = build(SMALL["lariqa"].model_copy(update={"channels": channels})).eval()
    schedule = SHORT.model_copy(update={"loss": RatedLoss(mappings=1.0)})
    module = RatedModule(schedule, network, (), photographs=True)
    seen: list[torch.Tensor] = []
    original = network.predict_padded
    monkeypatch.setattr(
        network,
        "predict_padded",
        lambda image, valid: (seen.append(image), original(image, valid))[1],
    )
    image, valid = torch.rand(2, 3, 64, 64), torch.ones(2, 1, 64, 64, dtype=torch.bool)
    module._scores({"image": image, "valid": valid})
    assert torch.equal(seen[0], image)
    wanted = [space(image) for space in shown] if shown else [image**gamma for gamma in GAMMAS]
    assert len(seen) == 1 + (2 if shown else len(GAMMAS) + 1)
    assert all(torch.equal(one, other) for one, other in zip(seen[1:], wanted, strict=False))


def test_encoders_of_lar_iqa_rest_at_first_and_then_learn(
    rated: RatedSet, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, start = starting_network(SMALL["lariqa"], "imagenet", 0, weights)
    seen: list[tuple[int, bool]] = []
    original = RatedModule.training_step

    def watched(module: RatedModule, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        weight = next(module.network.detail.parameters())
        assert module.network.detail.training != module.network.encoders_frozen
        seen.append((module.current_epoch, weight.requires_grad))
        return original(module, batch)

    monkeypatch.setattr(RatedModule, "training_step", watched)
    loss = RatedLoss(mse=1.0, plcc=2.0, mappings=1.0)
    schedule = SHORT.model_copy(
        update={"frozen_epochs": 1, "loss": loss, "batchnorm": "trained", "epochs": 2}
    )
    facts = fit_rated(
        network, start.learnt, schedule, _task(rated), tmp_path, "cpu", lambda _: None
    )
    assert set(seen) == {(0, False), (1, True)}
    assert facts["train/mappings"] > 0
    assert all(weight.requires_grad for weight in network.parameters())


def test_both_forms_of_the_loss_of_loda_are_those_of_paper_and_code() -> None:
    score, target = torch.tensor([0.1, 0.5, 0.4, 0.9]), torch.tensor([0.2, 0.4, 0.6, 0.7])
    rho = float(np.corrcoef(score, target)[0, 1])
    batch = {"q": target, "paired": torch.zeros(4, dtype=torch.bool)}
    paper = rated_loss(score, batch, read_rated_recipe("loda").schedule.loss)["loss"]
    code = rated_loss(score, batch, read_rated_recipe("loda-code").schedule.loss)["loss"]
    assert float(paper) == pytest.approx((1 - rho) / 2, abs=1e-4)
    assert float(code) == pytest.approx(((1 - rho) / 2 + (1 - rho**2) / 4) / 2, abs=1e-4)
    lodapro = rated_loss(score, batch, read_rated_recipe("lodapro").schedule.loss)["loss"]
    mse = float(((score - target) ** 2).mean())
    assert float(lodapro) == pytest.approx(mse + 0.5 * (1 - rho), abs=1e-4)
    assert float(plcc_loss(score, target)) == pytest.approx((1 - rho) / 2, abs=1e-4)


def test_recipes_of_the_papers_have_their_values() -> None:
    loda = read_rated_recipe("loda").schedule
    assert (loda.learning_rate, loda.weight_decay, loda.epochs, loda.batch) == (3e-4, 0.01, 10, 128)
    lodapro = read_rated_recipe("lodapro")
    assert (lodapro.schedule.ema, lodapro.schedule.patience) == (0.999, 5)
    assert lodapro.validation == "reference"
    lariqa = read_rated_recipe("lariqa").schedule
    assert (lariqa.learning_rate, lariqa.weight_decay, lariqa.epochs) == (5e-5, 1e-4, 100)
    assert 0 < lariqa.frozen_epochs < lariqa.epochs
    first = read_rated_recipe("lariqa-128")
    assert CONFIGS[first.network].width == 128
    assert first.schedule.frozen_epochs == first.schedule.epochs

    assert Schedule(**read_rated_recipe("lariqa").schedule.model_dump()).frozen_epochs == 30


def test_grey_scales_keep_black_and_the_order_of_grey_values() -> None:
    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, 101).view(1, 1, 1, 101).repeat(2, 1, 1, 1)
    changed = mappings(ramp)
    assert len(changed) == len(GAMMAS) + 1
    for image in changed:
        assert (image.diff(dim=-1) >= 0).all()
        assert image.amin() == 0
        assert image.amax() == 1
        assert (image - ramp).abs().amax() > 0.01
    assert not torch.equal(changed[-1][0], changed[-1][1])


def test_colour_spaces_are_those_of_the_standards() -> None:
    """Red, green, blue, white and a dark grey of sRGB: their published YUV (BT.601) and LAB (CIE, D65)."""
    colours = torch.cat((torch.eye(3), torch.ones(1, 3), torch.full((1, 3), 0.01)))
    in_yuv, in_lab = (
        one[0, :, 0].T - torch.tensor((0, 0.5, 0.5))
        for one in mappings(colours.T.reshape(1, 3, 1, -1), photographs=True)
    )
    known_yuv = [
        (0.299, -0.147, 0.615), (0.587, -0.289, -0.515), (0.114, 0.436, -0.100), (1, 0, 0), (0.01, 0, 0),
    ]  # fmt: skip
    # the dark grey is in the straight part of both curves: 903.3 · 0.01 / 12.92
    known_lab = [
        (53.24, 80.09, 67.20), (87.73, -86.18, 83.18), (32.30, 79.19, -107.86), (100, 0, 0), (0.699, 0, 0),
    ]  # fmt: skip
    torch.testing.assert_close(in_yuv, torch.tensor(known_yuv), atol=1e-3, rtol=0)
    scale = torch.tensor((100, 256, 256))
    torch.testing.assert_close(in_lab * scale, torch.tensor(known_lab), atol=0.03, rtol=0)
    # sRGB grey 119 of 255 is L* = 50 (CIE 15), and grey has no colour in either space
    grey = torch.full((1, 3, 1, 1), 119 / 255)
    assert lab(grey)[0, 0].item() == pytest.approx(0.50, abs=0.002)
    for space in (yuv, lab):
        torch.testing.assert_close(
            space(grey)[0, 1:], torch.full((2, 1, 1), 0.5), atol=1e-4, rtol=0
        )


@pytest.mark.parametrize("family", SMALL)
def test_every_family_sees_the_colours_of_a_photograph(family: str) -> None:
    torch.manual_seed(0)
    network = build(SMALL[family]).eval()
    colours = torch.rand(2, 3, 72, 70)
    grey = grey_of(colours)
    with torch.inference_mode():
        seen = network(colours)
        # a grey photograph is a slice, and another order of the colours is another photograph
        torch.testing.assert_close(
            network(grey.expand(-1, 3, -1, -1)).score, network(grey).score, atol=1e-5, rtol=0
        )
        assert not torch.equal(network(colours.flip(1)).score, seen.score)
    assert seen.score_map.shape == network(grey).score_map.shape


def test_a_design_with_views_sees_the_luma_of_a_photograph() -> None:
    torch.manual_seed(0)
    network = build("lite").eval()
    colours = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(network(colours).score, network(grey_of(colours)).score)
    # and one whose CNN is made for grey values alone, as row 1 of the paper's Table IV
    assert build("a1").eval()(colours).score.shape == (1,)


@pytest.mark.parametrize("family", SMALL)
def test_pooled_features_of_every_family_feed_a_ridge_regression(
    family: str, rated: RatedSet
) -> None:
    torch.manual_seed(0)
    network = build(SMALL[family])
    features = pooled_features(network, Planes(rated), range(2), "cpu", lambda: None)
    assert features.shape[0] == 2
    assert features.shape[1] > 2 * network.channels
    assert np.isfinite(features).all()


@pytest.fixture(scope="module", autouse=True)
def tidy(pools: Path) -> Iterator[None]:
    yield
    shutil.rmtree(pools, ignore_errors=True)
