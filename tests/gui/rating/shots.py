"""Pictures of every step of a rating session from real pixels: python -m tests.gui.rating.shots FOLDER [SCAN.nii.gz]."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest

from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.rating.pages import ExamplesPage
from miqa_app.gui.rating.window import RatingWindow
from miqa_app.services.rating_room import RatingRoom
from miqa_app.store import Archive
from tests.gui.rating.steps import answer, check, press, until, until_viewing
from tests.rating.made_studies import made_study

SIZES = (QSize(1920, 1080), QSize(1366, 768))


def scans(file):
    """Return three slices, and one stack of nine, of a scan as (slices, rows, columns)."""
    import nibabel

    voxels = np.asarray(nibabel.load(file).dataobj, dtype=np.float32)
    axial = np.moveaxis(voxels, 2, 0)[:, ::-1].transpose(0, 2, 1)[:, ::-1]
    axial = axial / np.percentile(axial, 99.8) * 1000
    middle = len(axial) // 2
    return (
        [np.ascontiguousarray(axial[middle + d : middle + d + 1]) for d in (-4, 0, 8)],
        [np.ascontiguousarray(axial[middle - 12 : middle + 15 : 3])],
    )


class Camera:
    """Takes a study through its session and photographs it."""

    def __init__(self, folder, size):
        self.folder, self.size = folder, size

    def shoot(self, window, name):
        """Write the window as it is."""
        QTest.qWait(60)
        window.grab().save(str(self.folder / f"{name}_{self.size.width()}.png"))

    def open(self, study, contents, rater="rater-1"):
        """Return a window on a fresh store with this study; on its first page without a rater."""
        file = Path(tempfile.mkdtemp()) / "store.sqlite"
        with Archive(str(file)) as archive:
            archive.add_study(study, contents)
        room = RatingRoom(str(file))
        window = RatingWindow(room, room.sitting(study.name, rater) if rater else None)
        window.resize(self.size)
        window.show()
        QTest.qWait(50)
        return window


def whole_way(camera, slices, stack):
    """Photograph every page once, on the reference protocol."""
    study, contents = made_study("sds", rated=3, training=1, repeats=1, sources=slices, white=900, name="Brain FLAIR 2026")  # fmt: skip
    window = camera.open(study, contents, rater="")
    camera.shoot(window, "01_start")
    window.page.rater_field.setText("rater-1")
    camera.shoot(window, "02_start_filled")
    press(window, Qt.Key.Key_Return)
    camera.shoot(window, "03_questions")
    answer(window.page, go=False)
    camera.shoot(window, "04_questions_answered")
    window.page.proceed()
    camera.shoot(window, "05_display")
    check(window.page, wrong=True)
    camera.shoot(window, "06_display_failed")
    window.page.again.click()
    check(window.page)
    camera.shoot(window, "07_instructions")
    press(window, Qt.Key.Key_Return)
    until_viewing(window)
    camera.shoot(window, "08_training_untouched")
    press(window, Qt.Key.Key_7, Qt.Key.Key_Right, Qt.Key.Key_Right)
    camera.shoot(window, "09_training_set")
    press(window, Qt.Key.Key_Return)
    camera.shoot(window, "10_trained")
    press(window, Qt.Key.Key_Return)
    for _ in range(4):
        until_viewing(window)
        press(window, Qt.Key.Key_4)
        camera.shoot(window, "11_main")
        press(window, Qt.Key.Key_Return)
    until_viewing(window)
    press(window, Qt.Key.Key_C)
    camera.shoot(window, "12_cannot_judge")
    press(window, Qt.Key.Key_6, Qt.Key.Key_Return)
    QTest.qWait(100)
    camera.shoot(window, "13_end")
    window.close()


def others(camera, slices, stack):
    """Photograph the other presets, a stack with all questions, the waiting, the break and the stop."""
    for number, (name, more) in enumerate(
        {
            "dsis": {}, "dscqs": {}, "pair": {}, "single": {"anchors": 2},
            "sds": {"asks_confidence": True, "asks_artefacts": True},
        }.items()
    ):  # fmt: skip
        source = stack if name == "sds" else slices
        study, contents = made_study(name, rated=3, training=0, stabilising_items=0, sources=source, white=900, **more)  # fmt: skip
        window = camera.open(study, contents)
        answer(window.page)
        check(window.page)
        press(window, Qt.Key.Key_Return)
        if name == "single":
            until(lambda: isinstance(window.page, ExamplesPage))  # noqa: B023  awaited at once
            camera.shoot(window, "23_examples")
            press(window, Qt.Key.Key_Return)
        until_viewing(window)
        camera.shoot(window, f"2{number}_{name}_untouched")
        press(window, Qt.Key.Key_2)
        if name == "dscqs":
            press(window, Qt.Key.Key_Tab, Qt.Key.Key_8)
        if name == "sds":
            press(window, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_4)
        camera.shoot(window, f"2{number}_{name}_set")
        press(window, Qt.Key.Key_T)
        camera.shoot(window, "30_tired")
        window.close()
        window.deleteLater()
    study, contents = made_study("sds", rated=3, training=0, stabilising_items=0, sources=slices, white=900, least_seconds=9, pause_seconds=0.4, break_after_minutes=0.01)  # fmt: skip
    window = camera.open(study, contents)
    answer(window.page)
    check(window.page)
    press(window, Qt.Key.Key_Return)
    camera.shoot(window, "31_pause")
    until_viewing(window)
    press(window, Qt.Key.Key_3)
    camera.shoot(window, "32_waits")
    press(window, Qt.Key.Key_Return)
    camera.shoot(window, "32_waits_after_enter")
    QTest.qWait(9200)
    press(window, Qt.Key.Key_Return)
    camera.shoot(window, "33_break_offered")
    press(window, Qt.Key.Key_Return)
    camera.shoot(window, "34_break")
    window.close()


def main():
    """Write all pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    slices, stack = scans(sys.argv[2]) if len(sys.argv) > 2 else (None, None)
    app = application()
    theme.apply(app, theme.DARK)
    for size in SIZES:
        camera = Camera(folder, size)
        whole_way(camera, slices, stack)
        others(camera, slices, stack)


if __name__ == "__main__":
    main()
