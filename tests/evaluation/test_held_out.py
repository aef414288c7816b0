"""The evaluation asks for every kind at every severity, and for a fifth of clean slices."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.held_out import EvaluationRecipe, Item, items


@pytest.fixture(scope="module")
def asked(small_evaluation: EvaluationRecipe, phantom: Path) -> list[Item]:
    return list(items(small_evaluation, phantom))


def test_every_source_gives_kinds_times_severities_times_slices(asked: list[Item]) -> None:
    degraded = Counter(
        (item.clean.source.name, *item.kinds, item.severity) for item in asked if item.kinds
    )
    assert degraded == {
        (source, kind, severity): 2
        for source in ("first", "second")
        for kind in KEYS
        for severity in (0.2, 0.8)
    }


def test_a_fifth_of_the_images_is_clean(asked: list[Item]) -> None:
    clean = [item for item in asked if not item.kinds]
    assert len(asked) == 2 * (2 * 13 * 2 + 13)
    assert len(clean) == 0.2 * len(asked)
    assert {item.severity for item in clean} == {0}
    assert all(not item.sample.energies for item in clean)
    assert Counter(item.clean.source.name for item in clean) == {"first": 13, "second": 13}
    assert len({(item.clean.source.name, item.clean.identity) for item in clean}) == len(clean)


def test_severities_of_one_slice_and_kind_can_be_ranked(asked: list[Item]) -> None:
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in asked:
        if item.kinds:
            groups.setdefault((item.clean.identity, item.kinds[0]), []).append(item)
    for pair in groups.values():
        assert [item.severity for item in pair] == [0.2, 0.8]
        energies = [item.sample.energies[item.kinds[0]] for item in pair]
        assert energies[0] < energies[1]


def test_the_same_recipe_gives_the_same_images(
    small_evaluation: EvaluationRecipe, phantom: Path, asked: list[Item]
) -> None:
    one = small_evaluation.model_copy(update={"sources": small_evaluation.sources[:1]})
    again = list(items(one, phantom))
    for first, second in zip(asked, again, strict=False):
        assert first.clean.identity == second.clean.identity
        assert (first.kinds, first.severity) == (second.kinds, second.severity)
        assert np.array_equal(first.sample.plane, second.sample.plane)


def test_where_slices_run_out_all_of_them_are_taken(
    small_evaluation: EvaluationRecipe, phantom: Path
) -> None:
    short = small_evaluation.sources[0].model_copy(update={"frames": 3})
    recipe = small_evaluation.model_copy(update={"sources": [short]})
    clean = [item for item in items(recipe, phantom) if not item.kinds]
    assert len(clean) == 3


def test_combinations_hold_two_and_three_artefacts_by_turns(
    small_evaluation: EvaluationRecipe, phantom: Path
) -> None:
    recipe = small_evaluation.model_copy(
        update={"sources": small_evaluation.sources[:1], "combinations": 4, "coils": 4}
    )
    made = list(items(recipe, phantom))
    several = [item for item in made if len(item.kinds) > 1]
    assert [len(item.kinds) for item in several] == [2, 3, 2, 3]
    assert all(set(item.sample.energies) == set(item.kinds) for item in several)
    assert sum(not item.kinds for item in made) == round((2 * 13 * 2 + 4) / 4)


def test_several_coils_change_the_kinds_that_know_them(
    small_evaluation: EvaluationRecipe, phantom: Path, asked: list[Item]
) -> None:
    recipe = small_evaluation.model_copy(
        update={"sources": small_evaluation.sources[:1], "coils": 4, "severities": [0.8]}
    )
    single = {i.kinds: i for i in asked[:52] if i.severity == 0.8 and "/0" in i.clean.identity}
    several = {i.kinds: i for i in items(recipe, phantom) if i.kinds and "/0" in i.clean.identity}
    same = {
        kinds[0]
        for kinds, item in several.items()
        if np.array_equal(item.sample.plane, single[kinds].sample.plane)
    }
    assert same == set(KEYS[:4])
