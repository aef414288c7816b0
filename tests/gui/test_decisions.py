"""Accept and rescan are one key each, the reason one more, ten seconds to undo; everything is in the record."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from miqa_app.gui import theme
from miqa_app.gui.desk import Desk
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.imaging.events import Completed, Opened
from miqa_app.services.assessments import decided
from miqa_app.services.demo import demo_paths
from miqa_app.store import Archive
from tests.gui.conftest import make_assessment, make_series

KEY = Qt.Key


class HandScorer:
    """Judges by hand, and on trial a little lower."""

    def __init__(self):
        self.tried = []

    def assess(self, series):
        result = make_assessment(series)
        yield from result.slices
        return result

    def shadow(self, series):
        self.tried.append(series.key)
        result = make_assessment(series, score=31.0)
        yield from result.slices
        return result


def reader(paths):
    for number, path in enumerate(paths):
        series = make_series((6, 32, 40 + 8 * number), key=path)
        yield Opened(series)
        yield Completed(series)


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "window.ini")


@pytest.fixture
def window(qtbot, qapp, memory):
    theme.apply(qapp, theme.DARK)
    made = MainWindow(Desk(reader, HandScorer()), memory)
    made.desk.setParent(made)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    yield made
    made.close()


@pytest.fixture
def judged(qtbot, window):
    """The window with one series judged and kept."""
    window.open_paths(["/scans/a"])
    qtbot.waitUntil(lambda: bool(window.decisions._keys), timeout=20_000)
    window.viewer.active.view.setFocus()
    return window


def standing():
    with Archive() as archive:
        return decided(archive)


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(QApplication.focusWidget() or window.viewer.active.view, key, modifier)


def settled(qtbot, window):
    qtbot.waitUntil(lambda: window.card.decision.undoable, timeout=20_000)


def test_every_assessment_is_kept_and_the_trial_beside_it(qtbot, judged):
    qtbot.waitUntil(lambda: bool(judged.desk.scorer.tried), timeout=20_000)

    def shadows():
        with Archive() as archive:
            return archive.shadows()

    qtbot.waitUntil(lambda: len(shadows()) == 1, timeout=20_000)
    with Archive() as archive:
        (kept,) = archive.assessments()
    assert (kept.score, kept.title) == (43.0, "T2")
    assert shadows()[0].score == 31.0
    assert "31" not in judged.card.words()


def test_a_accepts_and_the_time_to_the_decision_is_kept(qtbot, judged):
    press(qtbot, judged, KEY.Key_A)
    settled(qtbot, judged)
    (one,) = standing()
    assert one.decision.decision == "accept"
    assert 0 < one.decision.seconds < 60
    assert "Accepted" in judged.card.decision.words.text()
    assert judged.card.decision.buttons["accept"].isChecked()


def test_r_asks_for_the_reason_which_is_one_key_more(qtbot, judged):
    before = judged.viewer.active.view.window_in_force
    press(qtbot, judged, KEY.Key_R)
    assert judged.card.decision.asking
    press(qtbot, judged, KEY.Key_2)
    assert not judged.card.decision.asking
    settled(qtbot, judged)
    (one,) = standing()
    assert (one.decision.decision, one.decision.reason) == ("rescan", "ghost")
    # 2 is a grey window as well, and the image has the keyboard again
    assert judged.viewer.active.view.window_in_force == before
    assert QApplication.focusWidget() is judged.viewer.active.view


def test_esc_and_a_click_elsewhere_take_the_question_back(qtbot, judged):
    press(qtbot, judged, KEY.Key_R)
    press(qtbot, judged, KEY.Key_Escape)
    assert not judged.card.decision.asking
    press(qtbot, judged, KEY.Key_R)
    qtbot.mouseClick(judged.viewer.active.view, Qt.MouseButton.LeftButton)
    judged.viewer.active.view.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not judged.card.decision.asking
    assert standing() == ()


def test_the_buttons_do_the_same_as_the_keys(qtbot, judged):
    bar = judged.card.decision
    qtbot.mouseClick(bar.buttons["rescan"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.reasons["metal"], Qt.MouseButton.LeftButton)
    settled(qtbot, judged)
    assert standing()[0].decision.reason == "metal"


def test_a_decision_is_undone_by_key_and_the_chance_passes(qtbot, judged):
    bar = judged.card.decision
    press(qtbot, judged, KEY.Key_A)
    settled(qtbot, judged)
    press(qtbot, judged, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: standing() == (), timeout=20_000)
    qtbot.waitUntil(lambda: not bar.undoable, timeout=20_000)
    assert not bar.buttons["accept"].isChecked()
    press(qtbot, judged, KEY.Key_A)
    settled(qtbot, judged)
    for _ in range(10):
        bar._tick()
    assert not bar.undoable
    press(qtbot, judged, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    judged.decisions._ledger.shut_down()
    assert len(standing()) == 1


def test_l_looks_at_the_worst_slice_without_the_map_and_does_not_outweigh_a_decision(qtbot, judged):
    judged.viewer.set_overlay(True)
    judged.viewer.active.view.set_frame(5)
    press(qtbot, judged, KEY.Key_L)
    assert judged.viewer.active.view.frame == 0
    assert not judged.viewer.display.overlay
    settled(qtbot, judged)
    assert standing()[0].decision.decision == "check"
    press(qtbot, judged, KEY.Key_A)
    qtbot.waitUntil(lambda: standing()[0].decision.decision == "accept", timeout=20_000)
    qtbot.waitUntil(lambda: "Accepted" in judged.card.decision.words.text(), timeout=20_000)
    press(qtbot, judged, KEY.Key_L)
    judged.decisions._ledger.shut_down()
    (one,) = standing()
    assert one.decision.decision == "accept"
    assert one.looked


def test_a_scan_opened_again_shows_what_was_decided(qtbot, judged):
    press(qtbot, judged, KEY.Key_A)
    settled(qtbot, judged)
    judged.close_all()
    assert not judged.card.decision.buttons["accept"].isEnabled()
    judged.open_paths(["/scans/a"])
    qtbot.waitUntil(lambda: "Accepted" in judged.card.decision.words.text(), timeout=20_000)
    assert not judged.card.decision.undoable


def test_nothing_is_kept_when_the_user_does_not_want_it(qtbot, window, memory):
    window.actions_by_id["keep_assessments"].trigger()
    assert memory.get("keep_assessments", True) is False
    with qtbot.waitSignal(window.desk.rested, timeout=20_000):
        window.open_paths(["/scans/a"])
    bar = window.card.decision
    assert not bar.buttons["accept"].isEnabled()
    assert "not kept" in bar.words.text()
    window.decisions._ledger.shut_down()
    with Archive() as archive:
        assert archive.assessments() == ()


def test_the_demo_is_not_kept_and_says_so(qtbot, qapp, memory):
    from miqa_app.imaging import read

    theme.apply(qapp, theme.DARK)
    made = MainWindow(Desk(read, HandScorer()), memory)
    made.desk.setParent(made)
    qtbot.addWidget(made)
    made.show()
    made.open_paths([str(path) for path in demo_paths()])
    qtbot.waitUntil(lambda: "demo phantom" in made.card.decision.words.text(), timeout=60_000)
    assert not made.card.decision.buttons["rescan"].isEnabled()
    made.close()
    with Archive() as archive:
        assert archive.assessments() == ()


def test_a_store_that_cannot_be_written_is_said_once_and_the_result_stays(
    qtbot, window, monkeypatch, tmp_path
):
    (tmp_path / "bad.sqlite").write_bytes(b"no database" * 400)
    monkeypatch.setenv("MIQA_STORE", str(tmp_path / "bad.sqlite"))
    said = []
    monkeypatch.setattr(window.status, "say", said.append)
    window.open_paths(["/scans/a"])
    qtbot.waitUntil(lambda: any("Not kept: " in words for words in said), timeout=20_000)
    assert "43" in window.card.words()
