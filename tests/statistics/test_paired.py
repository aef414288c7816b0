"""Paired draws agree with the bootstrap done draw by draw, and their intervals mean what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from miqa_app.statistics.bootstrap import cluster_interval, correlation_interval, paired_difference
from miqa_app.statistics.correlation import plcc, srocc
from miqa_app.statistics.errors import mae, rmse
from miqa_app.statistics.paired import line, paired_draws


def made(seed: int = 1, references: int = 12, each: int = 7) -> tuple[dict[str, np.ndarray], np.ndarray, list[str]]:  # fmt: skip
    rng = np.random.default_rng(seed)
    clusters = [f"r{number}" for number in range(references) for _ in range(each)]
    target = rng.uniform(10, 90, len(clusters)).round()
    noise = rng.normal(size=(2, len(clusters)))
    return {"a": target + 9 * noise[0], "b": 0.5 * target + 20 + 14 * noise[1]}, target, clusters


@pytest.mark.parametrize(("measure", "function"), [("srocc", srocc), ("plcc", plcc), ("mae", mae)])
def test_differences_are_those_of_the_bootstrap_done_draw_by_draw(measure, function) -> None:
    methods, target, clusters = made()
    quick = paired_draws(methods, target, clusters, draws=400).difference(measure, "a", "b")
    slow = paired_difference(function, methods["a"], methods["b"], target, clusters, draws=400)
    assert quick.value == pytest.approx(slow.value)
    assert quick.interval.low == pytest.approx(slow.interval.low)
    assert quick.interval.high == pytest.approx(slow.interval.high)
    assert quick.p == pytest.approx(slow.p)


def test_rmse_in_a_draw_is_that_of_its_images() -> None:
    methods, target, clusters = made()
    drawn = paired_draws(methods, target, clusters, draws=300)
    slow = cluster_interval(
        lambda rows: rmse(methods["a"][rows], target[rows]), clusters, draws=300
    )
    assert drawn.interval("rmse", "a").low == pytest.approx(slow.low)
    assert drawn.interval("rmse", "a").high == pytest.approx(slow.high)
    assert drawn.values["rmse", "a"] == pytest.approx(rmse(methods["a"], target))


def test_intervals_of_correlations_are_those_of_the_bootstrap() -> None:
    methods, target, clusters = made()
    drawn = paired_draws(methods, target, clusters)
    known = correlation_interval(methods["b"], target, clusters, ranks=True)
    assert drawn.interval("srocc", "b") == known


def test_the_line_is_found_again_and_its_interval_holds_it() -> None:
    rng = np.random.default_rng(3)
    clusters = [f"r{number}" for number in range(30) for _ in range(8)]
    predicted = rng.uniform(0, 100, len(clusters))
    target = 0.8 * predicted + 12 + 5 * rng.normal(size=len(clusters))
    drawn = paired_draws({"m": predicted}, target, clusters)
    slope, offset = line(predicted, target)
    assert slope == pytest.approx(np.polyfit(predicted, target, 1)[0])
    assert offset == pytest.approx(np.polyfit(predicted, target, 1)[1])
    for measure, truth in (("slope", 0.8), ("offset", 12.0)):
        interval = drawn.interval(measure, "m")
        assert interval.low < truth < interval.high
    assert drawn.values["error", "m"] == pytest.approx((predicted - target).mean())


def test_a_constant_method_has_no_correlation_and_no_slope_but_an_error() -> None:
    methods, target, clusters = made()
    drawn = paired_draws({"flat": np.full(len(target), 50.0), **methods}, target, clusters)
    assert math.isnan(drawn.values["srocc", "flat"])
    assert math.isnan(drawn.interval("slope", "flat").low)
    assert math.isnan(drawn.difference("srocc", "flat", "a").interval.low)
    assert drawn.interval("mae", "flat").low > 0


def test_one_reference_is_refused() -> None:
    methods, target, clusters = made()
    with pytest.raises(ValueError, match="two references"):
        paired_draws(methods, target, ["one"] * len(target))
