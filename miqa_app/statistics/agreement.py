"""Agreement of raters: intraclass correlation, Krippendorff's alpha, Kendall's W.

All take a matrix of N subjects (rows) and K raters (columns) with NaN where a rater gave no score, and each result says
what it rests on: ICC and W take the subjects that every rater scored, alpha all subjects that at least two did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LEVEL = 0.95


@dataclass(frozen=True)
class Coefficient:
    """An agreement coefficient, at most 1.

    Attributes:
        value: NaN where it is undefined: too few subjects or raters, or all scores equal.
        low: lower end of the 95 % interval, NaN where none is known.
        high: upper end.
        subjects: how many subjects it rests on.
        raters: how many raters.
    """

    value: float
    low: float
    high: float
    subjects: int
    raters: int


@dataclass(frozen=True)
class IntraclassCorrelations:
    """Two-way intraclass correlations by their names after McGraw and Wong (Psychological Methods 1996, 1(1), 30–46).

    Attributes:
        single: ICC(A,1), absolute agreement of single raters; ICC(2,1) of Shrout and Fleiss.
        average: ICC(A,k), absolute agreement of the mean of the raters; ICC(2,k).
        consistency_single: ICC(C,1), which forgives each rater's bias; ICC(3,1).
        consistency: ICC(C,k), the same of the mean; ICC(3,k), Cronbach's alpha.
    """

    single: Coefficient
    average: Coefficient
    consistency_single: Coefficient
    consistency: Coefficient


def complete_cases(scores: ArrayLike) -> NDArray[np.float64]:
    """Return the rows in which nobody is missing."""
    values = np.asarray(scores, np.float64)
    return np.asarray(values[~np.isnan(values).any(1)])


def intraclass_correlations(scores: ArrayLike) -> IntraclassCorrelations:
    """Return the intraclass correlations of the complete cases with 95 % intervals by the F distribution.

    Args:
        scores: (N, K), NaN where there is no score.
    """
    x = complete_cases(scores)
    n, k = x.shape
    if n < 2 or k < 2 or np.ptp(x) == 0:
        nothing = Coefficient(np.nan, np.nan, np.nan, n, k)
        return IntraclassCorrelations(nothing, nothing, nothing, nothing)
    rows, columns, error = _mean_squares(x)

    def of(value: float, low: float, high: float) -> Coefficient:
        return Coefficient(float(value), float(low), float(high), n, k)

    spread = (columns - error) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.float64(rows) / error
        single = np.float64(rows - error) / (rows + (k - 1) * error + k * spread)
        low, high = _absolute_ends(rows, columns, error, n, k, single)
        c_low = ratio / _quantile(n - 1, (n - 1) * (k - 1))
        c_high = ratio * _quantile((n - 1) * (k - 1), n - 1)
        return IntraclassCorrelations(
            single=of(single, low, high),
            average=of(
                np.float64(rows - error) / (rows + spread),
                low * k / (1 + low * (k - 1)),
                high * k / (1 + high * (k - 1)),
            ),
            consistency_single=of(
                np.float64(rows - error) / (rows + (k - 1) * error),
                (c_low - 1) / (c_low + k - 1),
                (c_high - 1) / (c_high + k - 1),
            ),
            consistency=of(np.float64(rows - error) / rows, 1 - 1 / c_low, 1 - 1 / c_high),
        )


def krippendorff_alpha(
    scores: ArrayLike, metric: Literal["interval", "ordinal"] = "interval"
) -> Coefficient:
    """Return Krippendorff's alpha (Computing Krippendorff's Alpha-Reliability, 2011) over all pairs of scores.

    Args:
        scores: (N, K), NaN where there is no score; subjects with one score count for nothing.
        metric: 'interval' takes squared differences, 'ordinal' those of ranks.
    """
    x = np.asarray(scores, np.float64)
    known = ~np.isnan(x)
    paired = known.sum(1) >= 2
    x, known = x[paired], known[paired]
    raters = int(known.any(0).sum())
    if metric == "ordinal" and known.any():
        # the ordinal metric is the interval metric on mid-ranks among all pairable scores
        ranked = np.full_like(x, np.nan)
        ranked[known] = rankdata(x[known])
        x = ranked
    values, counts = x[known], known.sum(1)
    total = len(values)
    if not total or np.ptp(values) == 0:
        return Coefficient(np.nan, np.nan, np.nan, len(x), raters)
    filled = np.where(known, x - values.mean(), 0.0)
    within = 2 * (counts * (filled**2).sum(1) - filled.sum(1) ** 2) / (counts - 1)
    observed = within.sum() / total
    centred = values - values.mean()
    expected = 2 * total * (centred**2).sum() / (total * (total - 1))
    return Coefficient(float(1 - observed / expected), np.nan, np.nan, len(x), raters)


def kendall_w(scores: ArrayLike) -> Coefficient:
    """Return Kendall's coefficient of concordance, 0–1, corrected for ties, of the complete cases.

    Source: Kendall and Babington Smith, Annals of Mathematical Statistics 1939, 10(3), 275–287; K (N − 1) W is
    Friedman's chi-square.

    Args:
        scores: (N, K), NaN where there is no score.
    """
    x = complete_cases(scores)
    n, k = x.shape
    if n < 2 or k < 2:
        return Coefficient(np.nan, np.nan, np.nan, n, k)
    ranks = rankdata(x, axis=0)
    sums = ranks.sum(1)
    ties = sum(
        float((count**3 - count).sum())
        for column in x.T
        for count in (np.unique(column, return_counts=True)[1].astype(np.float64),)
    )
    largest = k**2 * (n**3 - n) - k * ties
    value = 12 * float(((sums - sums.mean()) ** 2).sum()) / largest if largest > 0 else np.nan
    return Coefficient(float(value), np.nan, np.nan, n, k)


def _mean_squares(x: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean squares of rows, columns and residual of a two-way analysis of variance."""
    n, k = x.shape
    grand, by_row, by_column = x.mean(), x.mean(1), x.mean(0)
    rows = k * float(((by_row - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((by_column - grand) ** 2).sum()) / (k - 1)
    residual = x - by_row[:, None] - by_column[None, :] + grand
    return rows, columns, float((residual**2).sum()) / ((n - 1) * (k - 1))


def _absolute_ends(
    rows: float, columns: float, error: float, n: int, k: int, single: np.float64
) -> tuple[np.float64, np.float64]:
    """Return the ends of ICC(A,1) by Satterthwaite's degrees of freedom (McGraw and Wong 1996, table 7)."""
    a = k * single / (n * (1 - single))
    b = 1 + k * single * (n - 1) / (n * (1 - single))
    freedom = (a * columns + b * error) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    lower, upper = _quantile(n - 1, freedom), _quantile(freedom, n - 1)
    rest = k * columns + (k * n - k - n) * error
    return (
        np.float64(n * (rows - lower * error) / (lower * rest + n * rows)),
        np.float64(n * (upper * rows - error) / (rest + n * upper * rows)),
    )


def _quantile(numerator: float, denominator: float) -> float:
    return float(f_distribution.isf((1 - _LEVEL) / 2, numerator, denominator))
