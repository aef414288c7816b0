"""From rated sets to a folder with two encoders, and from there to a network with new heads."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
import yaml
from typer.testing import CliRunner

from miqa_app.cli.pretrain import pretrain as command
from miqa_app.errors import BadModel, BadRecipe, BadRequest
from miqa_app.evaluation.folds import grouped_folds
from miqa_app.evaluation.rated import RatedSet, read_rated_set
from miqa_app.networks import build, named_config
from miqa_app.paths import bundled
from miqa_app.registry.checkpoint import load_model
from miqa_app.registry.folders import read_folder
from miqa_app.services.branches import BranchRequest, pretrain
from miqa_app.services.engine_open import open_engine
from miqa_app.training.branches import keep
from miqa_app.training.crossvalidation import Candidate, CrossValidation, Place
from miqa_app.training.progress import Progress
from miqa_app.training.rated_recipe import RatedRecipe
from miqa_app.training.start import starting_network
from tests.training.rated_discs import rated_discs

BRANCH = {"epochs": 1, "crops": 1, "batch": 8, "crop": 64, "learning_rate": 0.001, "ema": 0.5}
RECIPE = {
    "name": "tiny",
    "network": "lariqa",
    "start": "random",
    "seed": 5,
    "photographs": True,
    "whole": {**BRANCH, "sets": ["still", "moved"]},
    "detail": {**BRANCH, "sets": ["moved"]},
    "remark": "Discs.",
}


def table(folder: Path, name: str, turned: bool) -> Path:
    """Write discs under noise as a table: the more noise the fewer points, or `turned` the more."""
    folder.mkdir()
    rated = rated_discs(folder)
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("image", "mos", "reference", "subject"))
        for image in rated.images:
            mos = 100 - image.mos if turned else image.mos
            writer.writerow((image.name, mos, image.reference, image.subject))
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("world")
    recipe = folder / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    return {
        "recipe": recipe,
        "still": table(folder / "a", "ratings", turned=False),
        "moved": table(folder / "b", "ratings", turned=True),
        "out": folder / "runs",
    }


def request(world: dict[str, Path], **changes: Any) -> BranchRequest:
    data = tuple(f"{name}={world[name]}" for name in ("still", "moved"))
    values = {"recipe": str(world["recipe"]), "data": data, "out": world["out"], "device": "cpu"}
    return BranchRequest(**{**values, **changes})


def silent(_: Progress) -> None:
    """Take the progress and say nothing."""


@pytest.fixture(scope="module")
def folder(world: dict[str, Path]) -> Path:
    """The folder of a training from its beginning to its end."""
    return pretrain(request(world), silent)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(str(folder), start=True).network.state_dict()


# ------------------------------------------------------------------ what comes out


def test_the_folder_holds_trained_encoders_and_untouched_heads(folder: Path) -> None:
    assert folder.parts[-3:] == ("tiny", "model", "tiny")
    torch.manual_seed(5)
    before = build("lariqa").state_dict()
    for name, value in weights(folder).items():
        if name.startswith(("whole.", "detail.")):
            continue
        assert torch.equal(value, before[name].half().float()), name
    for branch in ("whole", "detail"):
        name = f"{branch}.body.conv_stem.weight"
        assert not torch.equal(weights(folder)[name], before[name].half().float())


def test_the_figures_of_each_set_are_in_the_record_and_on_the_card(folder: Path) -> None:
    training = load_model(str(folder), start=True).folder.config["training"]
    told = {
        (branch, one["name"]): one
        for branch, facts in training["branches"].items()
        for one in facts["sets"]
    }
    assert list(told) == [("whole", "still"), ("whole", "moved"), ("detail", "moved")]
    card = (folder / "card.md").read_text(encoding="utf-8")
    for one in told.values():
        assert (one["learnt_from"], one["held_back"], one["references_held_back"]) == (12, 4, 1)
        assert -1 <= one["srocc"] <= 1
        row = f"| {one['srocc']:.3f} | {one['plcc']:.3f} | {one['rmse']:.1f} |"
        assert f"| {one['name']} | mean opinion score (0-100) | 12 | 4 | 1 {row}" in card
    assert "its own scores mean nothing" in card
    assert "- Discs." in card
    assert "random weights, seed 5" in card


def test_a_later_stage_begins_with_exactly_these_encoders_and_a_new_head(folder: Path) -> None:
    config = named_config("lariqa").model_copy(update={"score_bias": 0.7})
    network, start = starting_network(config, str(folder), 9)
    torch.manual_seed(9)
    new, kept = build(config).state_dict(), weights(folder)
    for name, value in network.state_dict().items():
        expected = kept if name.startswith(("whole.", "detail.")) else new
        assert torch.equal(value, expected[name]), name
    assert not torch.equal(new["score_head.base"], kept["score_head.base"])
    assert start.learnt == ("detail", "whole")
    assert float(network.state_dict()["line.offset"]) == pytest.approx(0.7)


# ------------------------------------------------------------------ going on


def test_a_stopped_training_goes_on_at_the_branch_it_was_at(
    folder: Path, world: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = keep.fit_branch

    def stop(network: Any, branch: Any, *rest: Any, **facts: Any) -> Any:
        if branch == "detail":
            raise KeyboardInterrupt
        return original(network, branch, *rest, **facts)

    with monkeypatch.context() as patched:
        patched.setattr(keep, "fit_branch", stop)
        with pytest.raises(KeyboardInterrupt):
            pretrain(request(world, out=tmp_path), silent)
    assert not (tmp_path / "tiny" / "model").exists()
    reports: list[Progress] = []
    again = pretrain(request(world, out=tmp_path), reports.append)
    assert [report.stage for report in reports] == ["detail", "done"]
    whole = weights(folder)
    for name, value in weights(again).items():
        torch.testing.assert_close(value, whole[name], msg=name)


def test_a_finished_training_is_not_done_again_but_for_another_recipe(
    folder: Path, world: dict[str, Path], tmp_path: Path
) -> None:
    reports: list[Progress] = []
    before = weights(folder)
    assert pretrain(request(world), reports.append) == folder
    assert [report.stage for report in reports] == ["done"]
    assert all(torch.equal(value, before[name]) for name, value in weights(folder).items())
    other = tmp_path / "other.yaml"
    longer = {**RECIPE, "detail": {**RECIPE["detail"], "learning_rate": 0.002}}  # type: ignore[dict-item]
    other.write_text(yaml.safe_dump(longer))
    pretrain(request(world, recipe=str(other)), reports.append)
    assert [report.stage for report in reports] == ["done", "detail", "done"]


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (("still",), "learns from moved; say where it lies with --data moved=FOLDER"),
        (("still", "moved", "still"), "The set still is given twice"),
        (("still", "moved", "odd"), "has no set odd; its sets are still, moved"),
    ],
)
def test_the_sets_must_be_those_of_the_recipe(
    world: dict[str, Path], data: tuple[str, ...], words: str
) -> None:
    given = tuple(f"{name}={world.get(name, 'x.csv')}" for name in data)
    with pytest.raises(BadRequest, match=words):
        pretrain(request(world, data=given), silent)


def test_a_recipe_that_is_not_there_names_those_that_are(world: dict[str, Path]) -> None:
    with pytest.raises(BadRecipe, match="lariqa-branches, lariqa-branches-mri"):
        pretrain(request(world, recipe="nowhere"), silent)


def test_what_the_branches_have_seen_judges_nothing_that_starts_from_them(
    folder: Path, world: dict[str, Path], tmp_path: Path
) -> None:
    recipe = RatedRecipe(name="r", method="frozen", network="lariqa", start=str(folder))

    def judge(rated: RatedSet) -> None:
        groups = rated.groups("reference")
        runs = CrossValidation(rated, groups, Place(tmp_path, "cpu"))
        runs.fold(Candidate("row", recipe), grouped_folds(groups, 4)[0], silent)

    # the table as anybody reads it, under another name and as slices
    with pytest.raises(BadRequest, match="has learnt from the set still, and would be judged"):
        judge(read_rated_set(str(world["still"]), tmp_path))
    fresh = tmp_path / "fresh"
    other = table(fresh, "others", turned=False)
    files = sorted(fresh.glob("*.png"))
    files[0].write_bytes(files[-1].read_bytes())
    judge(read_rated_set(str(other), tmp_path))


def test_two_encoders_are_no_judge(folder: Path) -> None:
    with pytest.raises(BadModel, match="tiny cannot score: its encoders are trained and its heads"):
        open_engine("auto", read_folder(folder), "cpu")
    with pytest.raises(
        BadModel, match="cannot score"
    ):  # nor can it be measured, fine-tuned or exported
        load_model(str(folder))
    assert read_folder(bundled("models") / "lite").judges


# ------------------------------------------------------------------ the command


def test_the_command_says_where_the_encoders_are(folder: Path, world: dict[str, Path]) -> None:
    app = typer.Typer()
    app.command()(command)
    words = ["--out", str(world["out"]), "--device", "cpu", "--json-lines"]
    for given in request(world).data:
        words += ["--data", given]
    result = CliRunner().invoke(app, [str(world["recipe"]), *words], catch_exceptions=False)
    assert result.exit_code == 0
    *lines, last = result.stdout.splitlines()
    assert last == str(folder)
    assert json.loads(lines[-1])["stage"] == "done"


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(BadRequest, match="taken is no folder; choose another place"):
        command("nowhere", ["a=b"], taken / "runs")
