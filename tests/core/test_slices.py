"""The network sees one slice scaled by its series, whatever the viewer shows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miqa_app.core.series import Series
from miqa_app.core.slices import (
    Scale,
    network_plane,
    object_share,
    robust_scale,
    series_scale,
)
from miqa_app.core.window import Window


def scan(frames: int = 3, size: int = 40, seed: int = 0) -> Series:
    """A bright square on faint noise, as 12-bit stored values."""
    rng = np.random.default_rng(seed)
    voxels = rng.integers(0, 40, (frames, size, size))
    voxels[:, 8:32, 8:32] += rng.integers(400, 1000, (frames, 24, 24))
    return Series(key="k", source="s", voxels=voxels.astype(np.int16))


def plane_of(series: Series, frame: int = 0) -> np.ndarray:
    return network_plane(series, frame, series_scale(series))


def test_a_plane_lies_between_0_and_1_in_single_precision() -> None:
    plane = plane_of(scan())
    assert plane.dtype == np.float32
    assert plane.min() == 0
    assert plane.max() == 1


def test_display_windows_play_no_part() -> None:
    series = scan()
    windowed = dataclasses.replace(series, windows=(Window(50, 10), Window(5000, 2, "narrow")))
    assert (plane_of(series) == plane_of(windowed)).all()


def test_monochrome1_is_turned_round_so_that_bright_means_much_signal() -> None:
    series = scan()
    turned = dataclasses.replace(
        series, voxels=(4095 - series.voxels).astype(np.int16), inverted=True
    )
    assert plane_of(turned) == pytest.approx(plane_of(series), abs=0.02)
    assert plane_of(turned)[20, 20] > plane_of(turned)[2, 2]


def test_of_the_real_part_the_modulus_is_seen() -> None:
    series = scan()
    signs = np.where(np.arange(40) % 2, 1, -1).astype(np.int16)
    signed = dataclasses.replace(series, voxels=series.voxels * signs, real_part=True)
    assert (plane_of(signed) == plane_of(series)).all()


def test_of_the_real_part_an_undeclared_padding_far_below_the_signal_is_left_out() -> None:
    series = dataclasses.replace(scan(), real_part=True)
    padded = series.voxels - np.int16(500)  # -500 … 538
    padded[:, :, :3] = -2005
    padded[:, :, 3] = -2000  # at least 1500 below the others, which lie at most 1038 apart
    far = dataclasses.replace(series, voxels=padded)
    assert not far.acquired(0)[:, :4].any()
    assert far.acquired(0)[:, 4:].all()
    assert plane_of(far)[:, :4].max() == 0
    padded[:, :, :4] = -1400  # dark, but no further away than bright is
    assert dataclasses.replace(series, voxels=padded).acquired(0).all()
    assert dataclasses.replace(far, real_part=False).acquired(0).all()


@settings(deadline=None, max_examples=25)
@given(slope=st.floats(1e-3, 1e3), intercept=st.floats(-1e3, 1e3))
def test_a_rescale_of_the_whole_series_changes_nothing(slope: float, intercept: float) -> None:
    series = scan()
    other = dataclasses.replace(
        series, slope=np.full(3, slope), intercept=np.full(3, intercept * slope)
    )
    assert plane_of(other) == pytest.approx(plane_of(series), abs=1e-3)


def test_padding_becomes_0_and_does_not_move_the_scale() -> None:
    series = scan()
    voxels = series.voxels.copy()
    voxels[:, :4] = 32000
    padded = dataclasses.replace(series, voxels=voxels, padding=(32000.0, 32000.0))
    plane = plane_of(padded)
    assert (plane[:4] == 0).all()
    assert plane[8:32, 8:32] == pytest.approx(plane_of(series)[8:32, 8:32], abs=0.01)


def test_values_that_are_not_finite_become_0() -> None:
    voxels = scan().voxels.astype(np.float32)
    voxels[0, 0, :3] = [np.nan, np.inf, -np.inf]
    plane = plane_of(Series(key="k", source="s", voxels=voxels))
    assert plane[0, :3].tolist() == [0, 0, 0]
    assert np.isfinite(plane).all()


def test_black_is_a_low_percentile_of_all_and_white_a_high_percentile_of_the_object() -> None:
    values = np.concatenate([np.full(9000, 10.0), np.linspace(100, 200, 1000)]).astype(np.float32)
    scale = robust_scale(values)
    assert scale.low == 10
    assert scale.high == pytest.approx(199.5, abs=0.2)
    few = np.concatenate([values, np.full(4, 1e6, np.float32)])
    assert robust_scale(few).high == pytest.approx(scale.high, abs=1)  # hot pixels do not count


def test_noise_in_the_air_is_kept_not_clipped_to_black() -> None:
    air = plane_of(scan())[:6]
    assert (air > 0).mean() > 0.95


def test_a_constant_series_has_a_scale_of_width_one() -> None:
    assert robust_scale(np.full(50, 7, np.float32)) == Scale(7, 8)


def test_only_ready_frames_count_and_at_most_32_of_them() -> None:
    series = scan(40)
    voxels = series.voxels.copy()
    voxels[1] = 20000  # frames 0, 1, 2 … of 40: number 1 is among the sampled ones
    ready = np.ones(40, dtype=bool)
    bright = dataclasses.replace(series, voxels=voxels)
    assert series_scale(bright).high > 10000
    ready[1] = False
    assert series_scale(dataclasses.replace(bright, ready=ready)).high < 1100
    voxels = np.repeat(series.voxels[:1], 200, axis=0)
    voxels[3] = 20000  # steps of more than six frames: 3 is not sampled
    assert series_scale(Series(key="k", source="s", voxels=voxels)).high < 1100


def test_a_series_without_values_has_no_scale() -> None:
    series = scan()
    with pytest.raises(ValueError, match="no finite"):
        series_scale(dataclasses.replace(series, ready=np.zeros(3, dtype=bool)))
    blank = Series(key="k", source="s", voxels=np.full((1, 4, 4), np.nan))
    with pytest.raises(ValueError, match="no finite"):
        series_scale(blank)


def test_the_share_of_the_object_is_that_of_the_bright_square() -> None:
    assert object_share(plane_of(scan())) == pytest.approx(24 * 24 / 40**2, abs=0.15)
    assert object_share(np.zeros((20, 20), np.float32)) == 0
