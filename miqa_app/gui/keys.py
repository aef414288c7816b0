"""The keys and drags in force: put where they work and where they are named, shown on one sheet, changed by the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from miqa_app.gui import bindings, dialogs, menus
from miqa_app.gui.key_editor import KeyEditor

if TYPE_CHECKING:
    from miqa_app.gui.bindings import Bindings
    from miqa_app.gui.main_window import MainWindow

_OF_OVERLAY = ("overlay", "hide_overlay", "attention")
_OF_DECISION = {"accept": "accept", "rescan": "rescan", "look": "look", "undo": "undo_decision"}


class Keys(QObject):
    """What the entries of the Help menu do about keys.

    Attributes:
        bindings: which key and which drag does what.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.bindings = bindings.load(window.memory)

    def bind(self, chosen: Bindings) -> None:
        """Make keys and drags do what they are to do, and name them where they are named."""
        window, self.bindings = self._window, chosen
        window.actions_by_id.set_keys(chosen.keys)
        window.viewer.set_drags(chosen.drags)
        window.viewer.controls.name_keys(*(self._first(action) for action in _OF_OVERLAY))
        window.card.decision.name_keys(
            {name: self._first(action) for name, action in _OF_DECISION.items()}
        )
        menus.name_keys(window.actions_by_id)

    def show_sheet(self) -> None:
        """Show all keys."""
        dialogs.put_before(dialogs.ShortcutSheet(self.bindings.sheet(), self._window))

    def change(self) -> None:
        """Let the user choose other keys and drags."""
        editor = KeyEditor(self.bindings, self._window)
        editor.chosen.connect(self._keep)
        dialogs.put_before(editor)

    def _keep(self, chosen: Bindings) -> None:
        self.bind(chosen)
        bindings.save(chosen, self._window.memory)

    def _first(self, action: str) -> str:
        """Return the first key of an action as this system writes it, '' for none."""
        return bindings.shown(self.bindings.keys[action][:1])
