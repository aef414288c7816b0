"""Candidate beside active and shipped model: figures, paired differences, tests, strata and calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.comparison import Mapped
from miqa_app.evaluation.evidence.inputs import ACTIVE, CANDIDATE, SHIPPED, STRATA
from miqa_app.evaluation.evidence.labels import is_stand_in, stand_ins
from miqa_app.evaluation.evidence.record import (
    Calibration,
    CalibrationPoint,
    Difference,
    Estimate,
    MethodFigures,
    RmseComparison,
    SetFigures,
    Stratum,
)
from miqa_app.statistics.correlation import srocc
from miqa_app.statistics.errors import outlier_ratio, rmse
from miqa_app.statistics.mapping import fit_line, fit_logistic4
from miqa_app.statistics.paired import paired_draws
from miqa_app.statistics.significance import rmse_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miqa_app.evaluation.predictions import Predictions
    from miqa_app.statistics.bootstrap import Interval
    from miqa_app.statistics.paired import PairedDraws

_MEASURES = ("srocc", "plcc", "rmse", "mae")
_OTHERS = (ACTIVE, SHIPPED)
_FEWEST_REFERENCES = 5
"""With fewer references a bootstrap has too few different draws to say anything."""

STRATA_LEVEL = 0.99
"""Of the intervals of strata. There are many of them, and each can stop a candidate: in a simulation of 13 kinds on 24
references with a candidate as good everywhere, 95 % intervals stopped it by mistake in 12 of 100 runs and 99 % ones in
2, while a kind turned upside down or shifted by 25 points was named in all runs under both, and one scored at random in
60 and 53 (Holm's correction: 27)."""

_PARTS = 10
_FEWEST_PER_PART = 5


def set_figures(predictions: Predictions) -> SetFigures:
    """Return the figures of all models on one set, with the candidate against each of the others.

    Args:
        predictions: methods 'candidate', 'active' and 'shipped', at least two references.
    """
    mapped = mapped_predictions(predictions)
    sides = [
        paired_draws(methods, predictions.targets, predictions.references, measures=measures)
        for methods, measures in (
            (predictions.methods, _MEASURES),
            ({name: side.values for name, side in mapped.items()}, ("rmse",)),
        )
    ]
    return SetFigures.model_validate(
        {
            "images": len(predictions),
            "references": len(set(predictions.references)),
            "methods": {name: _figures(predictions, name, *sides) for name in mapped},
            "differences": tuple(
                _difference(drawn, measure, other, name)
                for other in _OTHERS
                for drawn, measure, name in (
                    *((sides[0], measure, measure) for measure in _MEASURES),
                    (sides[1], "rmse", "rmse_mapped"),
                )
            ),
            "rmse_tests": tuple(_rmse_test(predictions, mapped, other) for other in _OTHERS),
        }
    )


def mapped_predictions(predictions: Predictions) -> dict[str, Mapped]:
    """Return every model's scores on the scale of the targets: by the 4-parameter logistic, by a line with few images."""
    found = {}
    for name, values in predictions.methods.items():
        try:
            curve = fit_logistic4(values, predictions.targets)
        except ValueError:
            curve = fit_line(values, predictions.targets)
        found[name] = Mapped(curve(values), curve.parameters)
    return found


def strata(predictions: Predictions) -> tuple[Stratum, ...]:
    """Return candidate against active model for every value of every group of `STRATA`.

    A group with one value is the whole set and is left out.
    """
    mapped = mapped_predictions(predictions)
    return tuple(
        _stratum(predictions, mapped, group, label, np.array([called[own] == label for own in labels]))
        for group in STRATA
        for labels in (predictions.groups.get(group, ()),)
        if len(set(labels)) > 1
        for called in (stand_ins(group, labels),)
        for label in sorted(set(called.values()))
    )  # fmt: skip


def site_labels(predictions: Predictions) -> dict[str, str]:
    """Return what each stand-in is called at the site; empty where all labels are words of the trade."""
    return {
        called: label
        for group, labels in predictions.groups.items()
        if group in STRATA
        for label, called in stand_ins(group, labels).items()
        if is_stand_in(called)
    }


def calibrations(predictions: Predictions) -> dict[str, Calibration]:
    """Return for every model how its scale agrees with the targets."""
    measures = ("slope", "offset", "error")
    drawn = paired_draws(
        predictions.methods, predictions.targets, predictions.references, measures=measures
    )
    return {
        name: Calibration(
            slope=_estimate(drawn, "slope", name),
            offset=_estimate(drawn, "offset", name),
            error=_estimate(drawn, "error", name),
            points=reliability_curve(values, predictions.targets),
        )
        for name, values in predictions.methods.items()
    }


def reliability_curve(
    predicted: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[CalibrationPoint, ...]:
    """Return means over tenths of the images in the order of their prediction, fewer where they would hold under five."""
    parts = max(1, min(_PARTS, len(target) // _FEWEST_PER_PART))
    return tuple(
        CalibrationPoint(
            predicted=float(predicted[rows].mean()),
            target=float(target[rows].mean()),
            reach=1.96 * float(target[rows].std(ddof=1)) / math.sqrt(len(rows))
            if len(rows) > 1
            else 0.0,
            images=len(rows),
        )
        for rows in np.array_split(np.argsort(predicted, kind="stable"), parts)
    )


def _figures(
    predictions: Predictions, name: str, drawn: PairedDraws, drawn_mapped: PairedDraws
) -> MethodFigures:
    return MethodFigures(
        **{measure: _estimate(drawn, measure, name) for measure in _MEASURES},
        rmse_mapped=_estimate(drawn_mapped, "rmse", name),
        outlier_ratio=None
        if predictions.intervals is None
        else outlier_ratio(predictions.methods[name], predictions.targets, predictions.intervals),
    )


def _estimate(drawn: PairedDraws, measure: str, name: str) -> Estimate:
    interval = drawn.interval(measure, name)
    return Estimate(value=drawn.values[measure, name], low=interval.low, high=interval.high)


def _difference(drawn: PairedDraws, measure: str, other: str, name: str) -> Difference:
    found = drawn.difference(measure, CANDIDATE, other)
    return Difference.model_validate(
        {
            "against": other,
            "measure": name,
            "value": found.value,
            "low": found.interval.low,
            "high": found.interval.high,
            "p": found.p if math.isfinite(found.value) else None,
        }
    )


def _rmse_test(
    predictions: Predictions, mapped: Mapping[str, Mapped], other: str
) -> RmseComparison:
    """Return HT_P1401; its RMSE take the free parameters of the mapping off, as the recommendation has it."""
    target = predictions.targets
    own, theirs = mapped[CANDIDATE], mapped[other]
    errors = [rmse(side.values, target, side.parameters) for side in (own, theirs)]
    found = rmse_test(errors[0], errors[1], len(target), own.parameters, theirs.parameters)
    return RmseComparison.model_validate(
        {
            "against": other,
            "candidate": errors[0],
            "other": errors[1],
            "ratio": found.ratio,
            "critical": found.critical,
            "p": found.p,
        }
    )


def _stratum(
    predictions: Predictions,
    mapped: Mapping[str, Mapped],
    group: str,
    label: str,
    chosen: NDArray[np.bool_],
) -> Stratum:
    target, pair = predictions.targets[chosen], (CANDIDATE, ACTIVE)
    references = [predictions.references[place] for place in np.flatnonzero(chosen)]
    scores = {name: predictions.methods[name][chosen] for name in pair}
    on_scale = {name: mapped[name].values[chosen] for name in pair}
    ranks = {name: srocc(scores[name], target) for name in pair}
    errors = {name: rmse(on_scale[name], target) if len(target) > 1 else math.nan for name in pair}
    several = len(set(references)) >= _FEWEST_REFERENCES
    gaps = {
        measure: paired_draws(methods, target, references, measures=(measure,), level=STRATA_LEVEL)
        .difference(measure, CANDIDATE, ACTIVE)
        .interval
        if several
        else None
        for measure, methods in (("srocc", scores), ("rmse", on_scale))
    }
    return Stratum.model_validate(
        {
            "group": group,
            "label": label,
            "images": len(target),
            "references": len(set(references)),
            "candidate_srocc": ranks[CANDIDATE],
            "active_srocc": ranks[ACTIVE],
            "candidate_rmse": errors[CANDIDATE],
            "active_rmse": errors[ACTIVE],
            "srocc": _gap(ranks, gaps["srocc"]),
            "rmse": _gap(errors, gaps["rmse"]),
        }
    )


def _gap(values: Mapping[str, float], interval: Interval | None) -> Estimate:
    value = values[CANDIDATE] - values[ACTIVE]
    if interval is None:
        return Estimate(value=value)
    return Estimate(value=value, low=interval.low, high=interval.high)
