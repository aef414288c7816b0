"""Folds never part a reference, and a split that does is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.evaluation.folds import Fold, grouped_folds
from miqa_app.evaluation.rated import RatedImage, RatedSet, Scale

EIGHT = [name for name in "abcdefgh" for _ in range(14)]


def test_eight_folds_of_eight_references_leave_one_out() -> None:
    folds = grouped_folds(EIGHT, 8)
    assert [{EIGHT[place] for place in fold.test} for fold in folds] == [{name} for name in "abcdefgh"]  # fmt: skip
    assert all(
        (len(fold.train), len(fold.validation), len(fold.test)) == (98, 0, 14) for fold in folds
    )


def test_the_inner_validation_is_one_further_reference_of_the_training_part() -> None:
    for fold in grouped_folds(EIGHT, 8, validation=True):
        (held,) = {EIGHT[place] for place in fold.validation}
        assert held not in {EIGHT[place] for place in fold.test + fold.train}
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (84, 14, 14)


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefghij"), min_size=4, max_size=60), st.integers(2, 5))
def test_every_image_is_tested_once_and_no_group_is_parted(groups: list[str], folds: int) -> None:
    if len(set(groups)) < folds:
        with pytest.raises(BadRequest, match="cannot make"):
            grouped_folds(groups, folds)
        return
    made = grouped_folds(groups, folds)
    assert sorted(place for fold in made for place in fold.test) == list(range(len(groups)))
    for fold in made:
        assert not {groups[i] for i in fold.train} & {groups[i] for i in fold.test}
    assert made == grouped_folds(groups, folds)


def test_unequal_groups_are_dealt_out_evenly() -> None:
    groups = ["big"] * 6 + ["b"] * 3 + ["c"] * 3
    assert [len(fold.test) for fold in grouped_folds(groups, 2)] == [6, 6]


@pytest.mark.parametrize("folds", [1, 9])
def test_as_many_folds_as_groups_and_no_more(folds: int) -> None:
    with pytest.raises(BadRequest, match="choose --folds from 2 to 8"):
        grouped_folds(EIGHT, folds)


def test_two_groups_leave_none_for_an_inner_validation() -> None:
    with pytest.raises(BadRequest, match="leave none to train on"):
        grouped_folds(["a", "b"], 2, validation=True)


@pytest.mark.parametrize(
    ("train", "validation", "test", "words"),
    [
        ((0, 1), (), (2, 3), "Fold 1 is refused: a stands in train and in test"),
        ((4,), (1,), (0, 2), "a stands in validation and in test"),
        ((0,), (1,), (4,), "a stands in train and in validation"),
    ],
)
def test_a_leak_is_refused(
    train: tuple[int, ...], validation: tuple[int, ...], test: tuple[int, ...], words: str
) -> None:
    with pytest.raises(MiqaError, match=words):
        Fold(0, train, validation, test).refuse_leak(["a", "a", "a", "b", "c"])


@pytest.mark.parametrize("by", ["image", "slice", "name", ""])
def test_a_split_by_image_is_refused(by: str) -> None:
    image = RatedImage("a.png", Path("a.png"), 50, 50, "ref", "sub")
    rated = RatedSet("one", (image,), Scale(0, 100))
    with pytest.raises(BadRequest, match="would put images of the same content into training and"):
        rated.groups(by)
    assert (rated.groups("reference"), rated.groups("subject")) == (("ref",), ("sub",))
