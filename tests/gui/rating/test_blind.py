"""Nothing in the window tells who, where from, how bad, or what others said, before the vote is stored."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QWidget

from miqa_app.gui import theme
from miqa_app.gui.desk import Desk, entries_of
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.rating.pages import EndPage
from miqa_app.rating.votes import Display, Presentation, Vote
from tests.gui.conftest import make_assessment, make_series
from tests.gui.rating.steps import press, set_up, until, until_viewing

_WORDS = (
    "text", "toolTip", "whatsThis", "statusTip", "accessibleName", "accessibleDescription", "windowTitle", "objectName",
    "placeholderText", "title", "windowFilePath", "windowIconText", "iconText", "format",
)  # fmt: skip


def said(window):
    """Return everything that any widget or action of the window says or is called, shown or not."""
    found = []
    things = [window, *window.findChildren(QWidget), *window.findChildren(QAction)]
    things += [action for widget in window.findChildren(QWidget) for action in widget.actions()]
    for thing in things:
        for name in _WORDS:
            if callable(getattr(thing, name, None)):
                found.append(str(getattr(thing, name)()))
        own = [bytes(name).decode() for name in thing.dynamicPropertyNames()]
        found += [str(thing.property(name)) for name in own if not name.startswith("_")]
        if isinstance(thing, QListWidget):
            found += [thing.item(row).text() for row in range(thing.count())]
    return [text for text in found if text]


def secrets(study):
    """Return the words and numbers that must not appear."""
    words = {study.key, "rater-2", "stabilising", "repeat", "reference check", "simulated", "as acquired"}  # fmt: skip
    words |= {item.key for item in study.items} | {info.key for info in study.stimuli}
    for info in study.stimuli:
        words |= {str(info.provenance[name]) for name in ("source", "kind", "content") if name in info.provenance}  # fmt: skip
        if "severity" in info.provenance:
            words.add(f"{info.provenance['severity']:g}")
    return words


def vote_of_another(window, scores):
    """Store votes of a second rater."""
    archive, study = window.archive, window.study
    archive.add_rater(study.key, "rater-2", {})
    archive.begin_session(study.key, "rater-2", Display("s", 1, 1), "0")
    for place, score in enumerate(scores):
        item = study.items[place]
        sides = (item.reference, item.test) if item.reference else (item.test,)
        shown = Presentation(f"main-{place}", "main", place, item.key, *sides)
        now = "2026-11-21T08:00:00.000+00:00"
        archive.add_vote(Vote(study.key, "rater-2", 1, shown, dict.fromkeys(("test", "reference") if study.protocol.asks == "both" else ("test",), score), now, now, 3.0, 1, Display("s", 1, 1), "0", "sds 1"))  # fmt: skip


@pytest.mark.parametrize("preset", ["sds", "dscqs", "single"])
def test_no_widget_action_tooltip_or_name_tells_anything_before_the_commit(rating, preset):
    checks = 0 if preset == "single" else 1
    window = rating(preset, rated=4, repeats=1, checks=checks, training=1, stabilising_items=1, ready=False)  # fmt: skip
    others = (61.25, 62.25, 63.25)
    vote_of_another(window, others)
    forbidden = secrets(window.study) | {str(score) for score in others} | {"37"}
    seen = [said(window)]
    set_up(window)
    while not isinstance(window.page, EndPage):
        if hasattr(window.page, "view"):
            until_viewing(window)
            seen.append(said(window))  # what earlier votes were is gone, too
            for scale in window.page.controls.scales.values():
                scale.setFocus()
                press(window, Qt.Key.Key_4, *[Qt.Key.Key_Left] * 3)
            assert window.page.controls.first.value == 37
        seen.append([text for text in said(window) if "37" not in text])
        page, place = window.page, window._sitting.place
        press(window, Qt.Key.Key_Return)
        until(lambda p=page, n=place: window.page is not p or window._sitting.place != n)
    assert len(seen) > 10
    for text in {text for texts in seen for text in texts}:
        assert not [word for word in forbidden if word and word.lower() in text.lower()], text


def test_the_end_shows_no_score_of_anybody(rating):
    window = rating(rated=2)
    vote_of_another(window, (61.25,))
    for _ in range(2):
        until_viewing(window)
        press(window, Qt.Key.Key_5, Qt.Key.Key_Return)
    until(lambda: isinstance(window.page, EndPage))
    texts = " ".join(said(window))
    assert "61" not in texts
    assert "50" not in texts
    assert window._rating.view.shown is None


@pytest.fixture
def workstation(qapp, tmp_path):
    theme.apply(qapp, theme.DARK)
    main = MainWindow(Desk(), Memory(tmp_path / "w.ini"))
    main.show()
    series = make_series((6, 64, 64), key="k")
    main.desk.place(entries_of([(series, make_assessment(series))]))
    yield main
    main.close()
    main.deleteLater()


def test_no_key_of_the_workstation_works_in_the_rating_window(workstation, rating):
    window = rating(rated=3)
    told = []
    for id in ("overlay", "attention", "quit", "close_all", "light", "identity", "info", "slice_worst", "zoom_in", "preset_1", "shortcuts"):  # fmt: skip
        workstation.actions_by_id[id].triggered.connect(lambda *_, id=id: told.append(id))
    places = window.page.view.places()
    for keys in "mawpikhntx?+=1":
        QTest.keyClicks(window.focusWidget() or window, keys)
        if not hasattr(window.page, "view"):
            break  # t stops the session, and nothing else
    for key in (Qt.Key.Key_W, Qt.Key.Key_Q, Qt.Key.Key_T, Qt.Key.Key_R, Qt.Key.Key_S):
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    assert told == []
    assert workstation.isVisible()
    assert window.isVisible()
    assert places
    assert not window.findChildren(QAction)
    assert not workstation.viewer.display.overlay


def test_the_workstation_takes_no_input_while_somebody_rates(workstation, rating):
    window = rating(rated=2)
    assert window.parent() is None
    assert QApplication.activeModalWidget() is window
    window.close()
    assert QApplication.activeModalWidget() is None
