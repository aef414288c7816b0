"""Waiting for what happens on other threads without starving them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY_MS = 10


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Let the windows work until something is so.

    A real event loop lets go of the interpreter while it waits, which `QTest.qWait` does not: under it an import on a
    worker thread takes minutes.
    """
    end = time.monotonic() + seconds
    loop, timer = QEventLoop(), QTimer()
    timer.setInterval(_EVERY_MS)
    timer.timeout.connect(loop.quit)
    while not condition():
        assert time.monotonic() < end, "it did not come"
        timer.start()
        loop.exec()
        timer.stop()
    QApplication.processEvents()
