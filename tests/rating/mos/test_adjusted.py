"""Differences to a scored reference."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.ratings import Ratings


def test_dmos_takes_each_observers_own_hidden_reference():
    ratings = Ratings(
        observers=("a", "a", "b", "b"),
        stimuli=("ref", "x", "ref", "x"),
        scores=np.array([90.0, 60.0, 70.0, 55.0]),
        references=("ref", "ref", "ref", "ref"),
        scale=(0, 100),
    )
    found = differences(ratings)
    assert found.stimuli == ("x", "x")
    assert found.scores.tolist() == [100 + 60 - 90, 100 + 55 - 70]
    assert opinion_scores(found, "raw").stimuli[0].mos == pytest.approx(77.5)


def test_an_observers_bias_cancels_in_differences():
    truth = {"ref": 90.0, "x": 60.0, "y": 30.0}
    rows = [(f"o{i}", name, value + 5 * i) for i in range(4) for name, value in truth.items()]
    ratings = Ratings(
        observers=tuple(r[0] for r in rows),
        stimuli=tuple(r[1] for r in rows),
        scores=np.array([r[2] for r in rows]),
        references=("ref",) * len(rows),
    )
    scores = opinion_scores(differences(ratings), "raw").stimuli
    assert [(s.stimulus, s.mos, s.half_width) for s in scores] == [("x", 70, 0), ("y", 40, 0)]


def test_the_score_beside_the_test_goes_before_other_votes_on_the_reference():
    ratings = Ratings(
        observers=("a", "a"),
        stimuli=("x", "ref"),
        scores=np.array([60.0, 50.0]),
        references=("ref", ""),
        reference_scores=np.array([80.0, np.nan]),
    )
    assert differences(ratings).scores.tolist() == [80.0]


def test_the_reference_of_the_same_session_goes_first():
    ratings = Ratings(
        observers=("a",) * 4,
        stimuli=("ref", "x", "ref", "y"),
        scores=np.array([90.0, 60.0, 70.0, 60.0]),
        references=("", "ref", "", "ref"),
        repetitions=np.array([0, 0, 1, 0]),
        sessions=("1", "1", "2", "2"),
    )
    assert differences(ratings).scores.tolist() == [70.0, 90.0]


def test_votes_without_a_scored_reference_become_absent_and_are_counted():
    ratings = Ratings(
        observers=("a", "a", "b", "b"),
        stimuli=("ref", "x", "ref", "x"),
        scores=np.array([90.0, 60.0, np.nan, 55.0]),
        references=("ref",) * 4,
    )
    found = differences(ratings)
    assert np.isnan(found.scores[1])
    assert found.notes[-1].startswith("1 scores have no difference")


def test_a_study_without_scored_references_has_no_differences():
    plain = Ratings(("a",), ("x",), np.array([5.0]), references=("ref",))
    with pytest.raises(BadRequest, match="both a stimulus and its reference"):
        differences(plain)
