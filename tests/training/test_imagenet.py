"""Training on simulated degradation from encoders that learnt on ImageNet: what is taken, what is said, what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.errors import BadModel, BadRecipe
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.networks import CONFIGS, build
from miqa_app.networks.families import LoDaConfig
from miqa_app.registry.checkpoint import load_model, save_model
from miqa_app.scoring.engine import Engine
from miqa_app.training.card import _runs
from miqa_app.training.first_weights import begin, check_start
from miqa_app.training.fit import Outcome, fit
from miqa_app.training.imagenet import TIMM_WEIGHTS
from miqa_app.training.keeping import model_config
from miqa_app.training.lite_weights import convert, main, renamed
from miqa_app.training.rated_fit import RatedTask, fit_rated
from miqa_app.training.rated_recipe import Schedule
from miqa_app.training.recipe import Recipe, read_recipe
from miqa_app.training.start import starting_network
from tests.networks.small_families import DBCNN, SMALL
from tests.training.rated_discs import rated_discs

LITE = SMALL["lodapro"].model_copy(update={"name": "lite_cnn", "cnn": "efficientnet_lite0"})
FROZEN = LoDaConfig(
    name="frozen", transformer="vit_tiny", cnn="resnet10t", latent=16, heads=2, injections=2,
    channels="views",
)  # fmt: skip
FILES = {
    "resnet10t": "resnet10t",
    "vit_tiny": "vit_tiny_patch16_224",
    "efficientnet_lite0": "tf_efficientnet_lite0",
}


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    for config in (LITE, FROZEN):
        monkeypatch.setitem(CONFIGS, config.name, config)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files such as timm publishes, with weights that are drawn here."""
    folder = tmp_path_factory.mktemp("imagenet")
    torch.manual_seed(11)
    for encoder, model in FILES.items():
        state = timm.create_model(model, pretrained=False).state_dict()
        tensors = {name: value.contiguous() for name, value in state.items()}
        save_file(tensors, folder / f"{TIMM_WEIGHTS[encoder]}.safetensors")
    return folder


def of(values: dict[str, Any], **changes: Any) -> Recipe:
    """A recipe of one short epoch that starts from ImageNet."""
    short = {"groups": 12, "validation_groups": 3, "epochs": 1, "warm_start": "imagenet"}
    return Recipe(**values | short | changes)


# ------------------------------------------------------------------ a run


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs with the pool that all of them share."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def frozen_run(
    weights: Path, recipe_values: dict[str, Any], phantom: Path, pools: Path
) -> tuple[Recipe, Outcome]:
    """A run of a network whose encoders rest, so that what they began with can be seen at its end."""
    recipe = of(recipe_values, network="frozen", name="frozen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONFIGS, "frozen", FROZEN)
        return recipe, fit(recipe, phantom, pools / "frozen", lambda _: None, imagenet=weights)


def test_a_frozen_network_learns_around_encoders_that_stay_as_imagenet_left_them(
    frozen_run: tuple[Recipe, Outcome], weights: Path
) -> None:
    network = frozen_run[1].network
    expected = load_file(weights / f"{TIMM_WEIGHTS['vit_tiny']}.safetensors")
    own: dict[str, Tensor] = network.transformer.body.state_dict()  # type: ignore[union-attr,assignment]
    for name, value in own.items():
        assert torch.equal(value, expected[name]), name
    cnn: dict[str, Tensor] = network.cnn.body.state_dict()  # type: ignore[union-attr,assignment]
    still = load_file(weights / f"{TIMM_WEIGHTS['resnet10t']}.safetensors")
    assert torch.equal(cnn["bn1.running_mean"], still["bn1.running_mean"])
    assert torch.equal(cnn["bn1.weight"], still["bn1.weight"])
    # all kinds of artefact begin with one bias
    assert len(build(FROZEN).kind_head.bias.unique()) == 1  # type: ignore[union-attr]
    assert len(network.kind_head.bias.unique()) > 1  # type: ignore[union-attr]


def test_the_card_says_what_every_encoder_began_with_and_under_what_licence(
    frozen_run: tuple[Recipe, Outcome], weights: Path
) -> None:
    recipe, outcome = frozen_run
    (line,) = _runs(model_config(recipe, outcome.training)["training"])
    for name in ("resnet10t", "vit_tiny"):
        file = weights / f"{TIMM_WEIGHTS[name]}.safetensors"
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        assert (
            f"{name} from ImageNet ({TIMM_WEIGHTS[name]}, licence apache-2.0, file sha256 {sha256})"
            in line
        )
    assert line.startswith("- Encoders: resnet10t from ImageNet")
    assert "; the rest from random weights, seed 3: " in line


def test_a_run_that_goes_on_elsewhere_needs_no_imagenet_and_still_knows_of_it(
    recipe_values: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    recipe = of(recipe_values, network="frozen", name="frozen", epochs=2)
    network = build(FROZEN)
    start = begin(recipe, network, None, weights)
    done = {"steps": 5, "epochs": 1, "minutes": 1.0, "start": start.words}
    save_model(tmp_path / "half", network, model_config(recipe, done), "# half\n")
    check_start(recipe, str(tmp_path / "half"), None)
    other = build(FROZEN)
    again = begin(recipe, other, str(tmp_path / "half"))
    assert again.words == start.words
    assert "vit_tiny from ImageNet" in again.words
    kept = load_model(str(tmp_path / "half")).network.state_dict()
    for name, value in other.state_dict().items():
        assert torch.equal(value, kept[name]), name


def test_a_model_from_before_a_key_of_recipes_was_known_can_be_gone_on_with(
    recipe_values: dict[str, Any], tmp_path: Path
) -> None:
    recipe = Recipe(**recipe_values | {"network": "lite"})
    config = model_config(recipe, {"steps": 5, "epochs": 1})
    del config["training"]["recipe"]["pretrained"]
    save_model(tmp_path / "older", build("lite"), config, "# older\n")
    assert begin(recipe, build("lite"), str(tmp_path / "older")).steps == 5


# ------------------------------------------------------------------ which encoders


def test_a_chosen_encoder_takes_weights_and_the_others_begin_at_random(
    recipe_values: dict[str, Any], weights: Path
) -> None:
    recipe = of(recipe_values, network="lite_cnn", pretrained=["cnn"])
    torch.manual_seed(3)
    plain = build(LITE)
    torch.manual_seed(3)
    network = build(LITE)
    start = begin(recipe, network, None, weights)
    assert start.words.startswith("efficientnet_lite0 from ImageNet (tf_efficientnet_lite0.in1k, ")
    assert start.words.endswith("vit_tiny from random weights")
    before, after = plain.state_dict(), network.state_dict()
    expected = load_file(weights / "tf_efficientnet_lite0.in1k.safetensors")
    assert torch.equal(after["cnn.body.conv_stem.weight"], expected["conv_stem.weight"])
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith("cnn.") for name in moved)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "a1"}, "There are no ImageNet weights for a1; start it from random"),
        (
            {"network": "lite_cnn", "pretrained": ["cnn", "eyes"]},
            "no ImageNet weights for eyes of lite_cnn; there are some for: cnn, transformer",
        ),
        (
            {"network": "frozen", "pretrained": ["cnn"]},
            "frozen keeps its encoders as they were learnt, so all of them need weights; without there would be: transformer",
        ),
        ({"network": "a3"}, r"resnet34\.tv_in1k\.safetensors is missing"),
    ],
)
def test_what_cannot_start_is_refused_before_any_slice_is_degraded(
    recipe_values: dict[str, Any], weights: Path, phantom: Path, tmp_path: Path,
    changes: dict[str, Any], words: str,
) -> None:  # fmt: skip
    recipe = of(recipe_values, **changes)
    with pytest.raises(BadRecipe, match=words):
        fit(recipe, phantom, tmp_path / "run", lambda _: None, imagenet=weights)
    assert not (tmp_path / "pools").exists()


def test_a_folder_of_weights_that_the_recipe_does_not_ask_for_is_refused(
    recipe_values: dict[str, Any], weights: Path
) -> None:
    with pytest.raises(BadRecipe, match="tiny does not start from ImageNet; leave --imagenet out"):
        check_start(Recipe(**recipe_values), None, weights)


def test_a_choice_of_encoders_without_imagenet_is_refused(
    recipe_values: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(str(recipe_values | {"pretrained": ["cnn"]}))
    with pytest.raises(BadRecipe, match="pretrained chooses encoders for 'warm_start: imagenet'"):
        read_recipe(path)


# ------------------------------------------------------------------ the command


def _miqa_train(*arguments: str | Path) -> int:
    closed = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)
    return run_command(closed, ["train", *map(str, arguments)])


def test_the_command_passes_the_folder_of_weights_on_and_says_what_is_missing_there(
    recipe_values: dict[str, Any],
    phantom: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe = of(recipe_values, network="a3").model_dump(mode="json")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    places = ["--data", phantom, "--out", tmp_path / "runs", "--imagenet", tmp_path]
    assert _miqa_train(tmp_path / "recipe.yaml", *places) == 1
    message = f"{tmp_path}/resnet34.tv_in1k.safetensors is missing"
    assert message in capsys.readouterr().err.replace("\n", "")
    assert not (tmp_path / "runs" / "pools").exists()


@pytest.mark.parametrize("option", ["--out", "--pack", "--freeze-index"])
def test_nothing_is_trained_for_a_place_that_cannot_be_written(
    option: str, recipe_values: dict[str, Any], phantom: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe_values))
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    target = tmp_path / "file" / "x.npz"
    assert _miqa_train(tmp_path / "recipe.yaml", "--data", phantom, option, target) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{target} cannot be written: {tmp_path / 'file'} is no folder" in line
    assert sorted(tmp_path.rglob("*")) == before


# ------------------------------------------------------------------ EfficientNet-Lite0 from its package


def published(seed: int = 5) -> dict[str, Tensor]:
    """Weights of the right shapes under names of another author."""
    torch.manual_seed(seed)
    state = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    return {
        f"_part{place}.{name.rpartition('.')[2]}": value
        for place, (name, value) in enumerate(state.items())
    }


def test_weights_of_the_package_become_the_file_that_a_network_starts_from(
    recipe_values: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(published(), tmp_path / "lite0.pth")
    assert main([str(tmp_path / "lite0.pth"), str(tmp_path / "imagenet")]) == 0
    (file,) = (tmp_path / "imagenet").iterdir()
    assert capsys.readouterr().out == f"{file}\n"
    torch.manual_seed(5)
    expected = timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=(3,)).eval()  # fmt: skip
    torch.manual_seed(5)
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    expected.load_state_dict({name: whole[name] for name in expected.state_dict()})
    network = build(LITE).eval()
    begin(of(recipe_values, network="lite_cnn", pretrained=["cnn"]), network, None, file.parent)
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(network.cnn(image)[0], expected(image)[0])  # type: ignore[operator]


def test_older_files_without_counters_are_the_same(tmp_path: Path) -> None:
    whole = published()
    less = {name: value for name, value in whole.items() if "num_batches_tracked" not in name}
    assert renamed(whole, tmp_path).keys() == renamed(less, tmp_path).keys()


def _wrong_shape(state: dict[str, Tensor]) -> None:
    state[next(iter(state))] = torch.zeros(3)


def _wrong_order(state: dict[str, Tensor]) -> None:
    """A mean where the variance stands: the same shape, another kind."""
    names = list(state)
    mean = next(name for name in names if name.endswith("running_mean"))
    items = [(name.replace("running_mean", "running_var") if name == mean else name, value) for name, value in state.items()]  # fmt: skip
    state.clear()
    state.update(items)


def _one_less(state: dict[str, Tensor]) -> None:
    del state[list(state)[-1]]


def _one_more(state: dict[str, Tensor]) -> None:
    state["_more.weight"] = torch.zeros(1)


@pytest.mark.parametrize("spoil", [_wrong_shape, _wrong_order, _one_less, _one_more])
def test_a_file_of_another_network_is_refused_and_nothing_is_written(
    spoil: Any, tmp_path: Path
) -> None:
    state = published()
    spoil(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(BadModel, match="is not EfficientNet-Lite0"):
        convert(tmp_path / "other.pth", tmp_path / "imagenet")
    assert not (tmp_path / "imagenet").exists()


class Bomb:
    """What a file of weights must not be able to do: run something when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("bomb-went-off"),))


@pytest.mark.parametrize("content", ["nothing", "text", "code"])
def test_a_file_that_holds_no_weights_is_refused_unopened(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "x.pth"
    if content == "text":
        file.write_text("weights, honestly")
    elif content == "code":
        torch.save({"a": Bomb()}, file)
    assert main([str(file), str(tmp_path / "imagenet")]) == 1
    assert f"{file} cannot be read as weights" in capsys.readouterr().err
    assert not (tmp_path / "bomb-went-off").exists()
    assert main(["one"]) == 2


# ------------------------------------------------------------------ DBCNN


def test_dbcnn_takes_imagenet_for_one_cnn_says_that_the_other_is_random_and_learns_from_ratings(
    weights: Path, tmp_path: Path
) -> None:
    network, start = starting_network(DBCNN, "imagenet", 0, weights)
    assert start.learnt == ("cnn",)
    assert start.words.startswith("resnet10t from ImageNet (resnet10t.c3_in1k, ")
    assert start.words.endswith("s-cnn from random weights (there are none from ImageNet)")
    before = {name: value.clone() for name, value in network.named_parameters()}
    rated = rated_discs(tmp_path)
    schedule = Schedule(
        epochs=6, crops=2, batch=8, crop=64, learning_rate=1e-3, backbone_rate=1e-4, ema=0.5
    )
    task = RatedTask(rated, Planes(rated), range(12), (), 1)
    fit_rated(network, start.learnt, schedule, task, tmp_path / "run", "cpu", lambda _: None)
    after = dict(network.named_parameters())
    for part in ("cnn.", "distortions.", "output."):
        assert any(not torch.equal(before[n], after[n]) for n in before if n.startswith(part)), part
    engine, planes = Engine(network, "cpu"), Planes(rated)
    scores = [next(iter(engine.predict(planes(place)))).score for place in range(12)]
    assert np.corrcoef(scores, [rated.images[place].mos for place in range(12)])[0, 1] > 0.5
