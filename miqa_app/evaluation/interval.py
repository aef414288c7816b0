"""Calibration of the interval by normalised split conformal prediction (models.md 6.1).

The shape of the spread is fitted on training subjects, its size on other subjects: a network is surer of the subjects
it learnt from, but what it finds hard there is hard elsewhere too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import SlicePrediction
from miqa_app.evaluation.degradation import Applied, Sample, make_sample
from miqa_app.evaluation.quality_index import QualityIndex, load_quality_index
from miqa_app.evaluation.sources import CleanSlice, Source, clean_slices
from miqa_app.scoring.assess import lowest_quarter, weighted_score
from miqa_app.scoring.interval import Calibration, middle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.scoring.prediction import PlaneEngine

_SLICES = 6
_SEVERITIES = (0.0, 0.15, 0.4, 0.8)
_SHAPED_ON = 700
_CLEAN_EVERY = 6


@dataclass(frozen=True, eq=False)
class _Judged:
    """One slice as predicted, with its target."""

    prediction: SlicePrediction
    q: float

    @property
    def error(self) -> float:
        return abs(self.prediction.score - self.q)


def calibrate(
    training: Sequence[Source],
    unseen: Sequence[Source],
    data: Path,
    engine: PlaneEngine,
    level: float = 0.9,
) -> Iterator[tuple[int, int] | Calibration]:
    """Yield (images or series done, all) and last the calibration.

    Args:
        training: sources that the network learnt from, for the shape of the spread.
        unseen: sources of other subjects. Every series of them is thinned to six slices and degraded as a whole by
            every kind at four severities; the truth of a series is the mean of its lowest quarter, taken over Q.
        data: folder of the scans.
        engine: holds the network.
        level: coverage aimed at, 0–1.
    """
    index = load_quality_index()
    slices = list(clean_slices(training, data))
    stacks = [
        (stack, kind, severity)
        for stack in _stacks(unseen, data)
        for kind in KEYS
        for severity in _SEVERITIES
    ]
    total = _SHAPED_ON + len(stacks)
    known: list[_Judged] = []
    for place in range(_SHAPED_ON):
        known.append(_judged(0, _drawn(slices, place), engine, index))
        yield place + 1, total
    shape = fitted_shape(known, level)
    lone: list[float] = []
    whole: list[float] = []
    for place, (stack, kind, severity) in enumerate(stacks):
        applied = [Applied(kind, severity, 77 + place)] if severity else []
        judged = [
            _judged(number, make_sample(item.plane, applied), engine, index)
            for number, item in enumerate(stack)
        ]
        lone += [item.error / shape.half_width([item.prediction]) for item in judged]
        whole.append(_series_ratio(judged, shape))
        yield _SHAPED_ON + place + 1, total
    yield replace(
        shape,
        factor=conformal_quantile(whole, level),
        slice_factor=conformal_quantile(lone, level),
    )


def conformal_quantile(ratios: Sequence[float], level: float) -> float:
    """Return the ⌈(n + 1)·level⌉-th smallest ratio, the finite-sample quantile of split conformal prediction."""
    rank = min(len(ratios), int(np.ceil((len(ratios) + 1) * level)))
    return float(np.sort(np.asarray(ratios))[rank - 1])


def fitted_shape(judged: Sequence[_Judged], level: float) -> Calibration:
    """Return the spread as a linear quantile regression of the error, with factors of 1."""
    table = np.array([_features(item.prediction) for item in judged])
    weights = quantile_regression(table, np.array([item.error for item in judged]), level)
    base, deviation, towards_middle, *kinds = (round(float(value), 3) for value in weights)
    return Calibration(
        1.0, level, None, base, deviation, towards_middle, dict(zip(KEYS, kinds, strict=True))
    )


def quantile_regression(
    table: NDArray[np.float64], values: NDArray[np.float64], level: float
) -> NDArray[np.float64]:
    """Return weights (F,) for which a share of `level` of the values lies below the weighted sum of the features.

    The linear programme of Koenker and Bassett (1978): the excess above costs `level`, that below 1 − `level`.

    Args:
        table: (N, F) features.
        values: (N,).
        level: 0–1.
    """
    count, features = table.shape
    costs = np.concatenate([np.zeros(features), np.full(count, level), np.full(count, 1 - level)])
    balance = np.hstack([table, np.eye(count), -np.eye(count)])
    bounds = [(None, None)] * features + [(0, None)] * (2 * count)
    solved = linprog(costs, A_eq=balance, b_eq=values, bounds=bounds, method="highs")
    return np.asarray(solved.x[:features])


def _features(prediction: SlicePrediction) -> NDArray[np.float64]:
    kinds = [prediction.artefacts[kind] for kind in KEYS]
    return np.array([1.0, prediction.deviation, middle(prediction.score), *kinds])


def _drawn(slices: Sequence[CleanSlice], place: int) -> Sample:
    """Return a fresh degraded slice of a training subject; every sixth is clean."""
    rng = np.random.default_rng([911, place])
    clean = slices[int(rng.integers(len(slices)))].plane
    if place % _CLEAN_EVERY == 0:
        return make_sample(clean, [])
    only = bool(rng.random() < 0.3)
    severity = float(rng.uniform(0.05, 1))
    kind = KEYS[place % len(KEYS)]
    return make_sample(clean, [Applied(kind, severity, int(rng.integers(2**31)), only)])


def _stacks(sources: Sequence[Source], data: Path) -> list[list[CleanSlice]]:
    """Return at most six slices of every series, evenly spaced."""
    groups: dict[str, list[CleanSlice]] = {}
    for item in clean_slices(sources, data):
        groups.setdefault(f"{item.source.path}/{item.series}", []).append(item)
    return [
        [group[int(i)] for i in np.unique(np.linspace(0, len(group) - 1, _SLICES).round())]
        for group in groups.values()
    ]


def _judged(number: int, sample: Sample, engine: PlaneEngine, index: QualityIndex) -> _Judged:
    plane = next(iter(engine.predict([sample.plane])))
    prediction = SlicePrediction(index=number, weight=float(sample.inside.mean()), **vars(plane))
    return _Judged(prediction, index.q(sample.metrics, sample.energies))


def _series_ratio(judged: Sequence[_Judged], shape: Calibration) -> float:
    """Return the error of the series score in units of its spread."""
    predicted = [item.prediction for item in judged]
    counted = lowest_quarter(predicted)
    truth = lowest_quarter([replace(item.prediction, score=item.q) for item in judged])
    error = abs(weighted_score(counted) - weighted_score(truth))
    weights = [max(item.weight, 1e-6) for item in counted]
    return error / shape.half_width(counted, weights)
