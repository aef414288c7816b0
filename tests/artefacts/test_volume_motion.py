"""Motion of a volume is that of one rigid object in time and space."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from miqa_app.artefacts import degrade_by_motion, volume_motion
from miqa_app.artefacts.volume_motion import PACKAGES, Pose, course, moved_volume, placed
from miqa_app.errors import BadRequest

STILL = np.zeros(3)


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    """Eight slices of a smooth ellipsoid with a bright ball off its centre."""
    z, y, x = np.mgrid[:8, :64, :48].astype(np.float32)
    body = ((z - 3.5) / 4) ** 2 + ((y - 32) / 22) ** 2 + ((x - 24) / 16) ** 2 < 1
    ball = ((z - 3) * 3) ** 2 + (y - 22) ** 2 + (x - 28) ** 2 < 25
    return np.asarray(gaussian_filter(0.6 * body + 0.4 * ball, (0, 1, 1)), dtype=np.float32)


def centre_of(volume: np.ndarray) -> np.ndarray:
    places = np.indices(volume.shape).reshape(3, -1)
    return np.asarray((places * volume.ravel()).sum(1) / volume.sum())


def test_a_still_object_keeps_every_pixel(volume: np.ndarray) -> None:
    same = moved_volume(volume, 0.0, np.random.default_rng(1), 3.0)
    assert np.allclose(same, volume, atol=2e-3)
    assert degrade_by_motion(volume, 0.0, 1, 3.0).energy == 0


def moved_as(volume: np.ndarray, turns: list[float], shifts: list[float]) -> np.ndarray:
    """All slices of the volume in another pose."""
    pose = Pose(np.array(turns), np.array(shifts))
    result = np.empty(volume.shape)
    for package in range(PACKAGES):
        result[package::PACKAGES] = np.abs(placed(volume + 0j, pose, 3.0, package))
    return result


def test_a_shift_is_in_pixels_and_through_the_plane_in_slices(volume: np.ndarray) -> None:
    moved = moved_as(volume, [0, 0, 0], [3, 4, -5])
    # one slice further along the normal, four rows down, five columns to the left
    expected = np.roll(volume, (1, 4, -5), (0, 1, 2))
    assert np.allclose(moved[1:], expected[1:], atol=1e-5)
    assert not moved[0].max() > 1e-5  # from outside the stack comes air


def test_a_turn_about_the_normal_turns_in_the_plane(volume: np.ndarray) -> None:
    middle = np.array([31.5, 23.5])
    row, column = centre_of(volume)[1:] - middle
    turned = centre_of(moved_as(volume, [0, 0, 30], [0, 0, 0]))[1:] - middle
    assert np.hypot(*turned) == pytest.approx(np.hypot(row, column), abs=0.1)
    angle = np.rad2deg(np.arctan2(turned[1], turned[0]) - np.arctan2(column, row))
    assert abs((angle + 180) % 360 - 180) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(("axis", "turns"), [(1, [8.0, 0, 0]), (2, [0, 8.0, 0])])
def test_a_turn_out_of_the_plane_is_that_of_a_rigid_object(
    volume: np.ndarray, axis: int, turns: list[float]
) -> None:
    """The main axis of a long object turns by the angle asked for, measured in millimetres."""
    grid = np.indices((16, 64, 48)).astype(float)
    along = grid[axis] - (31.5 if axis == 1 else 23.5)
    across = grid[3 - axis] - (23.5 if axis == 1 else 31.5)
    rod = np.exp(-(((grid[0] - 7.5) * 3 / 5) ** 2) - (along / 14) ** 2 - (across / 4) ** 2)
    moved = moved_as(rod, turns, [0, 0, 0])
    height = (grid[0] - 7.5) * 3
    moments = [(moved * part).sum() for part in (height * along, along**2, height**2)]
    main_axis = np.arctan2(2 * moments[0], moments[1] - moments[2]) / 2
    assert np.rad2deg(main_axis) == pytest.approx(8, abs=0.5)


def test_one_course_spoils_the_same_lines_of_all_slices_of_a_package(
    volume: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal slices that move in their plane only: equal within a package, not between packages."""
    monkeypatch.setattr(volume_motion, "_TURNS", np.array([0.0, 0, 8]))
    monkeypatch.setattr(volume_motion, "_SHIFTS", np.array([0.0, 10, 10]))
    stack = np.stack([volume[3]] * 8)
    moved = moved_volume(stack, 0.8, np.random.default_rng(5), 3.0)
    for package in range(PACKAGES):
        images = moved[package::PACKAGES]
        assert np.allclose(images, images[:1], atol=1e-3)
    assert not np.allclose(moved[0], moved[1], atol=0.05)


def test_a_course_begins_still_and_its_moments_follow_one_another() -> None:
    moments, poses = course(0.5, np.random.default_rng(5))
    assert len(poses) == len(moments) + 1 >= 3
    assert moments.tolist() == sorted(moments)
    assert not poses[0].turns.any()
    assert not poses[0].shifts.any()
    assert all(np.abs(pose.turns).max() <= 4 for pose in poses)  # half of 8 degrees


def test_worse_motion_does_more_damage_and_says_where(volume: np.ndarray) -> None:
    done = [degrade_by_motion(volume, severity, 4, 3.0) for severity in (0.1, 0.4, 1.0)]
    energies = [item.energy for item in done]
    assert energies == sorted(energies)
    assert energies[0] > 0
    assert done[2].map.shape == volume.shape
    again = degrade_by_motion(volume, 0.4, 4, 3.0)
    assert np.array_equal(again.image, done[1].image)


def test_a_severity_beyond_the_scale_is_refused(volume: np.ndarray) -> None:
    with pytest.raises(BadRequest, match="between 0 and 1"):
        degrade_by_motion(volume, 1.5, 0, 3.0)
