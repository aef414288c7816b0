"""What a rater does at the rating window, by keys and clicks."""

from __future__ import annotations

import time

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from miqa_app.gui.rating.pages import ExamplesPage


def press(window, *keys):
    """Press keys on whatever has the keyboard in the window."""
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
        QApplication.processEvents()


def answer(page, *, go=True):
    """Answer the questionnaire."""
    for row, value in zip(
        page.rows.values(), ("6-10", "radiologist", "neuro", "corrected to normal"), strict=True
    ):
        row.choose(value)
    if go:
        page.proceed()


def check(page, *, wrong=False):
    """Count the squares of the display check and go on."""
    page.dark_seen.choose(0 if wrong else page.dark.squares)
    page.bright_seen.choose(page.bright.squares)
    page.room.choose("dimmed")
    page.proceed()


def wait(milliseconds):
    """Let the window work as it does for a user; QTest.qWait would keep the interpreter from the worker."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def until(condition, seconds=10.0):
    """Let the window work until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        wait(5)


def until_viewing(window):
    """Wait until images are on the screen."""
    until(lambda: getattr(window.page, "view", None) and window._sitting.phase == "viewing")
    QApplication.processEvents()


def set_up(window):
    """Go through all pages before the first images."""
    if window._sitting.phase == "questionnaire":
        answer(window.page)
    check(window.page)
    begin(window)
    until_viewing(window)


def begin(window):
    """Read the instructions, and the examples where there are some."""
    page = window.page
    press(window, Qt.Key.Key_Return)
    until(lambda: window.page is not page)
    if isinstance(window.page, ExamplesPage):
        press(window, Qt.Key.Key_Return)
