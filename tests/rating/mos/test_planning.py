"""How many more raters are needed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as t_distribution

from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.planning import Plan, plan_raters
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.observers import SimulatedObserver, simulated_ratings

TRUTH = np.random.default_rng(1).uniform(30, 70, 40)


def rated(count: int, noise: float = 10.0) -> Ratings:
    people = [SimulatedObserver(f"o{n:03d}", 0, noise) for n in range(count)]
    return simulated_ratings(TRUTH, people, 7)


def test_the_number_is_the_smallest_that_reaches_the_target_by_the_closed_form():
    scores = opinion_scores(Ratings(("a", "b", "c", "d"), ("x",) * 4, np.array([40.0, 50, 60, 70])), "raw")  # fmt: skip
    plan = plan_raters(scores, 5.0)
    spread = np.std([40, 50, 60, 70], ddof=1)

    def reach(n: int) -> float:
        return float(t_distribution.ppf(0.975, n - 1) * spread / np.sqrt(n))

    total = 4 + plan.more_for_median
    assert reach(total) <= 5 < reach(total - 1)
    assert plan.more_for_worst == plan.more_for_median
    assert plan.median == pytest.approx(reach(4))


def test_following_the_plan_reaches_the_target():
    plan = plan_raters(opinion_scores(rated(6), "raw"), 5.0)
    assert plan.more_for_median > 0
    after = plan_raters(opinion_scores(rated(6 + plan.more_for_median), "raw"), 5.0)
    assert after.median == pytest.approx(5.0, rel=0.2)
    assert plan.more_for_worst > plan.more_for_median


def test_enough_raters_need_no_more():
    plan = plan_raters(opinion_scores(rated(40, 5.0), "raw"), 5.0)
    assert (plan.more_for_median, plan.more_for_worst) == (0, 0)
    assert plan.words.startswith("no more raters for ±5 points")


def test_without_intervals_the_plan_says_what_is_needed():
    alone = plan_raters(opinion_scores(rated(1), "raw"), 5.0)
    assert alone.more_for_median is None
    assert "two scores on each are needed" in alone.words
    assert alone.without_interval == 40


def test_a_stimulus_without_interval_leaves_the_worst_open():
    ratings = rated(4)
    scores = ratings.scores.copy()
    scores[[s == "stimulus-001" for s in ratings.stimuli]] = np.nan
    some = Ratings(ratings.observers, ratings.stimuli, scores)
    plan = plan_raters(opinion_scores(some, "raw"), 5.0)
    assert plan.more_for_worst is None
    assert "an unknown number of raters on all" in plan.words


def test_a_hopeless_target_is_unknown_and_a_senseless_one_refused():
    scores = opinion_scores(rated(3), "raw")
    assert plan_raters(scores, 0.01).more_for_median is None
    with pytest.raises(ValueError, match="cannot be reached"):
        plan_raters(scores, 0)


@pytest.mark.parametrize(
    ("now", "said"),
    [(5.04, "5.04"), (5.0004, "5.0004"), (5.0, "5.0"), (4.96, "5.0"), (7.31, "7.3")],
)
def test_what_is_now_never_reads_as_the_target_where_it_is_wider(now, said):
    plan = Plan(5.0, now, now, 0 if now <= 5 else 1, 0 if now <= 5 else 1, 0)
    assert f"(now ±{said})" in plan.words
    assert f"(widest ±{said})" in plan.words


def test_where_the_method_takes_196_one_more_rater_narrows_the_interval():
    scores = opinion_scores(rated(16, 10.0), "p910")
    widths = np.array([one.half_width for one in scores.stimuli])
    target = float(np.median(widths)) * np.sqrt(16 / 17) * 1.0001
    assert plan_raters(scores, target).more_for_median == 1
