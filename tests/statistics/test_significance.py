"""Tests agree with published numbers and with numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from miqa_app.statistics.significance import (
    compare_correlations,
    compare_paired_correlations,
    fisher_interval,
    holm,
    paired_test,
    residual_test,
    rmse_test,
)

# Student's sleep data (Biometrika 1908), as R ships them
SLEEP_A = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SLEEP_B = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_112_images_and_5_parameters_need_a_ratio_of_1_3764() -> None:
    """models.md 2.2: F(.95; 107, 107) = 1.3764, an RMSE ratio of 1.173."""
    result = rmse_test(11.74, 10, 112, 5, 5)
    assert result.critical == pytest.approx(1.3764, abs=5e-5)
    assert math.sqrt(result.critical) == pytest.approx(1.173, abs=5e-4)
    assert result.p < 0.05
    assert rmse_test(11.72, 10, 112, 5, 5).p > 0.05


def test_a_ratio_of_1_243_is_not_significant() -> None:
    """1.243 < 1.376: P(F(107, 107) > 1.243) = 0.13."""
    result = rmse_test(10 * math.sqrt(1.243), 10, 112, 5, 5)
    assert result.ratio == pytest.approx(1.243)
    assert result.ratio < result.critical
    assert result.p == pytest.approx(0.13, abs=0.005)


def test_the_order_of_the_methods_does_not_matter_and_each_keeps_its_degrees() -> None:
    assert rmse_test(3, 4, 60, 1, 5) == rmse_test(4, 3, 60, 5, 1)
    assert rmse_test(3, 4, 60, 1, 5) != rmse_test(3, 4, 60, 5, 1)
    # table F(.95; 9, 9) = 3.179
    assert rmse_test(2, 1, 10).critical == pytest.approx(3.179, abs=5e-4)


def test_perfect_methods_are_compared_without_dividing_by_zero() -> None:
    assert rmse_test(0, 0, 10).ratio == 1
    assert rmse_test(0, 1, 10).ratio == math.inf
    assert rmse_test(0, 1, 10).p == 0


def test_normal_residuals_take_welch() -> None:
    """R: t.test(extra ~ group, sleep) gives p = 0.07939; shapiro.test gives 0.4079 and 0.3511."""
    result = residual_test(np.zeros(10), SLEEP_A + 10, SLEEP_B + 10)
    assert result.test == "Welch"
    assert result.p == pytest.approx(0.07939, abs=5e-6)


def test_by_kurtosis_the_same_residuals_take_mann_whitney() -> None:
    """Kurtosis of the second group is 1.65, outside 2–4. R: wilcox.test gives W = 25.5, p = 0.06933."""
    result = residual_test(np.zeros(10), SLEEP_A + 10, SLEEP_B + 10, normality="kurtosis")
    assert result.test == "Mann-Whitney"
    assert result.p == pytest.approx(0.06933, abs=5e-6)
    assert result.effect == pytest.approx(2 * 25.5 / 100 - 1)


def test_half_normal_residuals_take_mann_whitney() -> None:
    rng = np.random.default_rng(0)
    target = rng.uniform(0, 100, 112)
    close, far = target + rng.normal(0, 5, 112), target + rng.normal(0, 10, 112)
    result = residual_test(target, close, far)
    assert result.test == "Mann-Whitney"
    assert result.p == mannwhitneyu(abs(close - target), abs(far - target)).pvalue
    assert result.p < 1e-3
    assert -0.6 < result.effect < -0.2
    assert residual_test(target, far, close).effect == pytest.approx(-result.effect)


def test_cliffs_delta_is_minus_one_where_every_residual_is_smaller() -> None:
    assert residual_test([0] * 5, [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).effect == -1


def test_many_images_are_judged_by_kurtosis_without_a_warning() -> None:
    rng = np.random.default_rng(0)
    target, first, second = rng.normal(size=(3, 5001))
    assert residual_test(target, first, second).p > 0.01


def test_equal_methods_do_not_differ() -> None:
    target = np.arange(20.0)
    assert residual_test(target, target + 1, target + 1).p == 1
    assert paired_test(target, target + 1, target - 1).p == 1


def test_six_images_all_better_give_the_exact_wilcoxon_p() -> None:
    """By hand: one of 2⁶ sign patterns on either side, 2/64."""
    result = paired_test([0] * 6, [1, 2, 3, 4, 5, 6], [1.5, 3, 4.5, 6, 7.5, 9])
    assert result.p == pytest.approx(2 / 64)
    assert result.effect == -1


def test_fisher_interval_by_hand() -> None:
    # artanh 0.7 = 0.86730, 1.95996/√27 = 0.37720: tanh 0.49010 and tanh 1.24450
    low, high = fisher_interval(0.7, 30)
    assert low == pytest.approx(0.4543, abs=5e-5)
    assert high == pytest.approx(0.8467, abs=5e-5)
    assert fisher_interval(1.0, 30) == (1, 1)


@pytest.mark.parametrize(
    ("first", "n", "second", "m", "z", "p"),
    [
        (0.84, 63, 0.75, 42, 1.207, 0.2275),  # Stata, help of cortesti
        (0.86, 42, 0.62, 42, 2.5097, 0.0121),  # MedCalc manual, comparison of correlations
    ],
)
def test_two_correlations_of_different_images(first, n, second, m, z, p) -> None:
    found = compare_correlations(first, second, n, m)
    assert found[0] == pytest.approx(z, abs=1e-3)
    assert found[1] == pytest.approx(p, abs=1e-4)


def test_two_correlations_with_one_target() -> None:
    """Meng, Rosenthal and Rubin, Psychological Bulletin 1992: r = .63 and −.03, −.19 between, N = 15: Z = 1.68."""
    z, p = compare_paired_correlations(0.63, -0.03, -0.19, 15)
    assert z == pytest.approx(1.68, abs=0.005)
    assert p == pytest.approx(0.093, abs=0.001)


def test_alike_methods_make_a_paired_comparison_sharper() -> None:
    apart = compare_paired_correlations(0.9, 0.8, 0.2, 112)[1]
    alike = compare_paired_correlations(0.9, 0.8, 0.9, 112)[1]
    assert alike < apart
    assert compare_paired_correlations(0.9, 0.9, 0.5, 112) == (0, 1)
    assert compare_paired_correlations(1, 0.9, 0.9, 112)[1] == 0


def test_holm_by_hand() -> None:
    # 4·0.005, 3·0.01, 2·0.03, and 0.04 may not fall below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    corrected = holm([0.01, math.nan, 0.03])
    assert corrected[[0, 2]] == pytest.approx([0.02, 0.03])
    assert math.isnan(corrected[1])
    assert len(holm([])) == 0


def test_nonsense_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="an RMSE is zero or more"):
        rmse_test(-1, 1, 10)
    with pytest.raises(ValueError, match="5 images are too few"):
        rmse_test(1, 1, 5, 5)
    with pytest.raises(ValueError, match="three equal rows"):
        residual_test([1, 2, 3], [1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="within −1…1"):
        fisher_interval(1.2, 30)
    with pytest.raises(ValueError, match="at least four images"):
        compare_correlations(0.5, 0.5, 3, 30)
