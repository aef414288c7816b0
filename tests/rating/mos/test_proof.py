"""Simulated observers of known bias, inconsistency and lapses: what the methods recover of them."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.rating.mos.adjusted import without_bias
from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.screening import screen_bt500, screen_p913
from miqa_app.rating.observers import SimulatedObserver, simulated_panel, simulated_ratings

SEEDS = range(8)
STIMULI, OBSERVERS, CLICKERS = 112, 15, 2


@pytest.fixture(scope="module")
def campaigns():
    """Truth, panel and votes of 15 observers of whom the last two click at random."""
    found = []
    for seed in SEEDS:
        truth = np.random.default_rng(seed).uniform(10, 90, STIMULI)
        panel = simulated_panel(OBSERVERS, seed, random_clickers=CLICKERS)
        found.append((truth, panel, simulated_ratings(truth, panel, seed + 500)))
    return found


def errors(campaigns, method: str) -> np.ndarray:
    found = []
    for truth, _, ratings in campaigns:
        mos = np.array([s.mos for s in opinion_scores(ratings, method).stimuli])
        found.append(np.sqrt((((mos - mos.mean()) - (truth - truth.mean())) ** 2).mean()))
    return np.array(found)


def test_p910_recovers_the_truth_within_4_points_and_better_than_raw_and_bt500(campaigns):
    p910, bt500, raw = (errors(campaigns, m) for m in ("p910", "bt500", "raw"))
    assert p910.max() < 4.0
    assert (p910 < 0.75 * raw).all()
    assert p910.mean() < bt500.mean() < raw.mean()


def test_p910_recovers_bias_within_4_points_and_inconsistency_within_5(campaigns):
    for _, panel, ratings in campaigns:
        found = opinion_scores(ratings, "p910").observers
        good = slice(0, OBSERVERS - CLICKERS)
        bias = np.array([p.bias for p in panel[good]])
        ours = np.array([o.bias for o in found[good]])
        assert np.abs((ours - ours.mean()) - (bias - bias.mean())).max() < 4.0
        noise = np.array([p.inconsistency for p in panel[good]])
        assert np.abs(np.array([o.inconsistency for o in found[good]]) - noise).max() < 5.0
        assert min(o.inconsistency for o in found[-CLICKERS:]) > 28


def test_screening_finds_the_random_clickers_and_nobody_else(campaigns):
    bt500, p913 = [], []
    for _, _, ratings in campaigns:
        table = ratings.table()
        bt500.append(screen_bt500(without_bias(table.scores)[0]).rejected)
        p913.append(screen_p913(table.flat)[1])
    good = OBSERVERS - CLICKERS
    # the correlation of P.913 finds all of them; BT.500's rule counts outliers and finds most
    assert np.array(p913)[:, good:].all()
    assert not np.array(p913)[:, :good].any()
    assert np.array(bt500)[:, good:].mean() > 0.5
    assert np.array(bt500)[:, :good].mean() < 0.05


def test_bias_removal_must_come_before_screening():
    # 13 observers of known bias on 112 stimuli, one far more inconsistent than the rest (models.md 2.4)
    rng = np.random.default_rng(2)
    people = [
        SimulatedObserver(f"o{n:02d}", float(rng.normal(0, 12)), 35.0 if n == 4 else 9.0)
        for n in range(13)
    ]
    hits = []
    for seed in range(12):
        truth = np.random.default_rng(seed).uniform(20, 80, STIMULI)
        scores = simulated_ratings(truth, people, seed).table().scores
        free, _ = without_bias(scores)
        hits.append((screen_bt500(scores).rejected[4], screen_bt500(free).rejected[4]))
    raw, without = np.array(hits).sum(0)
    assert without >= 7
    assert raw <= 2


def test_with_three_raters_raw_and_bt500_beat_the_model_that_needs_a_panel():
    few = []
    for seed in SEEDS:
        truth = np.random.default_rng(seed).uniform(10, 90, STIMULI)
        panel = simulated_panel(3, seed)
        few.append((truth, panel, simulated_ratings(truth, panel, seed + 900)))
    assert errors(few, "bt500").mean() < errors(few, "p910").mean()


def test_intervals_of_bt500_hold_the_truth_in_about_95_percent_with_3_and_with_13_raters():
    for count in (3, 13):
        inside = []
        for seed in range(12):
            truth = np.random.default_rng(seed).uniform(10, 90, STIMULI)
            ratings = simulated_ratings(truth, simulated_panel(count, seed), seed + 900)
            found = opinion_scores(ratings, "bt500").stimuli
            mos = np.array([s.mos for s in found])
            off = (mos - mos.mean()) - (truth - truth.mean())
            inside.append(np.abs(off) <= [s.half_width for s in found])
        assert 0.925 < np.mean(inside) < 0.975


def test_lapses_clip_and_missing_votes_come_out_as_asked_for():
    rng = np.random.default_rng(0)
    clicker = SimulatedObserver("c", 0, 5, lapse=1.0).scores(np.full(4000, 90.0), rng)
    assert abs(clicker.mean() - 50) < 2
    assert SimulatedObserver("d", 200, 5).scores(np.full(10, 90.0), rng).max() == 100
    ratings = simulated_ratings(np.full(500, 50.0), simulated_panel(4, 0), 1, missing=0.2)
    assert np.isnan(ratings.scores).mean() == pytest.approx(0.2, abs=0.03)
