"""How late images come after the grey: python -m tests.gui.rating.measure_swap (under xvfb-run for a real X server)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.rating.window import RatingWindow
from miqa_app.services.rating_room import RatingRoom
from miqa_app.store import Archive
from tests.gui.rating.steps import press, set_up, until_viewing, wait
from tests.rating.made_studies import head, made_study

PAUSE = 0.5


def lateness(size, slices, items=20):
    """Return by how many milliseconds each swap came after the end of the grey; stacks are looked at for 3 s."""
    file = str(Path(tempfile.mkdtemp()) / "store.sqlite")
    sources = [head(size, slices, seed) for seed in range(2)]
    study, contents = made_study("sds", rated=items, training=0, stabilising_items=0, sources=sources, pause_seconds=PAUSE)  # fmt: skip
    with Archive(file) as archive:
        archive.add_study(study, contents)
    room = RatingRoom(file)
    window = RatingWindow(room, room.sitting(study.name, "r-1"))
    window.resize(QSize(1920, 1080))
    window.show()
    set_up(window)
    session, late = window._sitting._session, []
    for _ in range(items - 1):
        press(window, Qt.Key.Key_5)
        wait(300 if slices == 1 else 3000)  # the next images are read meanwhile
        press(window, Qt.Key.Key_Return)
        until_viewing(window)
        late.append(1000 * (session._shown_at - session._pause_from - PAUSE))
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, 52)
    return np.array(late)


def main():
    """Print the table."""
    app = application()
    theme.apply(app, theme.DARK)
    print(
        QGuiApplication.platformName(), "1920 x 1080, SDS, milliseconds after the end of the grey"
    )
    for size, slices in ((256, 1), (512, 1), (1024, 1), (512, 20)):
        late = lateness(size, slices)
        print(f"{size:5} px {slices:3} slices: median {np.median(late):5.1f}  95 % {np.percentile(late, 95):5.1f}  most {late.max():5.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
