"""Strip, time bar, study list, problems and result card say what they should."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QListWidget

from miqa_app.core.assessment import Scope
from miqa_app.core.geometry import Geometry
from miqa_app.core.naming import distinction, study_key, study_name
from miqa_app.core.series import Problem
from miqa_app.gui import theme
from miqa_app.gui.desk import entries_of
from miqa_app.gui.entries import Entry, State
from miqa_app.gui.result.card import ADVISORY, ResultCard
from miqa_app.gui.studies.problems import ProblemPanel
from miqa_app.gui.studies.study_list import StudyList
from miqa_app.gui.viewer.annotations import corners
from miqa_app.gui.viewer.slice_strip import SliceStrip
from miqa_app.gui.viewer.state import Display
from miqa_app.gui.viewer.time_bar import TimeBar
from tests.gui.conftest import axial, make_assessment, make_series, refused


def judged(series, **more):
    return entries_of([(series, make_assessment(series, **more))])[0]


@pytest.fixture
def card(qtbot):
    widget = ResultCard(theme.DARK)
    qtbot.addWidget(widget)
    widget.resize(310, 700)
    widget.show()
    return widget


def test_card_states_score_direction_interval_aggregation_artefact_advice_and_model(card, series):
    card.show_entry(judged(series))
    words = card.words()
    for needed in ("Consider rescan", "uncalibrated", "43", "100 = best", "90 % interval 35–52", "lowest quarter", "Motion", "81\u00a0%",
                   "Reassure the patient", "Scope: not checked", "lite 9f3ac2d1", "torch cpu fp32", ADVISORY):  # fmt: skip
        assert needed in words


def test_uncalibrated_stands_beside_the_verdict_in_the_same_size(card, series):
    card.show_entry(judged(series, score=85.0))
    verdict, calibration = (card.findChild(QLabel, name) for name in ("verdict", "calibration"))
    assert verdict.text() == "Accept"
    assert calibration.text() == "uncalibrated"
    assert verdict.font().pointSizeF() == calibration.font().pointSizeF()
    assert theme.DARK.good not in verdict.styleSheet()


def test_calibrated_sites_lose_the_word(card, series):
    card.show_entry(judged(series, score=85.0, calibrated=True))
    assert "uncalibrated" not in card.words()


def test_not_assessed_gives_the_reason_and_no_number(card, series):
    card.show_entry(entries_of([(series, refused(series))])[0])
    words = card.words()
    assert "Not assessed" in words
    assert "Phase image." in words
    assert "of 100" not in words


def test_failure_is_a_sentence_with_a_log_to_copy(qtbot, card, series):
    card.show_entry(Entry(series, State.FAILED, failure="The model is damaged.", log="Traceback …"))
    assert "The images can still be viewed" in card.words()
    with qtbot.waitSignal(card.log_copied):
        card._copy_log()
    assert QApplication.clipboard().text() == "The model is damaged.\n\nTraceback …"


def test_lossy_source_and_warnings_are_on_the_card(card):
    series = make_series(lossy=True, warnings=("two slices are missing",))
    card.show_entry(judged(series, scope=Scope(True, 0.31)))
    assert "Lossy source" in card.words()
    assert "Two slices are missing." in card.words()
    assert "distance 0.31" in card.words()


def test_a_click_on_a_worst_slice_asks_for_it(qtbot, card, series):
    card.show_entry(judged(series))
    shelf = card.findChild(QListWidget)
    with qtbot.waitSignal(card.frame_asked) as caught:
        shelf.itemClicked.emit(shelf.item(1))
    assert caught.args == [1]


@pytest.fixture
def strip(qtbot):
    widget = SliceStrip()
    qtbot.addWidget(widget)
    widget.resize(400, 36)
    widget.show()
    return widget


def test_strip_click_and_drag_jump_to_the_slice(qtbot, strip, series):
    strip.show_series(series, {}, (), 0)
    with qtbot.waitSignal(strip.slice_asked) as caught:
        qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=strip.cell(4).center().toPoint())
    assert caught.args == [4]
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert [strip.slice_at(x) for x in (-50, 0, 399, 900)] == [0, 0, 5, 5]


def test_strip_tells_scored_worst_unscored_and_missing_apart(strip, series):
    entry = judged(series)
    entry.predictions.pop(5)
    series.ready[4] = False
    strip.show_series(series, entry.predictions, entry.worst, 0)
    assert strip.words(0) == "Slice 1: 38 of 100, one of the worst"
    assert strip.words(4) == "Slice 5: still being read"
    assert strip.words(5) == "Slice 6: not scored"
    assert strip.accessibleDescription() == strip.words(0)
    image = strip.grab().toImage()
    seen = {image.pixelColor(strip.cell(k).center().toPoint()).name() for k in (1, 3, 5)}
    assert len(seen) == 3


def test_no_bad_slice_hides_where_cells_share_a_pixel(strip):
    series = make_series((2000, 4, 4), geometry=None)
    entry = judged(series, score=90.0)
    bad = entry.predictions[777]
    from dataclasses import replace

    entry.predictions[777] = replace(bad, score=0.0)
    strip.show_series(series, entry.predictions, (), 0)
    image = strip.grab().toImage()
    x = round(strip.cell(777).center().x())
    near = [image.pixelColor(x + d, 18).lightness() for d in (-3, -2, -1, 0, 1, 2, 3)]
    assert max(near) > 150


def test_time_bar_shows_only_for_series_with_time(qtbot):
    bar = TimeBar()
    qtbot.addWidget(bar)
    bar.show_series(make_series(), (), 0)
    assert bar.isHidden()
    series = make_series((12, 8, 8), time_points=3, geometry=axial(12))
    bar.resize(300, 52)
    bar.show_series(series, (80.0, 40.0, 70.0), 5)
    assert not bar.isHidden()
    bar.grab()
    assert bar.accessibleDescription() == "Time point 2 of 3"
    assert [bar.time_at(x) for x in (0, 186, 299)] == [0, 1, 2]
    bar.hide()


def test_study_list_groups_series_and_speaks(qtbot):
    listed = StudyList(theme.DARK)
    qtbot.addWidget(listed)
    first = judged(make_series(key="a", study_uid="1", study_description="Brain"))
    second = judged(make_series(key="b", study_uid="2"))
    third = Entry(make_series(key="c", study_uid="1"), State.WAITING)
    for entry in (first, second, third):
        listed.put(entry)
    assert listed.topLevelItemCount() == 2
    assert listed.series_keys() == ["a", "c", "b"]
    listed.choose("a")
    listed.step(1)
    assert listed.current_key() == "c"
    listed.step(-9)
    row = listed.currentItem()
    assert (
        row.data(0, Qt.ItemDataRole.AccessibleTextRole)
        == "T2, 6 images, Consider rescan, score 43 of 100"
    )
    listed.resize(260, 400)
    listed.grab()


def test_problems_are_listed_with_their_reason_and_can_be_copied(qtbot):
    panel = ProblemPanel()
    qtbot.addWidget(panel)
    assert panel.isHidden()
    panel.add(Problem("/scans/IM1", "has no pixel data"))
    assert not panel.isHidden()
    panel.copy()
    assert QApplication.clipboard().text() == "/scans/IM1\thas no pixel data"
    panel.clear()
    assert panel.isHidden()


def test_reading_progress_is_the_share_of_frames(series):
    series.ready[:] = np.arange(6) < 3
    assert Entry(series).status == "Reading 50 %"


def test_series_of_one_name_are_told_apart_by_plane_echo_or_file():
    sagittal = Geometry(np.zeros((6, 3)), np.array([0, 1.0, 0]), np.array([0, 0, -1.0]), 1, 1, 5)
    planes = [make_series(key="a"), make_series(key="b", geometry=sagittal)]
    assert [distinction(one, planes) for one in planes] == ["axial", "sagittal"]
    echoes = [make_series(key=k, facts={"TE": te}) for k, te in (("a", "6 ms"), ("b", "19 ms"))]
    assert [distinction(one, echoes) for one in echoes] == ["TE 6 ms", "TE 19 ms"]
    files = [make_series(key=k, files=(f"/x/{k}.dcm",)) for k in "ab"]
    assert distinction(files[1], files) == "b.dcm"
    assert distinction(files[0], [files[0], make_series(key="c", description="T1")]) == ""


def test_a_study_without_a_name_takes_that_of_its_folder():
    from dataclasses import replace

    named = make_series(study_description="DOE^JANE knee")
    assert study_name(named, 2, identity=True) == "DOE^JANE knee"
    assert study_name(named, 2, identity=False) == "Study 2"

    plain = make_series()
    assert (
        study_name(replace(plain, source="/scans/patient20/t2.nii.gz"), 1, identity=False)
        == "patient20"
    )
    assert study_name(replace(plain, source="C:\\scans\\knee"), 1, identity=True) == "knee"
    one, other = (replace(plain, source=f"/scans/{name}/t2.nii.gz") for name in "ab")
    assert study_key(one) != study_key(other)


def test_list_warns_of_odd_files_and_repeats_uncalibrated(qtbot):
    listed = StudyList(theme.DARK)
    qtbot.addWidget(listed)
    listed.resize(262, 300)
    plain, odd = (judged(make_series(key=k, warnings=w)) for k, w in (("a", ()), ("b", ("gap",))))
    assert picture(listed, plain) != picture(listed, odd)
    raw, own = (judged(make_series(), score=90.0, calibrated=c) for c in (False, True))
    assert picture(listed, raw) != picture(listed, own)


def picture(listed, entry):
    listed.empty()
    listed.put(entry)
    return listed.grab().toImage()


def test_what_is_odd_about_the_source_stands_on_the_image():
    window = make_series().windows[0]
    lossy = make_series(lossy=True, geometry=None)
    wide, small = (corners(lossy, 0, window, 1.0, Display(), side).notice for side in (600, 300))
    assert "Lossy source" in wide
    assert "Sides unknown: the file" in wide
    assert small == "Sides unknown  ·  Lossy source"
    assert corners(make_series(), 0, window, 1.0, Display(), 600).notice == ""


def test_scope_claims_no_more_than_was_measured(card, series):
    for scope, words in (
        (Scope(), "not checked"),
        (Scope(True, 0.3), "inside what the model was shown (distance 0.30)"),
        (Scope(False, 9.0), "outside what the model was shown (distance 9.00)"),
    ):
        card.show_entry(judged(series, scope=scope))
        assert words in card.words()
