"""Mappings find the curve that made the data, and refuse sets that they would flatter."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.statistics import mapping
from miqa_app.statistics.correlation import plcc
from miqa_app.statistics.errors import rmse
from miqa_app.statistics.mapping import fit_cubic, fit_line, fit_logistic4, fit_logistic5


def curved(count: int = 112, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions 0–100 and targets on a logistic from 15 to 85 with its middle at 40 and scale 8."""
    rng = np.random.default_rng(5)
    x = np.linspace(0, 100, count)
    return x, 15 + 70 / (1 + np.exp(-(x - 40) / 8)) + rng.normal(0, noise, count)


def test_the_4_parameter_logistic_finds_its_own_curve() -> None:
    x, y = curved()
    found = fit_logistic4(x, y)
    assert found.form == "4PL"
    assert found.parameters == 4
    assert found.monotone
    assert found(x) == pytest.approx(y, abs=1e-3)
    assert found([40.0]) == pytest.approx([50.0], abs=1e-3)
    high, low, middle, scale = found.values
    assert sorted((high, low)) == pytest.approx([15, 85], abs=1e-2)
    assert middle * found.spread + found.centre == pytest.approx(40, abs=1e-2)
    assert abs(scale) * found.spread == pytest.approx(8, abs=1e-2)


def test_the_5_parameter_logistic_finds_its_own_curve() -> None:
    # f(x) = 60·(½ − 1/(1 + exp(0.15·(x − 45)))) + 0.2·x + 30, models.md 2.1, in the units of x
    x = np.linspace(0, 100, 112)
    y = 60 * (0.5 - 1 / (1 + np.exp(0.15 * (x - 45)))) + 0.2 * x + 30
    found = fit_logistic5(x, y)
    assert found.form == "5PL"
    assert found.parameters == 5
    assert found.monotone
    assert found(x) == pytest.approx(y, abs=1e-3)


@pytest.mark.parametrize("fit", [fit_logistic4, fit_logistic5, fit_cubic, fit_line])
def test_a_measure_where_lower_is_better_is_mapped_as_well(fit) -> None:
    x, y = curved(noise=2)
    up, down = fit(x, y), fit(-x, y)
    assert down.form == up.form
    assert down(-x) == pytest.approx(up(x), abs=0.05)
    assert plcc(down(-x), y) > 0.9


@pytest.mark.parametrize("fit", [fit_logistic4, fit_logistic5, fit_cubic])
def test_a_mapping_never_fits_worse_than_a_line(fit) -> None:
    for seed in range(5):
        x, y = np.random.default_rng(seed).normal(size=(2, 60))
        line = fit_line(x, y)
        squares = ((fit(x, y)(x) - y) ** 2).sum()
        assert squares <= ((line(x) - y) ** 2).sum() * (1 + 1e-8)
        assert line(x) == pytest.approx(np.polyval(np.polyfit(x, y, 1), x))


def test_a_scale_shift_of_the_predictions_changes_nothing() -> None:
    x, y = curved(noise=3)
    for fit in (fit_logistic4, fit_logistic5, fit_cubic):
        assert fit(x * 1e-3 + 7, y)(x * 1e-3 + 7) == pytest.approx(fit(x, y)(x), abs=0.05)


@pytest.mark.parametrize("fit", [fit_logistic4, fit_logistic5, fit_cubic, fit_line])
def test_constant_predictions_give_the_mean_target(fit) -> None:
    found = fit(np.full(60, 0.1), np.arange(60.0))
    assert found.form == "line"
    assert found([0.1, 3.0]) == pytest.approx([29.5, 29.5])


def test_the_cubic_is_monotone_where_the_free_one_is_not() -> None:
    x = np.linspace(0, 100, 101)
    y = 50 + 30 * np.sin((x - 50) / 14)
    free = np.polyval(np.polyfit(x, y, 3), x)
    found = fit_cubic(x, y)
    assert (np.diff(free) < 0).any()
    assert found.form == "cubic"
    assert found.parameters == 4
    assert (np.diff(found(x)) >= -1e-6).all()
    assert rmse(found(x), y) < rmse(fit_line(x, y)(x), y)


def test_the_cubic_finds_a_monotone_cubic() -> None:
    x = np.linspace(-1, 1, 50)
    assert fit_cubic(x, x**3 + x)(x) == pytest.approx(x**3 + x, abs=1e-4)


def test_a_5_parameter_fit_says_where_it_is_not_monotone() -> None:
    x = np.linspace(-3, 3, 80)
    assert not fit_logistic5(x, 4 * np.tanh(2 * x) - x).monotone
    # the slope turns at 0.9·x only outside the data
    assert fit_logistic5(x / 10, 4 * np.tanh(2 * x / 10) - x / 10).monotone


@pytest.mark.parametrize(("fit", "fewest"), [(fit_logistic5, 50), (fit_logistic4, 40), (fit_cubic, 40)])  # fmt: skip
def test_a_fold_of_14_images_is_refused(fit, fewest: int) -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 100))
    with pytest.raises(ValueError, match=f"14 images are too few .* asks for {fewest}"):
        fit(x[:14], y[:14])
    with pytest.raises(ValueError, match="too few"):
        fit(x[: fewest - 1], y[: fewest - 1])
    assert fit(x[:fewest], y[:fewest]).form


def test_noise_at_14_images_shows_why() -> None:
    """models.md 1.1.4: on pure noise the fit lifts |PLCC| from .205 to .506 at N = 14."""
    raw, mapped = [], []
    rng = np.random.default_rng(0)
    for _ in range(30):
        x, y = rng.normal(size=(2, 14))
        raw.append(abs(plcc(x, y)))
        mapped.append(abs(plcc(fit_logistic5(x, y, fewest=14)(x), y)))
    assert np.mean(raw) == pytest.approx(0.205, abs=0.06)
    assert np.mean(mapped) == pytest.approx(0.506, abs=0.08)


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        fit_line([1, 2, np.nan], [1, 2, 3])
    with pytest.raises(ValueError, match="two equal rows"):
        fit_line([1, 2, 3], [1, 2])


@pytest.mark.parametrize(
    ("curve", "slopes", "values"),
    [
        (mapping._logistic4, mapping._slopes4, (80.0, 15.0, 0.3, -0.6)),
        (mapping._logistic4, mapping._slopes4, (10.0, 90.0, -0.2, 0.4)),
        (mapping._logistic5, mapping._slopes5, (60.0, 1.7, 0.2, 4.0, 50.0)),
    ],
)
def test_the_derivatives_are_those_of_the_curve(curve, slopes, values) -> None:
    x = np.linspace(-2, 2, 9)
    found = slopes(x, *values)
    for place in range(len(values)):
        step = np.eye(len(values))[place] * 1e-6
        up, down = (curve(x, *(np.array(values) + sign * step)) for sign in (1, -1))
        assert found[:, place] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-5)
