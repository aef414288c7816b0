"""Prediction errors of ITU-T P.1401 (01/2020): rmse, rmse*, outlier ratio, and the mean absolute error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def rmse(predicted: ArrayLike, target: ArrayLike, parameters: int = 1) -> float:
    """Return √(Σe²/(N − d)) in units of the target (P.1401 7.5.1).

    Args:
        predicted: (N,) predictions, after the mapping where one was fitted.
        target: (N,).
        parameters: d, free parameters of that mapping: 1 without one, 2 for a line, 4 for a cubic or the
            4-parameter logistic, 5 for the 5-parameter logistic.

    Raises:
        ValueError: lengths differ or there are no more images than parameters.
    """
    return _root(_errors(predicted, target), parameters)


def rmse_star(
    predicted: ArrayLike, target: ArrayLike, intervals: ArrayLike, parameters: int = 1
) -> float:
    """Return the epsilon-insensitive rmse* (P.1401 7.7, eq. 7-27): errors count from the rater interval on.

    Args:
        predicted: (N,) predictions, after the mapping where one was fitted.
        target: (N,).
        intervals: (N,) half width of the 95 % interval of each target.
        parameters: free parameters of the mapping, see `rmse`.

    Raises:
        ValueError: lengths differ or there are no more images than parameters.
    """
    beyond = np.abs(_errors(predicted, target)) - _same_length(intervals, target)
    return _root(np.maximum(beyond, 0), parameters)


def mae(predicted: ArrayLike, target: ArrayLike) -> float:
    """Return the mean absolute error in units of the target."""
    return float(np.abs(_errors(predicted, target)).mean())


def outlier_ratio(predicted: ArrayLike, target: ArrayLike, intervals: ArrayLike) -> float:
    """Return the share of images, 0–1, whose error is larger than the rater interval (P.1401 7.5.2.2).

    Args:
        predicted: (N,) predictions.
        target: (N,).
        intervals: (N,) half width of the 95 % interval of each target.
    """
    beyond = np.abs(_errors(predicted, target)) > _same_length(intervals, target)
    return float(beyond.mean())


def _errors(predicted: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    return _same_length(predicted, target) - np.asarray(target, np.float64)


def _same_length(values: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    array, length = np.asarray(values, np.float64), np.size(target)
    if array.shape != (length,) or not length:
        raise ValueError(f"{length} targets need as many numbers, not an array of {array.shape}")
    return array


def _root(errors: NDArray[np.float64], parameters: int) -> float:
    if len(errors) <= parameters:
        raise ValueError(
            f"{len(errors)} images are too few for a mapping of {parameters} parameters"
        )
    return float(np.sqrt((errors**2).sum() / (len(errors) - parameters)))
