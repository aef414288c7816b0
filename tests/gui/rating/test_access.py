"""Every control has a name, is reached by Tab, can be read, and fits on small screens and at large scalings."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from miqa_app.gui.colours import contrast
from miqa_app.gui.rating import look
from miqa_app.gui.rating.pages import EndPage
from tests.gui.rating.steps import answer, begin, check, press, until_viewing

CHECKOUT = Path(__file__).parents[3]
EVERYTHING = {"rated": 3, "training": 1, "asks_confidence": True, "asks_artefacts": True, "slices": 3}  # fmt: skip


def visible(window, kind=QWidget):
    return [widget for widget in window.page.findChildren(kind) if widget.isVisible()]


def pages(window):
    """Go through the window and yield its name for every page."""
    yield "questions"
    answer(window.page)
    yield "display"
    check(window.page, wrong=True)
    yield "display failed"
    window.page.again.click()
    check(window.page)
    yield "instructions"
    begin(window)
    until_viewing(window)
    yield "rating"
    press(window, Qt.Key.Key_4, Qt.Key.Key_Return, Qt.Key.Key_3)
    yield "rating, set"
    press(window, Qt.Key.Key_T)
    assert isinstance(window.page, EndPage)
    yield "end"


def test_every_control_has_an_accessible_name(rating):
    window = rating(ready=False, **EVERYTHING)
    for page in pages(window):
        for widget in visible(window):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(widget, QAbstractButton):  # fmt: skip
                found = QAccessible.queryAccessibleInterface(widget)
                assert found.text(QAccessible.Text.Name).strip(), (page, widget)


def test_the_first_page_has_names_too(rating):
    window = rating(rater="")
    for widget in visible(window):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name), widget


def test_tab_reaches_everything_in_the_order_of_the_work(rating):
    window = rating(**EVERYTHING)
    controls = window.page.controls
    press(window, Qt.Key.Key_4)
    controls.confidence.choose(4)
    controls.first.setFocus()
    seen = [window.focusWidget()]
    for _ in range(6):
        press(window, Qt.Key.Key_Tab)
        seen.append(window.focusWidget())
    assert seen[0] is controls.first
    assert controls.confidence.isAncestorOf(seen[1])
    assert controls.tags.isAncestorOf(seen[2])
    assert seen[3:6] == [controls.cannot, controls.commit, controls.tired]
    assert seen[6] is controls.first


def test_arrows_walk_through_the_tags_and_space_switches_them(rating):
    window = rating(**EVERYTHING)
    tags = window.page.controls.tags
    tags.take_focus()
    press(window, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Space)  # fmt: skip
    assert tags.value == ("edge_ghosting", "white_noise")
    frame = window.page.view.frame
    press(window, Qt.Key.Key_Down)
    assert window.page.view.frame == frame + 1


def rgb(colour):
    return colour.red(), colour.green(), colour.blue()


def test_everything_that_can_be_read_has_enough_contrast(rating):
    window = rating(ready=False, **EVERYTHING)
    seen = set()
    for page in pages(window):
        picture = window.grab().toImage()
        for widget in [*visible(window, QLabel), *visible(window, QAbstractButton)]:
            if not (widget.text() and widget.isEnabled()) or widget is window.focusWidget():
                continue
            corner = widget.mapTo(window, QPoint(3, 3))
            inner = picture.copy(corner.x(), corner.y(), widget.width() - 6, widget.height() - 6)
            greys = Counter(
                rgb(inner.pixelColor(x, y))
                for x in range(inner.width())
                for y in range(inner.height())  # fmt: skip
            )
            ground = greys.most_common(1)[0][0]
            best = max(contrast(ground, colour) for colour in greys)
            assert best >= 4.5, (page, widget.text(), ground, best)
            seen.add(widget.text())
    assert len(seen) > 40


@pytest.mark.parametrize(
    ("ink", "ground"),
    [(look.INK, look.SURROUND), (look.SOFT, look.SURROUND), (look.SOFT, look.SHEET), (look.FADED, look.WELL)],
)  # fmt: skip
def test_the_colours_of_the_look_have_enough_contrast(ink, ground):
    from PySide6.QtGui import QColor

    assert contrast(rgb(QColor(ink)), rgb(QColor(ground))) >= 4.5


def test_nothing_around_the_images_has_a_colour(rating):
    window = rating(ready=False, **EVERYTHING)
    for page in pages(window):
        picture = window.grab().toImage()
        for x in range(0, picture.width(), 7):
            for y in range(0, picture.height(), 5):
                red, green, blue = rgb(picture.pixelColor(x, y))
                assert max(red, green, blue) - min(red, green, blue) <= 2, (page, x, y)


@pytest.mark.parametrize("size", [QSize(1366, 768), QSize(911, 512)])
@pytest.mark.parametrize("preset", ["sds", "dsis", "dscqs", "pair", "single"])
def test_everything_fits_on_a_small_screen_even_at_150_per_cent(rating, preset, size):
    window = rating(preset, rated=2, training=1, size=size)
    QApplication.processEvents()
    assert window.size() == size
    inside = [widget for widget in visible(window) if widget is not window.page.view]
    for widget in inside:
        box = widget.rect().translated(widget.mapTo(window, QPoint()))
        assert window.rect().contains(box), widget
        if isinstance(widget, QLabel | QAbstractButton) and widget.text():
            assert widget.width() >= widget.minimumSizeHint().width(), widget.text()
    assert all(place.width() >= 150 for place in window.page.view.places())


def test_keys_are_named_on_one_line_at_the_bottom(rating):
    window = rating(**EVERYTHING)
    line = window.page._keys
    assert line.height() < 2 * line.fontMetrics().height()
    for word in (
        "type 85, or 8 for 80",
        "F full",
        "← →",
        "Tab",
        "↑ ↓",
        "Enter",
        "C cannot",
        "U undo",
        "Esc leave",
    ):
        assert word in line.text()


SCALED = """
import sys, tempfile
from PySide6.QtCore import QSize
from miqa_app.gui.app import application
from miqa_app.gui.rating.window import RatingWindow
from miqa_app.services.rating_room import RatingRoom
from miqa_app.store import Archive
from tests.gui.rating.steps import set_up
from tests.rating.made_studies import made_study
app = application()
file = tempfile.mkdtemp() + "/s.sqlite"
study, contents = made_study("sds", rated=2, training=0, stabilising_items=0, size=128)
with Archive(file) as archive:
    archive.add_study(study, contents)
room = RatingRoom(file)
window = RatingWindow(room, room.sitting(study.name, "r-1"))
window.resize(1280, 720)
window.show()
set_up(window)
view, ratio = window.page.view, window.devicePixelRatioF()
left, right = view.places()
assert left.size() == right.size()
for value in (left.left(), left.top(), left.width(), left.height(), right.left()):
    assert abs(value * ratio - round(value * ratio)) < 1e-9, value
picture = window.grab().toImage()
assert picture.width() == round(1280 * ratio)
scale = view.shown.scale
assert left.width() * ratio == round(128 * scale)
print(ratio, scale)
window.close()
"""


@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_images_lie_on_whole_pixels_at_large_scalings(factor):
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": factor}
    done = subprocess.run(
        [sys.executable, "-c", SCALED], env=env, capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=120
    )  # fmt: skip
    ratio, scale = done.stdout.split() if done.returncode == 0 else (done.stderr, "")
    assert ratio == f"{float(factor)}", ratio
    assert float(scale) == int(float(scale)) >= 4
