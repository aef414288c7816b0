"""Cut points agree with known answers, with a slow way of finding them, and with what they promise on new cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from miqa_app.statistics.operating_points import DECISIONS, FEWEST, fit_operating_points


def site(
    rng: np.random.Generator, count: int, accept: float = 72, rescan: float = 45, noise: float = 8
) -> tuple[NDArray[np.float64], list[str]]:
    """Scores of a site whose people accept from 72 and rescan below 45, with doubt of 8 points."""
    scores = rng.uniform(0, 100, count)
    felt = scores + rng.normal(0, noise, count)
    said = np.where(felt >= accept, "accept", np.where(felt < rescan, "rescan", "check"))
    return scores, list(said)


def test_decisions_without_doubt_are_cut_in_the_middle_of_the_gaps() -> None:
    scores = [*[20] * 12, *[30] * 3, *[50] * 6, *[60] * 6, *[80] * 9, *[90] * 9]
    said = [*["rescan"] * 15, *["check"] * 12, *["accept"] * 18]
    points = fit_operating_points(scores, said, draws=50)
    assert points.counts == {"rescan": 15, "check": 12, "accept": 18}
    assert 31 <= points.rescan.score <= 50
    assert 61 <= points.accept.score <= 80
    assert abs(points.rescan.score - 40) <= 1
    assert abs(points.accept.score - 70) <= 1
    for cut in (points.accept, points.rescan):
        assert (cut.sensitivity.value, cut.specificity.value) == (1, 1)
        assert cut.unseen_sensitivity > 0.97


def test_the_fit_is_the_best_of_all_pairs_of_cuts() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        scores, said = site(rng, 120, noise=20)
        whole, labels = np.rint(scores), np.array(said)

        def youden(cut: float, found: NDArray[np.bool_], whole: NDArray[np.float64]) -> float:
            return float((whole < cut)[found].mean() + (whole >= cut)[~found].mean() - 1)

        best = max(
            youden(a, labels != "accept", whole) + youden(r, labels == "rescan", whole)
            for r, a in itertools.combinations_with_replacement(range(101), 2)
        )
        points = fit_operating_points(scores, said, draws=20)
        assert points.rescan.score <= points.accept.score
        own = youden(points.accept.score, labels != "accept", whole) + youden(
            points.rescan.score, labels == "rescan", whole
        )
        assert own == pytest.approx(best)
        rate = points.rescan.sensitivity
        under = whole < points.rescan.score
        assert rate.value == pytest.approx(under[labels == "rescan"].mean())
        assert rate.count == (labels == "rescan").sum()


@pytest.mark.parametrize("wished", [0.8, 0.95, 1.0])
def test_a_wished_sensitivity_is_reached_by_the_lowest_cut_that_does(wished: float) -> None:
    scores, said = site(np.random.default_rng(4), 300, noise=15)
    points = fit_operating_points(scores, said, sensitivity=wished, draws=50)
    rescans = np.rint(scores)[np.array(said) == "rescan"]
    assert points.rescan.sensitivity.value >= wished
    assert points.accept.sensitivity.value >= wished
    reached = [cut for cut in range(101) if (rescans < cut).mean() >= wished]
    others = np.rint(scores)[np.array(said) != "rescan"]
    assert points.rescan.specificity.value == pytest.approx((others >= reached[0]).mean())


def test_wilsons_interval_is_that_of_the_paper() -> None:
    # Newcombe 1998, Statistics in Medicine 17(8), 857-872, table I: 15 of 148 gives 0.0624 to 0.1605
    scores = [*[10] * 15, *[90] * 133, *[95] * 12]
    said = [*["rescan"] * 148, *["accept"] * 12]
    rate = fit_operating_points(scores, said, sensitivity=0.1, draws=20).rescan.sensitivity
    assert (rate.value, rate.count) == (pytest.approx(15 / 148), 148)
    assert (rate.low, rate.high) == (
        pytest.approx(0.0624, abs=1e-4),
        pytest.approx(0.1605, abs=1e-4),
    )


@pytest.mark.slow
def test_intervals_of_the_cut_hold_the_truth_and_unseen_figures_are_honest() -> None:
    rng = np.random.default_rng(5)
    scores, said = site(rng, 200_000)
    truth = fit_operating_points(scores, said, draws=1)
    held, apparent, unseen = [], [], []
    for _ in range(60):
        points = fit_operating_points(*site(rng, 150), draws=200)
        held.append(points.rescan.low <= truth.rescan.score <= points.rescan.high)
        apparent.append(points.rescan.sensitivity.value + points.rescan.specificity.value)
        unseen.append(points.rescan.unseen_sensitivity + points.rescan.unseen_specificity)
    real = truth.rescan.sensitivity.value + truth.rescan.specificity.value
    print(
        f"held {np.mean(held):.2f}, real {real:.3f}, apparent {np.mean(apparent):.3f}, unseen {np.mean(unseen):.3f}"
    )
    assert np.mean(held) >= 0.85
    # a cut flatters the cases it was fitted to, and does not flatter those it was not
    assert np.mean(apparent) > real
    assert np.mean(unseen) < real + 0.01


def test_cases_that_belong_together_widen_the_interval() -> None:
    rng = np.random.default_rng(6)
    scores, said = site(rng, 40, noise=12)
    many = np.repeat(scores, 6), [one for one in said for _ in range(6)]
    names = [f"patient {number // 6}" for number in range(240)]
    alone = fit_operating_points(*many, draws=300).accept.sensitivity
    together = fit_operating_points(*many, names, draws=300).accept.sensitivity
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_verdicts_and_cuts_round_alike() -> None:
    from miqa_app.core.assessment import Thresholds, Verdict

    scores, said = site(np.random.default_rng(7), 200)
    points = fit_operating_points(scores, said, draws=20)
    thresholds = Thresholds(points.accept.score, points.rescan.score)
    flagged = [thresholds.verdict(score) is Verdict.RESCAN for score in scores]
    rescans = np.array(said) == "rescan"
    assert np.array(flagged)[rescans].mean() == pytest.approx(points.rescan.sensitivity.value)


@pytest.mark.parametrize(
    ("scores", "said", "words"),
    [
        ([50.0] * 40, ["accept"] * 40, "'rescan' are too few"),
        ([50.0] * 40, ["rescan"] * (40 - FEWEST + 1) + ["accept"] * (FEWEST - 1), "too few"),
        ([101.0] * 2, ["accept"] * 2, "between 0 and 100"),
        ([float("nan")] * 2, ["accept"] * 2, "between 0 and 100"),
        ([50.0], ["maybe"], "is none of accept, check, rescan"),
    ],
)
def test_what_cannot_be_fitted_is_refused(scores: list[float], said: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_operating_points(scores, said)


def test_one_cluster_and_an_impossible_wish_are_refused() -> None:
    scores, said = site(np.random.default_rng(8), 100)
    with pytest.raises(ValueError, match="belong together"):
        fit_operating_points(scores, said, ["one"] * 100)
    with pytest.raises(ValueError, match="wished"):
        fit_operating_points(scores, said, sensitivity=1.2)
    assert DECISIONS == ("accept", "check", "rescan")
