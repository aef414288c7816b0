"""Choosing, checking, learning and the verdict: what the window shows is what is so, and nothing needs to be typed."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDropEvent, QHelpEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QMessageBox, QWidget

from miqa_app.gui import theme
from miqa_app.gui.finetune.start_page import RECIPES
from miqa_app.gui.finetune.window import FineTuneWindow
from miqa_app.gui.finetune.work import choices, discarded
from miqa_app.paths import user_data
from miqa_app.registry import default_model
from miqa_app.services.finetune_request import FineTuneRequest
from miqa_app.services.finetune_run import find_run, unfinished_runs
from tests.gui.campaign.steps import drained
from tests.gui.finetune import tiny
from tests.gui.finetune.steps import recorded, studies
from tests.gui.models.steps import opened
from tests.gui.waiting import until

EVENTS = recorded()


def checked(window, table):
    """Choose a table and wait for the dry run."""
    until(lambda: window.start_page.model.count())
    window.start_page.sources.add_table(Path(table))
    until(lambda: window.dry_run is not None, 120)


def replay(session, begin, last):
    """Begin a session whose process says all up to an event."""
    begin(last)
    session.begin(FineTuneRequest("site.csv"))
    wanted = sum(e["event"] == "epoch" and e["epoch"] > 0 for e in EVENTS[: last + 1])
    until(lambda: session.progress.run and sum(len(c) for t in session.progress.trainings for c in t.seeds.values()) == wanted)  # fmt: skip
    until(lambda: session.progress.stage == next(e["words"] for e in reversed(EVENTS[: last + 1]) if e["event"] == "stage"))  # fmt: skip


def event_after(kind, number, **wanted):
    """Return the place of the first event of a kind in a training."""
    return next(n for n, e in enumerate(EVENTS) if e["event"] == kind and e.get("training") == number and all(e[k] == v for k, v in wanted.items()))  # fmt: skip


# ------------------------------------------------------------------ choosing


def test_an_empty_store_says_how_to_come_by_ratings(window):
    until(lambda: window.start_page.model.count())
    assert "There is no study in the store yet" in window.start_page.sources.empty.text()
    assert "Choose on the left" in window.start_page.found.hint.text()
    assert not window.start.isEnabled()


def test_the_studies_of_the_store_are_there_to_choose_from(qtbot, session, tmp_path):
    store = str(tmp_path / "rated.sqlite")
    studies(store)
    found = drained(choices(store))
    assert [(one.name, one.detail) for one in found.studies] == [
        ("Brain FLAIR pilot", "18 items · 1 rater"),
        ("Knee TSE, spring", "18 items · 3 raters"),
    ]
    window = FineTuneWindow(theme.DARK, session, store)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.start_page.sources.source is not None)
    assert window.start_page.request == FineTuneRequest("Brain FLAIR pilot", store=store)
    until(lambda: window.dry_run is not None, 120)
    assert window.dry_run.stopped
    assert "rated images; at least 20 are needed" in window.start_page.found.findings.sentences[0]  # fmt: skip
    assert not window.start.isEnabled()
    assert window.says.text() == "These ratings cannot be learnt from as they are."
    window._errands.shut_down()


def test_a_table_is_checked_before_anything_starts(window, table):
    checked(window, table)
    page = window.start_page
    assert page.request == FineTuneRequest(str(table))
    assert [label.text() for label in page.found._numbers[:3]] == ["32", "8", "8"]
    assert any("only 8 references" in one for one in page.found.findings.sentences)
    assert page.found.split.text().startswith("The table's own split")
    assert page.recipe_words.text() == window.dry_run.words != ""
    assert page.recipe_words.text().startswith(f"Recipe '{window.dry_run.recipe}'")
    assert "Came with the program" in page.model_words.text()
    assert window.start.isEnabled()
    assert unfinished_runs() == []
    assert not list((user_data() / "finetune").glob("small-*")), "a dry run leaves nothing"


def test_another_recipe_is_checked_anew(window, table):
    checked(window, table)
    window.start_page.recipe.setCurrentIndex(RECIPES.index("heads"))
    assert window.dry_run is None
    assert not window.start.isEnabled()
    until(lambda: window.dry_run is not None, 120)
    assert window.dry_run.recipe == "heads"
    assert window.start_page.request.recipe == "heads"


def test_every_bundled_recipe_can_be_chosen():
    from miqa_app.training.finetune.recipe import recipe_names

    assert sorted(filter(None, RECIPES)) == recipe_names()


def test_a_table_that_is_dropped_is_chosen(window, table):
    until(lambda: window.start_page.model.count())
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(table))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    window.start_page.sources.dropEvent(event)
    assert window.start_page.sources.source.source == str(table)


def test_a_table_that_is_gone_is_one_sentence(window, tmp_path):
    until(lambda: window.start_page.model.count())
    window.start_page.sources.add_table(tmp_path / "gone.csv")
    until(lambda: "gone.csv" in window.start_page.found.hint.text(), 120)
    assert "Traceback" not in window.start_page.found.hint.text()
    assert not window.start.isEnabled()


# ------------------------------------------------------------------ learning


def test_curves_time_and_memory_are_shown_while_it_learns(window, session, replayed):
    replay(session, replayed, event_after("epoch", 6, seed=2, epoch=3))
    window._follow()
    page = window.training_page
    assert page.name.text().replace("\u200b", "") == "Teaching small-site-20261121"
    assert page.steps.accessibleName() == "Step 6 of 7: Candidate"
    assert "seed 2 of 3, epoch 3 of at most 8" in page.stage.text()
    last = EVENTS[event_after("epoch", 6, seed=2, epoch=3)]
    said = page.charts["agreement"].words()
    assert said == f"Seed 2, epoch 3: SROCC {last['srocc']:.3f}, PLCC {last['plcc']:.3f}".replace("-", "−")  # fmt: skip
    assert page.charts["loss"].words() == f"Seed 2, epoch 3: loss {last['loss']:.3f}"
    assert "of memory" in page.memory.text()
    assert page.left.text().startswith("About")
    assert 0 < page.bar.value() < 1000


def test_the_curves_are_drawn_in_the_colour_of_their_seed(window, session, replayed):
    replay(session, replayed, event_after("epoch", 6, seed=1, epoch=6))
    window._follow()
    chart = window.training_page.charts["agreement"]
    image = chart.grab().toImage()
    colours = [image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)]  # fmt: skip
    assert theme.DARK.accent in colours
    assert theme.DARK.check not in colours, "the second seed has not begun"
    (points,) = [points for seed, figure, points in chart._lines() if figure.key == "srocc"]
    span = chart._span()
    tip = QPoint(round(chart._x(points[3][0])), round(chart._y(points[3][1], span)))
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, tip, chart.mapToGlobal(tip)))
    from PySide6.QtWidgets import QToolTip

    assert QToolTip.text().startswith("Seed 1, epoch 3")
    QToolTip.hideText()


def test_closed_and_opened_again_the_window_shows_the_training_that_went_on(
    qtbot, window, session, replayed
):
    replay(session, replayed, event_after("epoch", 2, epoch=2))
    window.reject()
    assert session.running
    again = FineTuneWindow(theme.LIGHT, session)
    qtbot.addWidget(again)
    again.show()
    assert again.pages.currentWidget() is again.training_page
    assert again.training_page.charts["error"].words().startswith("Seed 1, epoch 2")
    again._errands.shut_down()


def test_a_process_that_dies_is_one_sentence_and_can_be_gone_on_with(window, session, monkeypatch):
    program = ["sh", "-c", "echo '{\"event\": \"run\", \"name\": \"r-1\", \"control\": \"/nowhere/c\"}'; echo Killed >&2; exit 9"]  # fmt: skip
    monkeypatch.setattr("miqa_app.paths.own_command", lambda: program)
    window._begin(FineTuneRequest("site.csv"))
    until(lambda: not session.running)
    page = window.end_page
    assert page.title.text() == "The training could not be finished"
    assert "Killed" in page.words.text()
    assert "goes on from its last epoch" in page.words.text()
    assert window.resume.isVisible()
    assert not window.evidence.isVisible()


def test_cancelled_before_the_first_epoch_it_ends_within_five_seconds(window, session, table):
    window._begin(FineTuneRequest(str(table), device="cpu"))
    until(lambda: session.progress.stage or not session.running, 120)
    begun = time.monotonic()
    window.cancel.click()
    until(lambda: not session.running, 10)
    assert time.monotonic() - begun < 5
    assert session.progress.end["event"] == "cancelled"
    assert window.end_page.title.text() == "The training was cancelled"


@pytest.mark.slow
def test_a_whole_training_from_the_table_to_its_verdict(window, session, table, monkeypatch, tmp_path):  # fmt: skip
    """The real thing with a small model: start, pause, cancel, resume, evidence; the model in use stays."""
    before = default_model().sha256
    recipe = tiny.recipe(tmp_path, epochs=6)
    monkeypatch.setattr("miqa_app.gui.finetune.start_page.RECIPES", ("", recipe))
    checked(window, table)
    request = FineTuneRequest(str(table), recipe=recipe, device="cpu")
    window._begin(request)
    assert window.pages.currentWidget() is window.training_page
    assert not window.pause.isEnabled(), "there is nothing yet that could wait"
    until(lambda: session.progress.epoch >= 1 or not session.running, 120)
    assert session.running, session.progress.end
    window.pause.click()
    assert window.pause.text() == "&Resume"
    at = (session.progress.seed, session.progress.epoch)
    until(lambda: window.training_page.left.text() == "Paused")
    time.sleep(1)
    QApplication.processEvents()
    assert session.progress.seed == at[0]
    assert session.progress.epoch <= at[1] + 1, "it went on"
    begun = time.monotonic()
    window.cancel.click()
    until(lambda: not session.running, 10)
    assert time.monotonic() - begun < 5
    assert window.end_page.title.text() == "The training was cancelled"
    (run,) = unfinished_runs()
    found = drained(choices(None))
    assert [(one.run, one.source, one.busy) for one in found.stopped] == [(run.name, "site.csv", False)]  # fmt: skip
    assert "the candidate, seed 1, epoch" in found.stopped[0].detail
    window.resume.click()
    until(lambda: not session.running, 180)
    assert session.progress.end["event"] == "done", session.progress.end
    view = window.end_page.evidence
    until(lambda: view.criteria.sentences)
    assert view.banner.title.text() in ("Stopped by the gate", "Too uncertain to promote")
    assert any(one.startswith("Held-out data 12 held-out images") for one in view.criteria.sentences)  # fmt: skip
    assert "→" in view._values[0].text()
    assert window.evidence.isVisible()
    assert window.models.isVisible()
    assert Path(session.progress.end["evidence"]).is_file()
    assert default_model().sha256 == before, "training changed the model in use"
    with_models = []
    window.models_asked.connect(with_models.append)
    window.models.click()
    assert with_models == [session.progress.candidate]


# ------------------------------------------------------------------ stopped runs


@pytest.fixture
def stopped(table, tmp_path):
    """A real training that was stopped at its first epoch."""
    from miqa_app.services.finetune import finetune

    steps = finetune(
        FineTuneRequest(str(table), recipe=tiny.recipe(tmp_path, epochs=40), device="cpu")
    )
    for event in steps:
        if event["event"] == "epoch" and event["epoch"] == 1:
            break
    steps.close()
    (run,) = unfinished_runs()
    return run


def test_a_stopped_training_is_listed_and_can_be_gone_on_with_or_removed(
    window, session, stopped, replayed
):
    window._to_start()
    sources = window.start_page.sources
    until(lambda: sources.cards)
    (card,) = sources.cards
    assert card.stopped.run == stopped.name
    assert re.fullmatch(r"stopped at: the candidate, seed 1, epoch \d+ of 40", card.stopped.detail)
    card.remove.click()
    asked = opened(QMessageBox)
    assert stopped.name in asked.text()
    (remove,) = [b for b in asked.buttons() if b.text() == "Remove"]
    remove.click()
    until(lambda: not sources.cards)
    assert unfinished_runs() == []
    window._go_on(card.stopped)
    assert session.request == FineTuneRequest(resume=stopped.name)


def test_a_run_that_works_elsewhere_is_named_and_cannot_be_touched(stopped):
    with find_run(stopped.name).locked():
        (found,) = drained(choices(None)).stopped
        assert (found.busy, found.detail) == (True, "runs in another window")
        from miqa_app.errors import BadRequest

        with pytest.raises(BadRequest, match="running already"):
            drained(discarded(stopped.name))


# ------------------------------------------------------------------ for everybody


def test_every_control_has_a_name_and_fits_on_a_small_screen(window, session, replayed, table):
    checked(window, table)
    for page in ("start", "training", "end"):
        if page == "training":
            replay(session, replayed, event_after("epoch", 4, epoch=2))
            window._follow()
        elif page == "end":
            session.cancel()
            until(lambda: not session.running)
        window.resize(window.minimumSize())
        QApplication.processEvents()
        assert (window.width(), window.height()) <= (1024, 600)
        for widget in window.findChildren(QWidget):
            if not widget.isVisible():
                continue
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(widget, QAbstractButton | QComboBox):  # fmt: skip
                found = QAccessible.queryAccessibleInterface(widget)
                assert found.text(QAccessible.Text.Name).strip(), (page, widget)
            if isinstance(widget, QLabel) and widget.text() and not widget.wordWrap():
                assert widget.width() >= widget.sizeHint().width(), (page, widget.text())
