"""What every figure rests on is frozen: the held-out sources and the mapping of Q."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.held_out import load_evaluation
from miqa_app.paths import bundled
from miqa_app.training.fit import refuse_leak
from miqa_app.training.recipe import read_recipe

FROZEN = {
    "evaluation/held-out-1.yaml": "bd4f822bccff296f3db1e9327b920ac485212c0409c83c17ad306f2bf477dac9",
    "evaluation/held-out-2.yaml": "99a9560a54f673e67aba4aa3d81efb9f52f53a6c279650687c027e8e46c0c18a",
    "quality_index/q-1.json": "d59c150561daf65a7556ce3cf493fb2975e8f8efb643ead5b372153ec21055d2",
}
RECIPES = sorted((bundled("resources") / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_file_is_the_one_that_was_released(name: str) -> None:
    """Figures of different models can be compared only on the same bytes: add a new version beside it instead."""
    content = (bundled("resources") / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == FROZEN[name]


def test_there_are_recipes_to_check() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_no_recipe_learns_from_a_held_out_source(path: Path) -> None:
    recipe = read_recipe(path)
    used = [*recipe.train, *recipe.validation]
    held_out = load_evaluation("held-out-1").sources
    assert recipe.evaluation == "held-out-1"
    assert not {source.name for source in used} & {source.name for source in held_out}
    assert not {source.path.split("/")[0] for source in used} & {
        source.path.split("/")[0] for source in held_out
    }
    refuse_leak(recipe)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_leak_is_refused_in_one_sentence(path: Path, part: str) -> None:
    recipe = read_recipe(path)
    leaked = load_evaluation("held-out-1").sources[0]
    spoilt = recipe.model_copy(update={part: [*getattr(recipe, part), leaked]})
    with pytest.raises(BadRecipe, match=rf"uses {leaked.name}, which .* holds out\.$"):
        refuse_leak(spoilt)


def test_the_frozen_evaluation_holds_a_fifth_of_clean_slices_and_five_severities() -> None:
    recipe = load_evaluation("held-out-1")
    assert recipe.clean_share == 0.2
    assert len(recipe.severities) == 5
    assert recipe.severities == sorted(recipe.severities)
    assert recipe.quality_index == "q-1"
    assert all(source.licence for source in recipe.sources)


def test_an_evaluation_that_is_not_there_is_named() -> None:
    with pytest.raises(BadRecipe, match="'held-out-99' cannot be read"):
        load_evaluation("held-out-99")
