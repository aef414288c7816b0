"""The object mask holds the patient and not the air."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.core.foreground import object_mask, otsu_threshold, without_air


def disc(size: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    return np.hypot(rows, columns) <= radius


def test_otsu_parts_two_groups_of_values() -> None:
    values = np.concatenate([np.linspace(0, 0.1, 300), np.linspace(0.8, 1.0, 100)])
    assert 0.1 <= otsu_threshold(values) <= 0.8


def test_otsu_of_a_constant_is_that_value() -> None:
    assert otsu_threshold(np.full(10, 3.0)) == 3.0


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.05])
def test_the_mask_covers_the_object_within_the_smoothing(noise: float) -> None:
    truth = disc(128, 45)
    rng = np.random.default_rng(4)
    plane = 0.6 * truth + noise * np.abs(rng.standard_normal(truth.shape))
    mask = object_mask(plane.astype(np.float32))
    assert (mask & truth).sum() / truth.sum() > 0.99
    assert (mask & ~disc(128, 52)).sum() / (~truth).sum() < 0.02


def test_dark_tissue_inside_the_object_belongs_to_it() -> None:
    plane = (0.7 * disc(96, 40)).astype(np.float32)
    plane[disc(96, 12)] = 0
    assert object_mask(plane)[disc(96, 12)].all()


def test_the_mask_does_not_depend_on_a_brightness_offset_of_the_air() -> None:
    plane = (0.6 * disc(96, 30)).astype(np.float32)
    assert (object_mask(plane) == object_mask(plane + np.float32(0.1))).all()


def test_an_empty_frame_has_no_object() -> None:
    assert not object_mask(np.zeros((32, 32), np.float32)).any()
    faint = np.random.default_rng(0).random((32, 32), dtype=np.float32) * 0.01
    assert not object_mask(faint).any()


@pytest.mark.parametrize("radius", [0, 1, 2])
def test_without_air_the_object_is_as_it_was_and_the_rest_is_zero(radius: int) -> None:
    truth = disc(96, 30)
    noise = 0.03 * np.random.default_rng(1).random(truth.shape)
    plane = (0.6 * truth + noise).astype(np.float32)
    plane[disc(96, 10)] = 0.01  # dark tissue
    bare = without_air(plane, 0.1, radius)
    assert (bare[truth] == plane[truth]).all()
    assert (bare[~disc(96, 36)] == 0).all()
    assert (without_air(plane, 0.1, radius, filled=False)[disc(96, 6)] == 0).all()
