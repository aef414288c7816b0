"""Pictures of the workstation without a screen, for the demo and the manual."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Series
    from miqa_app.gui import main_window

SIZE = (1366, 768)


def write_screenshots(entries: Sequence[tuple[Series, Assessment]], folder: Path) -> list[Path]:
    """Write for each series the main window without and with the heatmap as PNG.

    Where there is no display, Qt's offscreen platform is used; it must be asked for before the first window of the
    process, which is what this does.

    Args:
        entries: series with all their pixels, and their assessments.
        folder: made if missing.

    Returns:
        The files, in the order of the entries.
    """
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from miqa_app.gui import theme
    from miqa_app.gui.app import application
    from miqa_app.gui.desk import Desk, entries_of
    from miqa_app.gui.main_window import MainWindow
    from miqa_app.gui.memory import Memory

    folder.mkdir(parents=True, exist_ok=True)
    app = application()
    theme.apply(app, theme.DARK)
    window = MainWindow(Desk(), Memory(folder / ".window.ini"))
    try:
        window.resize(*SIZE)
        window.show()
        window.desk.place(entries_of(entries))
        return [file for key in window.studies.series_keys() for file in _pair(window, key, folder)]
    finally:
        window.close()
        window.deleteLater()
        app.processEvents()
        (folder / ".window.ini").unlink(missing_ok=True)


def _pair(window: main_window.MainWindow, key: str, folder: Path) -> list[Path]:
    """Write one series at its worst slice, heatmap off and on."""
    from PySide6.QtWidgets import QApplication

    window.studies.choose(key)
    entry = window.desk.entries[key]
    if entry.worst:
        window.viewer.show_frame(entry.worst[0])
    number = window.studies.series_keys().index(key) + 1
    written = []
    for name, on in (("image", False), ("heatmap", True)):
        window.viewer.set_overlay(on)
        QApplication.processEvents()
        file = folder / f"workstation_{number}_{name}.png"
        window.grab().save(str(file))
        written.append(file)
    return written
