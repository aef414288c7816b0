"""The judgement: which slices count, what they amount to, and what to advise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.assessment import (
    Assessment,
    ModelIdentity,
    Scope,
    SlicePrediction,
    Thresholds,
    Verdict,
)
from miqa_app.core.foreground import EMPTY_SHARE
from miqa_app.core.slices import network_plane, object_share, series_scale
from miqa_app.scoring.phantoms import DEMO_NOTE, is_demo_phantom, named_phantom
from miqa_app.scoring.scope import OUT_OF_SCOPE, signed_values, spread_over

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from miqa_app.core.series import Series
    from miqa_app.scoring.interval import Calibration
    from miqa_app.scoring.prediction import PlaneEngine
    from miqa_app.scoring.scope import ScopeModel

SMALLEST_EDGE = 48
"""Images with a shorter edge are not scored: fewer than six cells, and nothing like them was trained on."""

_SUSPECTED_FROM = 0.5
_WORST_SHOWN = 5


def assess(
    series: Series,
    engine: PlaneEngine,
    model: ModelIdentity,
    calibration: Calibration,
    thresholds: Thresholds | None = None,
    scope: ScopeModel | None = None,
) -> Generator[SlicePrediction, None, Assessment]:
    """Yield each slice's prediction as it comes and return the judgement on the series.

    The network sees nothing but the voxels: no window, zoom or overlay of a viewer.

    Args:
        series: all frames ready; 4-D series are judged over all time points and get a curve.
        engine: holds the network.
        model: stamped on the result.
        calibration: of the interval.
        thresholds: of the site; the defaults until it has rated.
        scope: what the model was shown; None leaves the scope unmeasured, as for models that came without it.
    """
    thresholds = thresholds or Thresholds()
    foreign = _foreign(series) or (signed_values(series) if scope else "")
    refusal = series.refusal or foreign or _unfit(series)
    if refusal:
        return _not_assessed(series, refusal, thresholds, Scope(False if foreign else None))
    try:
        frames, weights = _frames_with_object(series)
    except ValueError as error:
        return _not_assessed(series, f"{error}", thresholds)
    if not frames:
        return _not_assessed(
            series, "no slice shows enough of an object against the air", thresholds
        )
    slices: list[SlicePrediction] = []
    distances: list[float] = []
    looked_at = spread_over(frames) if scope else frozenset()
    scale = series_scale(series)
    for first in range(0, len(frames), engine.batch):
        chunk = frames[first : first + engine.batch]
        planes = [network_plane(series, frame, scale) for frame in chunk]
        for frame, plane, said in zip(chunk, planes, engine.predict(planes), strict=True):
            prediction = SlicePrediction(index=frame, weight=weights[frame], **vars(said))
            slices.append(prediction)
            if scope and frame in looked_at:
                distances.append(scope.distance(plane, said.embedding))
            yield prediction
    place = scope.judge(distances) if scope else Scope()
    demo = is_demo_phantom(series)
    if place.in_scope is False and not demo:
        result = _not_assessed(series, OUT_OF_SCOPE, thresholds, place)
    else:
        result = judged(series, slices, calibration, thresholds, place)
    notes = (*((DEMO_NOTE,) if demo else ()), *result.notes, *engine.notes)
    return replace(result, model=model, engine=engine.identity, notes=notes)


def judged(
    series: Series,
    slices: Sequence[SlicePrediction],
    calibration: Calibration,
    thresholds: Thresholds,
    scope: Scope | None = None,
) -> Assessment:
    """Return the assessment from the predictions of the scored frames, model and engine left out."""
    scope = scope or Scope()
    counted = lowest_quarter(slices)
    score = weighted_score(counted)
    weights = [max(item.weight, 1e-6) for item in counted]
    half = calibration.half_width(counted, weights, scope.distance or 0.0)
    artefacts = {
        key: _mean([item.artefacts[key] for item in counted], counted)
        for key in slices[0].artefacts
    }
    likeliest = max(artefacts, key=lambda key: artefacts[key])
    worst = sorted(slices, key=lambda item: item.score)[:_WORST_SHOWN]
    return Assessment(
        series_key=series.key,
        verdict=thresholds.verdict(score),
        score=score,
        interval=(max(0.0, score - half), min(100.0, score + half)),
        artefacts=artefacts,
        suspected=likeliest if artefacts[likeliest] >= _SUSPECTED_FROM else "",
        slices=tuple(slices),
        worst=tuple(item.index for item in worst),
        curve=_curve(series, slices),
        scope=scope,
        thresholds=thresholds,
        notes=_notes(series, slices),
    )


def lowest_quarter(slices: Sequence[SlicePrediction]) -> list[SlicePrediction]:
    """Return the slices that count for a series: the lowest quarter by score, at least three (or all there are)."""
    count = max(3, -(-len(slices) // 4))
    return sorted(slices, key=lambda item: item.score)[:count]


def weighted_score(slices: Sequence[SlicePrediction]) -> float:
    """Return the mean score weighted by object area, 0–100."""
    return _mean([item.score for item in slices], slices)


def _mean(values: Sequence[float], slices: Sequence[SlicePrediction]) -> float:
    return float(np.average(values, weights=[max(item.weight, 1e-6) for item in slices]))


def _curve(series: Series, slices: Sequence[SlicePrediction]) -> tuple[float, ...]:
    """Return the score of each time point, NaN where no slice of it was scored; empty for 3-D series."""
    if series.time_points == 1:
        return ()
    curve = []
    for time in range(series.time_points):
        own = [item for item in slices if item.index // series.slices == time]
        curve.append(weighted_score(lowest_quarter(own)) if own else float("nan"))
    return tuple(curve)


def _frames_with_object(series: Series) -> tuple[list[int], dict[int, float]]:
    """Return the frames worth scoring and the object share of each."""
    scale = series_scale(series)
    ready = [int(frame) for frame in np.flatnonzero(series.ready)]
    shares = {frame: object_share(network_plane(series, frame, scale)) for frame in ready}
    frames = [frame for frame in ready if shares[frame] >= EMPTY_SHARE]
    return frames, shares


def _foreign(series: Series) -> str:
    """Return in words that the series is no MR image of a patient, or ''."""
    if series.modality not in ("MR", ""):
        return f"{series.modality} images are not assessed; this program scores MR"
    named = "" if is_demo_phantom(series) else named_phantom(series)
    return f"a phantom, as its {named} says; this program scores patients" if named else ""


def _unfit(series: Series) -> str:
    """Return why an MR series must not be scored although the reader did not refuse it, or ''."""
    if min(series.shape) < SMALLEST_EDGE:
        rows, columns = series.shape
        return f"its images of {rows}×{columns} pixels are too small to be judged (at least {SMALLEST_EDGE}×{SMALLEST_EDGE})"
    return ""


def _not_assessed(
    series: Series, reason: str, thresholds: Thresholds, scope: Scope | None = None
) -> Assessment:
    return Assessment(
        series_key=series.key,
        verdict=Verdict.NOT_ASSESSED,
        reason=reason,
        thresholds=thresholds,
        scope=scope or Scope(),
    )


def _notes(series: Series, slices: Sequence[SlicePrediction]) -> tuple[str, ...]:
    notes = []
    skipped = series.frames - len(slices)
    if skipped:
        notes.append(
            f"{skipped} of {series.frames} slices show hardly any object and were left out."
        )
    if series.lossy:
        notes.append(
            "Lossy source: the images were compressed with loss before they came here, which can change the score."
        )
    return tuple(notes)
