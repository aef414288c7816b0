"""The table of votes and its matrix."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.rating.mos.ratings import Ratings


def some(**changes: object) -> Ratings:
    values = {
        "observers": ("b", "a", "a", "a"),
        "stimuli": ("x", "x", "x", "y"),
        "scores": np.array([1.0, 3.0, 5.0, np.nan]),
        "repetitions": np.array([0, 0, 1, 0]),
    }
    return Ratings(**(values | changes))


def test_repetitions_are_averaged_or_counted_each():
    table = some().table()
    assert (table.stimuli, table.observers) == (("x", "y"), ("a", "b"))
    np.testing.assert_array_equal(table.flat, [[4.0, 1.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(table.counts, [[1, 1], [0, 0]])
    each = some().table("each")
    assert each.scores.shape == (2, 2, 2)
    np.testing.assert_array_equal(each.counts, [[2, 1], [0, 0]])
    np.testing.assert_array_equal(each.flat, table.flat)


def test_the_order_of_rows_does_not_matter():
    ratings = some()
    turned = ratings.rows([True] * 4)
    mixed = Ratings(
        observers=ratings.observers[::-1],
        stimuli=ratings.stimuli[::-1],
        scores=ratings.scores[::-1],
        repetitions=ratings.repetitions[::-1],
    )
    np.testing.assert_array_equal(turned.table().scores, mixed.table().scores)


def test_leaving_out_an_observer_keeps_the_others():
    left = some().without({"b"})
    assert left.observer_names == ("a",)
    assert len(left) == 3
    assert len(some()) == 4


def test_observers_without_common_stimuli_form_groups():
    apart = Ratings(("a", "b", "c"), ("x", "y", "y"), np.array([1.0, 2.0, 3.0]))
    assert apart.table().groups() == 2
    joined = Ratings(("a", "b", "a"), ("x", "y", "y"), np.array([1.0, 2.0, 3.0]))
    assert joined.table().groups() == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"stimuli": ("x",)}, "stimuli: 1 entries for 4 votes"),
        ({"scores": np.array([1.0])}, "scores: 1 entries"),
        ({"repetitions": np.array([0, 0, 0, 0])}, "two votes on one stimulus"),
        ({"scores": np.array([1.0, np.inf, 2.0, 3.0])}, "infinite"),
        ({"scale": (2.0, 100.0)}, "outside the scale 2 to 100"),
    ],
)
def test_tables_that_make_no_sense_are_refused(changes, fault):
    with pytest.raises(ValueError, match=fault):
        some(**changes)
