"""The branches of LAR-IQA on two tiny rated sets: each set has its own scale, and the encoder is what both share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from miqa_app.errors import BadRecipe, BadRequest, MiqaError
from miqa_app.evaluation.rated import RatedSet
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.networks import build
from miqa_app.networks.families import LarIqaConfig
from miqa_app.networks.lariqa import LarIqa
from miqa_app.paths import bundled
from miqa_app.training.branches.data import Chunks, branch_crops, hold_back, tasks_of
from miqa_app.training.branches.fit import fit_branch
from miqa_app.training.branches.network import BranchNetwork
from miqa_app.training.branches.recipe import Branch, BranchRecipe, read_branch_recipe
from miqa_app.training.progress import Progress
from miqa_app.training.rated_data import RatedCrops
from miqa_app.training.rated_loop import Run
from miqa_app.training.rated_recipe import RatedLoss
from tests.training.rated_discs import rated_discs

SMALL = LarIqaConfig(name="small", cnn="mobilenetv3_small_050", width=16, whole_edge=64)
SHORT = Branch(
    sets=("up", "down"), epochs=2, crops=2, batch=16, crop=64, learning_rate=2e-3, ema=0.5,
)  # fmt: skip


def silent(_: Progress) -> None:
    """Take the progress and say nothing."""


def other_scale(rated: RatedSet) -> RatedSet:
    """The same images rated the other way round and on a small part of the scale: more noise, more points."""
    images = [replace(image, mos=5 + (90 - image.mos) / 5) for image in rated.images]
    return replace(rated, name="down", images=tuple(images))


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, RatedSet]]:
    rated = rated_discs(tmp_path_factory.mktemp("rated"))
    return [("up", rated), ("down", other_scale(rated))]


def small(seed: int = 0) -> LarIqa:
    torch.manual_seed(seed)
    network = build(SMALL)
    assert isinstance(network, LarIqa)
    return network


def fitted(network: LarIqa, sets: Any, folder: Path, plan: Branch = SHORT, branch: Any = "detail") -> dict[str, Any]:  # fmt: skip
    run = Run(folder, "cpu", silent, branch)
    return fit_branch(network, branch, plan, tasks_of(sets, 0.1, 0), 3, run, learnt=False)


# ------------------------------------------------------------------ what is held back


def test_whole_references_are_held_back_and_at_least_the_share() -> None:
    references = [f"r{place // 3}" for place in range(90)]
    train, kept = hold_back(references, 0.1, 0, "set")
    assert sorted(train + kept) == list(range(90))
    assert not {references[place] for place in train} & {references[place] for place in kept}
    assert len(kept) == 9
    assert hold_back(references, 0.1, 0, "set") == (train, kept)
    assert hold_back(references, 0.1, 1, "set") != (train, kept)
    assert hold_back(references, 0.1, 0, "other") != (train, kept)


def test_images_without_relatives_are_held_back_one_by_one() -> None:
    _, kept = hold_back([str(place) for place in range(200)], 0.1, 0, "koniq10k")
    assert len(kept) == 20


@pytest.mark.parametrize("references", [["a"] * 20, ["a", "b"]])
def test_a_set_that_is_too_small_to_hold_back_says_so(references: list[str]) -> None:
    with pytest.raises(BadRequest, match=r"tiny has \d+ images of \d references, too few"):
        hold_back(references, 0.1, 0, "tiny")


def test_what_is_held_back_is_never_learnt_from(
    sets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[bool, set[tuple[str, int]]] = {True: set(), False: set()}
    original = RatedCrops._slice

    def watched(self: RatedCrops, place: int, depth: float) -> Any:
        seen[self._fixed].add((self._set.name, place))
        return original(self, place, depth)

    monkeypatch.setattr(RatedCrops, "_slice", watched)
    facts = fitted(small(), sets, tmp_path)
    tasks = tasks_of(sets, 0.1, 0)
    assert seen[False] == {(t.rated.name, place) for t in tasks for place in t.train}
    assert seen[True] == {(t.rated.name, place) for t in tasks for place in t.held_back}
    assert [(s["learnt_from"], s["held_back"], s["references_held_back"]) for s in facts["sets"]] == [(12, 4, 1)] * 2  # fmt: skip


# ------------------------------------------------------------------ batches


def test_a_batch_holds_eights_of_one_set_each_and_an_epoch_every_group_once() -> None:
    spans = [40, 8, 12]
    batches = list(Chunks(spans, 16))
    assert len(batches) == len(Chunks(spans, 16)) == 8
    edges = np.cumsum([0, *spans])
    for batch in batches:
        assert len(batch) in (4, 8)  # groups of two
        for chunk in (batch[:4], batch[4:]):
            assert len({int(np.searchsorted(edges, group, side="right")) for group in chunk}) <= 1
    assert sorted(group for batch in batches for group in batch) == list(range(60))


def test_a_set_smaller_than_a_chunk_still_takes_part() -> None:
    drawn = [group for batch in Chunks([3, 9], 8) for group in batch]
    assert sorted(group for group in drawn if group < 3) == [0, 1, 2]
    assert len(drawn) == 11  # one group of nine waits for the next draw


def test_an_item_knows_its_set(sets: Any) -> None:
    crops = branch_crops(tasks_of(sets, 0.1, 0), 64, 0, crops=2)
    assert crops.spans == [12, 12]
    assert crops[11]["task"].tolist() == [0, 0]
    assert crops[12]["task"].tolist() == [1, 1]
    before = crops[12]["image"]
    crops.epoch = 1
    assert not torch.equal(crops[12]["image"], before)
    own = {round(image.mos / 100, 4) for image in sets[1][1].images}
    assert {round(float(q), 4) for q in crops[12]["q"]} <= own


def test_a_whole_slice_becomes_a_square_of_real_pixels(sets: Any) -> None:
    rated = sets[0][1]
    data = RatedCrops(rated, Planes(rated), range(16), 96, 0, fixed=True, whole=True)
    item = data[0]
    assert item["image"].shape == (2, 1, 96, 96)
    assert bool(item["valid"].all())
    # 72 x 80 pixels with a disc of 22: its share of the frame stays, wherever a crop would have been cut
    share = float((item["image"][0] > 0.5).float().mean())
    assert share == pytest.approx(np.pi * 22**2 / (72 * 80), abs=0.02)


# ------------------------------------------------------------------ what is learnt


@pytest.mark.parametrize("branch", ["whole", "detail"])
def test_each_head_learns_the_scale_of_its_set_over_one_encoder(
    branch: Any, sets: Any, tmp_path: Path
) -> None:
    """The sets rate the same images in opposite directions: one head could not serve both."""
    plan = SHORT.model_copy(
        update={"epochs": 3, "crops": 12, "learning_rate": 5e-3, "ema": 0.8, "loss": RatedLoss()}
    )
    facts = fitted(small(), sets, tmp_path, plan, branch)
    up, down = facts["sets"]
    assert (up["name"], down["name"]) == ("up", "down")
    assert up["srocc"] > 0.7
    assert down["srocc"] > 0.7
    # 90, 65, 40 and 15 points, and 5, 10, 15 and 20: on the scale of the other set either error would be 48
    assert up["rmse"] < 28
    assert down["rmse"] < 20


def test_a_score_comes_from_the_head_of_the_images_own_set() -> None:
    network = BranchNetwork(small(), "detail", [0.2, 0.8]).eval()
    image, valid = torch.rand(4, 1, 64, 64), torch.ones(4, 1, 64, 64, dtype=torch.bool)
    features = network.features(image, valid)
    scores = network(image, valid, torch.tensor([0, 1, 1, 0]))
    for place, task in enumerate((0, 1, 1, 0)):
        torch.testing.assert_close(scores[place], network.heads[task](features)[place, 0])
    # each head begins at the mean of its set
    assert [float(head[2].offset) for head in network.heads] == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize("branch", ["whole", "detail"])
def test_one_encoder_is_trained_in_place_and_all_else_of_the_network_rests(
    branch: Any, sets: Any, tmp_path: Path
) -> None:
    network = small()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert BranchNetwork(network, branch, [0.5]).encoder is getattr(network, branch)
    fitted(network, sets, tmp_path, branch=branch)
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}  # fmt: skip
    assert moved
    assert all(name.startswith(f"{branch}.") for name in moved)
    weights = {name for name, _ in getattr(network, branch).named_parameters(branch)}
    assert weights <= moved
    assert any("running_mean" in name for name in moved)


def test_the_branches_ask_their_encoders_as_the_whole_network_does() -> None:
    network = small().eval()
    image, valid = torch.rand(2, 1, 64, 64), torch.ones(2, 1, 64, 64, dtype=torch.bool)
    cells = torch.ones(2, 8, 8, dtype=torch.bool)
    fused, summary = network.fuse(image, cells)
    whole = BranchNetwork(network, "whole", [0.5]).eval().features(image, valid)
    detail = BranchNetwork(network, "detail", [0.5]).eval().features(image, valid)
    torch.testing.assert_close(whole, summary)
    torch.testing.assert_close(detail, fused[:, :-1].mean(dim=(2, 3)))


def test_learnt_encoders_keep_their_batch_statistics_in_a_small_set(
    sets: Any, tmp_path: Path
) -> None:
    network = small()
    before = network.detail.body.bn1.running_mean.clone()
    run = Run(tmp_path, "cpu", silent, "detail")
    facts = fit_branch(network, "detail", SHORT, tasks_of(sets, 0.1, 0), 0, run, learnt=True)
    assert facts["batchnorm_frozen"]
    assert torch.equal(network.detail.body.bn1.running_mean, before)


def test_the_same_training_twice_gives_the_same_encoder(sets: Any, tmp_path: Path) -> None:
    networks = [small(), small()]
    short = SHORT.model_copy(update={"epochs": 1})
    for network, folder in zip(networks, "ab", strict=True):
        fitted(network, sets, tmp_path / folder, short)
    for one, two in zip(*(network.detail.parameters() for network in networks), strict=True):
        torch.testing.assert_close(one, two)


def test_a_stopped_training_goes_on_from_its_last_epoch(sets: Any, tmp_path: Path) -> None:
    class Stop(Exception):
        """Power is gone."""

    reports: list[Progress] = []

    def stop(progress: Progress) -> None:
        reports.append(progress)
        raise Stop

    def trained(report: Any, network: LarIqa) -> dict[str, Any]:
        run = Run(tmp_path, "cpu", report, "detail")
        return fit_branch(network, "detail", SHORT, tasks_of(sets, 0.1, 0), 3, run, learnt=False)

    with pytest.raises(Stop):
        trained(stop, small())
    network = small(8)  # its weights come from the checkpoint, not from another start
    facts = trained(reports.append, network)
    # the epoch that was told when power went is told once more, and not trained again
    assert [(report.stage, report.done) for report in reports] == [
        ("detail", done) for done in (3, 3, 6)
    ]
    assert (facts["steps"], facts["epochs"]) == (6, 2)
    other = small(8).detail.body.conv_stem.weight
    first = small().detail.body.conv_stem.weight
    near, far = ((network.detail.body.conv_stem.weight - one).abs().mean() for one in (first, other))  # fmt: skip
    assert near < far / 2


def test_other_grey_scales_count_in_the_loss_where_the_recipe_says_so(
    sets: Any, tmp_path: Path
) -> None:
    losses = []
    for name, weight in (("without", 0.0), ("with", 1.0)):
        plan = SHORT.model_copy(update={"epochs": 1, "loss": RatedLoss(mappings=weight)})
        reports: list[Progress] = []
        run = Run(tmp_path / name, "cpu", reports.append, "detail")
        fit_branch(small(), "detail", plan, tasks_of(sets, 0.1, 0), 3, run, learnt=False)
        losses.append(reports[0].metrics["train/loss"])
    assert losses[1] > losses[0] + 0.05


def test_slices_beside_photographs_have_three_channels(sets: Any, tmp_path: Path) -> None:
    """One branch learns from both, the photographs in colour and in its other spaces."""
    (name, slices), other = sets
    mixed = [(name, replace(slices, photographs=True)), other]
    crops = branch_crops(tasks_of(mixed, 0.1, 0), 64, 0, crops=2)
    assert {tuple(crops[place]["image"].shape) for place in (0, 12)} == {(2, 3, 64, 64)}
    plan = SHORT.model_copy(update={"epochs": 1, "loss": RatedLoss(mappings=1.0)})
    facts = fitted(small(), mixed, tmp_path, plan, "detail")
    assert facts["steps"] > 0


def test_a_training_that_diverges_says_so(sets: Any, tmp_path: Path) -> None:
    wild = SHORT.model_copy(update={"learning_rate": 1e30, "epochs": 1})
    with pytest.raises(MiqaError, match="diverged; lower the learning rates"):
        fitted(small(), sets, tmp_path, wild)


# ------------------------------------------------------------------ recipes

RECIPES = sorted(path.stem for path in (bundled("resources") / "recipes/branches").glob("*.yaml"))


@pytest.mark.parametrize("name", RECIPES)
def test_a_bundled_recipe_checks_out(name: str) -> None:
    recipe = read_branch_recipe(name)
    assert recipe.name == name
    assert recipe.held_back == 0.1


def test_the_recipe_is_that_of_the_paper() -> None:
    recipe = read_branch_recipe("lariqa-branches")
    assert recipe.whole.sets == ("koniq10k", "bid", "spaq")
    assert recipe.detail.sets == ("kadid10k", "tid2013", "pipal")
    for branch in (recipe.whole, recipe.detail):
        assert (branch.epochs, branch.crop, branch.learning_rate) == (100, 224, 5e-5)
        assert branch.weight_decay == 1e-4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "lite"}, "network: lite has no branches of LAR-IQA; name lariqa"),
        ({"whole": {"sets": ["a", "a"]}}, "whole.sets: the set a stands twice"),
        ({"whole": {"sets": []}}, "whole.sets: Tuple should have at least 1 item"),
        ({"whole": {"sets": ["a"], "batch": 12}}, "whole.batch: Input should be a multiple of 8"),
        ({"whole": {"sets": ["a"], "frozen_epochs": 3}}, "whole.frozen_epochs: Input should be 0"),
        ({"held_back": 0}, "held_back: Input should be greater than 0"),
    ],
)
def test_a_fault_of_a_recipe_is_one_sentence(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    path = tmp_path / "r.yaml"
    base = {"name": "r", "whole": {"sets": ["a"]}, "detail": {"sets": ["b"]}}
    path.write_text(yaml.safe_dump({**base, **change}))
    with pytest.raises(BadRecipe) as caught:
        read_branch_recipe(str(path))
    assert words in str(caught.value)


def test_a_set_of_both_branches_is_asked_for_once() -> None:
    recipe = BranchRecipe(name="r", whole=Branch(sets=("a", "b")), detail=Branch(sets=("c", "a")))
    assert recipe.sets == ("a", "b", "c")
