"""The door to the drift window, for the menu of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from miqa_app.gui import theme
from miqa_app.gui.drift.window import DriftWindow

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def open_drift(parent: QWidget, store_url: str | None = None) -> DriftWindow:
    """Open the drift window beside the workstation and return it; it deletes itself when it is closed.

    Args:
        parent: gives the colours by its `theme`, the dark ones where it has none.
        store_url: see `store.Archive`; the user's own store by default.
    """
    window = DriftWindow(getattr(parent, "theme", theme.DARK), store_url, parent)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.show()
    return window
