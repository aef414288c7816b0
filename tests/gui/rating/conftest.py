"""A rating window on a fresh store, and everything closed afterwards."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from miqa_app.gui import theme
from miqa_app.gui.rating.window import RatingWindow
from miqa_app.services.rating_room import RatingRoom
from miqa_app.store import Archive
from tests.gui.rating.steps import set_up
from tests.rating.made_studies import made_study

SMALL = QSize(1366, 768)


@pytest.fixture
def rating(qapp, tmp_path):
    """Return a function that puts a study into a store and opens a window on it, ready to rate unless told not to."""
    theme.apply(qapp, theme.DARK)
    windows, archives = [], []

    def make(*args, rater="rater-1", ready=True, size=SMALL, store=None, **more):
        file = store or str(tmp_path / f"{len(windows)}.sqlite")
        archive = Archive(file)
        archives.append(archive)
        if store is None:
            study, contents = made_study(*args, **({"training": 0, "stabilising_items": 0} | more))
            archive.add_study(study, contents)
        else:
            study = archive.studies()[0]
        room = RatingRoom(file)
        window = RatingWindow(room, room.sitting(study.name, rater) if rater else None)
        window.resize(size)
        window.show()
        window.activateWindow()
        windows.append(window)
        window.archive, window.study, window.file = archive, study, file
        if ready and rater:
            set_up(window)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    for archive in archives:
        archive.close()
    QApplication.sendPostedEvents(None, 52)
    qapp.setStyleSheet("")
