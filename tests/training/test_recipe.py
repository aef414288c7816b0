"""A recipe that does not check out is refused in one sentence before anything runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.sources import Source
from miqa_app.training.fit import refuse_leak
from miqa_app.training.recipe import LossWeights, Recipe, read_recipe


def written(tmp_path: Path, values: Any) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values) if not isinstance(values, str) else values)
    return path


def refused(path: Path) -> str:
    with pytest.raises(BadRecipe) as caught:
        read_recipe(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    return message


def test_a_recipe_keeps_what_it_says(tmp_path: Path, recipe_values: dict[str, Any]) -> None:
    recipe = read_recipe(written(tmp_path, recipe_values))
    assert (recipe.groups, recipe.batch, recipe.crop) == (30, 6, 64)
    assert recipe.loss == LossWeights()
    assert recipe.precision == "32-true"
    assert Recipe(**recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"loss": {"beauty": 1.0}}, "loss.beauty: Extra inputs are not permitted"),
        ({"loss": {"rank": -1.0}}, "loss.rank: Input should be greater than or equal to 0"),
        ({"batch": 5}, "batch: Input should be a multiple of 2"),
        (
            {"batch": 6, "devices": 2},
            "recipe: Value error, the batch must be a multiple of 4, two slices per device, not 6",
        ),
        ({"batch": 2}, "batch: Input should be greater than or equal to 4"),
        ({"crop": 100}, "crop: Input should be a multiple of 32"),
        ({"crop": 32}, "crop: Input should be greater than or equal to 64"),
        ({"groups": 0}, "groups: Input should be greater than or equal to 1"),
        ({"learning_rate": 0}, "learning_rate: Input should be greater than 0"),
        ({"ema": 1.0}, "ema: Input should be less than 1"),
        ({"name": "../up"}, "name: String should match pattern"),
        ({"precision": "8-bit"}, "precision: Input should be"),
        ({"epochs": "many"}, "epochs: Input should be a valid integer"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(
    tmp_path: Path, recipe_values: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    message = refused(written(tmp_path, recipe_values | change))
    assert re.search(rf": {re.escape(words)}[^\n]*\.$", message)


def test_a_missing_value_is_named(tmp_path: Path, recipe_values: dict[str, Any]) -> None:
    less = {key: value for key, value in recipe_values.items() if key != "network"}
    assert "network: Field required." in refused(written(tmp_path, less))


def test_a_subject_on_both_sides_is_refused(tmp_path: Path, recipe_values: dict[str, Any]) -> None:
    same = [dict(recipe_values["validation"][0], subject="a")]
    message = refused(written(tmp_path, recipe_values | {"validation": same}))
    assert "these subjects stand in training and in validation: phantom/a." in message


@pytest.mark.parametrize("text", ["{", "", "- a\n- b\n", "just words"])
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    assert "is not a recipe" in refused(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "there is no such recipe" in refused(tmp_path / "none.yaml")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_held_out_source_is_refused(recipe_values: dict[str, Any], part: str) -> None:
    leaked = Source(
        name="phantom_held_out", subject="z", path="clean", licence="own", anatomy="head"
    )
    recipe = Recipe(**recipe_values)
    refuse_leak(recipe)
    spoilt = recipe.model_copy(update={part: [*getattr(recipe, part), leaked]})
    with pytest.raises(BadRecipe, match="recipe tiny uses phantom_held_out, which the evaluation"):
        refuse_leak(spoilt)
