"""What a study consists of, and what it will cost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from miqa_app.errors import BadRequest
from miqa_app.rating.campaign import Comparison, Material, compared, items_of, plan
from miqa_app.rating.design import Design
from miqa_app.rating.protocol import changed, preset
from miqa_app.rating.study import Study

RATED = tuple(Comparison(f"t{r}-{n}", f"r{r}") for r in range(4) for n in range(10))
LESSONS = (Comparison("q0", "q"), Comparison("q1", "q"))


def a_study(protocol: str = "sds") -> Study:
    items = items_of(preset(protocol), Material(RATED, LESSONS), 3)
    return Study("k", "n", "", preset(protocol), 3, items, ())


def test_shares_of_repeats_and_reference_checks_are_added() -> None:
    items = a_study().items
    assert Counter(item.role for item in items) == {
        "rated": 40, "repeat": 2, "reference check": 2, "training": 2,
    }  # fmt: skip
    rated = {item.key: item for item in items if item.role == "rated"}
    for item in items:
        if item.role == "repeat":
            assert (item.test, item.reference) == (rated[item.repeats].test, rated[item.repeats].reference)  # fmt: skip
        if item.role == "reference check":
            assert item.test == item.reference


def test_keys_are_unique_and_numbered_over_a_shuffled_list() -> None:
    items = a_study().items
    assert len({item.key for item in items}) == len(items)
    tests = [item.test for item in items if item.role == "rated"]
    assert tests != sorted(tests)
    assert items == a_study().items
    assert items != items_of(preset("sds"), Material(RATED, LESSONS), 4)


def test_training_keeps_the_order_in_which_it_teaches() -> None:
    assert [item.test for item in a_study().items if item.role == "training"] == ["q0", "q1"]


def test_no_share_means_none_and_a_small_share_one() -> None:
    bare = changed(preset("sds"), repeats=0.0, reference_checks=0.001)
    roles = Counter(item.role for item in items_of(bare, Material(RATED), 1))
    assert roles == {"rated": 40, "reference check": 1}


def test_the_same_comparison_counts_once() -> None:
    items = items_of(changed(preset("sds"), repeats=0.0, reference_checks=0.0), Material((*RATED, *RATED)), 1)  # fmt: skip
    assert len(items) == 40


def test_nothing_to_rate_and_no_reference_are_refused() -> None:
    with pytest.raises(BadRequest, match="nothing to rate"):
        items_of(preset("sds"), Material(()), 1)
    with pytest.raises(BadRequest, match="nothing to be compared with"):
        items_of(preset("dscqs"), Material((Comparison("a"),)), 1)


@pytest.mark.parametrize("count", [2, 3, 5, 6, 7, 13, 30])
def test_comparisons_join_all_versions_and_grow_with_their_number(count: int) -> None:
    versions = [f"v{n}" for n in range(count)]
    met = compared(versions, 1, "content")
    links = np.zeros((count, count))
    for pair in met:
        links[versions.index(pair.test), versions.index(pair.reference)] = 1
    assert connected_components(links, directed=False)[0] == 1
    assert len(met) == len({frozenset((p.test, p.reference)) for p in met})
    assert all(pair.test != "v0" for pair in met)  # the clean one is the reference
    degree = (links + links.T).sum(0)
    assert degree.min() == degree.max() == min(count - 1, 4)


def test_the_plan_counts_presentations_and_minutes() -> None:
    found = plan(a_study())
    assert found.presentations == 46 + 3
    assert found.minutes == pytest.approx(49 * (3 + 6 + 1) / 60)
    assert found.sessions == 1
    assert "40 rated, 2 repeat, 2 reference check, 2 training" in found.words()[0]


def test_a_long_study_takes_sessions_each_with_its_own_start() -> None:
    rated = tuple(Comparison(f"t{n}", "r") for n in range(400))
    protocol = preset("sds")
    study = Study("k", "n", "", protocol, 1, items_of(protocol, Material(rated), 1), ())
    found = plan(study)
    assert found.sessions == 3
    assert found.presentations == len(study.items) + 3 * 3
    assert found.minutes <= found.sessions * 30


def test_the_expected_half_width_is_that_of_students_t() -> None:
    widths = plan(a_study()).half_widths
    assert widths[15] == pytest.approx(2.1448 * 15 / 15**0.5, rel=1e-4)
    assert plan(a_study(), sd=10).half_widths[15] == pytest.approx(widths[15] * 10 / 15)
    assert plan(a_study("dscqs")).half_widths[15] == pytest.approx(widths[15] * 2**0.5)
    assert plan(a_study("dsis")).sd == pytest.approx(0.6)
    assert "at least 15" in plan(a_study()).words()[2]


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (Design(kinds=("fog",)), "no artefact kind 'fog'"),
        (Design(severities=(0.0,)), "above 0"),
        (Design(severities=(1.2,)), "at most 1"),
        (Design(severities=()), "need a severity"),
        (Design(slices=0), "at least one slice"),
    ],
)
def test_a_design_that_makes_no_sense_is_one_sentence(design: Design, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        design.check()


def test_one_kind_keeps_its_course_at_all_severities_and_another_seed_changes_it() -> None:
    changes = Design(kinds=("motion", "blur"), severities=(0.2, 0.8)).changes(1, "place")
    assert [(c.kind, c.severity) for c in changes] == [("motion", 0.2), ("motion", 0.8), ("blur", 0.2), ("blur", 0.8)]  # fmt: skip
    assert changes[0].seed == changes[1].seed != changes[2].seed
    assert Design(kinds=("motion",)).changes(2, "place")[0].seed != changes[0].seed
