"""Pixels of a study: the window, the scale, and what was degraded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from miqa_app.core.series import Series
from miqa_app.core.window import Window, from_limits, from_percentiles, greys
from miqa_app.imaging import load
from miqa_app.paths import bundled
from miqa_app.rating.design import Change
from miqa_app.services.study_stimuli import full_slices, places, stimuli_of


@pytest.fixture(scope="module")
def phantom() -> Series:
    return load(bundled("resources") / "phantom" / "clean")[0]


MIDDLE = (9,)


def with_values(series: Series, slope: float, intercept: float) -> Series:
    """Return the same real-world values stored with another slope and intercept."""
    stored = np.rint((series.voxels.astype(float) * series.slope[0] - intercept) / slope)
    frames = series.frames
    return replace(
        series,
        voxels=stored.astype(np.int16),
        slope=np.full(frames, slope),
        intercept=np.full(frames, intercept),
        windows=(from_percentiles(stored),),
    )


def test_the_image_as_acquired_is_shown_as_the_viewer_shows_it(phantom: Series) -> None:
    (clean,), remark = stimuli_of(phantom, MIDDLE)
    shown = greys(phantom.voxels[9], phantom.windows[0])
    assert remark == ""
    assert np.abs(clean.greys(0).astype(int) - shown.astype(int)).max() <= 1
    assert clean.aspect == phantom.geometry.aspect  # type: ignore[union-attr]


def test_whole_stored_values_stay_exact(phantom: Series) -> None:
    (clean, *_), _ = stimuli_of(phantom, MIDDLE, [Change("white_noise", 0.5, 1)])
    stored = phantom.voxels[9].astype(int)
    steps = np.diff(np.unique(clean.frames[0].astype(int)))
    factor = int(np.gcd.reduce(steps))
    assert np.array_equal((clean.frames[0].astype(int) - clean.frames[0].min()) // factor, stored - stored.min())  # fmt: skip


def test_reference_and_degraded_images_share_scale_and_window(phantom: Series) -> None:
    changes = [Change(kind, 0.8, 1) for kind in ("motion", "ghosting", "blur", "spike")]
    stimuli, _ = stimuli_of(phantom, MIDDLE, changes)
    assert len(stimuli) == 5
    assert len({(one.black, one.white, one.aspect) for one in stimuli}) == 1
    assert len({one.key for one in stimuli}) == 5
    air = phantom.voxels[9] == 0
    assert abs(float(np.median(stimuli[3].frames[0][air])) - float(stimuli[0].frames[0][air].min())) < 0.05 * stimuli[0].white  # fmt: skip


def test_artefacts_are_made_on_real_world_values_whatever_the_slope(phantom: Series) -> None:
    """The same scan stored with slope 0.25 and intercept -40 gives the same pictures."""
    plain = with_values(phantom, 1.0, 0.0)
    scaled = with_values(phantom, 0.25, -40.0)
    change = [Change("motion", 0.6, 3)]
    (_, one), _ = stimuli_of(plain, MIDDLE, change)
    (_, other), _ = stimuli_of(scaled, MIDDLE, change)
    assert np.abs(one.greys(0).astype(int) - other.greys(0).astype(int)).max() <= 2


def test_no_real_world_value_falls_below_zero(phantom: Series) -> None:
    (clean, noisy), _ = stimuli_of(phantom, MIDDLE, [Change("white_noise", 1.0, 1)])
    assert phantom.voxels[9].min() == 0
    assert noisy.frames.min() >= clean.frames.min()


def test_monochrome1_is_turned_round(phantom: Series) -> None:
    (plain,), _ = stimuli_of(phantom, MIDDLE)
    turned = replace(phantom, inverted=True)
    (inverse,), _ = stimuli_of(turned, MIDDLE)
    assert np.abs(plain.greys(0).astype(int) + inverse.greys(0).astype(int) - 255).max() <= 1


def test_artefacts_meet_the_signal_of_monochrome1_not_its_dark_values(phantom: Series) -> None:
    """The phantom stored as 4000 less its value, to be shown inverted, degrades to the same picture."""
    top = 4000
    low, high = phantom.windows[0].limits
    turned = replace(
        phantom,
        voxels=(top - phantom.voxels.astype(np.int32)).astype(np.int16),
        inverted=True,
        windows=(from_limits(top - high, top - low),),
    )
    change = [Change("ghosting", 0.8, 3)]
    (clean, ghosts), _ = stimuli_of(phantom, MIDDLE, change)
    (other, same), _ = stimuli_of(turned, MIDDLE, change)
    assert np.abs(clean.greys(0).astype(int) - other.greys(0).astype(int)).max() <= 1
    assert np.abs(ghosts.greys(0).astype(int) - same.greys(0).astype(int)).mean() < 3


def test_a_window_that_shows_nothing_gives_way_and_that_is_said(phantom: Series) -> None:
    useless = replace(phantom, windows=(Window(50000.0, 10.0), phantom.windows[-1]))
    (clean,), remark = stimuli_of(useless, MIDDLE)
    assert "shows next to nothing" in remark
    assert 20 < clean.greys(0).mean() < 200


def test_values_that_are_no_whole_numbers_keep_their_steps(phantom: Series) -> None:
    values = phantom.voxels.astype(np.float32) * 1e-7
    tiny = replace(phantom, voxels=values, windows=(from_percentiles(values),))
    (clean,), _ = stimuli_of(tiny, MIDDLE)
    assert len(np.unique(clean.frames)) > 200


def test_padding_becomes_black(phantom: Series) -> None:
    voxels = phantom.voxels.astype(np.int16)
    voxels[:, :5] = -2000
    padded = replace(phantom, voxels=voxels, padding=(-2000.0, -2000.0))
    (clean, moved), _ = stimuli_of(padded, MIDDLE, [Change("blur", 0.5, 1)])
    assert clean.greys(0)[:5].max() == 0
    assert moved.greys(0)[:3].max() < 60


def test_a_stack_moves_as_one_object(phantom: Series) -> None:
    frames = (7, 8, 9, 10, 11)
    (clean, moved), _ = stimuli_of(phantom, frames, [Change("motion", 0.8, 2)])
    assert clean.frames.shape == moved.frames.shape == (5, *phantom.shape)
    differs = [np.abs(clean.frames[n].astype(int) - moved.frames[n]).mean() for n in range(5)]
    assert min(differs) > 0


def test_full_slices_leave_out_the_ends_of_the_object(phantom: Series) -> None:
    full = full_slices(phantom)
    assert 0 < len(full) < phantom.slices
    assert phantom.slices // 2 in full


@pytest.mark.parametrize(("count", "depth"), [(1, 1), (3, 1), (4, 2), (50, 1), (2, 40), (1, 5)])
def test_places_are_apart_and_what_is_left_over_is_none_of_them(count: int, depth: int) -> None:
    full = list(range(5, 25))
    chosen, rest = places(full, count, depth)
    used = [frame for run in chosen for frame in run]
    assert len(used) == len(set(used))
    assert set(used).isdisjoint({frame for run in rest for frame in run})
    assert len(chosen) == min(count, 20 // min(depth, 20))
    assert all(np.array_equal(np.diff(run), np.ones(len(run) - 1)) for run in chosen)


def test_places_lie_evenly() -> None:
    chosen, _ = places(list(range(100)), 4, 1)
    assert [run[0] for run in chosen] == [12, 37, 62, 87]
