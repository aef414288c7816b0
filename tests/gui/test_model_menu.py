"""The Model menu opens its windows once, and a training is never ended by closing the workstation without asking."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from miqa_app.gui import theme
from miqa_app.gui.desk import Desk, entries_of
from miqa_app.gui.drift.window import DriftWindow
from miqa_app.gui.finetune.window import FineTuneWindow
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.models.import_dialog import FolderDialog
from miqa_app.gui.models.window import ModelsWindow
from miqa_app.services.finetune_request import FineTuneRequest
from tests.gui.conftest import make_assessment, make_series
from tests.gui.finetune.conftest import REPLAY
from tests.gui.finetune.steps import RECORDED, recorded
from tests.gui.models.steps import opened
from tests.gui.waiting import until

KINDS = {"finetune": FineTuneWindow, "models": ModelsWindow, "drift": DriftWindow}


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """A user of their own, and a process that says what a real training said up to its 100th event."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    program = [sys.executable, "-c", REPLAY, str(RECORDED), "100", str(tmp_path / "control")]
    monkeypatch.setattr("miqa_app.paths.own_command", lambda: program)


class CountingScorer:
    """Scores at once."""

    def __init__(self):
        self.seen = []

    def assess(self, series):
        """Return a made-up assessment."""
        self.seen.append(series.key)
        yield from ()
        return make_assessment(series)


@pytest.fixture
def window(qapp, tmp_path):
    theme.apply(qapp, theme.DARK)
    made = MainWindow(Desk(scorer=CountingScorer()), Memory(tmp_path / "window.ini"))
    made.desk.setParent(made)
    made.show()
    qapp.processEvents()
    yield made
    # whatever a test left going on
    if made.models._session is not None:
        made.models._session.shut_down()
        made.models._session.forget()
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def shown(kind):
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]


def begun(window):
    """Begin a training and return its session."""
    window.actions_by_id["finetune"].trigger()
    (dialog,) = shown(FineTuneWindow)
    dialog._begin(FineTuneRequest("site.csv"))
    epochs = sum(e["event"] == "epoch" and e["epoch"] > 0 for e in recorded()[:101])
    until(lambda: sum(len(c) for t in dialog.session.progress.trainings for c in t.seeds.values()) == epochs)  # fmt: skip
    return dialog.session


def answer(words):
    """Press a button of the question that came."""
    (asked,) = shown(QMessageBox)
    (button,) = [one for one in asked.buttons() if one.text() == words]
    button.click()


@pytest.mark.parametrize("name", list(KINDS))
def test_each_window_opens_once_and_comes_to_the_front_again(window, qtbot, name):
    window.actions_by_id[name].trigger()
    window.actions_by_id[name].trigger()
    (dialog,) = shown(KINDS[name])
    assert dialog.parent() is window
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
    window.actions_by_id[name].trigger()
    (again,) = shown(KINDS[name])
    with qtbot.waitSignal(again.destroyed):
        again.close()


def test_the_menu_names_them(window):
    menus = {action.text().replace("&", ""): action.menu() for action in window.menuBar().actions()}
    assert [action.text() for action in menus["Model"].actions()] == ["Fine-tune…", "Models…", "Drift…"]  # fmt: skip


def test_a_training_goes_on_when_its_window_is_closed_and_shows_again(window, qtbot):
    session = begun(window)
    (dialog,) = shown(FineTuneWindow)
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
    assert session.running
    window.actions_by_id["finetune"].trigger()
    (again,) = shown(FineTuneWindow)
    assert again.session is session
    assert again.training_page.steps is not None


def test_another_theme_paints_the_windows_anew(window):
    session = begun(window)
    window.set_light(True)
    QApplication.processEvents()
    (dialog,) = shown(FineTuneWindow)
    assert dialog.training_page._theme is theme.LIGHT
    assert dialog.session is session
    assert session.running


def test_closing_the_workstation_asks_what_becomes_of_the_training_and_may_be_called_off(window):
    session = begun(window)
    window.close()
    window.close()
    answer("Stay")
    assert window.isVisible()
    assert session.running


def test_stopped_with_the_workstation_the_training_ends_within_seconds(window):
    session = begun(window)
    process = session._process
    window.close()
    assert window.isVisible(), "nobody has decided yet"
    answer("Stop it and close")
    assert not window.isVisible()
    assert not process.alive


def test_it_can_close_when_the_training_is_done(window):
    session = begun(window)
    window.close()
    answer("Close when it is done")
    assert session.running
    assert window.isMinimized()
    session.cancel()
    until(lambda: not session.running, 10)
    until(lambda: not window.isVisible(), 10)


def test_how_the_training_ended_is_said_at_the_foot_of_the_workstation(window, tmp_path, monkeypatch):  # fmt: skip
    program = [sys.executable, "-c", REPLAY, str(RECORDED), "-1", str(tmp_path / "control")]
    monkeypatch.setattr("miqa_app.paths.own_command", lambda: program)
    window.actions_by_id["finetune"].trigger()
    (dialog,) = shown(FineTuneWindow)
    dialog._begin(FineTuneRequest("site.csv"))
    dialog.close()
    until(lambda: not window.models._session.running, 20)
    assert window.status.words.text().startswith("small-site-20261121: Stopped"), (
        window.models._session.progress.end
    )


def test_after_a_promotion_the_open_scans_are_scored_again_on_demand(window):
    series = [make_series(key=key) for key in ("a", "b")]
    window.desk.place(entries_of([(one, make_assessment(one)) for one in series]))
    window.actions_by_id["models"].trigger()
    (dialog,) = shown(ModelsWindow)
    assert dialog.open_series == 2
    dialog.scoring_changed.emit("lite-knees is active.")
    assert window.status.words.text() == "lite-knees is active."
    dialog.score_again_asked.emit()
    until(lambda: len(window.desk.scorer.seen) == 2)
    assert window.desk.scorer.seen == ["a", "b"]
    until(lambda: not window.desk.busy)


def test_a_model_that_is_dropped_on_the_workstation_goes_to_the_window_of_the_models(
    window, tmp_path
):
    stick = tmp_path / "update"
    stick.mkdir()
    (stick / "config.json").write_text("{}")
    (stick / "model.safetensors").write_bytes(b"")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(stick))])
    where, how, button = QPointF(9, 9), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(where, how, data, button, Qt.KeyboardModifier.NoModifier))
    assert opened(FolderDialog).folder == stick
    assert not window.memory.recent, "it is no scan"
