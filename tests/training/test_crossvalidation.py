"""Cross-validation on a tiny rated set: folds that never leak, that are kept, and that are recognised by what they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from scipy.stats import spearmanr

from miqa_app.errors import BadRecipe, BadRequest, MiqaError
from miqa_app.evaluation.folds import Fold, grouped_folds
from miqa_app.evaluation.rated import RatedImage, RatedSet, Scale
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.networks import build
from miqa_app.training import crossvalidation
from miqa_app.training.crossvalidation import Candidate, CrossValidation, Place, set_identity
from miqa_app.training.progress import Progress
from miqa_app.training.rated_data import LEAST_OBJECT, RatedCrops
from miqa_app.training.rated_fit import RatedModule, RatedTask, fit_rated, rated_loss
from miqa_app.training.rated_recipe import RatedLoss, RatedRecipe, Schedule, Stage
from miqa_app.training.ridge import PENALTIES, Ridge, fit_ridge
from tests.training.rated_discs import rated_discs

SHORT = Schedule(
    epochs=2, crops=2, batch=8, crop=64, learning_rate=1e-3, backbone_rate=1e-3, ema=0.5
)
TRAIN = RatedRecipe(name="tiny", network="a1", start="random", schedule=SHORT)
FROZEN = RatedRecipe(name="frozen", method="frozen", network="a1", start="random")


def silent(_: Progress) -> None:
    """Take the progress and say nothing."""


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    return rated_discs(tmp_path_factory.mktemp("rated"))


@pytest.fixture(scope="module")
def folds(rated: RatedSet) -> list[Fold]:
    return grouped_folds(rated.groups("reference"), 4)


def runs(rated: RatedSet, out: Path, **facts: Any) -> CrossValidation:
    return CrossValidation(rated, rated.groups("reference"), Place(out, "cpu", **facts))


# ------------------------------------------------------------------ folds


def test_a_fold_is_trained_predicted_and_kept(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    reports: list[Progress] = []
    result = runs(rated, tmp_path).fold(Candidate("tiny", TRAIN), folds[1], reports.append)
    assert set(result.scores) == {rated.images[place].name for place in folds[1].test}
    assert all(0 <= score <= 100 for score in result.scores.values())
    assert result.facts["start"] == "random weights, seed 0"
    # 12 images, two crops each, eight crops a step, two epochs
    assert (result.facts["steps"], result.facts["epochs"]) == (6, 2)
    assert result.facts["batchnorm_frozen"] is False
    assert [(p.stage, p.done, p.total) for p in reports] == [("train", 3, 6), ("train", 6, 6)]
    assert set(reports[-1].metrics) >= {"train/loss", "train/mse", "train/plcc", "train/rank"}
    (kept,) = (tmp_path / "folds").iterdir()
    assert not list((tmp_path / "work").iterdir())
    again = runs(rated, tmp_path).fold(Candidate("tiny", TRAIN), folds[1], silent)
    assert again.reused
    assert again.scores == result.scores
    assert list((tmp_path / "folds").iterdir()) == [kept]


def test_the_same_fold_trained_twice_gives_the_same_scores(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    one, two = (
        runs(rated, tmp_path / name).fold(Candidate("tiny", TRAIN), folds[0], silent)
        for name in "ab"
    )
    assert one.scores == two.scores


def test_a_fold_is_recognised_by_everything_it_depends_on(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    """Any change of set, split, recipe, network, start or seed is another fold."""
    base = Candidate("row", FROZEN)
    other_score = RatedSet(
        "discs",
        (RatedImage(**{**vars(rated.images[0]), "mos": 1.0}), *rated.images[1:]),
        rated.scale,
    )

    def key(of: RatedSet, candidate: Candidate, fold: Fold) -> str:
        return runs(of, tmp_path)._key(candidate, fold)

    def recipe(**changes: Any) -> Candidate:
        return Candidate("row", FROZEN.model_copy(update=changes))

    keys = [
        key(rated, base, folds[0]),
        key(rated, base, folds[1]),
        key(other_score, base, folds[0]),
        key(rated, Candidate("row", FROZEN, seed=1), folds[0]),
        key(rated, recipe(start="lite"), folds[0]),
        key(rated, recipe(network="lite"), folds[0]),
        key(rated, recipe(method="ridge"), folds[0]),
        key(rated, recipe(schedule=SHORT), folds[0]),
        key(rated, Candidate("row", measure="psnr"), folds[0]),
    ]
    assert len(set(keys)) == len(keys)
    # what a row is called and remarked changes nothing
    assert key(rated, recipe(remark="x", name="other"), folds[0]) == keys[0]


def test_changed_pixels_are_another_set(rated: RatedSet, tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    shutil.copy(rated.images[0].path, copy)
    image = RatedImage(**{**vars(rated.images[0]), "path": copy})
    one = RatedSet("one", (image,), rated.scale)
    before = set_identity(one)
    shutil.copy(rated.images[3].path, copy)
    assert set_identity(one) != before


def test_a_file_that_was_cut_short_is_computed_again(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    candidate = Candidate("row", FROZEN)
    first = runs(rated, tmp_path).fold(candidate, folds[0], silent)
    (path,) = (tmp_path / "folds").iterdir()
    path.write_text(path.read_text()[:50])
    second = runs(rated, tmp_path).fold(candidate, folds[0], silent)
    assert not second.reused
    assert second.scores == first.scores
    assert json.loads(path.read_text())["scores"] == dict(second.scores)


def test_a_run_that_is_stopped_leaves_no_half_fold(
    rated: RatedSet, folds: list[Fold], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after its last epoch, when everything but the predictions is done."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    # with BatchNorm, whose statistics no checkpoint of a fixed number of epochs holds
    candidate = Candidate("tiny", TRAIN.model_copy(update={"network": "lite"}))
    with monkeypatch.context() as patched:
        patched.setattr(crossvalidation.CrossValidation, "_predicted", stop)
        with pytest.raises(KeyboardInterrupt):
            runs(rated, tmp_path).fold(candidate, folds[0], silent)
    assert not (tmp_path / "folds").exists()
    reports: list[Progress] = []
    result = runs(rated, tmp_path).fold(candidate, folds[0], reports.append)
    assert reports == []  # it had learnt all there was to learn
    whole = runs(rated, tmp_path / "unbroken").fold(candidate, folds[0], silent)
    assert result.scores == pytest.approx(whole.scores, abs=1e-4)


def test_a_split_that_leaks_is_refused_before_anything_is_trained(
    rated: RatedSet, tmp_path: Path
) -> None:
    leak = Fold(2, tuple(range(8)), (), tuple(range(7, 16)))
    with pytest.raises(MiqaError, match="Fold 3 is refused: disc 1 stands in train and in test"):
        runs(rated, tmp_path).fold(Candidate("tiny", TRAIN), leak, silent)
    assert not list(tmp_path.iterdir())


def test_the_network_never_sees_an_image_of_the_test_fold(
    rated: RatedSet, folds: list[Fold], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planes are counted while the training runs: none belongs to the test reference."""
    seen: set[int] = set()
    original = RatedCrops._slice

    def watched(self: RatedCrops, place: int, depth: float) -> Any:
        seen.add(place)
        return original(self, place, depth)

    monkeypatch.setattr(RatedCrops, "_slice", watched)
    inner = grouped_folds(rated.groups("reference"), 4, validation=True)[2]
    recipe = TRAIN.model_copy(update={"validation": "reference"})
    result = runs(rated, tmp_path).fold(Candidate("tiny", recipe), inner, silent)
    assert seen == set(inner.train) | set(inner.validation)
    assert not seen & set(inner.test)
    assert "validation/srocc" in result.facts


# ------------------------------------------------------------------ methods


def test_ridge_on_the_bundled_model_orders_what_it_has_not_seen(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    recipe = RatedRecipe(name="ridge", method="ridge", network="lite", start="lite")
    validation = runs(rated, tmp_path)
    reports: list[Progress] = []
    scores: dict[str, float] = {}
    for fold in folds:
        result = validation.fold(Candidate("ridge", recipe), fold, reports.append)
        assert result.facts["penalty"] in PENALTIES
        assert result.facts["start"].startswith("model lite (sha256 ")
        scores.update(result.scores)
    found = spearmanr([scores[i.name] for i in rated.images], [i.mos for i in rated.images])
    assert found.statistic > 0.8
    # the features of all images are computed once, not once per fold
    assert [(p.stage, p.done) for p in reports] == [("features", n) for n in range(1, 17)]


def test_a_stage_is_learnt_once_and_serves_every_fold(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    stage = Stage(set="csv", **SHORT.model_dump())
    recipe = FROZEN.model_copy(update={"stages": (stage,)})
    validation = runs(rated, tmp_path, others={"csv": rated})
    reports: list[Progress] = []
    results = [
        validation.fold(Candidate("staged", recipe), fold, reports.append) for fold in folds[:2]
    ]
    assert [p.done for p in reports if p.stage == "train"] == [4, 8]
    assert results[0].facts["start"] == "random weights, seed 0, then csv (16 images)"
    assert len(list((tmp_path / "stages").glob("*.safetensors"))) == 1
    plain = runs(rated, tmp_path).fold(Candidate("plain", FROZEN), folds[0], silent)
    assert plain.scores != results[0].scores


def test_a_stage_without_its_set_says_how_to_give_it(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    recipe = FROZEN.model_copy(update={"stages": (Stage(set="live"),)})
    with pytest.raises(BadRequest, match="say where it lies with --also live=FOLDER"):
        runs(rated, tmp_path).fold(Candidate("staged", recipe), folds[0], silent)


def test_a_network_from_scratch_begins_at_the_mean_of_its_training_part(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    network, _ = runs(rated, tmp_path)._network(TRAIN, 0, folds[0], silent)
    mean = np.mean([rated.images[place].mos for place in folds[0].train]) / 100
    assert network.score_head.output.bias.item() == pytest.approx(mean)


# ------------------------------------------------------------------ ridge


def test_ridge_finds_a_linear_rule_and_leaves_groups_out_to_choose_its_penalty() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 5))
    targets = 50 + features @ np.array([3.0, 0, -2, 0, 0])
    groups = [str(place // 10) for place in range(60)]
    model = fit_ridge(features, targets, groups)
    assert model.penalty == PENALTIES[0]
    assert np.abs(model(features) - targets).max() < 0.1
    noise = fit_ridge(rng.standard_normal((60, 200)), rng.standard_normal(60), groups)
    assert noise.penalty > 100


def test_ridge_agrees_with_the_normal_equations() -> None:
    rng = np.random.default_rng(2)
    features, targets = rng.standard_normal((30, 4)) * [1, 5, 2, 1] + 3, rng.standard_normal(30)
    model = fit_ridge(features, targets, ["one"] * 30)  # one group: the middle penalty
    scaled = (features - features.mean(0)) / features.std(0)
    weights = np.linalg.solve(
        scaled.T @ scaled + model.penalty * np.eye(4), scaled.T @ (targets - targets.mean())
    )
    np.testing.assert_allclose(model(features), scaled @ weights + targets.mean(), atol=1e-9)
    assert isinstance(model, Ridge)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    features = np.c_[np.arange(20.0), np.full(20, 7.0)]
    model = fit_ridge(features, np.arange(20.0), [str(place // 5) for place in range(20)])
    assert np.isfinite(model(np.array([[3.0, 9.0]]))).all()


# ------------------------------------------------------------------ crops


def crops(rated: RatedSet, **facts: Any) -> RatedCrops:
    return RatedCrops(rated, Planes(rated), range(len(rated)), 64, 5, **facts)


def test_a_group_is_two_images_of_one_reference_cut_alike(rated: RatedSet) -> None:
    data = crops(rated, crops=4)
    assert len(data) == 32
    group = data[3]
    assert group["image"].shape == group["valid"].shape == (2, 1, 64, 64)
    assert group["image"].dtype == torch.float32
    assert 0 <= float(group["image"].min()) <= float(group["image"].max()) <= 1
    assert group["paired"].tolist() == [True, True]
    scores = {round(image.mos / 100, 4) for image in rated.images}
    assert {round(float(q), 4) for q in group["q"]} <= scores
    assert group["q"][0] != group["q"][1]
    inside = group["image"] > 0.5
    # the same disc under different noise: both members show it in the same place
    agreement = (inside[0] == inside[1]).float().mean()
    assert agreement > 0.8


def test_an_epoch_takes_every_image_and_the_next_draws_anew(rated: RatedSet) -> None:
    data = crops(rated, crops=2)
    first = [data[group] for group in range(len(data))]
    again = [data[group] for group in range(len(data))]
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(first, again, strict=True))
    data.epoch = 1
    assert not torch.equal(data[0]["image"], first[0]["image"])


def test_validation_takes_every_image_once_and_changes_nothing(rated: RatedSet) -> None:
    data = crops(rated, fixed=True)
    assert len(data) == 8
    targets = sorted(float(q) for group in range(8) for q in data[group]["q"])
    assert targets == pytest.approx(sorted(image.mos / 100 for image in rated.images))
    data.epoch = 3
    before = data[2]["image"]
    data.epoch = 0
    assert torch.equal(before, data[2]["image"])


def test_crops_hold_enough_of_the_object(tmp_path: Path) -> None:
    """A small bright square in a corner of a large frame."""
    values = np.zeros((256, 256), np.uint8)
    values[20:80, 20:80] = 200
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "a.png"))
    image = RatedImage("a.png", tmp_path / "a.png", 50, 50, "a", "a")
    rated = RatedSet("one", (image,), Scale(0, 100))
    data = crops(rated, crops=80)
    shares = [float((data[group]["image"] > 0.5).float().mean()) for group in range(40)]
    # uniform draws would hold as much in about one crop of ten
    assert np.mean([share >= LEAST_OBJECT for share in shares]) > 0.3
    assert data[0]["paired"].tolist() == [False, False]


def test_a_small_image_is_mirrored_and_its_margin_is_not_real(tmp_path: Path) -> None:
    values = np.tile(np.arange(40, dtype=np.uint8) * 6, (50, 1))
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "a.png"))
    image = RatedImage("a.png", tmp_path / "a.png", 50, 50, "a", "a")
    group = crops(RatedSet("one", (image,), Scale(0, 100)), fixed=True)[0]
    assert group["image"].shape == (2, 1, 64, 64)
    assert int(group["valid"][0].sum()) == 40 * 50
    assert float(group["image"].min()) >= 0


# ------------------------------------------------------------------ loss and optimiser


def test_the_loss_is_that_of_the_specification() -> None:
    score, q = torch.tensor([0.2, 0.6, 0.5, 0.1]), torch.tensor([0.1, 0.9, 0.4, 0.8])
    batch = {"q": q, "paired": torch.tensor([True, True, False, False])}
    weights = RatedLoss(mse=1, plcc=1, rank=0.5)
    parts = rated_loss(score, batch, weights)
    plcc = float(np.corrcoef(score.numpy(), q.numpy())[0, 1])
    assert float(parts["mse"]) == pytest.approx(float(((score - q) ** 2).mean()))
    assert float(parts["plcc"]) == pytest.approx((1 - plcc) / 2, abs=1e-5)
    assert float(parts["rank"]) == 0  # the one pair of a reference is in order
    expected = float(parts["mse"] + parts["plcc"])
    assert float(parts["loss"]) == pytest.approx(expected)
    wrong = {**batch, "paired": torch.tensor([False, False, True, True])}
    assert float(rated_loss(score, wrong, weights)["rank"]) == pytest.approx(0.45)
    alone = {**batch, "paired": torch.zeros(4, dtype=torch.bool)}
    assert float(rated_loss(score, alone, weights)["rank"]) == 0


def test_learnt_encoders_move_more_slowly_and_norms_do_not_decay() -> None:
    schedule = Schedule(learning_rate=1e-3, backbone_rate=1e-5, weight_decay=0.1)
    module = RatedModule(schedule, build("lite"), ("cnn",))
    module.trainer = type("Fixed", (), {"estimated_stepping_batches": 10})()  # type: ignore[assignment]
    groups = module.configure_optimizers()["optimizer"].param_groups
    # the schedule has begun, so the rates stand in initial_lr
    found = {(group["initial_lr"], group["weight_decay"]) for group in groups}
    assert found == {(1e-3, 0.1), (1e-3, 0.0), (1e-5, 0.1), (1e-5, 0.0)}
    slow = {id(p) for group in groups if group["initial_lr"] == 1e-5 for p in group["params"]}
    assert slow == {id(p) for p in module.network.cnn.parameters()}
    free = {id(p) for group in groups if group["weight_decay"] == 0 for p in group["params"]}
    for name, weight in module.network.named_parameters():
        assert (id(weight) in free) == (weight.ndim <= 1 or "relative_position" in name), name


def task(rated: RatedSet, seed: int = 0) -> RatedTask:
    return RatedTask(rated, Planes(rated), range(12), (), seed)


def test_frozen_statistics_stay_and_trained_ones_move(rated: RatedSet, tmp_path: Path) -> None:
    for choice, frozen in (("frozen", True), ("trained", False)):
        network = build("lite")
        before = network.cnn.body.bn1.running_mean.clone()
        schedule = SHORT.model_copy(update={"batchnorm": choice, "epochs": 1})
        fit_rated(network, (), schedule, task(rated), tmp_path / choice, "cpu", silent)
        assert torch.equal(network.cnn.body.bn1.running_mean, before) == frozen


def test_a_training_that_diverges_says_so(rated: RatedSet, tmp_path: Path) -> None:
    wild = SHORT.model_copy(update={"learning_rate": 1e30, "backbone_rate": 1e30})
    with pytest.raises(MiqaError, match="diverged; lower the learning rates"):
        fit_rated(build("lite"), (), wild, task(rated), tmp_path, "cpu", silent)


def test_a_device_that_is_not_there_is_refused(rated: RatedSet, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="There is no device 'tpu'"):
        fit_rated(build("lite"), (), SHORT, task(rated), tmp_path, "tpu", silent)


def test_a_model_of_other_channels_is_no_start(
    rated: RatedSet, folds: list[Fold], tmp_path: Path
) -> None:
    recipe = RatedRecipe(name="bad", method="frozen", network="a3", start="lite")
    with pytest.raises(BadRecipe, match="sees 'grey' channels and the model lite 'views'"):
        runs(rated, tmp_path).fold(Candidate("bad", recipe), folds[0], silent)
