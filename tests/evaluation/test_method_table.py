"""The figures of a benchmark: pooled, by group, by fold, and every pair of methods."""

from __future__ import annotations

import math

import numpy as np
import pytest

from miqa_app.evaluation.comparison import compare_all
from miqa_app.evaluation.method_table import method_table
from miqa_app.evaluation.predictions import Predictions
from miqa_app.statistics.correlation import krocc, plcc, srocc
from miqa_app.statistics.errors import mae, outlier_ratio, rmse

DRAWS = 200


def rated(references: int = 8, each: int = 14, **changes) -> Predictions:
    """Return a look-alike of the paper's set: two methods of one quality, a worse one, and one where lower is better."""
    rng = np.random.default_rng(7)
    count = references * each
    target = rng.uniform(10, 95, count)
    values = {
        "images": tuple(f"i{n}" for n in range(count)),
        "references": tuple(f"r{n // each}" for n in range(count)),
        "targets": target,
        "methods": {
            "good": target + rng.normal(0, 6, count),
            "twin": target + rng.normal(0, 6, count),
            "poor": target + rng.normal(0, 25, count),
            "niqe": 12 - 0.08 * target + rng.normal(0, 0.5, count),
        },
        "groups": {
            "kind": tuple(("", "ghosting", "motion")[n % 3] for n in range(count)),
            "fold": tuple(f"{n // each + 1}" for n in range(count)),
        },
        "intervals": np.full(count, 5.0),
    }
    return Predictions(**values | changes)


@pytest.fixture(scope="module")
def table():
    return method_table(rated(), draws=DRAWS)


def test_pooled_figures_are_those_of_all_images(table) -> None:
    data, row = rated(), table.rows[0]
    predicted, target = data.methods["good"], data.targets
    assert row.name == "good"
    assert (row.pooled.images, row.pooled.references) == (112, 8)
    assert row.pooled.srocc == srocc(predicted, target)
    assert row.pooled.krocc == krocc(predicted, target)
    assert row.pooled.plcc == plcc(predicted, target)
    assert row.pooled.rmse == rmse(predicted, target, 1)
    assert row.pooled.mae == mae(predicted, target)
    assert row.pooled.outlier_ratio == outlier_ratio(predicted, target, data.intervals)
    assert row.pooled.srocc_interval.low < row.pooled.srocc < row.pooled.srocc_interval.high
    assert row.pooled.plcc_interval.low < row.pooled.plcc < row.pooled.plcc_interval.high


def test_the_mapped_figures_stand_beside_the_raw_ones(table) -> None:
    row = table.rows[0]
    assert row.logistic4.parameters == row.mapped.parameters == 4
    assert row.pooled.plcc <= row.plcc4 < 1
    assert row.pooled.plcc <= row.plcc5 < 1
    assert row.rmse4 == rmse(row.mapped.values, rated().targets, 4)
    assert 0 < row.rmse4_star < row.rmse4


def test_a_measure_where_lower_is_better_keeps_its_sign_and_competes_after_the_mapping(table) -> None:  # fmt: skip
    row = table.rows[3]
    assert row.pooled.srocc < -0.9
    assert row.plcc4 > 0.9
    assert table.between("poor", "niqe").rmse_better == "niqe"
    assert table.best.name in ("good", "twin")


def test_groups_take_only_their_own_images_and_fold_means_are_theirs(table) -> None:
    data, row = rated(), table.rows[0]
    assert list(row.groups["kind"]) == ["", "ghosting", "motion"]
    chosen = np.array(data.groups["kind"]) == "motion"
    found = row.groups["kind"]["motion"]
    assert found.images == chosen.sum()
    assert found.srocc == srocc(data.methods["good"][chosen], data.targets[chosen])
    folds = [figures.srocc for figures in row.groups["fold"].values()]
    assert row.spread.folds == 8
    assert row.spread.srocc == pytest.approx((np.mean(folds), np.std(folds, ddof=1)))
    raw = [figures.plcc for figures in row.groups["fold"].values()]
    assert row.spread.plcc == pytest.approx((np.mean(raw), np.std(raw, ddof=1)))


def test_few_references_have_no_interval(table) -> None:
    assert math.isnan(table.rows[0].groups["fold"]["1"].srocc_interval.low)
    four = method_table(rated(references=4), draws=DRAWS)
    assert math.isnan(four.rows[0].pooled.plcc_interval.low)
    five = method_table(rated(references=5), draws=DRAWS)
    assert math.isfinite(five.rows[0].pooled.plcc_interval.low)


def test_a_set_of_14_images_gets_no_mapping_and_is_tested_as_it_is() -> None:
    row = method_table(rated(references=1), draws=DRAWS).rows[0]
    assert row.logistic4 is None
    assert row.logistic5 is None
    assert math.isnan(row.plcc4)
    assert math.isnan(row.plcc5)
    assert math.isnan(row.rmse4)
    assert row.mapped.parameters == 1
    assert np.array_equal(row.mapped.values, rated(references=1).methods["good"])


def test_between_40_and_49_images_only_the_4_parameter_logistic_is_fitted() -> None:
    row = method_table(rated(references=3), draws=DRAWS).rows[0]
    assert row.logistic4 is not None
    assert row.logistic5 is None


def test_every_pair_has_its_code_and_corrected_chances(table) -> None:
    assert len(table.comparisons) == 6
    assert table.between("good", "twin").code == "0-0"
    clear = table.between("poor", "good")
    assert clear.code == "1-1"
    assert clear.rmse_better == "good"
    assert (clear.first, clear.second) == ("good", "poor")
    assert clear.residual.effect < -0.4
    assert clear.difference.interval.high < 0
    for pair in table.comparisons:
        assert pair.rmse_holm >= pair.rmse.p
        assert pair.residual_holm >= pair.residual.p
        assert pair.paired_holm >= pair.paired.p
        assert pair.correlation_holm >= pair.correlation_p


def test_the_code_takes_the_corrected_chance() -> None:
    """Ten equal methods make 45 pairs: some p below 0.05 by chance, none after Holm."""
    rng = np.random.default_rng(0)
    target = rng.uniform(0, 100, 60)
    methods = {f"m{n}": target + rng.normal(0, 8, 60) for n in range(10)}
    data = Predictions(
        tuple(map(str, range(60))), tuple(str(n // 6) for n in range(60)), target, methods
    )
    pairs = method_table(data, draws=20).comparisons
    assert len(pairs) == 45
    assert any(pair.rmse.p < 0.05 for pair in pairs)
    assert {pair.code for pair in pairs} == {"0-0"}


def test_constant_predictions_have_no_correlation_and_break_nothing() -> None:
    data = rated(methods={"flat": np.full(112, 50.0), "good": rated().methods["good"]})
    table = method_table(data, draws=DRAWS)
    flat = table.rows[0]
    assert math.isnan(flat.pooled.srocc)
    assert math.isnan(flat.pooled.srocc_interval.low)
    assert flat.mapped.values == pytest.approx(np.full(112, data.targets.mean()))
    assert table.best.name == "good"
    pair = table.between("flat", "good")
    assert pair.code == "1-1"
    assert math.isnan(pair.correlation_p)


def test_one_method_has_nobody_to_compare_with() -> None:
    table = method_table(rated(methods={"good": rated().methods["good"]}, groups={}, intervals=None), draws=DRAWS)  # fmt: skip
    assert table.comparisons == ()
    assert table.rows[0].groups == {}
    assert table.rows[0].spread is None
    assert math.isnan(table.rows[0].pooled.outlier_ratio)
    assert math.isnan(table.rows[0].rmse4_star)


def test_one_reference_has_no_difference_by_reference() -> None:
    data = rated(references=1)
    mapped = {row.name: row.mapped for row in method_table(data, draws=DRAWS).rows}
    pair = compare_all(data, mapped)[0]
    assert math.isnan(pair.difference.value)
    assert math.isfinite(pair.paired.p)


def test_three_images_are_refused() -> None:
    data = Predictions(("a", "b", "c"), ("r", "r", "r"), [1, 2, 3], {"m": [1, 2, 3]})
    with pytest.raises(ValueError, match="3 images are too few"):
        method_table(data)
