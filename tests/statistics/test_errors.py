"""Errors agree with numbers worked by hand."""

from __future__ import annotations

import math

import pytest

from miqa_app.statistics.errors import mae, outlier_ratio, rmse, rmse_star

TARGET = [10.0, 20.0, 30.0, 40.0]
PREDICTED = [11.0, 19.0, 32.0, 38.0]  # errors 1, −1, 2, −2: squares add up to 10
INTERVALS = [0.5, 0.5, 1.5, 3.0]


@pytest.mark.parametrize(
    ("parameters", "expected"), [(1, math.sqrt(10 / 3)), (2, math.sqrt(5)), (0, math.sqrt(2.5))]
)
def test_rmse_divides_by_images_less_free_parameters(parameters: int, expected: float) -> None:
    assert rmse(PREDICTED, TARGET, parameters) == pytest.approx(expected)


def test_rmse_without_a_mapping_takes_one_degree_off() -> None:
    assert rmse(PREDICTED, TARGET) == rmse(PREDICTED, TARGET, 1)


def test_mean_absolute_error() -> None:
    assert mae(PREDICTED, TARGET) == pytest.approx(1.5)


def test_rmse_star_counts_only_what_lies_beyond_the_raters() -> None:
    # beyond the interval: 0.5, 0.5, 0.5, 0 -> √(0.75/3)
    assert rmse_star(PREDICTED, TARGET, INTERVALS) == pytest.approx(0.5)
    assert rmse_star(PREDICTED, TARGET, [9.0] * 4) == 0
    assert rmse_star(PREDICTED, TARGET, [0.0] * 4, 2) == pytest.approx(rmse(PREDICTED, TARGET, 2))


def test_an_outlier_lies_strictly_beyond_the_interval() -> None:
    assert outlier_ratio(PREDICTED, TARGET, INTERVALS) == 0.75
    assert outlier_ratio(PREDICTED, TARGET, [1.0, 1.0, 2.0, 2.0]) == 0


def test_nonsense_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="4 images are too few for a mapping of 5 parameters"):
        rmse(PREDICTED, TARGET, 5)
    with pytest.raises(ValueError, match="4 targets need as many numbers"):
        mae(PREDICTED[:2], TARGET)
    with pytest.raises(ValueError, match="4 targets"):
        outlier_ratio(PREDICTED, TARGET, [1.0])
