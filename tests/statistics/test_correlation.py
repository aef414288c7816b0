"""Correlations agree with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miqa_app.statistics.correlation import auc, krocc, plcc, srocc


def test_a_monotone_relation_has_rank_correlation_one() -> None:
    assert srocc([1, 2, 3, 4], [1, 8, 27, 64]) == pytest.approx(1)
    assert plcc([1, 2, 3, 4], [2, 4, 6, 8]) == pytest.approx(1)
    assert plcc([1, 2, 3, 4], [1, 8, 27, 64]) < 1


def test_ties_are_ranked_by_their_mean() -> None:
    assert srocc([1, 1, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.9486833)


def test_tau_b_takes_ties_out_of_both_sides() -> None:
    # by hand: six pairs, five in the right order, one tied on the left: 5/√(5·6)
    assert krocc([1, 1, 2, 3], [1, 2, 3, 4]) == pytest.approx(5 / math.sqrt(30))
    assert krocc([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)
    assert krocc([4, 3, 2, 1], [1, 2, 3, 4]) == pytest.approx(-1)
    assert math.isnan(krocc([1, 1, 1], [1, 2, 3]))


def test_constant_or_short_input_has_no_correlation() -> None:
    assert math.isnan(srocc([1, 1, 1], [1, 2, 3]))
    assert math.isnan(plcc([1, 2], [1, 2]))


def test_auc_counts_pairs_with_ties_as_half() -> None:
    assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == pytest.approx(0.75)
    assert auc([1, 1], [True, False]) == pytest.approx(0.5)
    assert math.isnan(auc([1, 2], [True, True]))


values = st.lists(st.integers(-50, 50), min_size=4, max_size=40)


@given(values, st.integers(0, 10_000))
def test_auc_is_the_share_of_pairs_in_the_right_order(score: list[int], seed: int) -> None:
    positive = np.random.default_rng(seed).random(len(score)) < 0.5
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a, one in zip(score, positive, strict=True)
        for b, other in zip(score, positive, strict=True)
        if one and not other
    ]
    if pairs:
        assert auc(score, positive) == pytest.approx(np.mean(pairs))
    else:
        assert math.isnan(auc(score, positive))


@given(values)
def test_a_strictly_rising_function_changes_no_rank_figure(score: list[int]) -> None:
    target = np.random.default_rng(len(score)).permutation(len(score))
    bent = [value**3 + 2 * value for value in score]
    assert srocc(bent, target) == pytest.approx(srocc(score, target), nan_ok=True)
    positive = target % 2 == 0
    assert auc(bent, positive) == pytest.approx(auc(score, positive), nan_ok=True)
    assert srocc([-value for value in score], target) == pytest.approx(
        -srocc(score, target), nan_ok=True
    )


def test_plcc_takes_no_mapping_but_a_linear_one() -> None:
    score, target = [1.0, 2.0, 4.0, 3.0], [10.0, 20.0, 30.0, 50.0]
    assert plcc([5 * value - 7 for value in score], target) == pytest.approx(plcc(score, target))
    assert plcc(score, target) == pytest.approx(float(np.corrcoef(score, target)[0, 1]))
