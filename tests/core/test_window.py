"""Windows follow DICOM PS3.3 C.11.2.1.2.1, and the look-up table is the same function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miqa_app.core.window import Window, from_limits, from_percentiles, greys, lookup_table


def test_the_limits_are_those_of_the_linear_function() -> None:
    assert Window(40, 400).limits == (-160, 239)
    assert Window(2048, 4096).limits == (0, 4095)
    assert Window(0.5, 1).limits == (0, 1)


def test_black_white_and_the_middle_fall_where_dicom_says() -> None:
    window = Window(128, 256)  # 0 to 255: a grey per stored value
    assert greys(np.arange(256), window).tolist() == list(range(256))
    assert greys(np.array([-5, 300]), window).tolist() == [0, 255]


def test_inversion_comes_after_the_window() -> None:
    values = np.array([-10, 0, 60, 255, 400])
    window = Window(128, 256)
    assert (greys(values, window, inverted=True) == 255 - greys(values, window)).all()


def test_values_that_are_not_finite_do_not_break_the_picture() -> None:
    shown = greys(np.array([np.nan, np.inf, -np.inf, 1.0]), Window(0.5, 1))
    assert shown.tolist() == [0, 255, 0, 255]


@given(low=st.floats(-3e4, 3e4), width=st.floats(0.01, 6e4))
def test_a_window_from_limits_has_those_limits(low: float, width: float) -> None:
    assert from_limits(low, low + width).limits == pytest.approx((low, low + width), abs=1e-6)


def test_limits_that_fall_together_still_make_a_window() -> None:
    assert from_limits(5, 5).width > 0
    assert from_limits(5, 3).width > 0


@given(level=st.integers(-500, 500), width=st.integers(1, 2000), inverted=st.booleans())
def test_the_look_up_table_equals_the_greys(level: int, width: int, inverted: bool) -> None:
    window = Window(level, width)
    values = np.random.default_rng(0).integers(-300, 301, (9, 9)).astype(np.int16)
    table = lookup_table(-300, 300, window, inverted=inverted)
    assert (np.take(table, values + 300) == greys(values, window, inverted=inverted)).all()


def test_percentiles_leave_out_a_tenth_of_a_percent_at_both_ends() -> None:
    low, high = from_percentiles(np.arange(100_001)).limits
    assert (low, high) == pytest.approx((100, 99_900))
    spoilt = np.concatenate([np.linspace(0, 100, 5000), [np.nan, np.inf, 1e9]])
    assert from_percentiles(spoilt).limits[1] < 101


def test_a_frame_of_one_value_and_an_empty_one_have_a_window() -> None:
    assert from_percentiles(np.full((4, 4), 9)).limits == (9, 10)
    assert from_percentiles(np.array([np.nan])).limits == (0, 1)


@pytest.mark.parametrize("width", [0, -3, float("nan")])
def test_a_width_that_is_not_positive_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="positive width"):
        Window(1, width)
