"""The menu of a right click on an image, and the grey windows that the image on the screen offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from miqa_app.gui.viewer.pixels import presets

if TYPE_CHECKING:
    from miqa_app.gui.main_window import MainWindow

_ABOVE = ("overlay", "attention", "reset", "slice_worst", "rotate", "mirror", "smooth")
_BELOW = ("window_to_all", "info", "identity", "save_screenshot")
_MOST_WINDOWS = 9


class ImageMenu(QObject):
    """Shows the menu, and names the grey windows of the active view in it and in the menu bar."""

    def __init__(self, window: MainWindow, windows: QMenu) -> None:
        """Take the menu of grey windows, which stands in the menu bar as well."""
        super().__init__(window)
        self._window, self._windows = window, windows
        windows.aboutToShow.connect(self._name_windows)

    def popup(self, point: QPoint) -> None:
        """Show the menu at a point of the screen."""
        self._name_windows()
        book, menu = self._window.actions_by_id, QMenu(self._window)
        menu.addActions([book[name] for name in _ABOVE])
        menu.addMenu(self._windows)
        menu.addActions([book[name] for name in _BELOW])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(point)

    def _name_windows(self) -> None:
        view = self._window.viewer.active.view
        windows = presets(view.series, view.frame) if view.series is not None else ()
        for number in range(_MOST_WINDOWS):
            action = self._window.actions_by_id[f"preset_{number + 1}"]
            action.setVisible(number < len(windows))
            if number < len(windows):
                action.setText(windows[number].name or f"Window of the file {number + 1}")
