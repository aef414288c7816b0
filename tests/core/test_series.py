"""A series keeps its voxels as stored and says what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.core.series import Series


def stack(frames: int = 4, **facts: object) -> Series:
    voxels = np.arange(frames * 6, dtype=np.int16).reshape(frames, 2, 3)
    return Series(key="k", source="s", voxels=voxels, **facts)  # type: ignore[arg-type]


def test_a_series_counts_frames_slices_rows_and_columns() -> None:
    series = stack(6, time_points=3)
    assert (series.frames, series.slices, series.shape) == (6, 2, (2, 3))


def test_without_a_rescale_the_values_are_the_stored_ones() -> None:
    series = stack()
    assert series.values(1).dtype == np.float32
    assert (series.values(1) == series.voxels[1]).all()


def test_every_frame_has_its_own_rescale() -> None:
    series = stack(2, slope=np.array([2.0, 0.5]), intercept=np.array([-1.0, 10.0]))
    assert series.values(0).tolist() == (series.voxels[0] * 2.0 - 1).tolist()
    assert series.values(1).tolist() == (series.voxels[1] * 0.5 + 10).tolist()


def test_padding_and_values_that_are_not_finite_were_never_acquired() -> None:
    voxels = np.array([[[-2000.0, -1990.0, 0.0], [np.nan, np.inf, 5.0]]])
    series = Series(key="k", source="s", voxels=voxels, padding=(-2000, -1990))
    assert series.acquired(0).tolist() == [[False, False, True], [False, False, True]]
    plain = Series(key="k", source="s", voxels=voxels)
    assert plain.acquired(0).sum() == 4


def test_a_series_is_complete_once_all_frames_are_ready() -> None:
    assert stack().complete
    ready = np.array([True, False, True, True])
    series = stack(ready=ready)
    assert not series.complete
    ready[1] = True  # a reader fills the array that the series holds
    assert series.complete


@pytest.mark.parametrize("shape", [(2, 3), (0, 2, 3), (1, 2, 3, 4)])
def test_voxels_that_are_no_stack_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="frames, rows, columns"):
        Series(key="k", source="s", voxels=np.zeros(shape))


def test_frames_that_cannot_be_split_into_time_points_are_refused() -> None:
    with pytest.raises(ValueError, match="5 frames cannot be 2 time points"):
        stack(5, time_points=2)
