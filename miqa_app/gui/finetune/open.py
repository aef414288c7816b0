"""The door to the window of a fine-tuning, for the menu of the workstation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from miqa_app.gui import theme
from miqa_app.gui.finetune.window import FineTuneWindow

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.finetune.session import Session


def open_finetune(
    parent: QWidget, session: Session, store_url: str | None = None
) -> FineTuneWindow:
    """Open the window beside the workstation and return it; it deletes itself when it is closed.

    Args:
        parent: gives the colours by its `theme`, the dark ones where it has none.
        session: the fine-tuning of this workstation; it goes on when the window is closed.
        store_url: see `store.Archive`; the user's own store by default.
    """
    window = FineTuneWindow(getattr(parent, "theme", theme.DARK), session, store_url, parent)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.show()
    return window
