"""Starting the workstation: application, look, window, and then the first scans."""

from __future__ import annotations

import signal
import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from miqa_app.core.series import Problem
from miqa_app.gui import theme
from miqa_app.gui.desk import Desk
from miqa_app.gui.main_window import MainWindow
from miqa_app.gui.memory import Memory
from miqa_app.gui.quiet import give_way, tidy_up
from miqa_app.services.demo import demo_paths


def run(paths: list[str] | None = None, demo: bool = False) -> int:
    """Open the workstation on some paths or on the demo and stay until it is closed.

    Args:
        paths: files, folders or archives to open at once.
        demo: open the bundled phantom.

    Returns:
        The exit status of the event loop.
    """
    app = application()
    window = open_window(Memory())
    wanted = [*(paths or []), *(str(path) for path in (demo_paths() if demo else []))]
    QTimer.singleShot(0, window, window.show_first_notice)
    if wanted:
        window.desk.open(wanted)
    window.engine.look()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return app.exec()


def application() -> QApplication:
    """Return the one application object, named and made if need be."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("MIQA workstation")
    give_way()
    return app


def open_window(memory: Memory) -> MainWindow:
    """Return a new main window on an empty desk, shown and in the user's theme."""
    theme.apply(application(), theme.by_name(memory.get("theme", "dark")))
    window = MainWindow(Desk(), memory)
    window.desk.setParent(window)
    window.desk.rested.connect(tidy_up)
    _report_faults_to(window)
    window.show()
    return window


def _report_faults_to(window: MainWindow) -> None:
    """Show a fault of the program itself as one problem with a log that can be copied, and carry on."""

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        sys.__excepthook__(kind, error, trace)
        log = "".join(traceback.format_exception(kind, error, trace))
        window.desk.problem_found.emit(
            Problem("the program", f"something went wrong ({error}).\n{log}")
        )

    sys.excepthook = report
