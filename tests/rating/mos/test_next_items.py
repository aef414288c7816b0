"""Which items come next, and what that saves."""

from __future__ import annotations

import math

import pytest

from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.next_items import Candidate, order_of, random_order, steady_widths
from miqa_app.rating.next_items_trial import Campaign, Step, campaign_steps, savings, votes_for

CELL = ("motion", "2")


def one(key: str, width=10.0, uncertainty=5.0, cell=CELL, votes=3) -> Candidate:
    return Candidate(key, width, uncertainty, cell, votes)


def test_wide_uncertain_and_seldom_judged_items_come_first():
    assert order_of([one("narrow"), one("wide", width=20)], 0)[0] == "wide"
    assert order_of([one("sure"), one("unsure", uncertainty=9)], 0)[0] == "unsure"
    assert order_of([one("often", votes=9), one("seldom", votes=1)], 0)[0] == "seldom"
    assert order_of([one("full"), one("empty", cell=("blur", "1"), votes=3), one("full2", votes=30)], 0)[0] == "empty"  # fmt: skip


def test_cells_take_turns():
    items = [one(f"{cell}{n}", cell=(cell, "1"), votes=0) for cell in "ab" for n in range(4)]
    order = order_of(items, 3)
    assert [{key[0] for key in order[n : n + 2]} for n in (0, 2, 4, 6)] == [{"a", "b"}] * 4


def test_the_order_depends_on_the_seed_alone_and_holds_every_item_once():
    items = [one(f"i{n}") for n in range(20)]
    assert order_of(items, 4) == order_of(items[::-1], 4)
    assert order_of(items, 4) != order_of(items, 5)
    assert sorted(order_of(items, 4)) == sorted(random_order(items, 4)) == sorted(i.key for i in items)  # fmt: skip
    assert random_order(items, 4) == random_order(items[::-1], 4)


def test_items_without_interval_go_first_and_no_model_counts_for_nothing():
    assert order_of([one("known"), one("unknown", width=math.nan)], 0)[0] == "unknown"
    assert order_of([one("a", uncertainty=math.nan), one("b", width=11, uncertainty=math.nan)], 0)[0] == "b"  # fmt: skip
    assert order_of([], 0) == []
    with pytest.raises(ValueError, match="never negative"):
        order_of([one("a", width=-1)], 0)


def test_two_votes_that_happen_to_agree_do_not_make_a_stimulus_certain():
    rows = [("a", "lucky", 50.0), ("b", "lucky", 50.0)]
    rows += [(o, f"s{n}", v) for n in range(6) for o, v in (("a", 40.0), ("b", 60.0), ("c", 50.0))]
    rows.append(("a", "once", 70.0))
    ratings = Ratings(*(tuple(row[i] for row in rows) for i in (0, 1)), [row[2] for row in rows])
    scores = opinion_scores(ratings, "raw")
    assert next(s for s in scores.stimuli if s.stimulus == "lucky").half_width == 0
    widths = steady_widths(scores)
    assert widths["lucky"] > widths["s0"] * 0.9
    assert widths["once"] > widths["lucky"]
    nothing = opinion_scores(Ratings(("a",), ("x",), [5.0]), "raw")
    assert math.isnan(steady_widths(nothing)["x"])


def test_votes_for_an_error_lie_between_the_steps():
    steps = [Step(10, 8.0, 1.0), Step(20, 4.0, 1.0)]
    assert votes_for(steps, 6.0) == 15
    assert votes_for(steps, 9.0) == 10
    assert math.isnan(votes_for(steps, 3.0))


def test_a_small_campaign_runs_the_same_twice():
    small = Campaign(kinds=2, severities=2, copies=3, raters=4, votes_each=5)
    for order in ("random", "balanced", "chosen"):
        first = list(campaign_steps(small, order, 1))
        assert str(first) == str(list(campaign_steps(small, order, 1)))
        assert [step.votes for step in first] == [5, 10, 15, 20]


def test_savings_are_shares_of_what_the_random_order_took():
    small = Campaign(kinds=2, severities=2, copies=3, raters=8, votes_each=6)
    found = list(savings(small, range(3)))
    assert [one.votes for one in found] == [24, 36, 48]
    assert all(one.error > 0 and one.share["random"] <= 1 for one in found)


@pytest.mark.slow
def test_choosing_saves_votes_where_items_differ_in_difficulty_and_little_where_they_do_not():
    found = {}
    for hardest in (1.0, 3.0, 5.0):
        for saving in savings(Campaign(hardest=hardest), range(10)):
            found[hardest, saving.votes] = saving.share
    for key, share in found.items():
        assert share["random"] == pytest.approx(1), key
        assert share["chosen"] < 0.97, key
        assert share["balanced"] < 0.97, key
    # most of it comes from evenness; knowing the hard items adds to it only where there are such
    assert found[5.0, 960]["chosen"] < found[5.0, 960]["balanced"] - 0.05
    assert abs(found[1.0, 960]["chosen"] - found[1.0, 960]["balanced"]) < 0.06
