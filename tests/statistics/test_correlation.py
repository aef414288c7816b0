"""Correlations agree with known answers."""

from __future__ import annotations

import math

import pytest

from miqa_app.statistics.correlation import auc, plcc, srocc


def test_a_monotone_relation_has_rank_correlation_one() -> None:
    assert srocc([1, 2, 3, 4], [1, 8, 27, 64]) == pytest.approx(1)
    assert plcc([1, 2, 3, 4], [2, 4, 6, 8]) == pytest.approx(1)
    assert plcc([1, 2, 3, 4], [1, 8, 27, 64]) < 1


def test_ties_are_ranked_by_their_mean() -> None:
    assert srocc([1, 1, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.9486833)


def test_constant_or_short_input_has_no_correlation() -> None:
    assert math.isnan(srocc([1, 1, 1], [1, 2, 3]))
    assert math.isnan(plcc([1, 2], [1, 2]))


def test_auc_counts_pairs_with_ties_as_half() -> None:
    assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == pytest.approx(0.75)
    assert auc([1, 1], [True, False]) == pytest.approx(0.5)
    assert math.isnan(auc([1, 2], [True, True]))
