"""Figures of a method after its mapping, their intervals by reference, and many methods against one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from miqa_app.evaluation.method_figures import compare_with, kendall_interval, method_figures
from miqa_app.evaluation.predictions import Predictions
from miqa_app.statistics.bootstrap import cluster_interval
from miqa_app.statistics.correlation import krocc, plcc
from miqa_app.statistics.mapping import fit_logistic4
from miqa_app.statistics.significance import rmse_test


def predictions() -> Predictions:
    """Six references of eight images: a good method in odd units, a poor one, and one with many ties."""
    rng = np.random.default_rng(5)
    target = rng.uniform(10, 90, 48)
    good = 1 / (1 + np.exp(-(target + 6 * rng.standard_normal(48) - 50) / 12))
    poor = target + 60 * rng.standard_normal(48)
    return Predictions(
        images=tuple(f"image {n}" for n in range(48)),
        references=tuple("abcdef"[n // 8] for n in range(48)),
        targets=target,
        methods={"good": good, "poor": poor, "tied": np.round(target / 30 + rng.standard_normal(48))},
    )  # fmt: skip


def test_figures_are_of_the_predictions_after_the_logistic() -> None:
    found = method_figures(predictions(), "good")
    values, target = predictions().methods["good"], predictions().targets
    mapped = fit_logistic4(values, target)(values)
    assert found.plcc == pytest.approx(plcc(mapped, target))
    assert found.rmse == pytest.approx(np.sqrt(((mapped - target) ** 2).sum() / (48 - 4)))
    assert found.plcc_raw == pytest.approx(plcc(values, target))
    assert found.krocc == pytest.approx(krocc(values, target))
    rows = [slice(start, start + 8) for start in range(0, 48, 8)]
    within = np.mean([spearmanr(values[r], target[r]).statistic for r in rows])
    assert found.srocc_within == pytest.approx(within)
    for value, span in (
        (found.plcc, found.plcc_interval), (found.srocc, found.srocc_interval),
        (found.krocc, found.krocc_interval), (found.rmse, found.rmse_interval),
    ):  # fmt: skip
        assert span.low < value < span.high


@pytest.mark.parametrize("name", ["good", "tied"])
def test_the_interval_of_kendalls_tau_is_that_of_resampling_images(name: str) -> None:
    given = predictions()
    values, target = given.methods[name], given.targets
    slow = cluster_interval(lambda rows: krocc(values[rows], target[rows]), given.references)
    fast = kendall_interval(values, target, given.references)
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=1e-9)


def test_few_references_give_figures_without_intervals() -> None:
    given = predictions()
    few = Predictions(given.images, ("a",) * 24 + ("b",) * 24, given.targets, given.methods)
    found = method_figures(few, "good")
    assert np.isfinite(found.srocc)
    assert np.isnan([found.srocc_interval.low, found.krocc_interval.low, found.rmse_interval.low]).all()  # fmt: skip


def test_every_other_method_is_compared_with_one_and_corrected_over_these() -> None:
    given = predictions()
    figures = {name: method_figures(given, name) for name in given.methods}
    found = compare_with(given, figures, "good")
    assert set(found) == {"poor", "tied"}
    first = figures["good"]
    raw = {
        name: rmse_test(other.rmse, first.rmse, 48, 4, 4).p
        for name, other in figures.items()
        if name != "good"
    }
    # of two comparisons Holm doubles the smaller p
    smaller, larger = sorted(found, key=lambda name: raw[name])
    assert found[smaller].rmse_p == pytest.approx(min(1, 2 * raw[smaller]))
    assert found[larger].rmse_p == pytest.approx(max(raw[larger], found[smaller].rmse_p))
    assert found["poor"].code == "1-1"
    assert not found["poor"].better
    assert compare_with(given, figures, "poor")["good"].better
    assert compare_with(given, {"good": first}, "good") == {}
