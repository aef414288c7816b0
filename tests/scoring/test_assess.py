"""The judgement on a series: which slices count, what is refused, and that the viewer plays no part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import Assessment, ModelIdentity, SlicePrediction, Thresholds, Verdict
from miqa_app.core.series import Series
from miqa_app.core.window import Window
from miqa_app.networks import build
from miqa_app.scoring.assess import assess, judged, lowest_quarter
from miqa_app.scoring.engine import Engine
from miqa_app.scoring.interval import Calibration

MODEL = ModelIdentity("test", "0" * 64, "random weights")
CALIBRATION = Calibration(2.0)


@pytest.fixture(scope="module")
def engine() -> Engine:
    torch.manual_seed(1)
    return Engine(build("lite"), "cpu")


def head(frames: int = 4, edge: int = 64, **facts: Any) -> Series:
    y, x = np.mgrid[:edge, :edge] - edge / 2
    disc = (np.hypot(x, y) < edge * 0.4) * (300 + 40 * np.sin(x / 3))
    noise = np.random.default_rng(0).normal(0, 4, (frames, edge, edge))
    return Series(key="k", source="scan", voxels=np.abs(disc + noise).astype(np.int16), **facts)


def run(series: Series, engine: Engine) -> tuple[list[SlicePrediction], Assessment]:
    steps, seen = assess(series, engine, MODEL, CALIBRATION), []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


def prediction(index: int, score: float, weight: float = 0.5, **changes: Any) -> SlicePrediction:
    kinds = dict.fromkeys(KEYS, 0.1) | changes.pop("artefacts", {})
    cells = np.full((8, 8), score, dtype=np.float32)
    return SlicePrediction(
        index, score, 5.0, weight, cells, cells, kinds, kinds, np.zeros(4, np.float32)
    )


def test_every_slice_is_reported_as_it_comes_and_all_are_in_the_result(engine: Engine) -> None:
    seen, result = run(head(), engine)
    assert [item.index for item in seen] == [0, 1, 2, 3]
    assert result.slices == tuple(seen)
    assert result.model == MODEL
    assert result.engine == engine.identity
    assert result.interval is not None
    assert result.score is not None
    assert result.interval[0] <= result.score <= result.interval[1]


def test_the_viewers_window_does_not_change_the_score(engine: Engine) -> None:
    series = head()
    other = replace(series, windows=(Window(1, 2),))
    assert run(series, engine)[1].score == run(other, engine)[1].score


def test_monochrome1_scores_as_its_positive(engine: Engine) -> None:
    series = head()
    negative = replace(series, voxels=(1000 - series.voxels).astype(np.int16), inverted=True)
    assert run(negative, engine)[1].score == pytest.approx(run(series, engine)[1].score, abs=1e-3)


def test_empty_slices_are_left_out_and_said_to_be(engine: Engine) -> None:
    series = head()
    series.voxels[0] = 0
    _, result = run(series, engine)
    assert [item.index for item in result.slices] == [1, 2, 3]
    assert result.notes[0].startswith("1 of 4 slices show hardly any object")


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (head(refusal="phase image"), "phase image"),
        (head(modality="CT"), "scores MR"),
        (head(edge=32), "too small"),
        (replace(head(), voxels=np.zeros((2, 64, 64), np.int16)), "object"),
        (replace(head(), voxels=np.full((1, 64, 64), np.nan, np.float32)), "finite"),
    ],
)
def test_what_must_not_be_scored_gets_a_reason_and_no_number(
    series: Series, words: str, engine: Engine
) -> None:
    seen, result = run(series, engine)
    assert not seen
    assert result.verdict is Verdict.NOT_ASSESSED
    assert words in result.reason
    assert result.score is None


def test_a_lossy_source_is_marked(engine: Engine) -> None:
    assert any("Lossy source" in note for note in run(head(lossy=True), engine)[1].notes)


def test_a_4d_series_gets_a_score_per_time_point(engine: Engine) -> None:
    _, result = run(head(frames=6, time_points=3), engine)
    assert len(result.curve) == 3
    assert all(0 <= value <= 100 for value in result.curve)


def test_the_lowest_quarter_has_at_least_three_slices() -> None:
    slices = [prediction(i, s) for i, s in enumerate([90, 10, 50, 70, 30])]
    assert [item.score for item in lowest_quarter(slices)] == [10, 30, 50]
    assert len(lowest_quarter([prediction(i, 50) for i in range(40)])) == 10
    assert len(lowest_quarter(slices[:1])) == 1


def test_the_series_score_is_weighted_by_object_area() -> None:
    slices = [prediction(0, 20, 0.1), prediction(1, 80, 0.3), prediction(2, 80, 0.2)]
    result = judged(head(3), slices, CALIBRATION, Thresholds())
    assert result.score == pytest.approx((20 * 0.1 + 80 * 0.5) / 0.6)
    assert result.interval == pytest.approx((70 - 10, 70 + 10))
    assert result.worst[0] == 0


def test_an_artefact_is_suspected_only_when_likely() -> None:
    slices = [prediction(i, 40, artefacts={"motion": 0.8}) for i in range(3)]
    assert judged(head(3), slices, CALIBRATION, Thresholds()).suspected == "motion"
    slices = [prediction(i, 40) for i in range(3)]
    assert judged(head(3), slices, CALIBRATION, Thresholds()).suspected == ""
