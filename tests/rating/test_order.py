"""The order and the sides of presentations."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from miqa_app.rating.order import main, stabilising, training
from miqa_app.rating.protocol import preset
from miqa_app.rating.study import Item, StimulusInfo, Study


def a_study(
    references: int = 4, tests: int = 6, repeats: int = 2, protocol: str = "dscqs", seed: int = 5
) -> Study:
    items = [
        Item(f"item-{r}-{t}", f"test-{r}-{t}", f"reference-{r}")
        for r in range(references)
        for t in range(tests)
    ]
    items += [
        Item(f"again-{n}", items[n].test, items[n].reference, "repeat", items[n].key)
        for n in range(0, repeats * 7, 7)
    ]
    items += [Item(f"lesson-{n}", f"lesson-{n}", "lesson", "training") for n in range(5)]
    return Study("key", "name", "", preset(protocol), seed, tuple(items), ())


def keys(study: Study, rater: str) -> list[str]:
    return [shown.item for shown in main(study, rater)]


def test_every_counted_item_comes_exactly_once_and_no_training() -> None:
    study = a_study()
    shown = main(study, "anna")
    assert sorted(p.item for p in shown) == sorted(i.key for i in study.items if i.counted)
    assert [p.key for p in shown] == [f"main-{n}" for n in range(len(shown))]
    assert [p.index for p in shown] == list(range(len(shown)))


def test_the_same_seed_and_pseudonym_give_the_same_way_and_others_another() -> None:
    assert main(a_study(), "anna") == main(a_study(), "anna")
    assert keys(a_study(), "anna") != keys(a_study(), "berta")
    assert keys(a_study(), "anna") != keys(a_study(seed=6), "anna")


def test_the_way_of_a_rater_does_not_change_with_updates() -> None:
    """Resuming after an update must find the same order: a frozen hash of one."""
    way = "|".join(f"{p.item} {p.left} {p.right}" for p in main(a_study(), "anna"))
    assert hashlib.sha256(way.encode()).hexdigest()[:16] == "40907ce9c44bd295"


def test_the_same_reference_never_comes_twice_in_a_row_where_that_can_be_avoided() -> None:
    for references, tests in ((4, 6), (2, 5), (3, 1), (8, 14)):
        study = a_study(references, tests, repeats=0)
        reference = {item.key: item.reference for item in study.items}
        for rater in range(20):
            way = [reference[key] for key in keys(study, f"rater {rater} x")]
            assert all(first != second for first, second in pairwise(way))


def test_a_majority_of_one_reference_follows_itself_as_rarely_as_possible() -> None:
    items = [Item(f"a{n}", f"a{n}", "A") for n in range(5)] + [Item("b", "b", "B")]
    study = Study("k", "n", "", preset("sds"), 1, tuple(items), ())
    reference = {item.key: item.reference for item in items}
    for rater in range(20):
        way = [reference[key] for key in keys(study, f"{rater}x")]
        assert sum(first == second for first, second in pairwise(way)) <= 4
        assert len(way) == 6


def test_versions_of_one_content_are_kept_apart_even_without_a_reference() -> None:
    infos = [StimulusInfo(f"{c}{n}", {"content": c}) for c in "abc" for n in range(4)]
    items = tuple(Item(f"item-{info.key}", info.key) for info in infos)
    study = Study("k", "n", "", preset("single"), 1, items, tuple(infos))
    for rater in range(20):
        shown = main(study, f"{rater}x")
        assert all(p.right == "" for p in shown)
        assert all(p.left[0] != q.left[0] for p, q in pairwise(shown))


def test_a_repeat_comes_at_least_a_quarter_of_the_way_after_its_first_showing() -> None:
    for study in (a_study(), a_study(8, 14, 6), a_study(2, 8, 1)):
        count = sum(item.counted for item in study.items)
        for rater in range(50):
            way = keys(study, f"rater {rater} x")
            for item in study.items:
                if item.repeats:
                    assert way.index(item.key) - way.index(item.repeats) >= count // 4


def test_numbered_raters_are_counterbalanced_in_fours() -> None:
    study = a_study(4, 6, repeats=0)
    for first in (1, 5, 41):
        quarters: dict[str, set[int]] = {}
        for rater in range(first, first + 4):
            for place, key in enumerate(keys(study, f"rater-{rater}")):
                quarters.setdefault(key, set()).add(place // 6)
        assert all(found == {0, 1, 2, 3} for found in quarters.values())


def test_blocks_follow_one_another_equally_often() -> None:
    from miqa_app.rating.order import _WILLIAMS

    follows = Counter(pair for row in _WILLIAMS for pair in pairwise(row))
    assert len(follows) == 12
    assert set(follows.values()) == {1}


@pytest.mark.parametrize("name", ["rater-{}", "x{}y"])
def test_over_1000_draws_positions_and_sides_are_balanced(name: str) -> None:
    """U43: each item is in every quarter, at every place and on both sides as often as chance has it."""
    study = a_study(4, 6, repeats=0)
    items = [item.key for item in study.items if item.counted]
    places = np.zeros((24, 24))
    left = Counter[str]()
    follows = np.zeros((24, 24))
    row = {key: number for number, key in enumerate(items)}
    reference = {item.key: item.reference for item in study.items}
    for rater in range(1, 1001):
        way = main(study, name.format(rater))
        for place, shown in enumerate(way):
            places[row[shown.item], place] += 1
            left[shown.item] += shown.left == reference[shown.item]
        for first, second in pairwise(way):
            follows[row[first.item], row[second.item]] += 1
        assert sum(shown.left == reference[shown.item] for shown in way) == 12
    # 576 cells of 1000/24; a level that chance alone undercuts once in a thousand runs, and the seeds are fixed
    assert chisquare(places.ravel(), ddof=23 * 2).pvalue > 1e-3
    assert all(abs(count - 500) < 3.5 * 0.5 * 1000**0.5 for count in left.values())
    apart = [follows[row[a], row[b]] for a in items for b in items if reference[a] != reference[b]]
    assert follows.sum() == 1000 * 23 == sum(apart)
    assert np.std(apart) < 1.25 * np.mean(apart) ** 0.5


def test_a_repeat_turns_the_sides_round_where_they_are_random() -> None:
    study = a_study()
    for rater in ("anna", "rater-3"):
        left = {shown.item: shown.left for shown in main(study, rater)}
        for item in study.items:
            if item.repeats:
                assert (left[item.key] == item.reference) != (left[item.repeats] == item.reference)


def test_the_reference_stays_left_where_the_protocol_says_so() -> None:
    study = a_study(protocol="sds")
    reference = {item.key: item.reference for item in study.items}
    shown = (*training(study, "anna"), *stabilising(study, "anna", 1), *main(study, "anna"))
    assert all(p.left == reference[p.item] != p.right for p in shown)


def test_training_keeps_its_order_for_everybody() -> None:
    study = a_study()
    assert [p.item for p in training(study, "anna")] == [f"lesson-{n}" for n in range(5)]
    assert [p.item for p in training(study, "berta")] == [f"lesson-{n}" for n in range(5)]
    assert [p.key for p in training(study, "anna")][:2] == ["training-0", "training-1"]
    assert {p.part for p in training(study, "anna")} == {"training"}


def test_each_session_opens_with_other_training_items_that_do_not_count() -> None:
    study = a_study()
    first, second = stabilising(study, "anna", 1), stabilising(study, "anna", 2)
    assert [p.key for p in second] == ["stabilising-2-0", "stabilising-2-1", "stabilising-2-2"]
    assert {p.part for p in (*first, *second)} == {"stabilising"}
    assert {p.item for p in first}.isdisjoint({p.item for p in second[:2]})
    assert first == stabilising(study, "anna", 1)


def test_without_training_a_session_opens_with_rated_items() -> None:
    study = a_study()
    bare = Study("k", "n", "", study.protocol, 1, tuple(i for i in study.items if i.counted), ())
    assert len({p.item for p in stabilising(bare, "anna", 1)}) == 3
