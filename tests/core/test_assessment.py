"""Verdicts change at the thresholds and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miqa_app.core.assessment import Assessment, Thresholds, Verdict


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (100, Verdict.ACCEPT),
        (70, Verdict.ACCEPT),
        (69.6, Verdict.ACCEPT),
        (69.4, Verdict.CHECK),
        (50, Verdict.CHECK),
        (49.6, Verdict.CHECK),
        (49.4, Verdict.RESCAN),
        (0, Verdict.RESCAN),
    ],
)
def test_the_verdict_is_that_of_the_score_as_shown(score: float, verdict: Verdict) -> None:
    assert Thresholds().verdict(score) is verdict


@given(score=st.floats(0, 100), better=st.floats(0, 100))
def test_a_higher_score_never_gets_a_worse_verdict(score: float, better: float) -> None:
    order = [Verdict.RESCAN, Verdict.CHECK, Verdict.ACCEPT]
    low, high = sorted([score, better])
    thresholds = Thresholds(accept=80, rescan=35, calibrated=True)
    assert order.index(thresholds.verdict(low)) <= order.index(thresholds.verdict(high))


def test_the_defaults_are_those_of_the_design_and_not_calibrated() -> None:
    assert Thresholds() == Thresholds(accept=70, rescan=50, calibrated=False)


def test_every_verdict_has_words_and_a_stable_key() -> None:
    assert {verdict.value: verdict.words for verdict in Verdict} == {
        "accept": "Accept",
        "check": "Check",
        "consider_rescan": "Consider rescan",
        "not_assessed": "Not assessed",
    }


def test_a_series_counts_as_scored_when_it_has_a_score() -> None:
    refused = Assessment("k", Verdict.NOT_ASSESSED, reason="phase image")
    assert not refused.scored
    assert Assessment("k", Verdict.RESCAN, score=0.0).scored


def test_an_interval_that_leaves_the_verdict_open_says_between_what() -> None:
    open_one = Assessment("a", Verdict.ACCEPT, score=71.0, interval=(39.0, 100.0))
    assert open_one.doubt == "from “consider rescan” to “accept”"
    assert not Assessment("a", Verdict.ACCEPT, score=90.0, interval=(80.0, 100.0)).doubt
    assert not Assessment("a", Verdict.NOT_ASSESSED).doubt
