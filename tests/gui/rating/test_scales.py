"""The scales have no handle until somebody sets one, and take mouse and keys."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from miqa_app.gui.rating.scale import ChoiceScale, ContinuousScale, scale_for
from miqa_app.rating.protocol import preset

LINE = 38


@pytest.fixture
def scale(qtbot):
    widget = ContinuousScale(preset("sds").scale, "Score")
    qtbot.addWidget(widget)
    widget.resize(900, 80)
    widget.show()
    return widget


def told(widget):
    """Return the list into which a widget tells its moves."""
    found = []
    widget.moved.connect(lambda value, settled: found.append((value, settled)))
    return found


def place_of(value):
    return QPoint(50 + round(800 * value / 100), LINE)


def test_there_is_no_handle_at_first_and_the_line_is_its_own_mirror_image(scale):
    picture = scale.grab().toImage()
    row = [picture.pixel(x, LINE - 5) for x in range(52, 848)]
    marks = [x for x, colour in enumerate(row) if colour != row[20]]
    assert {round((x + 2) / 800 * 5, 1) for x in marks} <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    assert scale.value is None
    assert scale.accessibleDescription() == "No score yet"


def test_the_handle_appears_where_it_is_set(scale):
    before = scale.grab().toImage()
    scale.set_value(50)
    after = scale.grab().toImage()
    changed = [x for x in range(900) if before.pixel(x, LINE + 8) != after.pixel(x, LINE + 8)]
    assert 440 <= min(changed) < max(changed) <= 460
    scale.clear()
    assert scale.grab().toImage() == before


class Clock:
    """Time that passes when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def typed(qtbot, keys, seconds, scale=None):
    """Return what a scale tells while keys are typed, with so many seconds between them."""
    clock = Clock()
    widget = ContinuousScale(scale or preset("sds").scale, "Score", clock)
    qtbot.addWidget(widget)
    moves = told(widget)
    for key in keys:
        QTest.keyClicks(widget, key)
        clock.now += seconds
    return moves


def test_single_digits_set_tens_and_f_sets_the_full_score(qtbot):
    moves = typed(qtbot, "0379f", 1.5)
    assert moves == [(0, True), (30, True), (70, True), (90, True), (100, True)]


@pytest.mark.parametrize(
    ("keys", "scores"),
    [
        ("85", [80, 85]), ("100", [10, 100]), ("05", [0, 5]), ("99", [90, 99]),
        ("853", [80, 85, 30]), ("1003", [10, 100, 30]), ("105", [10, 50]), ("0531", [0, 5, 30, 31]),
        ("8f5", [80, 100, 50]),
    ],
)  # fmt: skip
def test_digits_typed_at_once_make_a_number(qtbot, keys, scores):
    assert [value for value, _ in typed(qtbot, keys, 0.4)] == scores


def test_a_number_counts_as_one_move(qtbot):
    assert [settled for _, settled in typed(qtbot, "100", 0.3)].count(True) == 1


def test_after_a_second_a_digit_begins_a_new_number(qtbot):
    assert [value for value, _ in typed(qtbot, "85", 1.2)] == [80, 50]


def test_a_digit_after_the_mouse_begins_a_new_number(scale):
    QTest.keyClicks(scale, "8")
    QTest.mouseClick(scale, Qt.MouseButton.LeftButton, pos=place_of(20))
    QTest.keyClicks(scale, "5")
    assert scale.value == 50


def test_on_other_scales_digits_stay_tenths(qtbot):
    other = preset("sds").scale.model_copy(update={"high": 10.0})
    assert [value for value, _ in typed(qtbot, "85", 0.2, other)] == [8, 5]


def test_a_digit_that_is_held_down_is_typed_once(scale):
    moves = told(scale)
    for again in (False, True, True):
        scale.press(Qt.Key.Key_8, "8", again=again)
    assert moves == [(80, True)]


def test_arrows_go_in_hundredths_and_stop_at_the_ends(scale):
    moves = told(scale)
    QTest.keyClick(scale, Qt.Key.Key_F)
    QTest.keyClick(scale, Qt.Key.Key_Right)
    QTest.keyClick(scale, Qt.Key.Key_Left)
    QTest.keyClick(scale, Qt.Key.Key_Left)
    assert [value for value, _ in moves] == [100, 100, 99, 98]


def test_arrows_do_nothing_without_a_handle(scale):
    moves = told(scale)
    QTest.keyClick(scale, Qt.Key.Key_Right)
    assert moves == []
    assert scale.value is None


@pytest.mark.parametrize("value", [0, 1, 37, 99, 100])
def test_a_click_sets_the_score_under_it(scale, value):
    moves = told(scale)
    QTest.mouseClick(scale, Qt.MouseButton.LeftButton, pos=place_of(value))
    assert moves[-1] == (value, True)


def test_a_drag_is_one_settled_move(scale):
    moves = told(scale)
    QTest.mousePress(scale, Qt.MouseButton.LeftButton, pos=place_of(20))
    for value in (30, 45, 60):
        QTest.mouseMove(scale, place_of(value))
    QTest.mouseRelease(scale, Qt.MouseButton.LeftButton, pos=place_of(60))
    assert moves[-1] == (60, True)
    assert [settled for _, settled in moves].count(True) == 1


def test_clicks_beyond_the_ends_give_the_ends(scale):
    moves = told(scale)
    QTest.mouseClick(scale, Qt.MouseButton.LeftButton, pos=QPoint(2, LINE))
    QTest.mouseClick(scale, Qt.MouseButton.LeftButton, pos=QPoint(898, LINE))
    assert [value for value, settled in moves if settled] == [0, 100]


@pytest.mark.parametrize(("key", "grade"), [("1", 1), ("3", 3), ("5", 5)])
def test_grades_are_chosen_by_their_digit(qtbot, key, grade):
    widget = scale_for(preset("dsis"), "Score")
    qtbot.addWidget(widget)
    moves = told(widget)
    assert widget.value is None
    QTest.keyClicks(widget, key)
    assert moves == [(grade, True)]
    QTest.keyClicks(widget, "9")
    assert len(moves) == 1
    assert widget.focusWidget() is not widget._group.checkedButton()


def test_grades_stand_from_worst_to_best_and_the_arrows_follow(qtbot):
    widget = scale_for(preset("dsis"), "Score")
    qtbot.addWidget(widget)
    widget.resize(1200, 60)
    widget.show()
    chips = sorted(widget.findChildren(type(widget._group.button(0))), key=lambda chip: chip.x())
    assert [chip.text().split("\n")[0] for chip in chips] == list("12345")
    assert "Very annoying" in chips[0].text()
    QTest.keyClicks(widget, "3")
    QTest.keyClick(widget, Qt.Key.Key_Right)
    assert widget.value == 4
    QTest.keyClick(widget, Qt.Key.Key_Left)
    assert widget.value == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (Qt.Key.Key_Left, 1.0),
        (Qt.Key.Key_Down, 0.5),
        (Qt.Key.Key_Right, 0.0),
        (Qt.Key.Key_1, 1.0),
        (Qt.Key.Key_2, 0.5),
        (Qt.Key.Key_3, 0.0),
    ],
)
def test_a_preference_is_chosen_by_arrow_or_digit(qtbot, key, value):
    widget = ChoiceScale(preset("pair").scale, "Preference")
    qtbot.addWidget(widget)
    moves = told(widget)
    QTest.keyClick(widget, key)
    assert moves == [(value, True)]
