"""Control charts call a stable process stable as often as they say, and find shifts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from miqa_app.statistics.control_chart import (
    Dispersion,
    Reference,
    SpreadReference,
    dispersion,
    judge,
    log_spread,
    pooled,
    share_deviations,
    share_limits,
    sides,
)

CALM = Dispersion(200.0, 200.0)
"""Of a site whose weeks differ by chance alone."""


def baseline(points: int, first: int = 8) -> np.ndarray:
    return np.arange(points) < first


@pytest.mark.parametrize("size", [8, 21, 64])
def test_spreads_of_scans_from_the_baseline_are_as_unusual_as_their_share_says(size: int) -> None:
    generator = np.random.default_rng(size)
    bad = generator.random(3000) < 0.1
    pool = 80 + 3 * generator.normal(size=3000) - bad * generator.uniform(10, 40, 3000)
    reference = SpreadReference(pool)
    sizes = np.full(4000, size)
    found = reference.deviations(log_spread(generator.choice(pool, (4000, size))), sizes)
    for wanted in (-2.0, -1.0, 1.0, 2.0, 2.8):
        share = float((found < wanted).mean() if wanted < 0 else (found > wanted).mean())
        assert share == pytest.approx(stats.norm.sf(abs(wanted)), rel=0.6, abs=0.003)
    low, high = reference.limits(sizes[:1], -2.0, 2.0)
    assert reference.deviations(np.r_[low, high], sizes[:2]) == pytest.approx([-2, 2], abs=0.1)


def test_the_spread_is_the_interquartile_range_row_by_row() -> None:
    values = np.array([[0.0, 1, 2, 3, 4], [0, 10, 20, 30, 40]])
    assert np.exp(log_spread(values, axis=-1)) == pytest.approx([2, 20])
    assert np.isfinite(log_spread(np.zeros((1, 5)), axis=-1)).all()


def test_shares_are_as_unusual_as_the_binomial_tail_says() -> None:
    found = share_deviations(np.array([0.0, 5, 1]), np.array([10.0, 10, 10]), 0.1)
    assert found[1] == pytest.approx(stats.norm.isf(stats.binom.sf(4, 10, 0.1)))
    assert found[0] < 0
    assert found[2] == 0  # exactly what is usual
    low, high = share_limits(np.array([10.0, 1000]), 0.1, -3.0, 3.0)
    assert low[0] == 0
    assert high[0] > high[1] > 0.1 > low[1] > 0


@pytest.mark.parametrize("size", [1, 4, 5, 8, 25])
def test_medians_of_scans_from_the_baseline_are_as_unusual_as_their_share_says(size: int) -> None:
    """Half of the scans are bad now and then: the tail of the medians is that of real draws, not of a normal curve."""
    generator = np.random.default_rng(size)

    def scans(count: int | tuple[int, int]) -> np.ndarray:
        bad = generator.random(count) < 0.1
        return 80 + 4 * generator.normal(size=count) - bad * generator.uniform(10, 40, count)

    reference = Reference(scans(40_000))
    medians = np.median(scans((40_000, size)), axis=1)
    found = reference.deviations(medians, np.full(40_000, size))
    for wanted in (-3.0, -2.0, -1.0, 1.0, 2.0):
        share = float((found < wanted).mean() if wanted < 0 else (found > wanted).mean())
        promised = stats.norm.sf(abs(wanted))
        assert share < 1.15 * promised + 0.0005
        if size % 2:
            assert share > 0.85 * promised - 0.0005
    low, high = reference.limits(np.array([size]), -2.5, 2.5)
    ends = reference.deviations(np.r_[low, high], np.array([size, size]))
    assert ends == pytest.approx([-2.5, 2.5], abs=0.05)


def test_a_value_never_seen_before_is_the_more_unusual_the_farther_it_lies() -> None:
    reference = Reference(np.linspace(70, 90, 40))
    sizes = np.full(4, 5)
    found = reference.deviations(np.array([60.0, 50.0, 40.0, -400.0]), sizes)
    assert (np.diff(found) < 0).all()
    assert np.isfinite(found).all()
    mirrored = reference.deviations(np.array([100.0, 110.0, 120.0, 560.0]), sizes)
    assert mirrored == pytest.approx(-found, rel=1e-6)


def test_weeks_that_differ_more_than_chance_widen_the_limits() -> None:
    calm, wild = np.tile([-1.0, 1.0], 10), np.tile([-3.0, 3.0], 10)
    here = baseline(20)
    site = pooled([dispersion(wild, here)] * 6)
    assert dispersion(wild, here).ratio > 9
    assert dispersion(np.zeros(20), here).ratio == 1
    narrow, wide = judge(calm, here, 1e-3, CALM), judge(wild, here, 1e-3, site)
    assert wide.error > 3 * narrow.error
    alone = judge(wild, here, 1e-3, dispersion(wild, here))
    assert alone.limit > 1.3 * wide.limit  # there is nobody else to learn from
    assert not narrow.side.any()
    assert not wide.side.any()


def test_a_jump_is_found_at_once_and_its_side_is_named() -> None:
    found = judge(np.r_[np.tile([-1.0, 1.0], 4), 0.5, -7.0, -7.0], baseline(11), 1e-4, CALM)
    assert found.side.tolist() == [0] * 9 + [-1, -1]
    assert sides(found, np.array([0.5, -7.0])).tolist() == [0, -1]


def test_a_small_shift_is_found_after_some_weeks_by_the_moving_average_alone() -> None:
    shifted = np.r_[np.tile([-1.0, 1.0], 6), np.full(10, 3.0)]
    found = judge(shifted, baseline(22, 12), 1e-4, CALM)
    assert np.abs(shifted / found.error).max() < found.limit
    assert found.side[-1] == 1
    assert found.side[12] == 0


def test_a_baseline_is_never_judged_and_needs_two_points() -> None:
    wild = np.r_[np.array([0.0, 50, -50, 3, 1, 2, 4, -2]), np.zeros(3)]
    assert not judge(wild, baseline(11), 1e-3, CALM).side.any()
    with pytest.raises(ValueError, match="two points"):
        judge(wild, baseline(11, 1), 1e-3, CALM)


@pytest.mark.parametrize("spread", [1.0, 1.6])
def test_a_stable_process_alarms_no_more_often_than_promised(spread: float) -> None:
    """Both rules together: at most twice alpha, overdispersion or not, counting every point."""
    generator, alpha, years = np.random.default_rng(7), 0.002, 400
    site = Dispersion(spread**2 * 200, 200)
    called = 0
    for _ in range(years):
        deviations = generator.normal(0, spread, 60)
        called += int((judge(deviations, baseline(60), alpha, site).side != 0).sum())
    rate = called / (52 * years)
    assert rate < 2 * alpha
    assert rate > 0.2 * alpha
