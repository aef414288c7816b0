"""Is one method better than another: tests on RMSE, on residuals, on pairs and on correlations.

All of them but the paired one take two samples as independent, while two methods see the same images; read the paired
check beside them. Correct the p-values of several comparisons with `holm`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import kurtosis, mannwhitneyu, norm, rankdata, shapiro, ttest_ind, wilcoxon
from statsmodels.stats.multitest import multipletests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

ALPHA = 0.05

Normality = Literal["shapiro", "kurtosis"]

_SHAPIRO_UP_TO = 5000
"""Beyond this many images scipy's p-value of the Shapiro-Wilk test is not accurate."""


@dataclass(frozen=True)
class RmseTest:
    """Result of the test on two RMSE.

    Attributes:
        ratio: ζ, the larger RMSE squared over the smaller squared, at least 1; inf against a perfect method.
        critical: 95 % quantile of F; the difference is significant where the ratio is larger.
        p: chance of a ratio at least as large under equal errors.
    """

    ratio: float
    critical: float
    p: float


@dataclass(frozen=True)
class ResidualTest:
    """Result of a test on |target − prediction| of two methods.

    Attributes:
        test: 'Welch', 'Mann-Whitney' or 'Wilcoxon'.
        p: two-sided.
        effect: −1…1, negative where the first method has the smaller errors: Cliff's delta, of 'Wilcoxon' the
            matched-pairs rank-biserial correlation.
    """

    test: str
    p: float
    effect: float


def rmse_test(
    first: float,
    second: float,
    count: int,
    first_parameters: int = 1,
    second_parameters: int = 1,
) -> RmseTest:
    """Compare two RMSE by the F-test HT_P1401 (P.1401 7.6.4): ζ against F(0.95; N − d_max, N − d_min).

    As the recommendation has it, the larger RMSE stands above and 5 % lie in the upper tail.

    Args:
        first: RMSE with d degrees taken off, see `errors.rmse`.
        second: the same of the other method.
        count: N, images.
        first_parameters: d of the mapping behind the first.
        second_parameters: d of the mapping behind the second.

    Raises:
        ValueError: an RMSE is negative or not a number, or there are no more images than parameters.
    """
    if not (first >= 0 and second >= 0):
        raise ValueError(f"an RMSE is zero or more, not {min(first, second)}")
    (large, above), (small, below) = sorted(
        ((first, first_parameters), (second, second_parameters)), reverse=True
    )
    if count <= max(above, below):
        raise ValueError(f"{count} images are too few for {max(above, below)} parameters")
    degrees = count - above, count - below
    ratio = (large / small) ** 2 if small else (1.0 if not large else math.inf)
    return RmseTest(
        ratio,
        float(f_distribution.isf(ALPHA, *degrees)),
        float(f_distribution.sf(ratio, *degrees)),
    )


def residual_test(
    target: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    normality: Normality = "shapiro",
) -> ResidualTest:
    """Compare |target − prediction| of two methods by HT_Res (VQEG 2000; paper section V).

    Where both look normal, Welch's t-test, otherwise the two-sided Mann-Whitney test; absolute residuals rarely do.

    Args:
        target: (N,).
        first: (N,) predictions, after the mapping where one was fitted.
        second: (N,) those of the other method.
        normality: 'shapiro', Shapiro-Wilk with p ≥ 0.05, up to 5000 images; 'kurtosis', between 2 and 4 (P.1401
            Appendix IV).

    Raises:
        ValueError: fewer than three images or lengths differ.
    """
    a, b = _residuals(target, first, second)
    u = float(mannwhitneyu(a, b, alternative="two-sided").statistic)
    effect = 2 * u / (len(a) * len(b)) - 1
    if _looks_normal(a, normality) and _looks_normal(b, normality):
        return ResidualTest("Welch", float(ttest_ind(a, b, equal_var=False).pvalue), effect)
    return ResidualTest(
        "Mann-Whitney", float(mannwhitneyu(a, b, alternative="two-sided").pvalue), effect
    )


def paired_test(target: ArrayLike, first: ArrayLike, second: ArrayLike) -> ResidualTest:
    """Compare |target − prediction| of two methods image by image by Wilcoxon's signed-rank test.

    Images of one reference still count as independent; `bootstrap.paired_difference` does without that.

    Args:
        target: (N,).
        first: (N,) predictions, after the mapping where one was fitted.
        second: (N,) those of the other method.

    Raises:
        ValueError: fewer than three images or lengths differ.
    """
    a, b = _residuals(target, first, second)
    gap = a - b
    gap = gap[gap != 0]
    if not len(gap):
        return ResidualTest("Wilcoxon", 1.0, 0.0)
    ranks = rankdata(np.abs(gap))
    effect = float((np.sign(gap) * ranks).sum() / ranks.sum())
    return ResidualTest("Wilcoxon", float(wilcoxon(gap).pvalue), effect)


def fisher_interval(correlation: float, count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a Pearson correlation by Fisher's z, tanh(artanh r ± q/√(N − 3)).

    A quick check that takes all images as independent; `bootstrap.correlation_interval` does not.

    Raises:
        ValueError: the correlation is not within −1…1 or there are fewer than four images.
    """
    middle, half = _fisher(correlation, count), float(norm.isf((1 - level) / 2))
    half /= math.sqrt(count - 3)
    return math.tanh(middle - half), math.tanh(middle + half)


def compare_correlations(
    first: float, second: float, first_count: int, second_count: int
) -> tuple[float, float]:
    """Return z and its two-sided p of two Pearson correlations from different images (P.1401 7.6.1).

    Raises:
        ValueError: a correlation is not within −1…1 or there are fewer than four images.
    """
    gap = _difference(_fisher(first, first_count), _fisher(second, second_count))
    z = gap / math.sqrt(1 / (first_count - 3) + 1 / (second_count - 3))
    return z, float(2 * norm.sf(abs(z)))


def compare_paired_correlations(
    first: float, second: float, between: float, count: int
) -> tuple[float, float]:
    """Return z and its two-sided p of two Pearson correlations with one target (Meng, Rosenthal and Rubin 1992).

    Args:
        first: correlation of the first method with the target.
        second: correlation of the second method with the target.
        between: correlation of the two methods with each other.
        count: N, the images all three share.

    Raises:
        ValueError: a correlation is not within −1…1 or there are fewer than four images.
    """
    gap = _difference(_fisher(first, count), _fisher(second, count))
    _fisher(between, count)
    if gap == 0 or math.isinf(gap) or between == 1:
        return (gap, 0.0) if gap else (0.0, 1.0)
    square = (first**2 + second**2) / 2
    f = min(1.0, (1 - between) / (2 * (1 - square)))
    h = (1 - f * square) / (1 - square)
    z = gap * math.sqrt((count - 3) / (2 * (1 - between) * h))
    return z, float(2 * norm.sf(abs(z)))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return the p-values corrected for their number by Holm (1979; P.1401 7.6.5 asks for a correction).

    A p-value that is NaN stays so and is not counted.
    """
    p = np.asarray(p_values, np.float64)
    known = np.isfinite(p)
    corrected = np.full(len(p), np.nan)
    if known.any():
        corrected[known] = multipletests(p[known], method="holm")[1]
    return corrected


def _residuals(
    target: ArrayLike, first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, a, b = (np.asarray(values, np.float64) for values in (target, first, second))
    if not (y.shape == a.shape == b.shape) or y.ndim != 1 or len(y) < 3:
        raise ValueError(
            "a test of residuals needs three equal rows of at least three images, "
            f"not {y.shape}, {a.shape} and {b.shape}"
        )
    return np.abs(y - a), np.abs(y - b)


def _looks_normal(values: NDArray[np.float64], rule: Normality) -> bool:
    if np.ptp(values) == 0:
        return False
    if rule == "shapiro" and len(values) <= _SHAPIRO_UP_TO:
        return bool(shapiro(values).pvalue >= ALPHA)
    return bool(2 <= kurtosis(values, fisher=False) <= 4)


def _fisher(correlation: float, count: int) -> float:
    """Return Fisher's z; infinite for a correlation of ±1."""
    if not -1 <= correlation <= 1 or count < 4:
        raise ValueError(
            f"Fisher's z needs a correlation within −1…1 of at least four images, not {correlation} of {count}"
        )
    return (
        math.copysign(math.inf, correlation) if abs(correlation) == 1 else math.atanh(correlation)
    )


def _difference(first: float, second: float) -> float:
    # both may be infinite
    return 0.0 if first == second else first - second
