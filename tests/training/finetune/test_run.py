"""Fine-tuning: every recipe learns, the parent stays, what is frozen stays, and the seeds become one plain network."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.networks import MIQANet
from miqa_app.training.finetune import choice
from miqa_app.training.finetune.choice import AGREEMENT, CHANCE
from miqa_app.training.finetune.features import FeatureStore
from miqa_app.training.finetune.judge import Figures
from miqa_app.training.finetune.recipe import FineTuneLoss

from .conftest import LEVELS, Runner, short


def scores(network: MIQANet, runner: Runner, places: range) -> np.ndarray:
    with torch.inference_mode():
        images = [torch.from_numpy(runner.task.planes(p)[0])[None, None] for p in places]
        return np.array([float(network(image).score) for image in images])


def simulated_scores(network: MIQANet, runner: Runner) -> np.ndarray:
    assert runner.task.rehearsal is not None
    with torch.inference_mode():
        images = [torch.from_numpy(plane)[None, None] for plane in runner.task.rehearsal.planes]
        return np.array([float(network(image).score) for image in images])


def merit(figures: dict[str, float]) -> float:
    return Figures(**figures).merit


def changed(one: MIQANet, other: MIQANet) -> set[str]:
    values = other.state_dict()
    return {
        name for name, value in one.state_dict().items() if not torch.equal(value, values[name])
    }


@pytest.mark.parametrize("parts", ["heads", "last", "full", "adapter"])
def test_every_recipe_learns_the_order_of_references_it_never_saw(
    runner: Runner, parts: str
) -> None:
    before = {name: value.clone() for name, value in runner.parent.state_dict().items()}
    # a parent of random weights has nothing worth keeping
    runner.task = replace(runner.task, rehearsal=None)
    tuned = runner(short(parts=parts, epochs=6, patience=6))
    said = scores(tuned.network, runner, range(16, 24)).reshape(-1, LEVELS)
    assert (said[:, 0] > said[:, -1]).all(), said
    figures = tuned.facts["validation"]
    assert figures["srocc"] > 0.7
    assert figures["rmse"] < tuned.facts["parent_validation"]["rmse"]
    assert all(torch.equal(value, before[n]) for n, value in runner.parent.state_dict().items())
    assert not any(weight.requires_grad for weight in runner.parent.parameters())


def test_heads_alone_leave_every_weight_below_them_as_it_was(runner: Runner) -> None:
    tuned = runner(short(epochs=1))
    moved = changed(tuned.network, runner.parent)
    assert moved
    assert all(name.startswith(runner.parent.parts.heads) for name in moved)


def test_adapters_are_merged_into_a_network_of_the_same_weights_by_name(runner: Runner) -> None:
    tuned = runner(short(parts="adapter", epochs=1))
    assert list(tuned.network.state_dict()) == list(runner.parent.state_dict())
    moved = changed(tuned.network, runner.parent)
    assert any(name.startswith("cnn.") for name in moved)
    assert not tuned.network.training
    assert {value.dtype for value in tuned.network.parameters()} == {torch.float32}
    assert not any(weight.requires_grad for weight in tuned.network.parameters())


def test_what_is_kept_is_no_worse_on_the_validation_images_than_any_seed(runner: Runner) -> None:
    runner.task = replace(runner.task, rehearsal=None)
    facts = runner(short()).facts
    best = max(merit(seed["validation"]) for seed in facts["seeds"])
    # the line at the end is fitted on training images too, and may cost a little on these
    assert merit(facts["validation"]) >= best - CHANCE - 0.03
    assert len(facts["seeds"]) == 3
    assert "average of 3 seeds" in facts["kept_words"]
    json.dumps(facts, allow_nan=False)


def test_seeds_take_different_ways(runner: Runner) -> None:
    facts = runner(short(epochs=1)).facts
    losses = {seed["curve"][0]["loss"] for seed in facts["seeds"]}
    assert len(losses) == 3


def test_the_same_task_twice_gives_the_same_weights(runner: Runner) -> None:
    first = runner(short(epochs=1)).network
    runner.run = runner.run.with_name("again")
    assert not changed(runner(short(epochs=1)).network, first)


def test_a_seed_ends_when_its_validation_no_longer_improves(runner: Runner) -> None:
    # with a rate of next to nothing no epoch is better than another by more than rounding
    recipe = short(epochs=6, patience=1, learning_rate=0.05, ema=0.0)
    facts = runner(recipe).facts
    assert any(seed["epochs"] < 6 for seed in facts["seeds"])
    for seed in facts["seeds"]:
        assert seed["epochs"] in (6, seed["best_epoch"] + 1)
        merits = [merit({n: row[n] for n in Figures._fields}) for row in seed["curve"]]
        assert merit(seed["validation"]) == pytest.approx(max(merits), abs=1e-4)


def test_without_validation_images_the_last_epochs_are_averaged(runner: Runner) -> None:
    runner.task = replace(runner.task, validation=())
    facts = runner(short(epochs=2)).facts
    assert facts["kept"] == "average"
    assert [seed["best_epoch"] for seed in facts["seeds"]] == [2, 2, 2]
    assert facts["validation"]["srocc"] is None


def test_the_events_carry_curves_time_and_memory_from_the_parent_on(runner: Runner) -> None:
    runner(short(epochs=2))
    epochs = runner.told("epoch")
    assert [(e["seed"], e["epoch"]) for e in epochs] == [
        (0, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2),
    ]  # fmt: skip
    for event in epochs:
        assert {"loss", "srocc", "plcc", "rmse", "rehearsal", "seconds_left"} <= set(event)
        assert event["memory_mb"] > 50
        assert event["memory_free_mb"] > 50
        assert (event["seeds"], event["epochs"]) == (3, 2)
    assert epochs[-1]["seconds_left"] == 0
    steps = runner.told("step")
    assert [s["done"] for s in steps] == sorted(s["done"] for s in steps)
    assert {s["total"] for s in steps} == {3 * 2 * 3}
    json.dumps(runner.events, allow_nan=False)


def test_a_run_folder_of_another_task_is_refused(runner: Runner) -> None:
    runner(short(epochs=1))
    with pytest.raises(BadRequest, match="another recipe, model or set of ratings"):
        runner(short(epochs=2))
    images = list(runner.task.rated.images)
    images[0] = replace(images[0], mos=12.0)
    runner.task = replace(runner.task, rated=replace(runner.task.rated, images=tuple(images)))
    with pytest.raises(BadRequest, match="another recipe, model or set of ratings"):
        runner(short(epochs=1))


def test_a_training_that_diverges_says_so_and_gives_nothing(runner: Runner) -> None:
    with pytest.raises(MiqaError, match="diverged"):
        runner(short(learning_rate=1e30, weight_decay=0.0))


def test_rehearsal_keeps_what_was_said_of_simulated_slices_where_the_ratings_pull_it_elsewhere(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a parent that ranks the simulated slices, raters who like what it dislikes, and no way back at the end
    whole = runner.task
    runner.task = replace(whole, rehearsal=None)
    runner.parent = runner(short(epochs=4, patience=4)).network
    images = tuple(replace(image, mos=100 - image.mos) for image in whole.rated.images)
    runner.task = replace(whole, rated=replace(whole.rated, images=images))
    monkeypatch.setattr(choice, "AGREEMENT", -1.0)
    before, kept = simulated_scores(runner.parent, runner), {}
    for share in (0.0, 0.5):
        runner.run = runner.run.with_name(f"share-{share}")
        loss = FineTuneLoss(rehearsal=40.0)
        recipe = short(epochs=12, patience=12, learning_rate=0.01, rehearsal=share, loss=loss)
        after = simulated_scores(runner(recipe).network, runner)
        kept[share] = np.corrcoef(before, after)[0, 1]
    assert kept[0.5] > kept[0.0] + 0.1, kept


def test_what_moved_too_far_from_the_parent_is_taken_back_as_far_as_needed(runner: Runner) -> None:
    facts = runner(short(rehearsal=0.0)).facts
    assert min(seed["validation"]["rehearsal"] for seed in facts["seeds"]) < AGREEMENT
    assert 0 < facts["blend"] < 1
    least = 2**-5
    assert facts["validation"]["rehearsal"] >= AGREEMENT or facts["blend"] == least
    assert f"{100 * facts['blend']:.0f} % were gone" in facts["kept_words"]


def test_the_scale_of_the_raters_is_taken_over_before_anything_is_learnt(runner: Runner) -> None:
    tuned = runner(short(epochs=1, learning_rate=1e-12, backbone_rate=1e-12))
    said = scores(tuned.network, runner, range(16))
    rated = np.array([runner.task.rated.images[place].mos / 100 for place in range(16)])
    assert said.mean() == pytest.approx(rated.mean(), abs=0.01)
    before = scores(runner.parent, runner, range(16))
    for line in tuned.facts["scale"].values():
        before = line["gain"] * before + line["offset"] / 100
    np.testing.assert_allclose(said, before, atol=1e-3)


def test_folds_that_share_features_give_what_folds_on_their_own_give(runner: Runner) -> None:
    alone = runner(short(epochs=1)).network
    shared = FeatureStore(runner.parent)
    for folder in ("one", "two"):
        runner.run, runner.features = runner.run.with_name(folder), shared
        assert not changed(runner(short(epochs=1)).network, alone)
    runner.run, runner.features = runner.run.with_name("none kept"), FeatureStore(runner.parent, 0)
    assert not changed(runner(short(epochs=1)).network, alone)
