"""Limits of the gate's criteria, as resources/gates writes them down."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from miqa_app.evaluation.evidence.facts import Fact

Positive = Annotated[float, Field(ge=0)]


class DataLimits(Fact):
    """Fewest held-out images and references."""

    images: int
    references: int


class RaterLimits(Fact):
    """Fewest raters."""

    least: int


class BetterLimits(Fact):
    """What the lower end of the gain in SROCC must lie above."""

    gain: float


class ErrorLimits(Fact):
    """By how many points of RMSE the candidate may be worse."""

    margin: Positive


class StrataLimits(Fact):
    """Fewest images and references of a stratum, and by how much it may be worse in SROCC and in points of RMSE."""

    images: int
    references: int
    srocc: Annotated[float, Field(gt=0)]
    rmse: Annotated[float, Field(gt=0)]


class ForgettingLimits(Fact):
    """By how much SROCC on simulated images may fall: below the active model, the shipped one, and surely."""

    active: Positive
    shipped: Positive
    surely: Positive


class CalibrationLimits(Fact):
    """Range of the slope, and the greatest mean error either way, points."""

    slope: tuple[float, float]
    error: Positive


class MapLimits(Fact):
    """Greatest agreement with random maps, and by how much the AUC of pointing may fall."""

    randomised: Positive
    pointing: Positive


class RiseLimits(Fact):
    """By how much something may rise above the active model."""

    rise: Positive


class LatencyLimits(Fact):
    """How many times the active model's time a slice may take."""

    slower: Positive


class CanaryLimits(Fact):
    """Fewest canary images, and the greatest change between two runs, points."""

    inputs: int
    change: Positive


class Limits(Fact):
    """The limits of all criteria; resources/gates says what each is for."""

    data: DataLimits
    raters: RaterLimits
    better: BetterLimits
    error: ErrorLimits
    strata: StrataLimits
    forgetting: ForgettingLimits
    calibration: CalibrationLimits
    maps: MapLimits
    robustness: RiseLimits
    scope: RiseLimits
    latency: LatencyLimits
    canary: CanaryLimits
