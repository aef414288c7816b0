"""Agreement of a panel in words and numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from miqa_app.rating.mos.panel import panel_agreement, residuals
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.observers import SimulatedObserver, simulated_panel, simulated_ratings

TRUTH = np.random.default_rng(1).uniform(10, 90, 60)


def test_words_name_the_literature_beside_our_figure():
    found = panel_agreement(simulated_ratings(TRUTH, simulated_panel(5, 2), 3))
    (line,) = [line for line in found.words if "against" in line]
    assert "31 radiologists in the literature: 0.57" in line
    assert f"SROCC {found.mean_srocc:.2f}" in line


def test_words_say_how_many_stimuli_everybody_scored():
    ratings = simulated_ratings(TRUTH, simulated_panel(4, 2), 3, missing=0.1)
    found = panel_agreement(ratings)
    complete = int((~np.isnan(ratings.table().flat)).all(1).sum())
    assert found.icc.single.subjects == complete < 60
    assert f"on {complete} of 60 stimuli, those that all 4 observers scored" in found.words[0]
    assert found.alpha.subjects == 60


def test_without_common_stimuli_the_words_say_why_there_is_no_icc():
    apart = Ratings(("a", "b"), ("x", "y"), np.array([1.0, 2.0]))
    found = panel_agreement(apart)
    assert found.words == ("ICC and Kendall's W need two stimuli that all 2 observers scored; there are 0.",)  # fmt: skip
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["mean_srocc"] is None


def test_repeats_recover_the_noise_of_a_single_observer():
    people = [SimulatedObserver(f"o{n}", 0, 8.0) for n in range(6)]
    found = panel_agreement(
        simulated_ratings(np.random.default_rng(0).uniform(40, 60, 60), people, 4, repeats=60)
    )
    assert found.repeats.pairs == 360
    assert found.repeats.within_sd == pytest.approx(8.0, rel=0.1)
    assert "360 repeats: 8." in " ".join(found.words) or "360 repeats: 9." in " ".join(found.words)
    assert found.repeats.difference == pytest.approx(8.0 * 2 / np.sqrt(np.pi), rel=0.1)


def test_drift_within_the_session_is_found_where_it_is_and_not_elsewhere():
    steady = [SimulatedObserver(f"steady-{n}", 0, 5.0) for n in range(5)]
    middle = np.random.default_rng(0).uniform(30, 70, 60)
    drifting = simulated_ratings(middle, [SimulatedObserver("drifting", 0, 5.0)], 1, drift=20)
    rest = simulated_ratings(middle, steady, 2)
    both = Ratings(
        **{
            name: tuple(getattr(drifting, name)) + tuple(getattr(rest, name))
            if isinstance(getattr(rest, name), tuple)
            else np.concatenate([getattr(drifting, name), getattr(rest, name)])
            for name in ("observers", "stimuli", "scores", "repetitions", "sessions", "orders")
        }
    )
    found = panel_agreement(both)
    assert found.drifts["drifting"].change == pytest.approx(20 * 5 / 6, abs=6)
    assert found.drifts["drifting"].low > 0
    assert found.words[-1].startswith("Scores drift within the session of 'drifting' (+")
    assert "steady" not in found.words[-1]


def test_observers_with_faults_are_left_out_and_the_scale_gives_the_sos():
    ratings = simulated_ratings(TRUTH, simulated_panel(4, 2), 3)
    found = panel_agreement(ratings, {"observer-01"})
    assert set(found.against_rest) == {"observer-02", "observer-03", "observer-04"}
    assert 0 < found.sos < 0.3


def test_an_observer_with_two_votes_has_no_drift():
    ratings = simulated_ratings(TRUTH, simulated_panel(3, 2), 3)
    keep = [o != "observer-03" or place < 2 for o, place in zip(ratings.observers, ratings.orders, strict=True)]  # fmt: skip
    assert set(panel_agreement(ratings.rows(keep)).drifts) == {"observer-01", "observer-02"}


def test_observers_without_any_difference_give_json_without_infinities():
    people = [SimulatedObserver(name, 0, 0) for name in "abc"]
    found = panel_agreement(simulated_ratings(np.linspace(20, 80, 9), people, 1))
    assert found.icc.single.value == pytest.approx(1)
    json.dumps(found.as_json(), allow_nan=False)


def test_residuals_of_a_perfect_panel_are_zero():
    people = [SimulatedObserver("a", 5, 0), SimulatedObserver("b", -5, 0)]
    ratings = simulated_ratings(np.linspace(20, 80, 9), people, 1)
    np.testing.assert_allclose(residuals(ratings), 0, atol=1e-9)


def test_a_single_observer_is_given_as_the_reason_why_there_is_no_agreement():
    alone = simulated_ratings(TRUTH, simulated_panel(1, 2), 3, repeats=1)
    found = panel_agreement(alone)
    assert found.words[0] == "Agreement (ICC, Kendall's W) needs a second observer; there is one so far."  # fmt: skip
    assert found.words[1].startswith("1 repeat: ")
