"""Keys and drags that a user chooses: they work, they are kept, and no key ever has two actions."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox

from miqa_app.gui import theme
from miqa_app.gui.actions import ACTIONS
from miqa_app.gui.bindings import Bindings, load, save
from miqa_app.gui.desk import Desk, entries_of
from miqa_app.gui.key_editor import KeyEditor
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from tests.gui.conftest import make_assessment, make_series


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "window.ini")


@pytest.fixture
def editor(qtbot):
    made = KeyEditor(Bindings())
    qtbot.addWidget(made)
    made.show()
    return made


def _choose(editor, id):
    editor.table.selectRow([row.id for row in ACTIONS].index(id))


def test_a_key_taken_over_leaves_its_former_action():
    bindings = Bindings().with_keys("mirror", ("M",))
    assert bindings.keys["mirror"] == ("M",)
    assert bindings.keys["overlay"] == ()
    assert bindings.owner("M") == "mirror"


def test_a_drag_taken_over_is_swapped():
    drags = Bindings().with_drag("left", "zoom").drags
    assert drags == {"left": "zoom", "middle": "pan", "right": "window"}


def test_what_is_chosen_is_kept(memory):
    chosen = Bindings().with_keys("slice_worst", ("Ctrl+Alt+J",)).with_drag("middle", "window")
    save(chosen, memory)
    assert load(memory) == chosen
    assert chosen.changed_keys() == {"slice_worst": ("Ctrl+Alt+J",)}


@pytest.mark.parametrize(
    ("keys", "drags"),
    [
        ("no json", "[]"),
        ('{"gone": ["J"], "mirror": 3}', '{"left": "window"}'),
        ('{"mirror": ["there is no such key"]}', '{"left": 1, "middle": 2, "right": 3}'),
    ],
)
def test_settings_that_make_no_sense_are_left_out(memory, keys, drags):
    memory.set("keys", keys)
    memory.set("drags", drags)
    loaded = load(memory)
    assert loaded.drags == Bindings().drags
    assert loaded.changed_keys() in ({}, {"mirror": ()})


def test_the_sheet_follows_the_bindings():
    blocks = dict(Bindings().with_keys("slice_worst", ("J",)).with_drag("left", "pan").sheet())
    assert ("J", "Worst slice") in blocks["Slices"]
    assert ("Left drag", "Move the image") in blocks["Mouse"]


def test_a_pressed_key_goes_to_the_chosen_action(qtbot, editor):
    _choose(editor, "slice_worst")
    editor.key.setFocus()
    qtbot.keyClick(editor.key, Qt.Key.Key_J)
    assert editor.bindings.keys["slice_worst"] == ("J",)
    assert "Worst slice" in editor.words.text()


def test_a_key_that_another_action_has_is_refused_by_name(editor):
    _choose(editor, "slice_worst")
    editor.key.setKeySequence(QKeySequence("M"))
    assert editor.bindings == Bindings()
    assert "Heatmap" in editor.words.text()


def test_no_key_and_the_built_in_key(editor):
    _choose(editor, "reset")
    editor.clear.click()
    assert editor.bindings.keys["reset"] == ()
    editor.default.click()
    assert editor.bindings == Bindings()


def test_search_finds_by_word_and_by_key(editor):
    editor.search.setText("worst")
    shown = [row for row in range(editor.table.rowCount()) if not editor.table.isRowHidden(row)]
    assert [ACTIONS[row].id for row in shown] == ["slice_worst"]


@pytest.fixture
def window(qtbot, qapp, memory):
    theme.apply(qapp, theme.DARK)
    made = MainWindow(Desk(lambda paths: iter(())), memory)
    made.desk.setParent(made)
    qtbot.addWidget(made)
    made.show()
    series = make_series()
    made.desk.place(entries_of([(series, make_assessment(series))]))
    made.activateWindow()
    qapp.processEvents()
    yield made
    made.close()


def _change(window, **keys):
    window.actions_by_id["keys"].trigger()
    editor = next(w for w in window.findChildren(QDialog) if isinstance(w, KeyEditor))
    for id, key in keys.items():
        _choose(editor, id)
        editor.key.setKeySequence(QKeySequence(key))
    editor.drags["left"].setCurrentIndex(editor.drags["left"].findData("pan"))
    editor.drags["left"].activated.emit(editor.drags["left"].currentIndex())
    ok = QDialogButtonBox.StandardButton.Ok
    editor.findChild(QDialogButtonBox).button(ok).click()
    window.activateWindow()
    QApplication.processEvents()


def test_new_keys_and_drags_work_at_once_and_after_a_restart(qtbot, window, memory):
    _change(window, overlay="J")
    view = window.viewer.active.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_M)
    assert not window.viewer.display.overlay
    qtbot.keyClick(view, Qt.Key.Key_J)
    assert window.viewer.display.overlay
    assert "J" in window.viewer.controls.box.text()
    assert "J" in window.actions_by_id["overlay"].toolTip()
    before, grey = QPointF(view.state.pan), view.window_in_force
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    qtbot.mouseMove(view, QPoint(80, 70))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(80, 70))
    assert view.state.pan - before == QPointF(20, 10)
    assert view.window_in_force == grey
    assert load(memory).keys["overlay"] == ("J",)


def test_the_held_key_hides_the_heatmap_wherever_it_lies(qtbot, window):
    _change(window, hide_overlay="U")
    window.viewer.set_overlay(True)
    view = window.viewer.active.view
    view.setFocus()
    qtbot.keyPress(view, Qt.Key.Key_U)
    assert not window.viewer.display.heat
    qtbot.keyRelease(view, Qt.Key.Key_U)
    assert window.viewer.display.heat
