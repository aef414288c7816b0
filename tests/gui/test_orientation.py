"""Letters of the patient's sides for every way an image can lie and be turned."""

import itertools

import numpy as np
import pytest

from miqa_app.core.geometry import Geometry, direction_letters
from miqa_app.gui.viewer.orientation import ALL_TURNS, Turn, screen_letters, upright

AXES = [np.array(v, dtype=float) for v in np.vstack([np.eye(3), -np.eye(3)])]
PLANES = [(a, b) for a, b in itertools.permutations(AXES, 2) if abs(a @ b) < 0.5]


def geometry(along_columns, along_rows):
    return Geometry(np.zeros((1, 3)), along_columns, along_rows, 1.0, 1.0)


def on_screen(geo, turn):
    """Return where the corners of a 2 x 3 picture go, worked out by turning the picture itself."""
    rows, columns = np.mgrid[:2, :3]
    place = np.dstack([rows, columns])
    if turn.mirrored:
        place = place[:, ::-1]
    place = np.rot90(place, -turn.quarters)
    return place[..., :1] * geo.along_rows + place[..., 1:] * geo.along_columns


@pytest.mark.parametrize(
    "plane", PLANES, ids=lambda p: direction_letters(p[0]) + direction_letters(p[1])
)
def test_letters_follow_every_turn_of_every_orientation(plane):
    geo = geometry(*plane)
    for turn in ALL_TURNS:
        positions = on_screen(geo, turn)
        letters = screen_letters(geo, turn)
        assert letters["right"] == direction_letters(positions[0, -1] - positions[0, 0]), turn
        assert letters["left"] == direction_letters(positions[0, 0] - positions[0, -1]), turn
        assert letters["bottom"] == direction_letters(positions[-1, 0] - positions[0, 0]), turn
        assert letters["top"] == direction_letters(positions[0, 0] - positions[-1, 0]), turn


@pytest.mark.parametrize(
    "plane", PLANES, ids=lambda p: direction_letters(p[0]) + direction_letters(p[1])
)
def test_every_stack_hangs_as_radiologists_hang_it(plane):
    geo = geometry(*plane)
    letters = screen_letters(geo, upright(geo))
    assert (letters["right"], letters["top"]) in {("L", "A"), ("L", "H"), ("P", "H")}


def test_neurological_convention_swaps_left_and_right_but_not_up_and_down():
    geo = geometry(np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    letters = screen_letters(geo, upright(geo, neurological=True))
    assert letters == {"left": "L", "right": "R", "top": "A", "bottom": "P"}


def test_turning_four_times_and_flipping_twice_changes_nothing():
    turn = Turn(1, True)
    assert turn.rotated(4) == turn
    assert turn.flipped().flipped() == turn


@pytest.mark.parametrize("turn", ALL_TURNS, ids=str)
def test_flip_mirrors_what_is_on_screen(turn):
    assert np.array_equal(turn.flipped().matrix, np.diag([-1, 1]) @ turn.matrix)


def test_unknown_geometry_stays_as_stored():
    assert upright(None) == Turn()
