"""The verdict of the gate at one glance: shape, colour and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from miqa_app.gui import icons
from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.models.look import OUTCOMES

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme

_FRAMES = {"pass": "passed", "fail": "failed", "uncertain": "uncertain"}


class VerdictBanner(QFrame):
    """What the gate says of a candidate."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sign = QLabel()
        self.title, self.words = words("", "headline"), words("")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 11, 16, 12)
        row.setSpacing(14)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self.title)
        column.addWidget(self.words)
        row.addLayout(column, 1)

    def show_verdict(self, outcome: str, said: str) -> None:
        """Show 'pass', 'fail' or 'uncertain' with the gate's words, or '' where there is no evidence."""
        titles = {
            "pass": self.tr("Passed the gate"),
            "fail": self.tr("Stopped by the gate"),
            "uncertain": self.tr("Too uncertain to promote"),
            "": self.tr("No evidence"),
        }
        shape, colour = OUTCOMES.get(outcome, ("verdict_none", "dim"))
        self._sign.setPixmap(icons.pixmap(shape, getattr(self._theme, colour), 38))
        self.title.setText(titles[outcome])
        self.words.setText(said)
        self.words.setVisible(bool(said))
        self.setObjectName(_FRAMES.get(outcome, "told"))
        self.setAccessibleName(f"{titles[outcome]}. {said}")
        self.style().unpolish(self)
        self.style().polish(self)
