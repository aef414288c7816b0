"""The drift window: what moved stands out, and alarms can be taken on, snoozed and accepted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QDialogButtonBox, QWidget

from miqa_app.evaluation.drift.observations import Place
from miqa_app.gui import theme
from miqa_app.gui.drift.act_dialog import ActDialog
from miqa_app.gui.drift.open import open_drift
from miqa_app.store import Archive
from tests.evaluation.drift.made_site import Fault, made_site

PLANTED = Place("Skyra", "", "Head_32")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store with a small site whose coil fails."""
    file = tmp_path_factory.mktemp("drift") / "site.sqlite"
    kept, _ = made_site(1, 16, 4.5, Fault(week=11, share=1.0), ("FLAIR", "T1W"))
    with Archive(file) as archive:
        archive.add_assessments(kept)
    return file


@pytest.fixture
def store(filled, tmp_path):
    file = tmp_path / "site.sqlite"
    file.write_bytes(filled.read_bytes())
    return file


@pytest.fixture
def parent(qtbot):
    made = QWidget()
    made.theme = theme.DARK
    qtbot.addWidget(made)
    return made


def opened(qtbot, parent, store):
    window = open_drift(parent, str(store))
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: window.state is not None, timeout=60_000)
    return window


@pytest.fixture
def window(qtbot, parent, store):
    made = opened(qtbot, parent, store)
    yield made
    made.close()


def test_the_headline_the_card_and_the_row_say_what_moved(window):
    assert window.headline.text() == "1 alarm: Skyra, coil Head_32: scores fell"
    (card,) = [card for card in window.cards if card.alarm.alarm.now]
    assert card.objectName() == "alarm"
    assert "scores fell" in card.accessibleName()
    assert window.place == PLANTED
    rows = {window.matrix.item(row, 0).toolTip(): row for row in range(window.matrix.rowCount())}
    planted = rows["Skyra, coil Head_32"]
    alarmed = [
        (row, column)
        for row in range(window.matrix.rowCount())
        for column in range(window.matrix.columnCount())
        if window.matrix.item(row, column).data(Qt.ItemDataRole.UserRole + 1) is not None
    ]
    assert {row for row, _ in alarmed} == {planted}
    assert window.charts["score"]._since is not None


def test_what_moved_is_painted_in_the_colour_of_an_alarm_and_the_rest_is_not(window):
    picture = window.matrix.grab().toImage()
    alarm = theme.DARK.rescan.lower()

    def has_alarm(row, column):
        area = window.matrix.visualItemRect(window.matrix.item(row, column))
        top = area.top() + window.matrix.horizontalHeader().height()
        return any(
            picture.pixelColor(x, y).name() == alarm
            for x in range(area.left(), area.right())
            for y in range(top, top + area.height())
        )

    rows = {window.matrix.item(row, 0).toolTip(): row for row in range(window.matrix.rowCount())}
    assert has_alarm(rows["Skyra, coil Head_32"], 1)
    assert not has_alarm(rows["Skyra, coil HeadNeck_20"], 1)


def test_a_cell_shows_the_charts_of_its_place(qtbot, window):
    cell = window.matrix.visualItemRect(window.matrix.item(0, 2)).center()
    qtbot.mouseClick(window.matrix.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(cell))
    assert window.place.whole
    assert window.charts["score"]._chart.place == window.place
    assert window.place.words in window.charts["score"].accessibleName()
    qtbot.keyClick(window.matrix, Qt.Key.Key_Down)
    assert window.place.coil != "8HRBRAIN"


def test_every_chart_paints_and_says_its_points(qtbot, window):
    for view in window.charts.values():
        assert not view.grab().isNull()
    assert (
        "Week of" in window.charts["score"].words() or "Weeks of" in window.charts["score"].words()
    )
    assert "out of control" in window.charts["score"].words()


def test_every_control_has_a_name(window):
    own = (b for b in window.findChildren(QAbstractButton) if not b.objectName().startswith("qt_"))
    for widget in own:
        said = QAccessible.queryAccessibleInterface(widget)
        assert said.text(QAccessible.Text.Name).strip()


def act(qtbot, window, step, reason):
    (card,) = [card for card in window.cards if card.alarm.alarm.now]
    button = next(b for b in card.findChildren(QAbstractButton) if b.property("step") == step)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = window.findChild(ActDialog)
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    qtbot.keyClicks(dialog.reason, "  ")
    assert not ok.isEnabled()
    qtbot.keyClicks(dialog.reason, reason)
    before = window.state
    qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.state is not before, timeout=60_000)


def test_an_alarm_is_snoozed_with_a_reason_and_that_is_in_the_log(qtbot, window, store):
    act(qtbot, window, "snooze", "Service on Friday")
    assert window.headline.text().startswith("1 alarm, 1 in hand")
    assert window.cards[0].objectName() == "inhand"
    assert "Service on Friday" in window.cards[0].alarm.words
    with Archive(store) as archive:
        (done,) = archive.drift_acts()
        assert (done.step, done.reason, done.place) == (
            "snooze",
            "Service on Friday",
            PLANTED.form(),
        )
        assert archive.verify() == []


def test_a_new_normal_ends_the_alarm(qtbot, window):
    act(qtbot, window, "new level", "New coil")
    assert not window.state.present


def test_an_empty_store_says_how_it_fills(qtbot, parent, tmp_path):
    with Archive(tmp_path / "empty.sqlite"):
        pass
    window = opened(qtbot, parent, tmp_path / "empty.sqlite")
    assert window.headline.text() == "No assessment has been kept yet."
    assert not window.report.isEnabled()
    window.grab()
    window.close()


def test_a_broken_store_is_one_sentence(qtbot, parent, tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"no database" * 400)
    window = open_drift(parent, str(tmp_path / "x.sqlite"))
    qtbot.waitUntil(lambda: "is no database" in window.headline.text(), timeout=20_000)
    window.close()
