"""The interval of a series score holds the truth as often as it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import SlicePrediction
from miqa_app.evaluation import interval
from miqa_app.evaluation.interval import calibrate, conformal_quantile
from miqa_app.evaluation.sources import Source
from miqa_app.networks import build
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import SMALLEST_SPREAD, Calibration


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_the_interval_covers_fresh_errors_at_its_level(level: float) -> None:
    """Heavy-tailed errors over a spread that is itself wrong by a common factor, as a network's is."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(1500):
        ratios = np.abs(rng.standard_t(3, 60)) * rng.uniform(0.2, 5)
        covered.append(ratios[-1] <= conformal_quantile(ratios[:-1].tolist(), level))
    assert level - 0.02 < np.mean(covered) < level + 0.04


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.05, 0.99))
def test_the_quantile_is_the_smallest_ratio_with_enough_at_or_below_it(
    ratios: list[float], level: float
) -> None:
    value = conformal_quantile(ratios, level)
    rank = int(np.ceil((len(ratios) + 1) * level))
    assert value in ratios
    if rank <= len(ratios):
        assert sum(ratio <= value for ratio in ratios) >= rank
        assert sum(ratio < value for ratio in ratios) < rank
    else:
        assert value == max(ratios)


def test_nine_ratios_give_their_largest_at_ninety_percent() -> None:
    assert conformal_quantile([3, 1, 2, 9, 4, 5, 6, 8, 7], 0.9) == 9
    assert conformal_quantile(list(range(1, 20)), 0.9) == 18


def test_calibration_fits_a_shape_and_goes_through_every_kind_and_severity_of_every_series(
    phantom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interval, "_SHAPED_ON", 30)
    torch.manual_seed(0)
    engine = Engine(build("lite"), "cpu")
    source = Source(
        name="p", subject="a", path="clean.nii.gz", licence="own", anatomy="head", frames=1
    )
    *progress, last = calibrate([source], [source], phantom, engine, level=0.8)
    total = 30 + len(KEYS) * 4
    assert progress == [(n, total) for n in range(1, total + 1)]
    assert isinstance(last, Calibration)
    assert last.level == 0.8
    assert set(last.per_kind) == set(KEYS)
    assert 0 < last.factor < 1000
    assert last.slice_factor is not None
    # the only slice of each series is the series
    assert last.slice_factor == pytest.approx(last.factor)


@dataclass(frozen=True)
class Word:
    """A prediction made by hand."""

    score: float
    deviation: float
    artefacts: dict[str, float]


def test_the_spread_is_the_weighted_sum_and_never_vanishes() -> None:
    how = Calibration(
        2.0, 0.9, 3.0, base=1, per_deviation=0.5, per_middle=4, per_kind={"blur": 10, "wrap": -50}
    )
    word = Word(50, 6, {"blur": 0.2, "wrap": 0})
    assert how.spread(word) == pytest.approx(1 + 3 + 4 + 2)
    assert how.spread(Word(100, 0, {"blur": 0, "wrap": 1})) == SMALLEST_SPREAD
    assert how.half_width([word]) == pytest.approx(3 * 10)  # a lone slice
    sure = Word(100, 2, {"blur": 0, "wrap": 0})
    assert how.half_width([word, sure], [3, 1]) == pytest.approx(2 * (3 * 10 + 2) / 4)


def test_the_interval_widens_with_the_distance_from_the_training_scans() -> None:
    how, word = Calibration(2.0), Word(50, 6, {})
    assert how.half_width([word], strangeness=0.8) == how.half_width([word]) == pytest.approx(12)
    assert how.half_width([word], strangeness=1.2) == pytest.approx(18)


def test_the_fitted_shape_finds_what_the_errors_depend_on() -> None:
    """Errors made ten times as large for one kind, at an equal deviation: the regression has to see it."""
    rng = np.random.default_rng(2)
    judged = []
    for place in range(800):
        artefacts = {key: float(key == KEYS[place % len(KEYS)]) for key in KEYS}
        scale = 20 if artefacts["motion"] else 2
        prediction = SlicePrediction(
            0, 80.0, 3.0, 1.0, np.zeros((1, 1)), np.zeros((1, 1)), artefacts, {}, np.zeros(1)
        )
        judged.append(interval._Judged(prediction, 80.0 + scale * rng.standard_normal()))
    shape = interval.fitted_shape(judged, 0.9)
    moved, blurred = (
        replace(judged[0].prediction, artefacts={key: float(key == kind) for key in KEYS})
        for kind in ("motion", "blur")
    )
    # the 90th percentile of a half-normal error is 1.645 of its scale
    assert shape.spread(moved) == pytest.approx(20 * 1.645, rel=0.25)
    assert shape.spread(blurred) == pytest.approx(2 * 1.645, rel=0.25)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_a_share_of_the_level_lies_below_the_fitted_line(level: float) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 10, 400)
    y = 2 + 3 * x + x * rng.uniform(0, 1, 400)
    weights = interval.quantile_regression(np.stack([np.ones(400), x], 1), y, level)
    assert np.mean(y <= weights[0] + weights[1] * x + 1e-9) == pytest.approx(level, abs=0.01)
    assert weights == pytest.approx([2, 3 + level], abs=0.15)
