"""From files on disk to a verdict on screen, with the real reader and the real model."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from miqa_app import paths
from miqa_app.errors import MiqaError
from miqa_app.gui import theme
from miqa_app.gui.desk import Desk
from miqa_app.gui.entries import State
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.screenshots import write_screenshots
from tests.gui.conftest import make_assessment
from tests.imaging.writing import slice_file

CHECKOUT = Path(__file__).parents[2]


def needs_lite():
    try:
        if (paths.bundled("models") / "lite" / "config.json").is_file():
            return
    except MiqaError:
        pass
    pytest.skip("models/lite is not there yet")


class HandScorer:
    """Judges by hand: for tests of the reader's way that need no network."""

    def assess(self, series):
        result = make_assessment(series)
        yield from result.slices
        return result


def open_window(qtbot, qapp, tmp_path, scorer=None):
    theme.apply(qapp, theme.DARK)
    window = MainWindow(Desk(scorer=scorer), Memory(tmp_path / "window.ini"))
    window.desk.setParent(window)
    qtbot.addWidget(window)
    window.show()
    return window


def test_the_window_opens_on_the_series_that_was_named_first(qtbot, qapp, tmp_path):
    clean = slice_file(tmp_path / "z" / "one", 0, SeriesNumber=9, SeriesInstanceUID="1.2.3.9")
    first = slice_file(tmp_path / "a" / "two", 0, SeriesNumber=1, SeriesInstanceUID="1.2.3.1")
    for named in ([clean, first], [first, clean]):
        window = open_window(qtbot, qapp, tmp_path, HandScorer())
        with qtbot.waitSignal(window.desk.rested, timeout=60_000):
            # as `miqa A B` opens them
            window.desk.open([str(path) for path in named])
        shown = window.viewer.active.entry
        assert shown.series.source == str(named[0])
        assert window.studies.current_key() == shown.key
        assert len(window.desk.entries) == 2
        window.close()


def test_a_real_study_opens_with_the_right_sides_and_true_order(qtbot, qapp, tmp_path, shared):
    window = open_window(qtbot, qapp, tmp_path, HandScorer())
    with qtbot.waitSignal(window.desk.rested, timeout=60_000):
        window.open_paths(
            [
                str(shared / "fnndsc_data" / "adi_brain_ax_t2"),
                str(shared / "open_ms_data" / "patient01" / "study1_T2W.nii.gz"),
            ]
        )
    assert len(window.desk.entries) >= 2
    for key, entry in window.desk.entries.items():
        window.show_series(key)
        assert window.viewer.active.view.letters()["right"].startswith("L")
        assert window.viewer.active.view.letters()["top"].startswith("A")
        along = entry.series.geometry.origins @ entry.series.geometry.normal
        assert (np.diff(along) > 0).all() or (np.diff(along) < 0).all()
    window.grab()
    window.close()


def test_odd_files_are_listed_with_a_reason_and_the_rest_opens(qtbot, qapp, tmp_path, shared):
    window = open_window(qtbot, qapp, tmp_path, HandScorer())
    with qtbot.waitSignal(window.desk.rested, timeout=120_000):
        window.open_paths([str(shared / "odd")])
    assert len(window.desk.problems) >= 3
    assert all(problem.reason for problem in window.desk.problems)
    assert len(window.desk.entries) > 10
    for key in window.studies.series_keys():
        window.show_series(key)
        window.viewer.active.view.grab()
    assert window.problems.isVisible()
    window.close()


def test_a_scan_is_scored_by_the_real_model_and_again_with_the_same_number(qtbot, qapp, tmp_path):
    needs_lite()
    window = open_window(qtbot, qapp, tmp_path)
    with qtbot.waitSignal(window.desk.rested, timeout=120_000):
        window.open_demo()
    scores = {}
    for key, entry in window.desk.entries.items():
        assert entry.state is State.DONE, entry.failure
        assert entry.assessment.model.name
        scores[key] = entry.assessment.score
    first = next(iter(scores))
    window.show_series(first)
    window.viewer.set_overlay(True)
    window.viewer.use_preset(1)
    with qtbot.waitSignal(window.desk.rested, timeout=120_000):
        window.desk.score(first)
    assert window.desk.entries[first].assessment.score == scores[first], (
        "the score depends on the view"
    )
    window.close()


def test_closing_in_the_middle_of_reading_stops_the_jobs(qtbot, qapp, tmp_path, shared):
    window = open_window(qtbot, qapp, tmp_path, HandScorer())
    window.open_paths([str(shared)])
    qtbot.waitUntil(lambda: len(window.desk.entries) > 0, timeout=30_000)
    window.close()
    assert window.desk._files_pool.activeThreadCount() == 0


def test_screenshots_are_written_without_a_screen(tmp_path):
    from tests.gui.conftest import make_series

    series = make_series((6, 64, 64))
    files = write_screenshots([(series, make_assessment(series))], tmp_path / "out")
    assert [file.name for file in files] == ["workstation_1_image.png", "workstation_1_heatmap.png"]
    assert all(file.stat().st_size > 10_000 for file in files)
    assert files[0].read_bytes() != files[1].read_bytes()


def test_neither_torch_nor_pydicom_is_there_before_the_first_scan():
    program = (
        "import sys; from pathlib import Path; import tempfile\n"
        "from miqa_app.gui.app import application, open_window\n"
        "from miqa_app.gui.memory import Memory\n"
        "w = open_window(Memory(Path(tempfile.mkdtemp()) / 'w.ini'))\n"
        "print(sorted({'torch', 'pydicom', 'nibabel', 'matplotlib', 'SimpleITK'} & set(sys.modules)))\n"
        "w.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_screenshots_need_neither_a_screen_nor_an_application(tmp_path):
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from miqa_app.gui.screenshots import write_screenshots\n"
        "from miqa_app.imaging import load\n"
        "from tests.gui.conftest import make_assessment\n"
        "[series] = load('resources/phantom/motion')\n"
        f"files = write_screenshots([(series, make_assessment(series))], Path({str(tmp_path)!r}))\n"
        "print(*(file.name for file in files))\n"
    )
    bare = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=bare,
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    assert done.stdout.split() == ["workstation_1_image.png", "workstation_1_heatmap.png"], (
        done.stderr
    )
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".png", ".png"]


def test_the_window_writes_a_report_without_the_patient(qtbot, qapp, tmp_path):
    window = open_window(qtbot, qapp, tmp_path, HandScorer())
    with qtbot.waitSignal(window.desk.rested, timeout=60_000):
        window.open_paths([str(CHECKOUT / "resources" / "phantom" / "clean")])
    entry = next(iter(window.desk.entries.values()))
    with qtbot.waitSignal(window.desk.rested, timeout=120_000):
        window.desk.export(tmp_path / "report", identify=False)
    assert not window.desk.problems
    page = next((tmp_path / "report").glob("*.html")).read_text(encoding="utf-8")
    assert entry.series.description in page
    assert "not a certified medical device" in page
    assert not any(value in page for value in entry.series.identity.values() if len(value) > 3)
    assert next((tmp_path / "report").glob("*.pdf")).read_bytes().startswith(b"%PDF")
    assert "Open the report" in window.status.words.text()
    window.close()


def test_a_new_study_opens_beside_one_that_is_still_being_read(qtbot, qapp, tmp_path):
    window = open_window(qtbot, qapp, tmp_path, HandScorer())
    phantom = CHECKOUT / "resources" / "phantom"
    with qtbot.waitSignal(window.desk.rested, timeout=60_000):
        window.open_paths([str(phantom / "clean")])
        window.open_paths([str(phantom / "motion.nii.gz")])
    assert len(window.desk.entries) == 2
    assert all(entry.state is State.DONE for entry in window.desk.entries.values())
    window.close()
