"""Quality, bias and inconsistency at once: the maximum-likelihood model of ITU-T P.910 and P.913."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROUNDS = 1000
_SMALLEST_STEP = 1e-8
_SMALLEST_VARIANCE = 1e-8
"""Keeps the weight of an observer finite who equals the quality exactly."""


@dataclass(frozen=True, eq=False)
class SubjectModel:
    """The model x_ij = quality_j + bias_i + inconsistency_i · noise, fitted.

    Attributes:
        quality: (J,) in units of the scores.
        bias: (I,), mean 0.
        inconsistency: (I,) standard deviation of the observer's own noise.
        error_by_observers: (J,) standard error 1 / √Σ_i 1/inconsistency_i² over the votes on the stimulus.
        error_by_stimulus: (J,) standard error s_j / √n_j, s_j being the spread of the residuals on the stimulus.
        bias_error: (I,) standard error of the bias.
        weight: (I,) share of each observer in the quality of a stimulus that all have judged; sums to 1.
        rounds: of the alternation.
    """

    quality: NDArray[np.float64]
    bias: NDArray[np.float64]
    inconsistency: NDArray[np.float64]
    error_by_observers: NDArray[np.float64]
    error_by_stimulus: NDArray[np.float64]
    bias_error: NDArray[np.float64]
    weight: NDArray[np.float64]
    rounds: int


def fit_subject_model(scores: NDArray[np.float64]) -> SubjectModel:
    """Fit by alternating projection (ITU-T P.913 12.6, ITU-T P.910 Annex E; Li et al., HVEI 2020).

    Quality, bias and inconsistency are those of the class SubjectMLEModelProjectionSolver of the package sureal 0.9.0
    and of its P910AnnexEModel alike; `error_by_observers` is the standard error of the former, `error_by_stimulus` of
    the latter.

    The likelihood has no maximum inside: as the inconsistency of one observer goes to zero it grows without bound.
    With few observers the alternation runs there and quality becomes the scores of that one. `weight` shows it.

    Args:
        scores: (J, I, R), NaN where there is none; every stimulus and every observer has at least one.

    Raises:
        ValueError: a stimulus or an observer has no score.
    """
    known = ~np.isnan(scores)
    by_stimulus, by_observer = known.sum((1, 2)), known.sum((0, 2))
    if not by_stimulus.all() or not by_observer.all():
        raise ValueError("every stimulus and every observer needs a score")
    filled = np.where(known, scores, 0.0)

    def observed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(known, values, 0.0)

    quality = filled.sum((1, 2)) / by_stimulus
    bias = observed(scores - quality[:, None, None]).sum((0, 2)) / by_observer
    rounds, step = 0, np.inf
    while rounds < _MOST_ROUNDS and step >= _SMALLEST_STEP:
        residual = observed(scores - quality[:, None, None] - bias[None, :, None])
        inconsistency = _spread(residual, known, (0, 2))
        spread = _spread(residual, known, (1, 2))
        weight = 1.0 / (inconsistency**2 + _SMALLEST_VARIANCE)
        parts = weight[None, :, None] * known
        before = quality
        quality = (observed(scores - bias[None, :, None]) * parts).sum((1, 2)) / parts.sum((1, 2))
        bias = observed(scores - quality[:, None, None]).sum((0, 2)) / by_observer
        rounds += 1
        step = float(np.linalg.norm(before - quality))
    with np.errstate(divide="ignore"):
        # an observer without any inconsistency leaves no error: infinite precision is meant
        precision = np.where(known, 1.0 / inconsistency[None, :, None] ** 2, 0.0).sum((1, 2))
    level = float(bias.mean())
    return SubjectModel(
        quality=quality + level,
        bias=bias - level,
        inconsistency=inconsistency,
        error_by_observers=1.0 / np.sqrt(precision),
        error_by_stimulus=spread / np.sqrt(by_stimulus),
        bias_error=inconsistency / np.sqrt(by_observer),
        weight=weight / weight.sum(),
        rounds=rounds,
    )


def _spread(
    values: NDArray[np.float64], known: NDArray[np.bool_], axes: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the population standard deviation over two axes of values that are 0 where nothing is known."""
    count = known.sum(axes)
    mean = np.expand_dims(values.sum(axes) / count, axes)
    return np.asarray(np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axes) / count))
