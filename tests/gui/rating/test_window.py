"""A rater goes through the whole window, by keys alone or by mouse alone, and every way out is a clean one."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from miqa_app.errors import MiqaError
from miqa_app.gui.rating.display_check import DisplayCheckPage
from miqa_app.gui.rating.pages import (
    BreakPage,
    EndPage,
    ExamplesPage,
    InstructionsPage,
    TrainedPage,
)
from miqa_app.gui.rating.questionnaire import QuestionnairePage
from miqa_app.gui.rating.rating_page import RatingPage
from miqa_app.gui.rating.start import StartPage
from tests.gui.rating.steps import answer, begin, check, press, until, until_viewing

Key = Qt.Key


def votes(window, **more):
    return window.archive.votes(window.study.key, **more)


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def words(page):
    return " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def on(window, kind):
    return isinstance(window.page, kind)


def test_the_whole_way_by_keys_alone(rating):
    window = rating(rated=3, training=1, stabilising_items=1, repeats=1, rater="")
    assert on(window, StartPage)
    assert "not your name" in words(window.page)
    QTest.keyClicks(window.focusWidget(), "rater-9")
    press(window, Key.Key_Return)
    assert on(window, QuestionnairePage)
    for _ in range(4):
        press(window, Key.Key_Space, Key.Key_Tab)
    press(window, Key.Key_Return)
    assert on(window, DisplayCheckPage)
    page = window.page
    QTest.keyClicks(window.focusWidget(), str(page.dark.squares))
    press(window, Key.Key_Tab)
    QTest.keyClicks(window.focusWidget(), str(page.bright.squares))
    press(window, Key.Key_Tab, Key.Key_Space, Key.Key_Return)
    assert on(window, InstructionsPage)
    press(window, Key.Key_Return)
    for place in range(6):
        until_viewing(window)
        press(window, Key(Key.Key_1 + place), Key.Key_Right, Key.Key_Return)
        if place == 0:
            assert on(window, TrainedPage)
            press(window, Key.Key_Return)
    until(lambda: on(window, EndPage))
    assert "came twice" not in words(window.page)  # the last vote may still be undone
    press(window, Key.Key_Return)
    assert "came twice" in words(window.page)
    assert not window.page.undo.isVisible()
    found = votes(window)
    assert [v.scores["test"] for v in found] == [11, 21, 31, 41, 51, 61]
    assert [v.presentation.part for v in found] == ["training", "stabilising"] + ["main"] * 4
    assert {v.changes for v in found} == {2}
    assert {v.rater for v in found} == {"rater-9"}
    assert {v.display.check for v in found} == {"passed"}
    answers = window.archive.raters(window.study.key)[0].answers
    assert answers == {"years_of_experience": "0-2", "speciality": "radiologist", "sub_speciality": "neuro", "vision": "normal"}  # fmt: skip
    press(window, Key.Key_Return)
    assert not window.isVisible()
    assert window.archive.sessions(window.study.key)[0].how == "finished"


def test_a_key_that_is_held_leafs_through_no_pages_and_commits_nothing(rating):
    window = rating(rated=2, ready=False)
    answer(window.page)
    check(window.page)
    held = QKeyEvent(QEvent.Type.KeyPress, Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", True)  # fmt: skip
    QApplication.sendEvent(window.focusWidget(), held)
    assert on(window, InstructionsPage)
    begin(window)
    until_viewing(window)
    press(window, Key.Key_5)
    QApplication.sendEvent(window.focusWidget(), held)
    assert votes(window) == ()


def test_the_whole_way_by_mouse_alone(rating):
    window = rating(rated=2, rater="")
    window.page.rater_field.setText("m-1")  # a name must be typed
    click(window.page.go)
    for row in window.page.rows.values():
        click(row.findChildren(QPushButton)[1])
    click(window.page.go)
    page = window.page
    click(page.dark_seen.findChildren(QPushButton)[page.dark.squares])
    click(page.bright_seen.findChildren(QPushButton)[page.bright.squares])
    click(page.room.findChildren(QPushButton)[0])
    click(page.go)
    click(window.page.go)
    for x in (0.25, 0.75):
        until_viewing(window)
        scale = window.page.controls.first
        QTest.mouseClick(scale, Qt.MouseButton.LeftButton, pos=QPoint(round(50 + (scale.width() - 100) * x), 38))  # fmt: skip
        click(window.page.controls.commit)
    until(lambda: on(window, EndPage))
    assert [v.scores["test"] for v in votes(window)] == [25, 75]
    click(window.page.go)
    assert not window.isVisible()


def test_a_commit_waits_for_a_score_and_for_the_time_and_says_why(rating):
    window = rating(rated=2, least_seconds=0.4)
    controls = window.page.controls
    assert not controls.commit.isEnabled()
    assert controls.commit.text() == "Waits for your vote"
    press(window, Key.Key_Return)
    click(controls.commit)
    assert votes(window) == ()
    press(window, Key.Key_5)
    assert not controls.commit.isEnabled()
    assert controls.commit.text() == "Look for 1 s more"
    press(window, Key.Key_Return)
    assert votes(window) == ()
    until(controls.commit.isEnabled, 2)
    assert controls.commit.text() == "Commit"
    press(window, Key.Key_Return)
    [vote] = votes(window)
    assert vote.seconds >= 0.4


def test_every_new_presentation_starts_without_a_handle(rating):
    window = rating(rated=3)
    for _ in range(2):
        assert window.page.controls.first.value is None
        press(window, Key.Key_8, Key.Key_Return)
        until_viewing(window)
    assert window.page.controls.first.value is None


def test_cannot_judge_is_chosen_committed_and_logged(rating):
    window = rating(rated=2)
    press(window, Key.Key_5, Key.Key_C)
    controls = window.page.controls
    assert controls.cannot.isChecked()
    assert controls.first.value is None
    assert votes(window) == ()
    press(window, Key.Key_Return)
    assert not votes(window)[0].judged
    until_viewing(window)
    assert not controls.cannot.isChecked()
    click(controls.cannot)
    press(window, Key.Key_7)
    assert not controls.cannot.isChecked()
    press(window, Key.Key_Return)
    assert votes(window)[1].scores == {"test": 70}


@pytest.mark.parametrize("how", ["key", "button"])
def test_one_undo_by_key_and_button_keeps_both_votes(rating, how):
    window = rating(rated=3)
    controls = window.page.controls
    assert not controls.undo.isEnabled()
    press(window, Key.Key_2, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_9)
    if how == "key":
        press(window, Key.Key_U)
    else:
        click(controls.undo)
    until_viewing(window)
    assert controls.first.value is None
    assert not controls.undo.isEnabled()
    press(window, Key.Key_U, Key.Key_3, Key.Key_Return)
    history = votes(window, history=True)
    assert [(v.presentation.key, v.revision, v.scores["test"]) for v in history] == [("main-0", 0, 20), ("main-0", 1, 30)]  # fmt: skip
    assert "undo" in [event.kind for event in window.archive.events(window.study.key)]


@pytest.mark.parametrize("how", ["key", "button"])
def test_the_very_last_vote_can_be_undone_on_the_closing_page(rating, how):
    window = rating(rated=2)
    press(window, Key.Key_2, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_9, Key.Key_Return)
    until(lambda: on(window, EndPage))
    if how == "key":
        press(window, Key.Key_U)
    else:
        click(window.page.undo)
    until_viewing(window)
    assert window.page.controls.first.value is None
    press(window, Key.Key_4, Key.Key_Return)
    until(lambda: on(window, EndPage))
    assert not window.page.undo.isVisible()
    press(window, Key.Key_U)
    assert on(window, EndPage)
    history = votes(window, history=True)
    assert [(v.presentation.key, v.revision, v.scores["test"]) for v in history] == [
        ("main-0", 0, 20), ("main-1", 0, 90), ("main-1", 1, 40),
    ]  # fmt: skip
    press(window, Key.Key_Return)
    assert not window.isVisible()
    assert [one.how for one in window.archive.sessions(window.study.key)] == ["finished"]


def test_a_second_window_of_the_same_rater_is_refused_on_its_first_page(rating):
    first = rating(rated=2)
    second = rating(store=first.file, rater="")
    second.page.rater_field.setText("rater-1")
    press(second, Key.Key_Return)
    assert on(second, StartPage)
    assert "open in another window" in words(second.page)
    press(first, Key.Key_5, Key.Key_Return)
    assert len(votes(first)) == 1
    first.close()
    press(second, Key.Key_Return)
    assert on(second, DisplayCheckPage)


def test_between_presentations_the_screen_is_nothing_but_grey(rating):
    window = rating(rated=3, pause_seconds=0.3)
    press(window, Key.Key_2, Key.Key_Return)
    picture = window.grab().toImage()
    greys = {picture.pixelColor(x, y).name() for x in range(0, 1366, 9) for y in range(0, 768, 9)}
    assert greys == {"#6c6c6c"}
    press(window, Key.Key_9, Key.Key_Return)
    assert len(votes(window)) == 1
    until_viewing(window)
    assert window.page.controls.first.value is None


def test_an_undo_is_possible_during_the_grey(rating):
    window = rating(rated=3, pause_seconds=0.2)
    press(window, Key.Key_2, Key.Key_Return, Key.Key_U)
    until_viewing(window)
    press(window, Key.Key_4, Key.Key_Return)
    assert [v.revision for v in votes(window, history=True)] == [0, 1]


def test_the_break_is_offered_taken_and_over(rating):
    window = rating(rated=4, break_after_minutes=1e-4)
    press(window, Key.Key_2, Key.Key_Return)
    until(lambda: on(window, BreakPage))
    press(window, Key.Key_Return)
    assert "far away" in words(window.page)
    press(window, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_2, Key.Key_Return)
    until(lambda: on(window, BreakPage))
    click(window.page.skip)
    until_viewing(window)
    kinds = [event.kind for event in window.archive.events(window.study.key)]
    assert kinds[1:] == ["break taken", "break over", "break declined"]


def test_the_session_ends_after_the_vote_when_the_time_is_up(rating):
    window = rating(rated=4, end_after_minutes=1e-4)
    press(window, Key.Key_2, Key.Key_Return)
    until(lambda: on(window, EndPage))
    assert "come back after a rest" in words(window.page)
    assert "3 pairs to go" in words(window.page)
    assert not window.page.again.isVisible()
    window.close()
    assert window.archive.sessions(window.study.key)[0].how == "time"


@pytest.mark.parametrize("how", ["key", "button"])
def test_i_am_tired_ends_at_once_and_the_vote_in_progress_is_not_counted(rating, how):
    window = rating(rated=3)
    press(window, Key.Key_2, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_9)
    if how == "key":
        press(window, Key.Key_T)
    else:
        click(window.page.controls.tired)
    assert on(window, EndPage)
    assert len(votes(window)) == 1
    click(window.page.again)
    assert on(window, DisplayCheckPage)
    assert window.archive.sessions(window.study.key)[0].how == "tired"
    check(window.page)
    begin(window)
    until_viewing(window)
    press(window, Key.Key_4, Key.Key_Return)
    assert [(v.presentation.key, v.session) for v in votes(window)] == [
        ("main-0", 1),
        ("main-1", 2),
    ]


def test_stopping_on_the_break_page_ends_the_session(rating):
    window = rating(rated=4, break_after_minutes=1e-4)
    press(window, Key.Key_2, Key.Key_Return)
    until(lambda: on(window, BreakPage))
    window.page.left.emit()
    assert on(window, EndPage)
    window.close()
    assert window.archive.sessions(window.study.key)[0].how == "tired"


def test_closing_the_window_ends_the_session_and_the_next_window_goes_on_at_the_same_item(rating):
    window = rating("dscqs", rated=4)
    press(window, Key.Key_2, Key.Key_Tab, Key.Key_3, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_9)
    shown = [stimulus.key for stimulus in window.page.view.shown.stimuli]
    window.close()
    assert window.archive.sessions(window.study.key)[0].how == "closed"
    assert len(votes(window)) == 1
    later = rating(store=window.file)
    assert [stimulus.key for stimulus in later.page.view.shown.stimuli] == shown
    assert not on(later, QuestionnairePage)


def test_the_display_check_warns_and_lets_the_rater_count_again_or_go_on(rating):
    window = rating(ready=False)
    answer(window.page)
    page = window.page
    check(page, wrong=True)
    assert window.page is page
    assert "does not show everything" in words(page)
    click(page.again)
    assert page.dark_seen.value is None
    assert not page.go.isEnabled()
    check(page, wrong=True)
    page.proceed()
    assert on(window, InstructionsPage)
    begin(window)
    until_viewing(window)
    assert window.archive.sessions(window.study.key)[0].display.check == "failed"
    detail = window.archive.events(window.study.key)[0].detail
    assert (detail["result"], detail["dark_seen"], detail["room"]) == ("failed", "0", "dimmed")


def test_a_bright_room_fails_the_check(rating):
    window = rating(ready=False)
    answer(window.page)
    page = window.page
    page.dark_seen.choose(page.dark.squares)
    page.bright_seen.choose(page.bright.squares)
    page.room.choose("not dimmed")
    assert page.result == "failed"
    page.proceed()
    assert "too bright" in words(page)


def test_the_pattern_has_five_per_cent_steps_of_exact_grey(rating):
    window = rating(ready=False)
    answer(window.page)
    for field, ground, square in ((window.page.dark, 0, 13), (window.page.bright, 255, 242)):
        picture = field.grab().toImage()
        seen = {picture.pixelColor(x, y).red() for x in range(picture.width()) for y in range(picture.height())}  # fmt: skip
        assert seen == {ground, square}


def test_examples_are_shown_before_the_practice_of_single_images(rating):
    window = rating("single", anchors=2, ready=False)
    answer(window.page)
    check(window.page)
    press(window, Key.Key_Return)
    until(lambda: on(window, ExamplesPage))
    assert "Excellent" in words(window.page)
    assert "Bad" in words(window.page)
    press(window, Key.Key_Return)
    until_viewing(window)
    assert len(window.page.view.places()) == 1


def test_both_images_are_scored_with_tab_between(rating):
    window = rating("dscqs", rated=2)
    assert len(window.page.controls.scales) == 2
    press(window, Key.Key_2)
    assert not window.page.controls.commit.isEnabled()
    assert window.page.controls.commit.text() == "Set both scores"
    press(window, Key.Key_Tab, Key.Key_6)
    left, right = window.page.controls.scales.values()
    assert (left.value, right.value) == (20, 60)
    press(window, Key.Key_Return)
    assert sorted(votes(window)[0].scores.values()) == [20, 60]


def test_grades_for_both_images_go_to_the_one_that_has_the_keyboard(rating):
    grades = {"kind": "categories", "low": 1, "high": 5, "labels": ("a", "b", "c", "d", "e")}
    window = rating("dscqs", rated=2, scale=grades)
    press(window, Key.Key_2, Key.Key_Tab, Key.Key_5, Key.Key_4)
    left, right = window.page.controls.scales.values()
    assert (left.value, right.value) == (2, 4)
    press(window, Key.Key_Return)
    assert sorted(votes(window)[0].scores.values()) == [2, 4]


@pytest.mark.parametrize(
    ("preset", "key", "scores"),
    [("dsis", Key.Key_4, {"test": 4}), ("single", Key.Key_4, {"test": 40}), ("pair", Key.Key_Down, {"preference": 0.5})],
)  # fmt: skip
def test_the_other_presets_work_in_the_same_window(rating, preset, key, scores):
    window = rating(preset, rated=2)
    press(window, key, Key.Key_Return)
    assert votes(window)[0].scores == scores


def test_confidence_and_tags_are_asked_for_where_the_protocol_says_so(rating):
    window = rating(rated=2, asks_confidence=True, asks_artefacts=True)
    press(window, Key.Key_6, Key.Key_Return)
    assert votes(window) == ()
    assert window.page.controls.commit.text() == "Say how sure you are"
    press(window, Key.Key_4)
    window.page.controls.tags.choose("motion")
    press(window, Key.Key_Return)
    [vote] = votes(window)
    assert (vote.scores, vote.confidence, vote.tags) == ({"test": 60}, 4, ("motion",))


def test_a_study_that_does_not_ask_shows_neither(rating):
    controls = rating(rated=2).page.controls
    assert controls.confidence is None
    assert controls.tags is None


def test_sides_are_named_only_where_the_protocol_says_so(rating):
    window = rating("sds", rated=2)
    assert [label.text() for label in window.page.sides] == ["Reference", "Image to judge"]
    blind = rating("dscqs", rated=2)
    assert "Reference" not in words(blind.page)


def test_a_vote_that_the_store_refuses_stays_on_the_screen_until_it_is_taken(rating, monkeypatch):
    window = rating(rated=2)

    def full(_vote):
        raise MiqaError("store.sqlite: the disk is full.")

    press(window, Key.Key_5)
    with monkeypatch.context() as patch:
        patch.setattr(window._sitting._archive, "add_vote", full)
        press(window, Key.Key_Return)
    assert "the disk is full" in words(window.page)
    assert window.page.controls.first.value == 50
    press(window, Key.Key_Return)
    assert [v.scores["test"] for v in votes(window)] == [50]
    until_viewing(window)
    assert "the disk is full" not in words(window.page)


def test_images_that_cannot_be_read_end_the_session_as_a_technical_fault(rating, monkeypatch):
    window = rating(rated=3)

    def damaged(_key):
        raise MiqaError("store.sqlite: the pixels are damaged.")

    monkeypatch.setattr(window._sitting._archive, "content", damaged)
    while on(window, RatingPage):
        if window._sitting.phase == "viewing":
            press(window, Key.Key_5, Key.Key_Return)
        QTest.qWait(5)
    until(lambda: "cannot be shown" in words(window.page))
    assert "pixels are damaged" in words(window.page)
    assert len(votes(window)) in (1, 2)  # the second pair may have been read before the damage
    assert window.archive.events(window.study.key)[-1].kind == "technical fault"
    assert window.archive.sessions(window.study.key)[0].how == "closed"


def test_the_first_page_lists_studies_with_progress_and_refuses_real_names(rating):
    window = rating(rated=3)
    press(window, Key.Key_5, Key.Key_Return)
    window.close()
    later = rating(store=window.file, rater="")
    page = later.page
    assert "3 to rate" in page.list.item(0).text()
    page.rater_field.setText("Ann Lee")
    page.proceed()
    assert on(later, StartPage)
    assert "pseudonym" in words(page)
    page.rater_field.setText("rater-1")
    page.refresh()
    assert "1 of 3 rated" in page.list.item(0).text()
    page.proceed()
    assert on(later, DisplayCheckPage)


def test_someone_who_has_rated_everything_is_thanked(rating):
    window = rating(rated=1)
    press(window, Key.Key_5, Key.Key_Return)
    window.close()
    later = rating(store=window.file, ready=False)
    assert on(later, EndPage)
    assert "nothing left to do" in words(later.page)


def counted(window):
    """Return what the counter says, line by line."""
    return window.page.controls.count.text().split("\n")


def test_what_is_not_counted_is_counted_apart_and_says_so(rating):
    window = rating(rated=2, stabilising_items=1, training=1)
    assert counted(window) == ["Practice 1 of 1", "not counted"]
    press(window, Key.Key_5, Key.Key_Return)
    said = words(window.page)
    assert "1 pair for settling in (not counted), then 2 pairs to go" in said
    press(window, Key.Key_Return)
    seen = []
    for _ in range(3):
        until_viewing(window)
        seen.append(counted(window))
        press(window, Key.Key_5, Key.Key_Return)
    assert seen == [["Settling in 1 of 1", "not counted"], ["1 of 2"], ["2 of 2"]]


def test_who_stops_and_comes_back_reads_what_will_really_come(rating):
    window = rating(rated=4, stabilising_items=2, training=2)
    for place in range(5):
        until_viewing(window)
        press(window, Key.Key_5, Key.Key_Return)
        if place == 1:
            assert on(window, TrainedPage)
            press(window, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_T)
    promise = "2 pairs for settling in (not counted), then 3 pairs to go"
    assert promise in words(window.page)
    window.close()
    later = rating(store=window.file, ready=False)
    check(later.page)
    assert on(later, InstructionsPage)
    said = words(later.page)
    assert f"This time: {promise}." in said
    assert "practice round" not in said
    begin(later)
    seen = []
    for _ in range(5):
        until_viewing(later)
        seen.append(counted(later)[0])
        press(later, Key.Key_5, Key.Key_Return)
    assert seen == ["Settling in 1 of 2", "Settling in 2 of 2", "2 of 4", "3 of 4", "4 of 4"]
    assert on(later, EndPage)


def test_who_stops_in_the_practice_is_told_of_the_rest_of_it(rating):
    window = rating(rated=4, stabilising_items=1, training=3)
    press(window, Key.Key_5, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_Escape)
    assert on(window, EndPage)
    assert "2 pairs for practice (not counted), then 1 pair for settling in (not counted), then 4 pairs to go" in words(window.page)  # fmt: skip
    window.close()
    later = rating(store=window.file, ready=False)
    check(later.page)
    assert "practice round comes first" in words(later.page)


@pytest.mark.parametrize(("name", "stays"), [("again", True), ("go", False)])
def test_after_a_failed_check_enter_does_what_the_focused_button_says(rating, name, stays):
    window = rating(ready=False)
    answer(window.page)
    page = window.page
    check(page, wrong=True)
    getattr(page, name).setFocus()
    press(window, Key.Key_Return)
    assert (window.page is page) == stays
    if stays:
        assert page.dark_seen.value is None


def test_after_a_failed_check_enter_counts_again_from_anywhere(rating):
    window = rating(ready=False)
    answer(window.page)
    page = window.page
    check(page, wrong=True)
    assert window.focusWidget() is page.again
    page.bright_seen.take_focus()
    press(window, Key.Key_Return)
    assert window.page is page
    assert page.dark_seen.value is None
    assert not page.again.isVisible()


def test_enter_on_the_smaller_button_of_a_page_presses_that_one(rating):
    window = rating(rated=4, break_after_minutes=1e-4)
    press(window, Key.Key_2, Key.Key_Return)
    until(lambda: on(window, BreakPage))
    window.page.skip.setFocus()
    press(window, Key.Key_Return)
    until_viewing(window)
    kinds = [event.kind for event in window.archive.events(window.study.key)]
    assert "break declined" in kinds
    press(window, Key.Key_T)
    window.page.again.setFocus()
    press(window, Key.Key_Return)
    assert on(window, DisplayCheckPage)


def test_enter_between_images_presses_the_button_with_the_keyboard(rating):
    window = rating(rated=4)
    press(window, Key.Key_2, Key.Key_Return)
    until_viewing(window)
    controls = window.page.controls
    press(window, Key.Key_8)
    controls.cannot.setFocus()
    press(window, Key.Key_Return)
    assert controls.cannot.isChecked()
    assert len(votes(window)) == 1
    press(window, Key.Key_Return)
    assert [vote.judged for vote in votes(window)] == [True, False]
    until_viewing(window)
    press(window, Key.Key_8)
    controls.undo.setFocus()
    press(window, Key.Key_Return)
    assert len(votes(window)) == 2
    until_viewing(window)
    controls.tired.setFocus()
    press(window, Key.Key_Return)
    assert on(window, EndPage)


def signed(window):
    """Return the sentence that stands in place of the question, or ''."""
    sign = window.page.controls.sign
    return sign.text() if sign.isVisible() else ""


@pytest.mark.parametrize(
    ("preset", "mine", "next_", "score"),
    [
        ("sds", Key.Key_8, (Key.Key_3, Key.Key_F, Key.Key_C), {"test": 80}),
        ("dsis", Key.Key_4, (Key.Key_1, Key.Key_Left), {"test": 4}),
        ("pair", Key.Key_Left, (Key.Key_Right, Key.Key_Down, Key.Key_3), {"preference": 1.0}),
    ],
)
def test_after_an_early_enter_keys_for_the_next_images_leave_the_vote_alone(
    rating, preset, mine, next_, score
):
    window = rating(preset, rated=3, least_seconds=1.2)
    height = window.page.view.height()
    press(window, mine, Key.Key_Return)
    assert votes(window) == ()
    assert signed(window).startswith("Look for 2 s more, then Enter")
    assert window.page.view.height() == height
    controls = window.page.controls
    (question,) = controls.findChildren(QLabel, "question")
    width = question.fontMetrics().horizontalAdvance(question.text())
    assert controls.sign.width() > width  # nothing of the question looks out
    assert controls.sign.height() >= question.height()
    press(window, *next_)
    until(lambda: not window._sitting.seconds_to_look)
    press(window, *next_)
    until(lambda: signed(window).startswith("Not stored yet: press Enter"))
    assert votes(window) == ()
    press(window, Key.Key_Return)
    [vote] = votes(window)
    if preset == "pair":  # what was on the left decides what the answer means
        left = vote.presentation.left == window.study.item(vote.presentation.item).test
        score = {"preference": 1.0 if left else 0.0}
    assert (vote.scores, vote.changes) == (score, 1)
    until_viewing(window)
    assert signed(window) == ""
    press(window, mine)
    assert window.page.controls.first.value is not None


def test_a_number_typed_at_once_is_the_vote_and_counts_as_one_change(rating):
    window = rating(rated=3)
    press(window, Key.Key_8, Key.Key_5, Key.Key_Return)
    until_viewing(window)
    press(window, Key.Key_3, Key.Key_Return)  # nothing of the number before is left
    assert [(vote.scores["test"], vote.changes) for vote in votes(window)] == [(85, 1), (30, 1)]


@pytest.mark.parametrize("key", [Key.Key_Backspace, Key.Key_U])
def test_after_an_early_enter_the_vote_can_be_let_go_and_changed(rating, key):
    window = rating(rated=3, least_seconds=0.8)
    press(window, Key.Key_8, Key.Key_Return, Key.Key_3)
    assert window.page.controls.first.value == 80
    press(window, key)
    assert signed(window) == ""
    press(window, Key.Key_3)
    assert window.page.controls.first.value == 30
    until(lambda: not window._sitting.seconds_to_look)
    press(window, Key.Key_Return)
    assert [vote.scores["test"] for vote in votes(window)] == [30]


def test_enter_without_a_vote_says_what_lacks(rating):
    window = rating(rated=2, asks_confidence=True)
    press(window, Key.Key_Return)
    assert signed(window) == "No vote yet: give it first, then Enter"
    press(window, Key.Key_6)
    assert signed(window) == ""
    press(window, Key.Key_Return)
    assert signed(window) == "Say how sure you are, then Enter"


def test_undo_says_why_it_can_do_nothing(rating):
    window = rating(rated=3)
    undo = window.page.controls.undo
    assert undo.toolTip() == "There is no vote to undo yet."
    press(window, Key.Key_2, Key.Key_Return)
    until_viewing(window)
    assert undo.toolTip() == "Take up the last vote again"
    press(window, Key.Key_U)
    until_viewing(window)
    assert "can be undone once" in undo.toolTip()
    press(window, Key.Key_3, Key.Key_Return)
    until_viewing(window)
    assert "can be undone once" in undo.toolTip()
    press(window, Key.Key_3, Key.Key_Return)
    until_viewing(window)
    assert undo.toolTip() == "Take up the last vote again"


@pytest.mark.parametrize("typed", ["RATER-1", "Rater-1", "rater- 1"])
def test_a_pseudonym_that_is_nearly_there_is_not_taken_without_a_word(rating, typed):
    first = rating(rated=2)
    first.close()
    later = rating(store=first.file, rater="")
    later.page.rater_field.setText(typed)
    press(later, Key.Key_Return)
    assert on(later, StartPage)
    assert "There is rater-1 in this study" in words(later.page)
    assert [one.pseudonym for one in later.archive.raters(later.study.key)] == ["rater-1"]
    later.page.rater_field.setText("rater-1")
    press(later, Key.Key_Return)
    assert on(later, DisplayCheckPage)


def test_the_screen_is_stored_with_the_vote(rating):
    window = rating(rated=2)
    scale = window.page.view.shown.scale
    press(window, Key.Key_5, Key.Key_Return)
    screen, [vote] = window.screen(), votes(window)
    assert screen.name() in vote.display.name
    ratio = screen.devicePixelRatio()
    assert (vote.display.columns, vote.display.scale) == (
        round(screen.size().width() * ratio),
        ratio,
    )
    assert vote.display.image_scale == pytest.approx(scale, abs=1e-3)
