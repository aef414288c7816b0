"""The main window: dropping, keys, text fields, names for screen readers, layouts, themes."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QDialog,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from miqa_app.gui import theme
from miqa_app.gui.desk import Desk, entries_of
from miqa_app.gui.dialogs import ExportDialog
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.result.card import ADVISORY
from miqa_app.gui.viewer.slice_strip import SliceStrip
from miqa_app.gui.viewer.slice_view import SliceView
from miqa_app.gui.viewer.time_bar import TimeBar
from miqa_app.gui.welcome import Welcome
from tests.gui.conftest import axial, make_assessment, make_series

KEY = Qt.Key


class NoReader:
    """Remembers what it was asked to read and finds nothing."""

    def __init__(self):
        self.asked = []

    def __call__(self, paths):
        self.asked.append(list(paths))
        return iter(())


@pytest.fixture
def reader():
    return NoReader()


@pytest.fixture
def window(qtbot, qapp, reader, tmp_path):
    theme.apply(qapp, theme.DARK)
    made = MainWindow(Desk(reader), Memory(tmp_path / "window.ini"))
    made.desk.setParent(made)
    qtbot.addWidget(made)
    made.show()
    qapp.processEvents()
    yield made
    made.close()


@pytest.fixture
def loaded(window):
    series = [make_series(key=k, study_uid="1", description=k.upper()) for k in "abc"]
    window.desk.place(entries_of([(s, make_assessment(s)) for s in series]))
    window.activateWindow()
    window.viewer.active.view.setFocus()
    QApplication.processEvents()
    return window


def drop(window, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(200, 200),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def test_dropping_several_things_opens_them_and_remembers_them(qtbot, window, reader, tmp_path):
    with qtbot.waitSignal(window.desk.rested):
        drop(window, [tmp_path / "folder", tmp_path / "scan.zip"])
    assert [[Path(p).name for p in asked] for asked in reader.asked] == [["folder", "scan.zip"]]
    assert Path(window.memory.recent[0]).name == "scan.zip"


def test_first_series_is_shown_with_its_result(loaded):
    assert loaded.viewer.active.entry.key == "a"
    assert "Consider rescan" in loaded.card.words()
    assert loaded.actions_by_id["overlay"].isEnabled()


def test_keys_move_through_slices(qtbot, loaded):
    view = loaded.viewer.active.view
    for key, modifier, frame in (
        (KEY.Key_Home, 0, 0), (KEY.Key_Down, 0, 1), (KEY.Key_Up, 0, 0), (KEY.Key_End, 0, 5), (KEY.Key_Up, 1, 0), (KEY.Key_Down, 1, 5),
    ):  # fmt: skip
        qtbot.keyClick(
            view,
            key,
            Qt.KeyboardModifier.ShiftModifier if modifier else Qt.KeyboardModifier.NoModifier,
        )
        assert view.frame == frame


def test_page_keys_change_the_series(qtbot, loaded):
    qtbot.keyClick(loaded.viewer.active.view, KEY.Key_PageDown)
    assert loaded.viewer.active.entry.key == "b"
    qtbot.keyClick(loaded.viewer.active.view, KEY.Key_PageUp)
    assert loaded.viewer.active.entry.key == "a"


def test_digits_choose_windows_and_space_resets(qtbot, loaded):
    view = loaded.viewer.active.view
    qtbot.keyClick(view, KEY.Key_2)
    assert view.window_in_force.name == "wide"
    qtbot.keyClick(view, KEY.Key_Space)
    assert view.window_in_force == view.series.windows[0]


def test_m_toggles_the_heatmap_and_holding_h_hides_it(qtbot, loaded):
    view = loaded.viewer.active.view
    assert not view.display.overlay
    qtbot.keyClick(view, KEY.Key_M)
    assert view.display.heat
    assert loaded.viewer.controls.box.isChecked()
    qtbot.keyPress(view, KEY.Key_H)
    assert view.display.overlay
    assert not view.display.heat
    qtbot.keyRelease(view, KEY.Key_H)
    assert view.display.heat
    qtbot.keyClick(view, KEY.Key_M)
    assert not view.display.overlay


SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_shift_m_changes_between_scores_and_attention_and_the_choice_is_kept(qtbot, loaded):
    view, controls = loaded.viewer.active.view, loaded.viewer.controls
    assert not view.display.attention
    qtbot.keyClick(view, KEY.Key_M, SHIFT)
    assert view.display.heat
    assert view.display.attention
    assert loaded.actions_by_id["attention"].isChecked()
    assert loaded.actions_by_id["overlay"].isChecked()
    assert "Attention (M)" in controls.box.text().replace("&", "")
    assert "Where the model looked" in controls.box.toolTip()
    assert controls.box.accessibleName() == "Heatmap of attention"
    assert "Colours of attention" in controls.legend.accessibleName()
    assert controls.opacity.isEnabled()
    assert controls.threshold.isHidden()
    qtbot.keyClick(view, KEY.Key_PageDown)  # another series
    qtbot.keyClick(view, KEY.Key_M)
    qtbot.keyClick(view, KEY.Key_M)
    assert view.display.attention
    qtbot.keyClick(view, KEY.Key_M, SHIFT)
    assert view.display.heat
    assert not view.display.attention
    assert not loaded.actions_by_id["attention"].isChecked()
    assert "Heatmap (M)" in controls.box.text().replace("&", "")
    assert controls.threshold.isVisible()


def test_asking_for_the_scores_brings_the_heatmap_on_as_asking_for_attention_does(qtbot, loaded):
    view = loaded.viewer.active.view
    for modifier in (SHIFT, Qt.KeyboardModifier.NoModifier, SHIFT):  # attention, off, scores
        qtbot.keyClick(view, KEY.Key_M, modifier)
    assert view.display.heat
    assert not view.display.attention
    assert loaded.viewer.controls.box.isChecked()


def test_identity_and_texts_are_one_key_each(qtbot, loaded):
    view = loaded.viewer.active.view
    qtbot.keyClick(view, KEY.Key_P)
    assert view.display.identity
    qtbot.keyClick(view, KEY.Key_I)
    assert not view.display.texts


def test_w_jumps_to_the_worst_slice_and_on(qtbot, loaded):
    view = loaded.viewer.active.view
    view.set_frame(5)
    qtbot.keyClick(view, KEY.Key_W)
    assert view.frame == 0
    qtbot.keyClick(view, KEY.Key_W)
    assert view.frame == 1


def test_typing_in_a_text_field_never_triggers_a_shortcut(qtbot, loaded):
    field = QLineEdit(loaded)
    field.show()
    field.setFocus()
    frame = loaded.viewer.active.view.frame
    qtbot.keyClicks(field, "mhpiw1?Tx")
    for key in (KEY.Key_Home, KEY.Key_End, KEY.Key_Space):
        qtbot.keyClick(field, key)
    assert field.text() == "mhpiw1?Tx "
    assert loaded.viewer.display == type(loaded.viewer.display)()
    assert loaded.viewer.active.view.frame == frame


def test_two_and_four_views_fill_with_further_series_and_double_click_returns(qtbot, loaded):
    loaded.viewer.set_layout(2)
    shown = [cell.entry.key for cell in loaded.viewer.cells[:2]]
    assert shown == ["a", "b"]
    loaded.viewer.set_layout(4)
    assert [cell.entry.key if cell.entry else "" for cell in loaded.viewer.cells] == [
        "a",
        "b",
        "c",
        "",
    ]
    second = loaded.viewer.cells[1]
    qtbot.mouseDClick(second.view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert loaded.viewer.count == 1
    assert second.isVisible()
    assert not loaded.viewer.cells[0].isVisible()


def test_clicking_a_view_turns_list_and_card_to_it(qtbot, loaded):
    loaded.viewer.set_layout(2)
    qtbot.mouseClick(loaded.viewer.cells[1].view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert loaded.studies.current_key() == "b"
    assert loaded.viewer.active is loaded.viewer.cells[1]


def test_views_are_not_linked_by_themselves_without_a_common_frame_of_reference(loaded):
    loaded.viewer.set_layout(2)
    first, second = loaded.viewer.cells[:2]
    before = second.view.frame
    first.view.step(1)
    assert second.view.frame == before


def test_a_link_by_hand_holds_and_survives_a_third_series(loaded):
    loaded.viewer.set_layout(2)
    first, second = loaded.viewer.cells[:2]
    first.view.set_frame(1)
    second.view.set_frame(3)
    loaded.viewer.set_manual_link(True)
    first.view.step(1)
    assert second.view.frame == 4
    extra = make_series(key="d")
    loaded.desk.place(entries_of([(extra, make_assessment(extra))]))
    loaded.viewer.set_layout(4)
    first.view.step(-1)
    assert second.view.frame == 3
    loaded.viewer.set_manual_link(False)
    first.view.step(1)
    assert second.view.frame == 3


def test_what_is_opened_next_is_shown_at_once(loaded):
    loaded.open_paths(["/scans/new"])
    new = make_series(key="n", study_uid="2")
    loaded.desk.place(entries_of([(new, make_assessment(new))]))
    assert loaded.viewer.active.entry.key == "n"
    assert loaded.studies.current_key() == "n"
    later = make_series(key="o", study_uid="2")
    loaded.desk.place(entries_of([(later, make_assessment(later))]))
    assert loaded.viewer.active.entry.key == "n"


def test_window_to_all_views(loaded):
    loaded.viewer.set_layout(2)
    loaded.viewer.use_preset(2)
    loaded.viewer.window_to_all()
    first, second = loaded.viewer.cells[:2]
    assert first.view.window_in_force == second.view.window_in_force


def test_a_series_is_found_again_as_it_was_left(loaded):
    view = loaded.viewer.active.view
    view.set_frame(1)
    view.zoom_by(2)
    loaded.step_series(1)
    assert view.state.zoom == 1
    loaded.step_series(-1)
    assert (view.frame, view.state.zoom) == (1, 2)


def test_close_all_empties_every_panel(loaded):
    loaded.close_all()
    assert loaded.studies.series_keys() == []
    assert loaded.viewer.active.entry is None
    assert "Open a scan" in loaded.card.words()
    assert not loaded.actions_by_id["overlay"].isEnabled()
    loaded.grab()


def test_light_theme_is_kept(loaded, tmp_path):
    loaded.set_light(True)
    assert Memory(tmp_path / "window.ini").get("theme", "dark") == "light"
    loaded.grab()
    loaded.set_light(False)


def test_notice_comes_once_and_says_advisory(qtbot, window):
    window.show_first_notice()
    dialogs = [w for w in window.findChildren(QDialog) if w.isVisible()]
    assert len(dialogs) == 1
    assert "not a certified medical device" in "".join(
        label.text() for label in dialogs[0].findChildren(type(window.status.words))
    )
    dialogs[0].close()
    QApplication.processEvents()
    window.show_first_notice()
    assert not [w for w in window.findChildren(QDialog) if w.isVisible()]


def test_question_mark_opens_the_sheet(qtbot, loaded):
    loaded.actions_by_id["shortcuts"].trigger()
    sheet = next(w for w in loaded.findChildren(QDialog) if w.isVisible())
    assert sheet.windowTitle() == "Keys and mouse"
    sheet.grab()
    sheet.close()


def test_every_control_has_a_name_that_a_screen_reader_can_say(loaded):
    kinds = (
        QAbstractButton,
        QAbstractSlider,
        QAbstractItemView,
        QLineEdit,
        SliceView,
        SliceStrip,
        TimeBar,
    )
    dialog = ExportDialog("/tmp", loaded)
    loaded.viewer.set_layout(4)
    nameless = []
    for widget in loaded.findChildren(QWidget):
        if (
            isinstance(widget, kinds)
            and not isinstance(widget, QScrollBar)
            and not widget.objectName().startswith("qt_")
        ):
            said = QAccessible.queryAccessibleInterface(widget)
            if not (said and said.text(QAccessible.Text.Name).strip()):
                nameless.append(widget)
    assert not nameless
    dialog.deleteLater()


def test_tab_reaches_list_image_controls_and_card(qtbot, loaded):
    reached, widget = set(), loaded.studies
    for _ in range(200):
        reached.add(type(widget).__name__)
        widget = widget.nextInFocusChain()
    assert {
        "StudyList",
        "SliceView",
        "SliceStrip",
        "QCheckBox",
        "QSlider",
        "QListWidget",
        "QToolButton",
    } <= reached


def test_it_fits_the_smallest_screen(loaded):
    assert loaded.minimumSizeHint().width() <= 1366
    assert loaded.minimumSizeHint().height() <= 768
    loaded.resize(1366, 768)
    assert loaded.width() == 1366
    assert loaded.height() == 768


def test_four_dimensional_series_show_the_curve(window):
    series = make_series((12, 16, 16), time_points=3, geometry=axial(12))
    window.desk.place(entries_of([(series, make_assessment(series, curve=(80.0, 30.0, 75.0)))]))
    assert window.viewer.active.times.isVisible()
    window.viewer.step_time(1)
    assert window.viewer.active.times.accessibleDescription() == "Time point 2 of 3"


def test_export_without_a_result_says_so(window):
    window.export_report()
    assert "no result yet" in window.status.words.text()


@pytest.mark.parametrize("factor", ["1", "1.5", "2"])
def test_sharp_at_every_scale(factor, tmp_path):
    import os
    import subprocess
    import sys

    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from miqa_app.gui.screenshots import write_screenshots\n"
        "from tests.gui.conftest import make_series, make_assessment\n"
        "s = make_series((6, 512, 512))\n"
        f"print(write_screenshots([(s, make_assessment(s))], Path({str(tmp_path)!r}))[0])\n"
    )
    env = os.environ | {"QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    from PySide6.QtGui import QImage

    assert QImage(done.stdout.strip()).width() == round(1366 * float(factor))


def test_cells_with_a_common_frame_of_reference_scroll_together_by_position(window):
    coarse = make_series(
        (6, 16, 16), key="coarse", frame_of_reference="1.2", geometry=axial(6, step=10.0)
    )
    fine = make_series(
        (30, 16, 16), key="fine", frame_of_reference="1.2", geometry=axial(30, step=2.0)
    )
    window.desk.place(entries_of([(s, make_assessment(s)) for s in (coarse, fine)]))
    window.viewer.set_layout(2)
    first, second = window.viewer.cells[:2]
    first.view.set_frame(2)
    assert second.view.frame == 10


def test_the_empty_window_offers_what_to_do_and_the_offer_goes_with_the_first_scan(window):
    offered = window.viewer.grid.findChild(Welcome)
    assert offered.isVisible()
    assert [button.accessibleName() for button in offered.findChildren(QAbstractButton)] == [
        "Open folder",
        "Open files",
        "Open demo",
    ]
    series = make_series()
    window.desk.place(entries_of([(series, make_assessment(series))]))
    assert not offered.isVisible()
    window.close_all()
    assert offered.isVisible()


def test_the_report_is_named_with_a_link_that_stays_after_the_work(window, tmp_path):
    window.desk.exported.emit([tmp_path / "R&D <x>" / "report.html", tmp_path / "report.pdf"])
    window.desk.rested.emit()
    assert "Open the report" in window.status.words.text()
    assert "R&amp;D &lt;x&gt;" in window.status.words.text()
    window.close_all()
    assert "Drop a folder" in window.status.words.text()


def test_recent_paths_with_an_ampersand_open_as_they_are(qtbot, window, reader, tmp_path):
    path = str(tmp_path / "R&D")
    with qtbot.waitSignal(window.desk.rested):
        window.open_paths([path])
    window._fill_recent()
    with qtbot.waitSignal(window.desk.rested):
        window._recent.actions()[0].trigger()
    assert reader.asked == [[path], [path]]


def test_advisory_and_colour_legend_are_always_in_sight(loaded):
    loaded.resize(1366, 768)
    QApplication.processEvents()
    advisory = next(
        label
        for label in loaded.card.findChildren(type(loaded.status.words))
        if label.text() == ADVISORY
    )
    assert not advisory.visibleRegion().isEmpty()
    assert loaded.viewer.controls.legend.isVisible()
    loaded.resize(1040, 600)
    QApplication.processEvents()
    assert not advisory.visibleRegion().isEmpty()
    box = loaded.viewer.controls.box
    assert box.width() >= box.sizeHint().width()


def test_choosing_a_series_that_is_on_screen_turns_to_its_view_and_shows_it_once(loaded):
    loaded.viewer.set_layout(2)
    loaded.studies.choose("b")
    assert loaded.viewer.active is loaded.viewer.cells[1]
    assert [cell.entry.key for cell in loaded.viewer.cells[:2]] == ["a", "b"]
    loaded.studies.choose("c")
    assert [cell.entry.key for cell in loaded.viewer.cells[:2]] == ["a", "c"]
