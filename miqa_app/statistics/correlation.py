"""Correlations and ranking figures of models.md 2.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import kendalltau, pearsonr, rankdata, spearmanr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def srocc(predicted: ArrayLike, target: ArrayLike) -> float:
    """Return Spearman's rank correlation with ties, −1…1; NaN where either side is constant."""
    a, b = np.asarray(predicted, float), np.asarray(target, float)
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)


def krocc(predicted: ArrayLike, target: ArrayLike) -> float:
    """Return Kendall's rank correlation tau-b with ties, −1…1; NaN where either side is constant."""
    a, b = np.asarray(predicted, float), np.asarray(target, float)
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(kendalltau(a, b).statistic)


def plcc(predicted: ArrayLike, target: ArrayLike) -> float:
    """Return Pearson's correlation without any mapping, −1…1; NaN where either side is constant."""
    a, b = np.asarray(predicted, float), np.asarray(target, float)
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(pearsonr(a, b).statistic)


def auc(score: ArrayLike, positive: ArrayLike) -> float:
    """Return the area under the ROC curve, 0–1, by the rank-sum; NaN where one class is missing."""
    values, truth = np.asarray(score, float), np.asarray(positive, bool)
    count, rest = int(truth.sum()), int((~truth).sum())
    if not count or not rest:
        return float("nan")
    ranks = rankdata(values)
    return float((ranks[truth].sum() - count * (count + 1) / 2) / (count * rest))
