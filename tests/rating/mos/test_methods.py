"""The methods: closed forms, rejections that delete nothing, and what is said when votes are few."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as t_distribution

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.methods import METHODS, opinion_scores
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.mos.screening import screen_bt500, screen_p913
from miqa_app.rating.mos.subject_model import fit_subject_model
from miqa_app.rating.observers import SimulatedObserver, simulated_panel, simulated_ratings


def as_ratings(matrix) -> Ratings:
    scores = np.array(matrix, float)
    stimulus, observer = np.indices(scores.shape)
    return Ratings(
        observers=tuple(f"o{i}" for i in observer.ravel()),
        stimuli=tuple(f"s{j:02d}" for j in stimulus.ravel()),
        scores=scores.ravel(),
    )


def panel(observers: int, stimuli: int = 40, seed: int = 0, **more) -> Ratings:
    truth = np.random.default_rng(seed).uniform(10, 90, stimuli)
    return simulated_ratings(truth, simulated_panel(observers, seed, **more), seed + 1)


def test_raw_mos_is_the_mean_with_a_t_interval():
    found = opinion_scores(as_ratings([[10, 20, 60], [5, 5, 5]]), "raw")
    one = found.stimuli[0]
    reach = t_distribution.ppf(0.975, 2) * np.std([10, 20, 60], ddof=1) / math.sqrt(3)
    assert (one.mos, one.n) == (30, 3)
    assert (one.ci_low, one.ci_high) == pytest.approx((30 - reach, 30 + reach))
    assert found.stimuli[1].half_width == 0


def test_z_scores_follow_rad_iqmri():
    matrix = np.array([[10, 40.0], [20, 60], [60, 50]])
    found = opinion_scores(as_ratings(matrix), "zscore")
    z = (matrix - matrix.mean(0)) / matrix.std(0, ddof=1)
    assert [s.mos for s in found.stimuli] == pytest.approx((100 * (z + 3) / 6).mean(1))


def test_complete_votes_without_rejection_give_bt500_the_plain_mean_and_a_narrower_interval():
    ratings = panel(5)
    raw, bt500 = opinion_scores(ratings, "raw"), opinion_scores(ratings, "bt500")
    assert [s.mos for s in bt500.stimuli] == pytest.approx([s.mos for s in raw.stimuli])
    assert np.median([s.half_width for s in bt500.stimuli]) < np.median(
        [s.half_width for s in raw.stimuli]
    )


def test_removing_bias_corrects_mos_where_votes_are_missing():
    # observer o0 is 20 points above the others and judged only the first half
    truth = np.linspace(20, 70, 12)
    matrix = np.column_stack([truth + 20, truth, truth])
    matrix[6:, 0] = np.nan
    error = {}
    for method in ("raw", "bt500"):
        mos = np.array([s.mos for s in opinion_scores(as_ratings(matrix), method).stimuli])
        error[method] = np.ptp(mos - truth)
    assert error["raw"] == pytest.approx(20 / 3)
    assert error["bt500"] < 0.6 * error["raw"]


@pytest.mark.parametrize("method", METHODS)
def test_cannot_judge_is_left_out_of_the_mean_and_of_n(method):
    matrix = np.array([[50, 55, 45, 52], [20, 22, 30, 21], [80, 70, 75, 90], [33, 31, 41, 36.0]])
    matrix[0, 2] = np.nan
    found = opinion_scores(as_ratings(matrix), method)
    assert [s.n for s in found.stimuli] == [3, 4, 4, 4]
    if method == "raw":
        assert found.stimuli[0].mos == pytest.approx(np.mean([50, 55, 52]))


@pytest.mark.parametrize("method", METHODS)
def test_what_nobody_could_judge_is_null_in_json_and_one_vote_has_no_false_certainty(method):
    matrix = np.array(
        [[50, 55, 45.0], [20, 22, 30], [80, 70, 75], [33, 31, 36], [1, 2, 3], [5, 6, 7]]
    )
    matrix[4], matrix[5, 1:] = np.nan, np.nan
    found = opinion_scores(as_ratings(matrix), method).as_json()["stimuli"]
    assert found[4] == {"stimulus": "s04", "mos": None, "ci_low": None, "ci_high": None, "n": 0}
    assert found[5]["n"] == 1
    if method != "p913":
        assert found[5]["ci_low"] is None


def test_the_json_has_exactly_the_agreed_keys():
    found = opinion_scores(panel(4), "raw").as_json()
    assert set(found["stimuli"][0]) == {"stimulus", "mos", "ci_low", "ci_high", "n"}
    assert set(found["observers"][0]) == {"observer", "bias", "inconsistency", "rejected", "reason"}
    assert found["observers"][0]["bias"] is None
    assert opinion_scores(panel(4), "bt500").as_json()["observers"][0]["inconsistency"] is None


def test_with_and_without_rejection_are_both_kept_and_no_vote_is_lost():
    ratings = panel(15, 112, seed=3, random_clickers=1)
    before = ratings.scores.copy()
    found = opinion_scores(ratings, "bt500")
    lost = [o for o in found.observers if o.rejected]
    assert "observer-15" in [o.observer for o in lost]
    assert all(o.reason.startswith("rejected by rule: ") for o in lost)
    assert found.valid_observers == 15 - len(lost)
    assert {s.n for s in found.stimuli} == {15 - len(lost)}
    assert {s.n for s in found.without_rejection} == {15}
    assert found.stimuli[0].mos != found.without_rejection[0].mos
    np.testing.assert_array_equal(ratings.scores, before)


@pytest.mark.parametrize("method", METHODS)
def test_a_technical_fault_is_told_apart_from_the_rule(method):
    ratings = panel(6)
    found = opinion_scores(ratings, method, faults={"observer-02": "display not calibrated"})
    second = found.observers[1]
    assert second.rejected
    assert second.reason == "technical fault: display not calibrated"
    assert second.bias is None
    assert {s.n for s in found.stimuli} == {5}
    assert {s.n for s in found.without_rejection} == {6}


def test_few_observers_make_a_result_provisional():
    assert opinion_scores(panel(3), "raw").provisional
    assert not opinion_scores(panel(3), "raw", least_observers=3).provisional
    found = opinion_scores(panel(3), "raw", least_observers=3, faults={"observer-01": "tired"})
    assert found.provisional


def test_the_default_is_p910_from_15_observers_on_and_bt500_below():
    assert opinion_scores(panel(15, 60)).method == "p910"
    assert opinion_scores(panel(14, 60)).method == "bt500"


def test_with_few_observers_p910_follows_one_of_them_and_says_so():
    found = opinion_scores(panel(3, 112), "p910")
    assert any("follows observer" in note for note in found.notes)
    assert not any("follows observer" in n for n in opinion_scores(panel(20, 112), "p910").notes)


def test_the_default_leaves_p910_where_it_follows_one_observer():
    # one of 15 is so consistent that the likelihood runs away to that observer
    truth = np.linspace(10, 90, 30)
    people = [SimulatedObserver(f"o{n:02d}", 0, 0.01 if n == 0 else 20) for n in range(15)]
    ratings = simulated_ratings(truth, people, 1)
    assert any("follows" in note for note in opinion_scores(ratings, "p910").notes)
    assert opinion_scores(ratings).method == "bt500"


def test_observers_with_two_votes_do_not_lead_the_model():
    ratings = panel(12)
    keep = [o != "observer-12" or s in ("stimulus-001", "stimulus-002") for o, s in zip(ratings.observers, ratings.stimuli, strict=True)]  # fmt: skip
    found = opinion_scores(ratings.rows(keep), "p910")
    assert found.observers[-1].reason == (
        "rejected by rule: 2 scores are too few to tell inconsistency, 3 are needed"
    )
    assert not any("follows observer 'observer-12'" in note for note in found.notes)


def test_an_observer_who_always_gives_the_same_score_has_no_z_score():
    found = opinion_scores(as_ratings([[50, 10, 20], [50, 30, 45], [50, 60, 50]]), "zscore")
    assert found.observers[0].rejected
    assert "z-scores do not exist" in found.observers[0].reason
    assert {s.n for s in found.stimuli} == {2}


def test_an_observer_without_any_score_is_named():
    found = opinion_scores(as_ratings([[50, np.nan], [40, np.nan], [30, np.nan]]), "raw")
    assert found.observers[1].reason == "rejected by rule: no score was given"


def test_groups_without_a_common_observer_are_pointed_out():
    apart = opinion_scores(as_ratings([[10, np.nan], [np.nan, 90]]), "raw")
    assert "2 groups" in apart.notes[-1]


def test_identical_observers_leave_no_error():
    same = np.repeat(np.array([[10.0], [50], [90], [30]]), 3, axis=1)
    for method in ("p910", "p913"):
        found = opinion_scores(as_ratings(same), method)
        assert [s.mos for s in found.stimuli] == pytest.approx([10, 50, 90, 30])
        assert max(s.half_width for s in found.stimuli) < 1e-6
        assert [o.inconsistency for o in found.observers] == pytest.approx([0, 0, 0])


def test_repetitions_count_as_one_vote_unless_each_is_asked_for():
    truth = np.linspace(20, 80, 10)
    ratings = simulated_ratings(truth, simulated_panel(4, 1), 2, repeats=10)
    assert {s.n for s in opinion_scores(ratings, "raw").stimuli} == {4}
    assert {s.n for s in opinion_scores(ratings, "raw", repetitions="each").stimuli} == {8}


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadRequest, match=r"no method 'mean'; choose one of raw, zscore"):
        opinion_scores(panel(3), "mean")
    with pytest.raises(BadRequest, match=r"Observer 'nobody' has no votes"):
        opinion_scores(panel(3), "raw", faults={"nobody": "x"})
    with pytest.raises(BadRequest, match=r"no score among the votes"):
        opinion_scores(as_ratings([[np.nan]]), "raw")
    with pytest.raises(BadRequest, match=r"No score is left without technical faults"):
        opinion_scores(as_ratings([[1.0]]), "raw", faults={"o0": "x"})
    with pytest.raises(BadRequest, match=r"No observer gave 3 scores"):
        opinion_scores(as_ratings([[1.0, 2.0]]), "p910")
    with pytest.raises(ValueError, match="needs a score"):
        fit_subject_model(np.full((2, 2, 1), np.nan))


def test_unanimous_stimuli_reject_nobody_and_all_rejected_means_none():
    assert not screen_bt500(np.full((10, 8, 1), 50.0)).rejected.any()
    # one of eight stands apart on every stimulus: everybody in turn, now above, now below
    pattern = np.array([3, -1, -0.66, -0.33, 0, 0.33, 0.66, 1])
    scores = np.array([np.roll(pattern, row) * (-1) ** (row // 8) for row in range(64)])
    screening = screen_bt500(scores[:, :, None])
    assert (screening.above == 4).all()
    assert (screening.below == 4).all()
    assert not screening.rejected.any()


def test_below_six_observers_bt500_rejects_nobody_however_bad():
    for count in (3, 4, 5):
        ratings = panel(count, 112, random_clickers=1)
        assert not any(o.rejected for o in opinion_scores(ratings, "bt500").observers)
        # the note by P.913 finds the one who clicks at random all the same
        if count > 3:
            notes = opinion_scores(ratings, "bt500").notes
            (note,) = [note for note in notes if f"'observer-{count:02d}'" in note]
            assert "P.913, 11.4, would reject" in note


def test_p913_needs_two_observers_to_compare():
    correlation, rejected = screen_p913(np.array([[1.0], [2.0], [3.0]]))
    assert correlation[0] == pytest.approx(1)
    assert not rejected.any()


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("raw", "They count in full here; --method p913 weighs observers by their inconsistency."),
        ("p910", "They count little here: p910 weighs observers by their inconsistency."),
    ],
)
def test_the_note_on_an_observer_names_the_correlation_and_what_the_method_does(method, said):
    ratings = panel(16, 40, random_clickers=1)
    (note,) = [one for one in opinion_scores(ratings, method).notes if "observer-16" in one]
    assert "Pearson correlation with the mean of all " in note
    assert note.endswith(said)
    assert "-0." not in note
