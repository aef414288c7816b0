"""Agreement and reliability: published worked examples, other packages' numbers, and the three raters of ABIDE."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.stats import friedmanchisquare, linregress

from miqa_app.statistics.agreement import (
    intraclass_correlations,
    kendall_w,
    krippendorff_alpha,
)
from miqa_app.statistics.reliability import (
    against_the_rest,
    drift,
    repeatability,
    sos_coefficient,
)

NAN = np.nan

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Psychological Bulletin 1979, 86(2), table 2: 6 targets, 4 judges."""

KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
"""Computing Krippendorff's Alpha-Reliability (2011), section C: 12 units, 4 observers."""

MADE_UP = np.array(
    [
        [44.6, 19.4, 47.0, 34.0, 45.0], [43.6, 35.0, 45.1, 51.5, 22.2],
        [93.7, 73.7, 76.5, 90.2, 79.6], [85.8, 60.3, 61.0, 54.0, 56.1],
        [37.4, 13.3, 17.4, 9.7, 4.7], [58.2, 36.3, 55.3, 66.4, 40.1],
        [48.4, 30.2, 35.6, 32.2, 32.4], [73.5, 29.6, 71.9, 47.8, 49.2],
        [39.0, 12.3, 34.0, 17.4, 12.4], [71.2, 34.4, 72.4, 45.9, 38.2],
        [86.7, 42.0, 50.7, 69.4, 46.5], [104.6, 62.6, 85.9, 64.3, 59.0],
        [61.1, 44.1, 70.1, 76.2, 41.8], [82.8, 43.3, 65.4, 44.9, 41.6],
        [26.6, -2.1, 26.7, 11.8, 26.1],
    ]
)  # fmt: skip


def test_icc_equals_the_published_table_of_shrout_and_fleiss():
    found = intraclass_correlations(SHROUT_FLEISS)
    assert found.single.value == pytest.approx(0.29, abs=0.005)
    assert found.average.value == pytest.approx(0.62, abs=0.005)
    assert found.consistency_single.value == pytest.approx(0.71, abs=0.005)
    assert found.consistency.value == pytest.approx(0.91, abs=0.005)


@pytest.mark.parametrize(
    ("scores", "single", "average", "consistency_single", "consistency"),
    [
        # value, low, high by pingouin 0.7.0, which rounds its intervals to two places
        (
            SHROUT_FLEISS,
            (0.2897637795, 0.02, 0.76),
            (0.6200505476, 0.07, 0.93),
            (0.7148407148, 0.34, 0.95),
            (0.9093155424, 0.68, 0.99),
        ),
        (
            MADE_UP,
            (0.6365142010, 0.32, 0.85),
            (0.8974957765, 0.70, 0.97),
            (0.8070828467, 0.65, 0.92),
            (0.9543751103, 0.90, 0.98),
        ),
    ],
    ids=["shrout-fleiss", "made-up"],
)
def test_icc_and_its_interval_equal_another_package(
    scores, single, average, consistency_single, consistency
):
    found = intraclass_correlations(scores)
    for ours, theirs in (
        (found.single, single),
        (found.average, average),
        (found.consistency_single, consistency_single),
        (found.consistency, consistency),
    ):
        assert ours.value == pytest.approx(theirs[0], abs=1e-9)
        assert (round(ours.low, 2), round(ours.high, 2)) == pytest.approx(theirs[1:])
        assert (ours.subjects, ours.raters) == scores.shape


def test_icc_takes_complete_cases_and_says_how_many():
    holes = np.vstack([SHROUT_FLEISS, [[1, NAN, 2, 3]]])
    found = intraclass_correlations(holes)
    assert found == intraclass_correlations(SHROUT_FLEISS)
    assert found.single.subjects == 6


@pytest.mark.parametrize("scores", [[[1.0, 2.0]], [[1.0], [2.0]], [[3.0, 3.0], [3.0, 3.0]]])
def test_icc_is_unknown_without_subjects_raters_or_spread(scores):
    assert np.isnan(intraclass_correlations(scores).single.value)


def test_perfect_agreement_is_one():
    same = np.repeat([[1.0], [5.0], [9.0]], 3, axis=1)
    assert intraclass_correlations(same).single.value == pytest.approx(1)
    assert krippendorff_alpha(same).value == pytest.approx(1)
    assert kendall_w(same).value == pytest.approx(1)


def test_alpha_equals_the_published_worked_example():
    assert krippendorff_alpha(KRIPPENDORFF).value == pytest.approx(0.849, abs=0.0005)
    assert krippendorff_alpha(KRIPPENDORFF, "ordinal").value == pytest.approx(0.815, abs=0.0005)
    # the last unit has one value and pairs with nothing
    assert krippendorff_alpha(KRIPPENDORFF).subjects == 11


def test_alpha_is_unknown_without_pairs_or_spread():
    assert np.isnan(krippendorff_alpha([[1.0, NAN], [NAN, 2.0]]).value)
    assert np.isnan(krippendorff_alpha([[2.0, 2.0], [2.0, 2.0]]).value)
    assert np.isnan(krippendorff_alpha([[NAN, NAN]], "ordinal").value)


def test_kendalls_w_with_ties_is_friedmans_statistic():
    rng = np.random.default_rng(1)
    scores = np.round(rng.normal(3, 1, (12, 1)) + rng.normal(0, 0.8, (12, 5)))
    chi = friedmanchisquare(*scores).statistic
    assert kendall_w(scores).value == pytest.approx(chi / (5 * 11))


def test_kendalls_w_is_unknown_where_everybody_ties_everything():
    assert np.isnan(kendall_w(np.ones((4, 3))).value)
    assert np.isnan(kendall_w(np.ones((1, 3))).value)


def test_one_rater_is_held_against_the_mean_of_the_others_only():
    scores = np.array([[1.0, 2, 2], [2, 1, 1], [3, 4, 4], [4, 3, NAN], [5, NAN, NAN]])
    first = against_the_rest(scores)[0]
    assert first.subjects == 4
    assert first.plcc == pytest.approx(np.corrcoef([1, 2, 3, 4], [2, 1, 4, 3])[0, 1])
    assert first.srocc == pytest.approx(0.6)


def test_repeatability_by_hand():
    found = repeatability([10, 20, 30, NAN], [12, 17, 30, 5])
    assert found.pairs == 3
    assert found.difference == pytest.approx(5 / 3)
    assert found.within_sd == pytest.approx(np.sqrt((4 + 9) / 3 / 2))
    assert found.shift == pytest.approx(-1 / 3)
    assert repeatability([NAN], [1.0]).pairs == 0


def test_drift_in_one_session_is_the_regression_line():
    rng = np.random.default_rng(2)
    order = np.arange(30.0)
    rest = 0.3 * order + rng.normal(0, 2, 30)
    line, ours = linregress(order, rest), drift(rest, order, ["1"] * 30)
    assert ours.slope == pytest.approx(line.slope)
    assert ours.p == pytest.approx(line.pvalue)
    assert ours.change == pytest.approx(line.slope * 29)
    assert ours.low < line.slope < ours.high


def test_a_jump_between_sessions_is_no_drift():
    order = np.tile(np.arange(10.0), 2)
    rest = np.repeat([0.0, 20.0], 10) + np.tile([1.0, -1.0], 10)
    found = drift(rest, order, ["1"] * 10 + ["2"] * 10)
    assert abs(found.change) < 1.5
    assert found.low < 0 < found.high


def test_drift_is_unknown_with_few_votes_or_one_place():
    assert np.isnan(drift([1.0, 2.0], [0, 1], ["1", "1"]).slope)
    assert np.isnan(drift([1.0, 2.0, 3.0], [4, 4, 4], ["1"] * 3).slope)
    assert drift([1.0, NAN, 3.0], [1, 2, NAN], ["1"] * 3).votes == 1
    assert drift([0.0, 0.0, 0.0], [1, 2, 3], ["1"] * 3).p == 1


def test_sos_coefficient_is_recovered():
    rng = np.random.default_rng(0)
    mean = rng.uniform(20, 80, 200)
    scores = mean[:, None] + np.sqrt(0.1 * mean * (100 - mean))[:, None] * rng.normal(size=(200, 60))  # fmt: skip
    assert sos_coefficient(scores, 0, 100) == pytest.approx(0.1, rel=0.05)
    assert np.isnan(sos_coefficient([[1.0, NAN]], 0, 100))


@pytest.fixture(scope="module")
def abide(shared):
    """(1101, 3) ratings −1, 0, 1 of T1 images by three raters, NaN where they did not rate."""
    path = shared / "ratings_tables_no_images" / "mriqc_learn_abide.tsv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    names = ("rater_1", "rater_2", "rater_3")
    return np.array([[NAN if row[n] == "n/a" else float(row[n]) for n in names] for row in rows])


@pytest.mark.shared
def test_the_three_raters_of_abide_agree_as_other_packages_say(abide):
    # pingouin 0.7.0, krippendorff 0.9.0 and scipy's Friedman test and correlations on the same table
    assert abide.shape == (1101, 3)
    assert (~np.isnan(abide)).sum(0).tolist() == [600, 600, 1101]
    icc = intraclass_correlations(abide)
    assert icc.single.subjects == 99
    assert icc.single.value == pytest.approx(0.4277995643, abs=1e-9)
    assert (round(icc.single.low, 2), round(icc.single.high, 2)) == (0.22, 0.59)
    assert icc.average.value == pytest.approx(0.6916357488, abs=1e-9)
    assert (round(icc.average.low, 2), round(icc.average.high, 2)) == (0.46, 0.81)
    assert icc.consistency.value == pytest.approx(0.7661533659, abs=1e-9)
    assert krippendorff_alpha(abide).value == pytest.approx(0.2851929728915763, abs=1e-12)
    assert krippendorff_alpha(abide, "ordinal").value == pytest.approx(0.20262398102772539, abs=1e-12)  # fmt: skip
    assert kendall_w(abide).value == pytest.approx(0.6797252381168706, abs=1e-12)
    rest = against_the_rest(abide)
    assert [one.subjects for one in rest] == [600, 600, 1101]
    assert [one.srocc for one in rest] == pytest.approx([0.47346506906696686, 0.47703975672519333, 0.48514437025155177])  # fmt: skip
    assert [one.plcc for one in rest] == pytest.approx([0.47668762189483666, 0.531037051274031, 0.4893275543802699])  # fmt: skip
