"""Mappings from predictions to the scale of the target: logistics of 4 and 5 parameters, monotone cubic, line.

A mapping is fitted on the very images it is judged on, so a small set flatters: on pure noise the 5-parameter
logistic lifts |PLCC| from 0.21 to 0.51 at 14 images and from 0.08 to 0.18 at 112 (models.md 1.1.4). Therefore each
fit asks for ten images per free parameter, which no fold of 14 images has; always print the raw PLCC beside it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit, minimize
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Curve = Callable[..., NDArray[np.float64]]

IMAGES_PER_PARAMETER = 10
"""A fit with fewer images per free parameter is refused."""

_TRIES = 20_000


@dataclass(frozen=True, eq=False)
class Mapping:
    """A fitted mapping; call it with predictions to get them on the scale of the target.

    Attributes:
        form: '4PL', '5PL', 'cubic' or 'line'; a logistic that a line beats is given as the line.
        values: the free parameters, over the standardised prediction (x − centre)/spread.
        centre: mean of the predictions of the fit.
        spread: their standard deviation.
        monotone: whether it keeps one direction between the smallest and the largest prediction of the fit.
    """

    form: str
    values: tuple[float, ...]
    centre: float
    spread: float
    monotone: bool

    @property
    def parameters(self) -> int:
        """Return d of P.1401 7.5.1, the number of free parameters."""
        return len(self.values)

    def __call__(self, predicted: ArrayLike) -> NDArray[np.float64]:
        """Return the predictions, any shape, on the scale of the target."""
        x = (np.asarray(predicted, np.float64) - self.centre) / self.spread
        return _CURVES[self.form](x, *self.values)


def fit_line(predicted: ArrayLike, target: ArrayLike) -> Mapping:
    """Return the least-squares line (d = 2); constant predictions give the mean of the target.

    Raises:
        ValueError: lengths differ, there are fewer than three images, or a number is not finite.
    """
    x, y, centre, spread = _standardised(predicted, target, 3)
    slope = float((x * (y - y.mean())).mean()) if np.ptp(x) else 0.0
    return Mapping("line", (slope, float(y.mean())), centre, spread, monotone=True)


def fit_logistic4(predicted: ArrayLike, target: ArrayLike, *, fewest: int | None = None) -> Mapping:
    """Return the 4-parameter logistic f(x) = (b1 − b2)/(1 + exp(−(x − b3)/|b4|)) + b2 (models.md 2.1; LoDa eq. 8).

    Args:
        predicted: (N,) on any scale; it may fall with the target.
        target: (N,).
        fewest: smallest N accepted; ten per parameter, 40, unless given.

    Raises:
        ValueError: too few images, lengths differ, or a number is not finite.
    """
    x, y, centre, spread = _standardised(predicted, target, _fewest(fewest, 4))
    starts = [(y.max(), y.min(), 0.0, 0.5), (y.min(), y.max(), 0.0, 0.5)]
    best = _best(_logistic4, _slopes4, starts, x, y)
    if best is None or _squares(_logistic4(x, *best), y) > _line_squares(x, y):
        return fit_line(predicted, target)
    return Mapping("4PL", best, centre, spread, monotone=True)


def fit_logistic5(predicted: ArrayLike, target: ArrayLike, *, fewest: int | None = None) -> Mapping:
    """Return the VQEG logistic f(x) = b1·(½ − 1/(1 + exp(b2·(x − b3)))) + b4·x + b5 (models.md 2.1; Sheikh 2006).

    Nothing forces it to be monotone; `monotone` says whether it is.

    Args:
        predicted: (N,) on any scale; it may fall with the target.
        target: (N,).
        fewest: smallest N accepted; ten per parameter, 50, unless given.

    Raises:
        ValueError: too few images, lengths differ, or a number is not finite.
    """
    x, y, centre, spread = _standardised(predicted, target, _fewest(fewest, 5))
    size = float(np.ptp(y)) * (-1 if (x * (y - y.mean())).mean() < 0 else 1)
    direction = float(np.sign(size))
    starts = [
        (size, 1.0, 0.0, 0.1 * direction, float(y.mean())),
        (size, 3.0, 0.0, 0.0, float(y.mean())),
    ]
    best = _best(_logistic5, _slopes5, starts, x, y)
    if best is None or _squares(_logistic5(x, *best), y) > _line_squares(x, y):
        return fit_line(predicted, target)
    return Mapping("5PL", best, centre, spread, monotone=_is_monotone5(best, x))


def fit_cubic(predicted: ArrayLike, target: ArrayLike, *, fewest: int | None = None) -> Mapping:
    """Return the third-order polynomial, monotone over the predictions (P.1401 7.3.2 and Appendix I), d = 4.

    Args:
        predicted: (N,) on any scale; it may fall with the target.
        target: (N,).
        fewest: smallest N accepted; ten per parameter, 40, unless given.

    Raises:
        ValueError: too few images, lengths differ, or a number is not finite.
    """
    x, y, centre, spread = _standardised(predicted, target, _fewest(fewest, 4))
    line = fit_line(predicted, target)
    if np.ptp(x) == 0:
        return line
    direction = -1.0 if line.values[0] < 0 else 1.0
    powers = np.vander(x, 4)
    grid = np.linspace(x.min(), x.max(), 65)
    slopes = direction * np.column_stack([3 * grid**2, 2 * grid, np.ones(65), np.zeros(65)])
    scale = max(float(np.var(y)), 1e-12)
    found = minimize(
        lambda b: ((powers @ b - y) ** 2).mean() / scale,
        np.array([0.0, 0.0, *line.values]),
        jac=lambda b: 2 * powers.T @ (powers @ b - y) / len(y) / scale,
        constraints={"type": "ineq", "fun": lambda b: slopes @ b, "jac": lambda b: slopes},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    best = tuple(float(value) for value in found.x)
    if not found.success or _squares(_cubic(x, *best), y) > _line_squares(x, y):
        return line
    return Mapping("cubic", best, centre, spread, monotone=True)


def _line(x: NDArray[np.float64], slope: float, offset: float) -> NDArray[np.float64]:
    return slope * x + offset


def _logistic4(x: NDArray[np.float64], *b: float) -> NDArray[np.float64]:
    return np.asarray((b[0] - b[1]) * expit((x - b[2]) / max(abs(b[3]), 1e-6)) + b[1])


def _logistic5(x: NDArray[np.float64], *b: float) -> NDArray[np.float64]:
    return np.asarray(b[0] * (0.5 - expit(-b[1] * (x - b[2]))) + b[3] * x + b[4])


def _slopes4(x: NDArray[np.float64], *b: float) -> NDArray[np.float64]:
    """Return (N, 4) derivatives of the 4-parameter logistic; they make the fit several times as fast."""
    width = max(abs(b[3]), 1e-6)
    rise = expit((x - b[2]) / width)
    steep = (b[0] - b[1]) * rise * (1 - rise) / width
    return np.stack(
        [rise, 1 - rise, -steep, -steep * (x - b[2]) / width * np.copysign(1, b[3])], axis=1
    )


def _slopes5(x: NDArray[np.float64], *b: float) -> NDArray[np.float64]:
    """Return (N, 5) derivatives of the 5-parameter logistic."""
    rise = expit(b[1] * (x - b[2]))
    steep = b[0] * rise * (1 - rise)
    return np.stack([rise - 0.5, steep * (x - b[2]), -steep * b[1], x, np.ones_like(x)], axis=1)


def _cubic(x: NDArray[np.float64], *b: float) -> NDArray[np.float64]:
    return np.asarray(np.polyval(b, x))


_CURVES: dict[str, Curve] = {
    "line": _line,
    "4PL": _logistic4,
    "5PL": _logistic5,
    "cubic": _cubic,
}


def _fewest(asked: int | None, parameters: int) -> int:
    """Return the smallest number of images; never fewer than the curve has parameters."""
    return max(asked or IMAGES_PER_PARAMETER * parameters, parameters + 1)


def _standardised(
    predicted: ArrayLike, target: ArrayLike, fewest: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Return standardised predictions, targets, and the centre and spread that were taken off."""
    x, y = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"predictions {x.shape} and targets {y.shape} must be two equal rows")
    if len(x) < fewest:
        raise ValueError(
            f"{len(x)} images are too few for this mapping, which asks for {fewest}; read the raw PLCC instead"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a mapping needs finite numbers")
    centre, spread = float(x.mean()), float(x.std())
    # rounding leaves a constant row with a spread of some 1e-15
    spread = spread if np.ptp(x) > 0 and spread > 0 else 1.0
    return (x - centre) / spread, y, centre, spread


def _best(
    curve: Curve,
    slopes: Curve,
    starts: Sequence[Sequence[float]],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> tuple[float, ...] | None:
    """Return the parameters with the least squares over the starts; None where none converges."""
    found: list[tuple[float, ...]] = []
    if np.ptp(x) == 0:
        return None
    for start in starts:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # only the covariance of the parameters is missing then, which nobody asks for
            warnings.simplefilter("ignore", OptimizeWarning)
            try:
                values: Any = curve_fit(curve, x, y, p0=start, jac=slopes, maxfev=_TRIES)[0]
            except RuntimeError:
                continue
        if np.isfinite(values).all():
            found.append(tuple(float(value) for value in values))
    return min(found, key=lambda b: _squares(curve(x, *b), y), default=None)


def _squares(mapped: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(((mapped - y) ** 2).sum())


def _line_squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    slope = (x * (y - y.mean())).mean()
    # a fit that equals the line up to rounding is not worse than it
    return _squares(slope * x + y.mean(), y) * (1 + 1e-9) + 1e-12


def _is_monotone5(b: Sequence[float], x: NDArray[np.float64]) -> bool:
    """Return whether the slope keeps its sign; it has its extremes at the ends and at b3."""
    places = np.array([x.min(), x.max(), np.clip(b[2], x.min(), x.max())])
    rise = expit(b[1] * (places - b[2]))
    slopes = b[0] * b[1] * rise * (1 - rise) + b[3]
    return bool((slopes >= 0).all() or (slopes <= 0).all())
