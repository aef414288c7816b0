"""Bradley and Terry: published strengths, errors by another road, ties, separation, disconnected comparisons."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.pairs import PRIOR, bradley_terry, pair_scores
from miqa_app.rating.mos.ratings import Ratings

BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    float,
)
"""American League 1987, in Agresti's Categorical Data Analysis."""


def votes(*comparisons: tuple[str, str, float], observer: str = "a") -> Ratings:
    return Ratings(
        observers=(observer,) * len(comparisons),
        stimuli=tuple(c[0] for c in comparisons),
        scores=np.array([c[2] for c in comparisons]),
        references=tuple(c[1] for c in comparisons),
        repetitions=np.arange(len(comparisons)),
    )


def test_strengths_equal_the_published_ones():
    strength = bradley_terry(BASEBALL).strength
    published = [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0]
    np.testing.assert_allclose(strength - strength[-1], published, atol=0.005)


def test_errors_equal_those_of_logistic_regression():
    design, won = [], []
    for i in range(7):
        for j in range(i + 1, 7):
            row = np.zeros(7)
            row[i], row[j] = 1, -1
            design.append(row[:-1])
            won.append([BASEBALL[i, j], BASEBALL[j, i]])
    fit = sm.GLM(np.array(won), np.array(design), family=sm.families.Binomial()).fit()
    ours = bradley_terry(BASEBALL)
    c = ours.covariance
    errors = np.sqrt(np.diag(c)[:-1] + c[-1, -1] - 2 * c[:-1, -1])
    np.testing.assert_allclose(ours.strength[:-1] - ours.strength[-1], fit.params, atol=1e-6)
    np.testing.assert_allclose(errors, fit.bse, rtol=1e-5)


def test_a_tie_counts_as_half_a_win_for_each():
    tied = pair_scores(votes(("x", "y", 0.5), ("x", "y", 1.0), ("x", "y", 0.0)), 15)
    assert [s.mos for s in tied.stimuli] == pytest.approx([50, 50])
    assert [s.n for s in tied.stimuli] == [3, 3]


def test_a_stimulus_that_always_wins_gets_a_finite_score_and_a_note():
    found = pair_scores(votes(*[("best", "worst", 1.0)] * 6), 15)
    best, worst = found.stimuli
    assert 50 < best.mos < 100
    assert worst.mos == pytest.approx(100 - best.mos)
    assert "half-won" in found.notes[0]
    assert str(PRIOR) in found.notes[0]


def test_intervals_hold_the_truth_in_about_95_percent():
    rng = np.random.default_rng(5)
    truth = np.array([-1.2, -0.5, 0.0, 0.6, 1.1])
    chance = 1 / (1 + np.exp(truth[None] - truth[:, None]))
    inside = []
    for _ in range(300):
        wins = np.zeros((5, 5))
        for i in range(5):
            for j in range(i):
                wins[i, j] = rng.binomial(20, chance[i, j])
                wins[j, i] = 20 - wins[i, j]
        found = bradley_terry(wins)
        inside.append(np.abs(found.strength - truth) <= 1.96 * found.error)
    assert 0.93 < np.mean(inside) < 0.97


def test_comparisons_that_do_not_connect_are_refused_with_names():
    with pytest.raises(BadRequest, match=r"2 groups .* compare 'c', 'd' with"):
        pair_scores(votes(("a", "b", 1), ("a", "x", 0), ("b", "x", 1), ("c", "d", 1)), 15)
    with pytest.raises(ValueError, match="do not connect"):
        bradley_terry(np.diag([1.0, 1.0]))
    with pytest.raises(ValueError, match="square"):
        bradley_terry(np.zeros((2, 3)))


@pytest.mark.parametrize("vote", [("a", "b", 0.7), ("a", "", 1.0), ("a", "a", 1.0)])
def test_a_vote_that_is_no_comparison_is_refused(vote):
    with pytest.raises(BadRequest, match="is no comparison"):
        pair_scores(votes(vote), 15)


def test_cannot_judge_is_no_comparison_at_all():
    with pytest.raises(BadRequest, match="no comparison among the votes"):
        pair_scores(votes(("a", "b", np.nan)), 15)
    found = pair_scores(votes(("a", "b", 1.0), ("b", "a", 1.0), ("a", "b", np.nan)), 1)
    assert [s.n for s in found.stimuli] == [2, 2]
    assert not found.provisional
