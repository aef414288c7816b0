"""`miqa --self-test`: the real window opens the phantom, scores it, and both are compared with what is expected."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from miqa_app.errors import MiqaError
from miqa_app.gui import theme
from miqa_app.gui.app import application
from miqa_app.gui.desk import Desk
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.quiet import QuietScorer
from miqa_app.services import self_test
from miqa_app.services.demo import demo_paths
from miqa_app.services.self_test import Check

if TYPE_CHECKING:
    from miqa_app.gui.entries import Entry

_PATIENCE_MS = 300_000


def run(folder: Path | None = None) -> int:
    """Test this installation, say what came out, and leave nothing behind.

    Args:
        folder: keeps the picture of the window and what was found, for whoever looks into a failure; none by default.

    Returns:
        0 where everything is as expected, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="miqa-self-test-") as temporary:
        out = folder or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        window = _window(Path(temporary) / "window.ini")
        try:
            checks = [_shown(window), self_test.check_decoders()]
            checks += _phantom(window, out)
        except MiqaError as error:
            checks.append(Check(str(error), False))
        finally:
            window.close()
            window.deleteLater()
            application().processEvents()
    for check in checks:
        sys.stdout.write(f"{'ok     ' if check.passed else 'FAILED '}{check.words}\n")
    return 0 if all(check.passed for check in checks) else 1


def _window(settings: Path) -> MainWindow:
    """Make the workstation with settings of its own and the bundled model: what a site chose must not count."""
    theme.apply(application(), theme.DARK)
    memory = Memory(settings)
    memory.set("keep_assessments", False)
    window = MainWindow(Desk(scorer=QuietScorer(str(self_test.model()))), memory)
    window.desk.setParent(window)
    window.resize(*self_test.PICTURE_SIZE)
    return window


def _shown(window: MainWindow) -> Check:
    """Show the window and say how long the program took from its start until it could be used."""
    paint = _FirstPaint(window)
    window.show()
    _until(paint.answered)
    platform = QGuiApplication.platformName()
    if not paint.seconds:
        return Check(f"the window was never painted ({platform})", False)
    return Check(f"the window is up after {paint.seconds:.2f} s ({platform})", True)


class _FirstPaint(QObject):
    """Notices when a window can be used: it is painted, and the event loop has come round once more.

    Signals:
        answered: it can be used.
    """

    answered = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.seconds = 0.0
        window.centralWidget().installEventFilter(self)

    def _note(self) -> None:
        self.seconds = time.time() - psutil.Process().create_time()
        self.answered.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the first paint."""
        if event.type() is QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._note)
        return False


def _phantom(window: MainWindow, out: Path) -> list[Check]:
    """Open the phantom as a user does, and compare scores and picture."""
    desk = window.desk
    desk.open([str(path) for path in demo_paths()])
    _until(desk.rested)
    troubles = [f"{one.source}: {one.reason}" for one in desk.problems]
    troubles += [entry.failure for entry in desk.entries.values() if entry.failure]
    if troubles or desk.busy:
        return [Check(words, False) for words in troubles or ["the phantom is not read in time"]]
    found = {
        entry.series.description: entry.assessment
        for entry in desk.entries.values()
        if entry.assessment is not None
    }
    picture = _picture(window, min(desk.entries.values(), key=_score), out)
    self_test.write_expected(found, picture, out)
    return [*self_test.check_scores(found), self_test.check_picture(picture)]


def _score(entry: Entry) -> float:
    known = entry.assessment is not None and entry.assessment.score is not None
    return entry.assessment.score if known else 100.0


def _picture(window: MainWindow, entry: Entry, out: Path) -> Path:
    """Show the worst slice of a series under its heatmap and return the picture of the window."""
    window.studies.choose(entry.key)
    window.viewer.show_frame(entry.worst[0])
    window.viewer.set_overlay(True)
    application().processEvents()
    file = out / "picture.png"
    window.grab().save(str(file))
    return file


def _until(signal: Signal) -> None:
    """Run the event loop until a signal comes, or too much time has passed."""
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(_PATIENCE_MS, loop, loop.quit)
    loop.exec()
