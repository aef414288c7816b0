"""The Rating menu opens what it names, and says in the status line when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from miqa_app.gui import theme
from miqa_app.gui.campaign.overview import CampaignOverview
from miqa_app.gui.campaign.wizard import CreateStudy
from miqa_app.gui.desk import Desk
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.rating.window import RatingWindow


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "store.sqlite"
    monkeypatch.setenv("MIQA_STORE", str(path))
    return path


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    theme.apply(qapp, theme.DARK)
    made = MainWindow(Desk(), Memory(tmp_path / "window.ini"))
    made.desk.setParent(made)
    qtbot.addWidget(made)
    made.show()
    qapp.processEvents()
    yield made
    made.close()


def opened(kind: type) -> list:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]


@pytest.mark.parametrize(("action", "kind"), [("new_study", CreateStudy), ("campaigns", CampaignOverview)])  # fmt: skip
def test_the_coordinators_windows_open_before_the_workstation(window, qtbot, action, kind):
    window.actions_by_id[action].trigger()
    (dialog,) = opened(kind)
    assert dialog.parent() is window
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()


@pytest.mark.parametrize(("action", "kind"), [("new_study", CreateStudy), ("campaigns", CampaignOverview)])  # fmt: skip
def test_from_there_the_way_leads_on_to_rating(window, qtbot, action, kind):
    window.actions_by_id[action].trigger()
    (dialog,) = opened(kind)
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
        dialog.rate_asked.emit("pilot")
    (rating,) = opened(RatingWindow)
    with qtbot.waitSignal(rating.destroyed):
        rating.close()


def test_the_rating_window_opens_once_and_no_result_can_be_seen_beside_it(window, qtbot):
    book = window.actions_by_id
    book["rate"].trigger()
    book["rate"].trigger()
    (rating,) = opened(RatingWindow)
    book["campaigns"].trigger()
    assert not opened(CampaignOverview)
    assert window.status.words.text() == "Somebody is rating here; close the rating window first."
    with qtbot.waitSignal(rating.destroyed):
        rating.close()
    book["rate"].trigger()
    (again,) = opened(RatingWindow)
    assert again is not rating
    with qtbot.waitSignal(again.destroyed):
        again.close()


def test_a_store_that_cannot_be_opened_is_one_sentence(window, store):
    store.write_text("no database")
    window.actions_by_id["rate"].trigger()
    assert not opened(RatingWindow)
    assert str(store) in window.status.words.text()
