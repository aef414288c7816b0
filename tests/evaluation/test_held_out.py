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
    degraded = Counter((item.source, item.kind, item.severity) for item in asked if item.kind)
    assert degraded == {
        (source, kind, severity): 2
        for source in ("first", "second")
        for kind in KEYS
        for severity in (0.2, 0.8)
    }


def test_a_fifth_of_the_images_is_clean(asked: list[Item]) -> None:
    clean = [item for item in asked if not item.kind]
    assert len(asked) == 2 * (2 * 13 * 2 + 13)
    assert len(clean) == 0.2 * len(asked)
    assert {item.severity for item in clean} == {0}
    assert all(not item.sample.energies for item in clean)
    assert Counter(item.source for item in clean) == {"first": 13, "second": 13}
    assert len({(item.source, item.slice) for item in clean}) == len(clean)


def test_severities_of_one_slice_and_kind_can_be_ranked(asked: list[Item]) -> None:
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in asked:
        if item.kind:
            groups.setdefault((item.slice, item.kind), []).append(item)
    for pair in groups.values():
        assert [item.severity for item in pair] == [0.2, 0.8]
        energies = [item.sample.energies[item.kind] for item in pair]
        assert energies[0] < energies[1]


def test_the_same_recipe_gives_the_same_images(
    small_evaluation: EvaluationRecipe, phantom: Path, asked: list[Item]
) -> None:
    one = small_evaluation.model_copy(update={"sources": small_evaluation.sources[:1]})
    again = list(items(one, phantom))
    for first, second in zip(asked, again, strict=False):
        assert (first.slice, first.kind, first.severity) == (
            second.slice,
            second.kind,
            second.severity,
        )
        assert np.array_equal(first.sample.plane, second.sample.plane)


def test_where_slices_run_out_all_of_them_are_taken(
    small_evaluation: EvaluationRecipe, phantom: Path
) -> None:
    short = small_evaluation.sources[0].model_copy(update={"frames": 3})
    recipe = small_evaluation.model_copy(update={"sources": [short]})
    clean = [item for item in items(recipe, phantom) if not item.kind]
    assert len(clean) == 3
