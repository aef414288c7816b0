"""The door to the window of the models, for the menu of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from miqa_app.gui import theme
from miqa_app.gui.models.window import ModelsWindow

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def open_models(
    parent: QWidget, store_url: str | None = None, *, wanted: str = "", open_series: int = 0
) -> ModelsWindow:
    """Open the window beside the workstation and return it; it deletes itself when it is closed.

    Args:
        parent: gives the colours by its `theme`, the dark ones where it has none.
        store_url: see `store.Archive`; the user's own store by default.
        wanted: name of the model to begin with; the one in use by default.
        open_series: how many scans lie open in the workstation.
    """
    window = ModelsWindow(
        getattr(parent, "theme", theme.DARK), store_url, wanted=wanted, open_series=open_series, parent=parent
    )  # fmt: skip
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.show()
    return window
