"""Asks who brings an earlier model back, and which one; needs neither evidence nor network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox

from miqa_app.gui.campaign.step_page import field_name
from miqa_app.gui.models.sign_dialog import SignDialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.theme import Theme


class RollBackDialog(SignDialog):
    """One action with who does it."""

    def __init__(
        self,
        theme: Theme,
        active: str,
        earlier: Sequence[str],
        operator: str,
        parent: QWidget | None = None,
    ) -> None:
        """Make the dialog.

        Args:
            theme: gives the colours.
            active: name of the model in use, '' where there is no sound one.
            earlier: names to go back to, the one before first.
            operator: who works at this computer.
            parent: in front of which it stands.
        """
        sentences = [
            f"Back from {active} to an earlier model" if active else "Back to an earlier model",
            "From the next scan on the earlier model gives the verdicts again. Results that are there keep the model that "
            "made them.",
        ]
        super().__init__(theme, "Roll back", sentences, name=operator, parent=parent)
        self.to = QComboBox()
        self.to.addItems(list(earlier))
        self.body.addWidget(field_name(self.tr("&To"), self.to))
        self.body.addWidget(self.to)
        self.ok.setFocus()
