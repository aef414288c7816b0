"""Calibration of the series interval by split conformal prediction on whole unseen series (models.md 6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import SlicePrediction
from miqa_app.evaluation.degradation import Applied, Sample, make_sample
from miqa_app.evaluation.quality_index import QualityIndex, load_quality_index
from miqa_app.evaluation.sources import CleanSlice, Source, clean_slices
from miqa_app.scoring.assess import Calibration, lowest_quarter, weighted_score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from miqa_app.scoring.engine import Engine

_SLICES = 6
_SEVERITIES = (0.0, 0.25, 0.7)
_SMALLEST_SPREAD = 0.5
"""Points of 100; keeps a single over-confident series from stretching every other interval."""


def calibrate(
    sources: Sequence[Source], data: Path, engine: Engine, level: float = 0.9
) -> Iterator[tuple[int, int] | Calibration]:
    """Yield (series done, series) and last the calibration.

    Every series of the sources is thinned to six slices and degraded as a whole by every kind at three severities; the
    truth of a series is the same mean of its lowest quarter, taken over Q.
    """
    stacks = _stacks(sources, data)
    index = load_quality_index()
    total = len(stacks) * len(KEYS) * len(_SEVERITIES)
    ratios: list[float] = []
    for place, (stack, kind, severity) in enumerate(
        (s, k, v) for s in stacks for k in KEYS for v in _SEVERITIES
    ):
        applied = [Applied(kind, severity, 77 + place)] if severity else []
        ratios.append(_ratio([make_sample(item.plane, applied) for item in stack], engine, index))
        yield place + 1, total
    yield Calibration(factor=conformal_quantile(ratios, level), level=level)


def conformal_quantile(ratios: Sequence[float], level: float) -> float:
    """Return the ⌈(n + 1)·level⌉-th smallest ratio, the finite-sample quantile of split conformal prediction."""
    rank = min(len(ratios), int(np.ceil((len(ratios) + 1) * level)))
    return float(np.sort(np.asarray(ratios))[rank - 1])


def _stacks(sources: Sequence[Source], data: Path) -> list[list[CleanSlice]]:
    """Return at most six slices of every series, evenly spaced."""
    groups: dict[str, list[CleanSlice]] = {}
    for item in clean_slices(sources, data):
        groups.setdefault(f"{item.source.path}/{item.series}", []).append(item)
    return [
        [group[int(i)] for i in np.unique(np.linspace(0, len(group) - 1, _SLICES).round())]
        for group in groups.values()
    ]


def _ratio(samples: Sequence[Sample], engine: Engine, index: QualityIndex) -> float:
    """Return the error of the series score in units of the network's own spread."""
    predicted = [_as_slice(number, sample, engine) for number, sample in enumerate(samples)]
    counted = lowest_quarter(predicted)
    truth = [
        _with_score(item, index.q(samples[item.index].metrics, samples[item.index].energies))
        for item in predicted
    ]
    error = abs(weighted_score(counted) - weighted_score(lowest_quarter(truth)))
    weights = [max(item.weight, 1e-6) for item in counted]
    spread = float(np.average([item.deviation for item in counted], weights=weights))
    return error / max(spread, _SMALLEST_SPREAD)


def _as_slice(number: int, sample: Sample, engine: Engine) -> SlicePrediction:
    plane = next(iter(engine.predict([sample.plane])))
    return SlicePrediction(index=number, weight=float(sample.inside.mean()), **vars(plane))


def _with_score(item: SlicePrediction, score: float) -> SlicePrediction:
    return SlicePrediction(**{**vars(item), "score": score})
