"""The overview shows how far raters and images are, keeps results behind a door, and exports."""

import ast
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QTableWidget,
    QWidget,
)

import miqa_app
from miqa_app.errors import BadRequest
from miqa_app.gui import theme
from miqa_app.gui.campaign.command_line import rate_command, started_as
from miqa_app.gui.campaign.export_study import ExportStudy
from miqa_app.gui.campaign.open import create_study, show_campaigns
from miqa_app.gui.campaign.overview import CampaignOverview
from miqa_app.gui.campaign.plot_picture import LargePlot
from miqa_app.gui.rating.open import open_rating
from miqa_app.services.study_status import status
from miqa_app.store import Archive
from tests.gui.campaign.steps import until, vote


@pytest.fixture
def overview(qtbot, filled):
    """The overview on the study that has votes."""
    window = CampaignOverview(theme.DARK, filled, "Heads")
    qtbot.addWidget(window)
    window.show()
    until(lambda: window._standing is not None)
    yield window
    window._errands.shut_down()


def cells(table):
    rows = range(table.rowCount())
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in rows
    ]


def texts(window):
    """Return everything that is written in a window, shown or not."""
    found = [label.text() for label in window.findChildren(QLabel)]
    found += [field.text() for field in window.findChildren(QLineEdit)]
    for table in window.findChildren(QTableWidget):
        found += [text for row in cells(table) for text in row]
    return found


def real(filled):
    with Archive(filled) as archive:
        return status(archive, archive.study("Heads"))


def test_each_rater_has_a_row_with_the_votes_of_the_store(overview, filled):
    found = real(filled)
    shown = {row[0]: row for row in cells(overview.raters)}
    assert list(shown) == ["R-01", "R-02", "R-03"]
    for one in found.raters:
        row = shown[one.pseudonym]
        assert row[1] == f"{one.done} of {one.total}" + (
            "" if one.trained else f", practice {one.practice} of {one.practice_total}"
        )
        assert row[3] == str(one.sessions)
    assert "all rated" in shown["R-01"][4]
    assert "tired" in shown["R-02"][4]
    assert shown["R-03"][4] == "none yet"


def test_images_stand_in_order_of_their_intervals_the_widest_or_unknown_first(overview, filled):
    found = real(filled)
    shown = cells(overview.items)
    assert len(shown) == len(found.items)
    widths = [float("inf") if row[3] == "none yet" else float(row[3][1:]) for row in shown]
    assert widths == sorted(widths, reverse=True)
    assert {(row[0], row[2]) for row in shown} == {
        (one.stimulus, str(one.votes)) for one in found.items
    }


def test_a_click_on_a_heading_sorts_by_number_not_by_letter(overview):
    overview.items.sortItems(2, Qt.SortOrder.DescendingOrder)
    votes = [int(row[2]) for row in cells(overview.items)]
    assert votes == sorted(votes, reverse=True)


def test_few_raters_are_marked_as_provisional_in_words(overview):
    assert overview._sign.isVisible()
    assert "1 of at least 15 raters have finished; results are provisional" in overview.words.text()
    assert overview._numbers[0].text() == "1 of 15"


def test_the_middle_interval_is_the_one_that_the_sentence_speaks_of(overview):
    assert f"(now {overview._numbers[2].text()})" in overview.words.text()


def test_no_mean_is_written_anywhere_before_somebody_asks(overview, filled):
    means = {f"{one.mos:.1f}" for one in real(filled).items if one.mos is not None}
    assert len(means) > 3
    words = " ".join(texts(overview)).replace("±", " ±").split()
    intervals = {f"±{one.half_width:.1f}" for one in real(filled).items if one.half_width}
    assert not means & set(words) - intervals
    assert overview.results.pictures == []


def test_results_come_on_demand_are_marked_and_noted_in_the_audit_log(overview, filled):
    overview.tabs.setCurrentIndex(2)
    assert overview.results.currentIndex() == 0
    with Archive(filled) as archive:
        before = archive.audit_head()
    overview.results.show_button.click()
    until(lambda: overview.results.pictures)
    assert "Provisional: 2 of 15 observers" in overview.results.caution.text()
    assert all(not picture.pixmap().isNull() for picture in overview.results.pictures)
    with Archive(filled) as archive:
        assert archive.audit_head() != before
        assert archive.verify(before) == []


def test_another_study_closes_the_door_to_the_results(overview):
    overview.results.show_button.click()
    until(lambda: overview.results.pictures)
    names = [overview.list.item(row).text() for row in range(overview.list.count())]
    overview.list.setCurrentRow(names.index("Later"))
    assert overview.results.currentIndex() == 0
    assert overview.results.pictures == []
    until(lambda: overview.name.text() == "Later")
    overview.results.show_button.click()
    until(lambda: overview.results.fault.text())
    assert overview.results.show_button.isEnabled()


def test_f5_shows_votes_that_have_come_meanwhile(overview, filled):
    with Archive(filled) as archive:
        vote(archive, archive.study("Heads"), "R-04", 0.3, how="")
    QTest.keyClick(overview, Qt.Key.Key_F5)
    until(lambda: overview.raters.rowCount() == 4)
    assert "still open, or cut off" in cells(overview.raters)[3][4]
    assert overview.study.name == "Heads"


def test_the_command_is_copied_whole(overview, filled):
    overview.command.copy.click()
    command = QApplication.clipboard().text()
    assert command == f"{shlex.join(started_as())} study rate Heads --rater R-01 --store {filled}"


def started(monkeypatch, argument, frozen=False):
    """Return the first words of the command after a start of one kind."""
    monkeypatch.setattr(sys, "argv", [argument])
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    return rate_command("Heads").removesuffix(" study rate Heads --rater R-01")


def test_the_command_begins_as_the_program_was_started(monkeypatch, tmp_path):
    tool = tmp_path / "bin" / "miqa"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent))
    assert started(monkeypatch, ".venv/bin/miqa") == ".venv/bin/miqa"
    assert started(monkeypatch, "/opt/other/miqa") == "/opt/other/miqa"
    assert started(monkeypatch, str(tool)) == "miqa"
    monkeypatch.chdir(Path(sys.executable).parent)
    module = started(monkeypatch, "/somewhere/miqa_app/__main__.py")
    assert module == f"{Path(sys.executable).name} -m miqa_app"
    monkeypatch.chdir(tmp_path)
    assert started(monkeypatch, "/x/__main__.py") == f"{sys.executable} -m miqa_app"
    assert started(monkeypatch, "miqa", frozen=True) == sys.executable
    # installed, with a link to the program where commands are looked for
    program = tmp_path / "lib" / "miqa"
    program.parent.mkdir()
    program.write_text("")
    program.chmod(0o755)
    tool.unlink()
    tool.symlink_to(program)
    monkeypatch.setattr(sys, "executable", str(program))
    assert started(monkeypatch, str(tool), frozen=True) == "miqa"


def test_the_window_fits_a_screen_of_768_rows(overview):
    assert overview.height() <= 768 - 40
    assert overview.minimumSizeHint().height() <= 768 - 40


def test_the_third_number_says_in_words_what_it_is(overview):
    caption = overview._captions[2].text()
    by_image = {one.stimulus: one.half_width for one in overview._standing.status.items}
    without = sum(width is None for width in by_image.values())
    assert "possible error of a typical image's mean" in caption
    assert (f"{without} image" in caption) == bool(without)
    assert overview._width_words(True, 1).endswith("; 1 image still with fewer than two votes")
    assert "needs two votes" in overview._width_words(False, 3)


def test_the_overview_closes_before_the_rating_begins(overview):
    seen = []
    overview.rate_asked.connect(lambda name: seen.append((name, overview.isVisible())))
    overview.rate.click()
    assert seen == [("Heads", False)]


def test_export_writes_the_study_and_links_to_it(qtbot, overview, filled, tmp_path):
    dialog = ExportStudy(overview.study, filled, overview)
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.show()
    dialog.write.click()
    until(lambda: dialog.link.isVisible())
    record = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    assert record
    assert (tmp_path / "out").resolve().as_uri() in dialog.link.text()
    assert (tmp_path / "out" / "votes.csv").is_file()
    dialog.reject()


def test_a_folder_that_is_in_use_is_refused_at_its_field(overview, filled, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    dialog = ExportStudy(overview.study, filled, overview)
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.show()
    dialog.write.click()
    until(lambda: dialog.fault.text())
    assert "not an empty folder" in dialog.fault.text()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    dialog.reject()


@pytest.mark.parametrize("how", ["click", "key"])
def test_a_plot_opens_large_is_scrolled_and_closed_with_escape(overview, how):
    overview.resize(1000, 700)
    overview.tabs.setCurrentIndex(2)
    overview.results.show_button.click()
    until(lambda: overview.results.pictures)
    plot = overview.results.pictures[0]
    assert plot.pixmap().width() < plot.image.width()  # small at this size
    if how == "click":
        QTest.mouseClick(plot, Qt.MouseButton.LeftButton)
    else:
        QTest.keyClick(plot, Qt.Key.Key_Return)
    (large,) = overview.findChildren(LargePlot)
    assert large.isVisible()
    assert large.picture.pixmap().width() >= plot.image.width()
    before = large.picture.pixmap().width()
    large.larger.click()
    assert large.picture.pixmap().width() > before
    QApplication.processEvents()
    assert large.area.horizontalScrollBar().maximum() > 0
    QTest.keyClick(large, Qt.Key.Key_Escape)
    assert not large.isVisible()
    assert overview.isVisible()


def test_the_overview_says_where_the_order_is_not_by_chance(qtbot, voted, tmp_path):
    file = str(tmp_path / "told.sqlite")
    with Archive(str(voted)) as archive:
        study = archive.study("Heads")
        contents = {info.key: archive.content(info.key) for info in study.stimuli}
    with Archive(file) as archive:
        archive.add_study(replace(study, model_uncertainty={"item-001": 4.0}), contents)
        archive.add_study(replace(study, key="0" * 32, name="By chance"), {})
    for name, told in (("Heads", True), ("By chance", False)):
        window = CampaignOverview(theme.DARK, file, name)
        qtbot.addWidget(window)
        window.show()
        until(lambda window=window: window._standing is not None)
        assert ("teaches the model most" in window._about.text()) == told
        window.reject()


def test_an_empty_store_says_how_to_begin(qtbot, store):
    window = CampaignOverview(theme.DARK, store)
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.empty.text())
    assert "New study…" in window.empty.text()
    assert not window.export.isEnabled()
    window.reject()


def test_a_store_that_cannot_be_opened_is_a_sentence(qtbot):
    window = CampaignOverview(theme.DARK, "mysql://somewhere/else")
    qtbot.addWidget(window)
    window.show()
    until(lambda: window.empty.text())
    assert "store" in window.empty.text()
    window.reject()


def test_neither_window_opens_while_somebody_rates(qtbot, filled):
    parent = QWidget()
    qtbot.addWidget(parent)
    rating = open_rating("Heads", "R-09", filled)
    with pytest.raises(BadRequest, match="rating"):
        show_campaigns(parent, theme.DARK, filled)
    with pytest.raises(BadRequest, match="rating"):
        create_study(parent, [], theme.DARK, filled)
    rating.close()
    QApplication.processEvents()
    overview = show_campaigns(parent, theme.DARK, filled, "Heads")
    until(lambda: overview._standing is not None)
    assert overview.windowModality() == Qt.WindowModality.WindowModal
    overview.reject()


def test_the_rating_window_and_its_services_cannot_reach_the_overview():
    root = Path(miqa_app.__file__).parent
    files = [*(root / "gui" / "rating").glob("*.py"), *(root / "services").glob("sitting*.py")]
    assert len(files) > 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import | ast.ImportFrom)
                else []
            )
            assert not any("campaign" in name.split(".") for name in names), file
            assert not any(name.endswith("study_status") for name in names), file


def test_every_control_has_a_name_and_the_window_fits_a_small_screen(overview):
    assert overview.minimumSizeHint().width() <= 1000
    assert overview.minimumSizeHint().height() <= 560
    for control in [*overview.findChildren(QAbstractButton), *overview.findChildren(QLineEdit)]:
        if control.isVisible() and not control.inherits("QTableCornerButton"):
            assert control.accessibleName(), control
    for table in overview.findChildren(QTableWidget):
        assert table.accessibleName()
