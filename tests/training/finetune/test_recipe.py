"""Recipes are checked before anything runs, and the size of the data chooses among them in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from miqa_app.errors import BadRecipe
from miqa_app.training.finetune.recipe import (
    FineTuneRecipe,
    choose_recipe,
    read_finetune_recipe,
    recipe_names,
)


def test_every_bundled_recipe_can_be_read_and_bears_the_name_of_its_file() -> None:
    assert recipe_names() == ["adapter", "full", "heads", "last"]
    for name in recipe_names():
        recipe = read_finetune_recipe(name)
        assert (recipe.name, recipe.parts) == (name, name)
        assert recipe.seeds >= 3
        assert recipe.rehearsal > 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"seeds": 2}, "greater than or equal to 3"),
        ({"rehearsal": 0.6}, "less than or equal to 0.5"),
        ({"batch": 9}, "multiple of 2"),
        ({"crop": 200}, "multiple of 32"),
        ({"parts": "some"}, "heads"),
        ({"ema": 1.0}, "less than 1"),
        ({"speed": 1}, "not permitted"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_by_its_fault(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    values = {"name": "own", "parts": "heads", **change}
    path = tmp_path / "own.yaml"
    path.write_text("\n".join(f"{name}: {value}" for name, value in values.items()))
    with pytest.raises(BadRecipe, match=fault) as caught:
        read_finetune_recipe(str(path))
    assert next(iter(change)) in str(caught.value)


def test_a_recipe_that_is_missing_or_no_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="no recipe best; .* adapter, full, heads, last"):
        read_finetune_recipe("best")
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n")
    with pytest.raises(BadRecipe, match="no table of settings"):
        read_finetune_recipe(str(path))
    path.write_text("a: [")
    with pytest.raises(BadRecipe, match="cannot be read|can be read"):
        read_finetune_recipe(str(path))


@pytest.mark.parametrize(
    ("images", "references", "cuda", "name"),
    [
        (112, 14, False, "heads"),
        (1000, 120, False, "heads"),
        (112, 14, True, "adapter"),
        (300, 36, True, "adapter"),
        (1000, 120, True, "last"),
        (5000, 400, True, "full"),
    ],
)
def test_the_size_of_the_data_and_the_machine_choose_and_say_why(
    images: int, references: int, cuda: bool, name: str
) -> None:
    recipe, words = choose_recipe(images, references, cuda=cuda)
    assert isinstance(recipe, FineTuneRecipe)
    assert recipe.name == name
    assert f"'{name}'" in words
    assert f"{images} rated images of {references} references" in words
    assert words.endswith(".")
