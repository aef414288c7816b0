"""Recipes and lists of rows: those that come with the program check out, and a fault is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.rated import READERS
from miqa_app.evaluation.rated.measures import measure_names
from miqa_app.networks import CONFIGS
from miqa_app.paths import bundled
from miqa_app.training.rated_recipe import Row, read_config_list, read_rated_recipe

RECIPES = sorted(path.stem for path in (bundled("resources") / "recipes" / "rated").glob("*.yaml"))
TABLES = sorted(path.stem for path in (bundled("resources") / "recipes" / "tables").glob("*.yaml"))


def test_the_promised_recipes_and_tables_are_there() -> None:
    assert set(RECIPES) >= {"ridge", "rad-iqmri", "three-stage", "mr-art", "abide", "quick"}
    assert set(TABLES) >= {"table-2", "table-3", "table-4", "table-6"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_bundled_recipe_checks_out(name: str) -> None:
    recipe = read_rated_recipe(name)
    assert recipe.name == name
    assert recipe.network in CONFIGS
    assert all(stage.set in READERS for stage in recipe.stages)


@pytest.mark.parametrize("name", TABLES)
def test_a_bundled_table_names_rows_that_exist(name: str) -> None:
    table = read_config_list(name)
    assert table.name == name
    recipe = read_rated_recipe("three-stage")
    for row in table.rows:
        if row.measure:
            assert row.measure in measure_names()
        else:
            assert row.applied(recipe).network in CONFIGS


def test_the_ablation_is_that_of_the_paper() -> None:
    rows = {row.label: row.network for row in read_config_list("table-4").rows}
    assert list(rows.values()) == [f"a{number}" for number in range(1, 14)]
    assert rows["ResNet34 + Swin-T + AP"] == "a10"


def test_three_stages_go_from_imagenet_over_live() -> None:
    recipe = read_rated_recipe("three-stage")
    assert recipe.start == "imagenet"
    assert [stage.set for stage in recipe.stages] == ["live"]
    assert recipe.method == "train"
    assert (recipe.schedule.epochs, recipe.schedule.crops, recipe.schedule.batch) == (50, 4, 16)
    # without learning from the folds: the other two strategies of the paper
    assert read_rated_recipe("imagenet-live").stages == read_rated_recipe("three-stage").stages
    assert read_rated_recipe("live-only").start == "random"


def test_a_row_changes_only_what_it_names() -> None:
    recipe = read_rated_recipe("three-stage")
    row = Row(label="a", network="a1", start="random").applied(recipe)
    assert (row.network, row.start) == ("a1", "random")
    assert row.model_copy(update={"network": recipe.network, "start": recipe.start}) == recipe
    assert Row(label="b", recipe="ridge").applied(recipe).method == "ridge"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "a99"}, "network: There is no network 'a99'"),
        ({"schedule": {"batch": 6}}, "schedule.batch: Input should be greater than or equal to 8"),
        ({"schedule": {"crop": 100}}, "schedule.crop: Input should be a multiple of 32"),
        ({"validation": "test"}, "validation: Input should be 'fixed' or 'reference'"),
        ({"colour_jitter": True}, "colour_jitter: Extra inputs are not permitted"),
        ({"name": "No Name"}, "name: String should match"),
    ],
)
def test_a_fault_of_a_recipe_is_one_sentence(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump({"name": "r", **change}))
    with pytest.raises(BadRecipe) as caught:
        read_rated_recipe(str(path))
    assert str(caught.value).startswith(f"{path}: {words}")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "rows: Tuple should have at least 1 item"),
        ([{"label": "a", "network": "a1"}] * 2, "two rows are called 'a'"),
        (
            [{"label": "a", "measure": "psnr", "network": "a1"}],
            "the row 'a' is a measure, which takes no network",
        ),
        ([{"label": "b", "network": "a1"}], "ours names 'a', which is no row"),
    ],
)
def test_a_fault_of_a_list_is_one_sentence(
    tmp_path: Path, rows: list[dict[str, str]], words: str
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump({"name": "t", "title": "T", "ours": "a", "rows": rows}))
    with pytest.raises(BadRecipe, match=words):
        read_config_list(str(path))


def test_what_is_no_recipe_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        BadRecipe, match=r"no recipe or list nowhere; give a path .* one of abide, frozen"
    ):
        read_rated_recipe("nowhere")
    (tmp_path / "a.yaml").write_text("- 1\n")
    with pytest.raises(BadRecipe, match="is no table of settings"):
        read_rated_recipe(str(tmp_path / "a.yaml"))
    (tmp_path / "a.yaml").write_text("a: [1")
    with pytest.raises(BadRecipe, match="is not a YAML file"):
        read_rated_recipe(str(tmp_path / "a.yaml"))
