"""Both images share scale, grey window, interpolation, size and slice; nothing can change that."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from miqa_app.gui.rating.look import SURROUND
from miqa_app.gui.rating.pair_view import PairView
from miqa_app.gui.rating.pictures import Shown, common_scale
from miqa_app.rating.stimulus import Stimulus
from tests.gui.rating.steps import press


def image(rows=20, columns=30, frames=1, aspect=1.0, value=None):
    plane = np.add.outer(np.arange(rows), np.arange(columns)) * 10
    voxels = np.stack([plane + 7 * k for k in range(frames)]).astype(np.uint16)
    if value is not None:
        voxels[:] = value
    return Stimulus(voxels, 0.0, 1000.0, aspect)


@pytest.mark.parametrize(
    ("room", "scale"),
    [((60, 90), 2.0), ((70, 90), 2.0), ((78, 90), 2.6), ((29, 90), 29 / 30), ((900, 55), 55 / 20)],
)
def test_whole_enlargements_are_preferred_where_they_waste_little(room, scale):
    assert common_scale((image(),), QSize(*room)) == pytest.approx(scale)


def test_one_scale_fits_both_images():
    pair = (image(20, 30), image(40, 30))
    assert common_scale(pair, QSize(300, 120)) == 3.0
    shown = Shown(0, pair, 3.0)
    assert (shown.size(0), shown.size(1)) == (QSize(90, 60), QSize(90, 120))


def test_pixels_that_are_not_square_keep_their_shape():
    shown = Shown(0, (image(20, 30, aspect=2.0),), 2.0)
    assert shown.size(0) == QSize(60, 80)


def test_greys_of_the_screen_are_those_of_the_stimulus(qtbot):
    stimulus = image(60, 80)
    view = PairView(2)
    qtbot.addWidget(view)
    view.resize(280, 120)
    view.show()
    view.show_pair(Shown(0, (stimulus, stimulus), 1.0))
    picture = view.grab().toImage()
    expected = stimulus.greys(0)
    places = view.places()
    for place in places:
        left, top = round(place.left()), round(place.top())
        seen = [[picture.pixelColor(left + c, top + r).red() for c in range(80)] for r in range(60)]
        assert np.array_equal(np.array(seen, dtype=np.uint8), expected)
    assert places[0].size() == places[1].size()
    assert places[0].top() == places[1].top()
    assert picture.pixelColor(1, 1).name() == SURROUND


def wheel(view, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(50, 50), view.mapToGlobal(QPointF(50, 50)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.fixture
def stacks(qtbot):
    view = PairView(2)
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    view.show_pair(Shown(0, (image(frames=5), image(frames=3)), 3.0))
    return view


def test_stacks_begin_in_the_middle_and_scroll_together(stacks):
    assert stacks.frame == 2
    wheel(stacks, -1)
    assert stacks.frame == 3
    wheel(stacks, -9)
    assert (stacks.frame, stacks.accessibleDescription()) == (4, "Slice 5 of 5")
    wheel(stacks, 2)
    assert stacks.frame == 2


def test_zoom_and_grey_window_cannot_be_changed(stacks):
    places, scale = stacks.places(), stacks.shown.scale
    wheel(stacks, 3, Qt.KeyboardModifier.ControlModifier)
    stacks.step(2 - stacks.frame)
    before = stacks.grab().toImage()
    for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):  # fmt: skip
        QTest.mousePress(stacks, button, pos=QPoint(60, 60))
        QTest.mouseMove(stacks, QPoint(120, 140))
        QTest.mouseRelease(stacks, button, pos=QPoint(120, 140))
    QTest.mouseDClick(stacks, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_1, Qt.Key.Key_W):
        QTest.keyClick(stacks, key)
    assert (stacks.places(), stacks.shown.scale) == (places, scale)
    assert stacks.grab().toImage() == before


def test_the_first_paint_after_a_swap_is_told_once(qtbot):
    view = PairView(2)
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    told = []
    view.painted.connect(lambda: told.append(1))
    QApplication.processEvents()
    assert told == []
    view.show_pair(Shown(0, (image(), image()), 2.0))
    assert told == []
    QTest.qWait(20)
    view.update()
    QTest.qWait(20)
    assert told == [1]


@pytest.mark.parametrize("size", [QSize(1366, 768), QSize(1920, 1080), QSize(1000, 1400)])
def test_both_images_have_the_same_size_inside_the_window(rating, size):
    window = rating(rated=2, size=size)
    view = window.page.view
    left, right = view.places()
    assert left.size() == right.size()
    assert left.top() == right.top()
    assert view.rect().toRectF().contains(left)
    assert view.rect().toRectF().contains(right)
    assert not left.intersects(right)


def test_images_follow_when_the_room_changes(rating):
    window = rating(rated=2, size=QSize(1366, 768))
    scale = window.page.view.shown.scale
    window.resize(950, 560)
    QApplication.processEvents()
    left, right = window.page.view.places()
    assert window.page.view.shown.scale < scale
    assert left.size() == right.size()
    assert window.page.view.rect().toRectF().contains(right)


def test_arrows_scroll_stacks_while_the_scale_has_the_keyboard(rating):
    window = rating(rated=2, slices=5)
    view = window.page.view
    press(window, Qt.Key.Key_Down)
    assert view.frame == 3
    press(window, Qt.Key.Key_Up, Qt.Key.Key_Up)
    assert view.frame == 1
    assert window.page.controls.first.value is None
