"""Intervals draw whole references and know how few they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from miqa_app.statistics.bootstrap import (
    cluster_interval,
    correlation_interval,
    paired_difference,
    times_drawn,
)
from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.statistics.errors import rmse


def rated(references: int = 8, each: int = 14, seed: int = 0, bias: float = 0.5):
    """Return predictions, targets and references; images of one reference share an error."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat([f"r{i}" for i in range(references)], each)
    target = rng.normal(size=references * each)
    shared = rng.normal(0, bias, references).repeat(each)
    return target + shared + rng.normal(0, 0.4, len(target)), target, clusters


def test_images_of_a_reference_are_drawn_together_and_as_often_as_there_are_references() -> None:
    times = times_drawn(["a", "b", "a", "c"], draws=200, seed=1)
    assert times.shape == (200, 4)
    assert (times[:, 0] == times[:, 2]).all()
    assert (times[:, [0, 1, 3]].sum(1) == 3).all()
    # a reference stays out of a draw with (1 − 1/3)³ = 0.296
    assert (times[:, 1] == 0).mean() == pytest.approx(0.296, abs=0.08)


def test_the_interval_of_a_mean_is_that_of_student() -> None:
    """By hand: 20 references of one image each, the mean of x, x̄ ± t·s/√n, within the noise of the draws."""
    x = np.random.default_rng(3).normal(10, 2, 20)
    interval = cluster_interval(lambda rows: float(x[rows].mean()), [str(i) for i in range(20)])
    half = 2.093 * x.std(ddof=1) / math.sqrt(20)
    assert interval.low == pytest.approx(x.mean() - half, abs=0.15)
    assert interval.high == pytest.approx(x.mean() + half, abs=0.15)


@pytest.mark.parametrize(("ranks", "measure"), [(True, srocc), (False, plcc)])
@pytest.mark.parametrize("ties", [False, True])
def test_all_draws_at_once_give_what_one_by_one_gives(ranks: bool, measure, ties: bool) -> None:
    predicted, target, clusters = rated()
    if ties:
        predicted, target = predicted.round(), target.round()
    at_once = correlation_interval(predicted, target, clusters, ranks=ranks, draws=150)
    one_by_one = cluster_interval(
        lambda rows: measure(predicted[rows], target[rows]), clusters, draws=150
    )
    assert at_once.low == pytest.approx(one_by_one.low, abs=1e-9)
    assert at_once.high == pytest.approx(one_by_one.high, abs=1e-9)
    assert at_once.low < measure(predicted, target) < at_once.high


def test_many_images_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted, target, clusters = rated()
    whole = correlation_interval(predicted, target, clusters, ranks=True, draws=100)
    monkeypatch.setattr("miqa_app.statistics.bootstrap._CELLS", 1000)
    assert correlation_interval(predicted, target, clusters, ranks=True, draws=100) == whole


def test_the_seed_alone_decides() -> None:
    predicted, target, clusters = rated()
    first, again, other = (
        correlation_interval(predicted, target, clusters, ranks=False, draws=200, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_drawing_images_one_by_one_would_pretend_to_know_more() -> None:
    predicted, target, clusters = rated()
    error = predicted - target
    by_reference, by_image = (
        cluster_interval(lambda rows: float(error[rows].mean()), names, draws=500)
        for names in (clusters, [str(i) for i in range(len(target))])
    )
    # spread of a mean of 8 shared errors of 0.5 against 112 single ones of 0.64: about 0.18 against 0.06
    assert by_reference.high - by_reference.low > 2 * (by_image.high - by_image.low)


def test_eight_references_that_differ_little_are_covered() -> None:
    truth = 1 / math.sqrt(1 + 0.1**2 + 0.4**2)
    held = 0
    for seed in range(120):
        predicted, target, clusters = rated(seed=seed, bias=0.1)
        interval = correlation_interval(predicted, target, clusters, ranks=False, draws=400)
        held += interval.low <= truth <= interval.high
    assert 0.88 <= held / 120 <= 1


def test_the_better_method_stands_out_and_equal_ones_do_not() -> None:
    predicted, target, clusters = rated()
    worse = predicted + np.random.default_rng(9).normal(0, 1, len(target))
    gap = paired_difference(rmse, predicted, worse, target, clusters, draws=400)
    assert gap.value == pytest.approx(rmse(predicted, target) - rmse(worse, target))
    assert gap.interval.high < 0
    assert gap.p == pytest.approx(2 / 401)
    same = paired_difference(rmse, predicted, predicted, target, clusters, draws=50)
    assert same.value == same.interval.low == same.interval.high == 0
    assert same.p == 1


def test_a_statistic_that_is_mostly_undefined_has_no_interval() -> None:
    _, target, clusters = rated()
    interval = correlation_interval(np.full(len(target), 0.1), target, clusters, ranks=False)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert math.isnan(cluster_interval(lambda _: math.nan, clusters, draws=20).low)


def test_one_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two references"):
        times_drawn(["a", "a", "a"])
