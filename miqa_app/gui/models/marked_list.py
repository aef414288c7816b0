"""Sentences with a mark before each: findings of a dry run, criteria of the gate, warnings before a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from miqa_app.gui import icons
from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.models.look import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miqa_app.gui.theme import Theme

_MARK = 18


class MarkedList(QScrollArea):
    """A column of marked sentences that is scrolled where it is too long."""

    def __init__(self, theme: Theme, name: str) -> None:
        """Make it empty; `name` is its accessible name."""
        super().__init__()
        self._theme = theme
        self.setObjectName("marked")
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sentences: list[str] = []
        self._inside = QWidget()
        self.setWidget(self._inside)

    def show_rows(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Show rows of outcome (see `OUTCOMES`), title or '', and words."""
        shown = list(rows)
        self.sentences = [f"{title} {said}".strip() for _, title, said in shown]
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 2, 8, 2)
        column.setSpacing(9)
        for outcome, title, said in shown:
            column.addWidget(marked(self._theme, outcome, title, said))
        column.addStretch(1)
        self.setWidget(inside)


def marked(theme: Theme, outcome: str, title: str, said: str) -> QWidget:
    """Return one sentence with its mark."""
    shape, colour = OUTCOMES[outcome]
    row = QWidget()
    row.setAccessibleName(f"{outcome}: {title} {said}")
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(9)
    sign = QLabel()
    sign.setPixmap(icons.pixmap(shape, getattr(theme, colour), _MARK))
    line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(1)
    if title:
        column.addWidget(words(title, "subhead"))
    if said:
        column.addWidget(words(said, "dim" if title else ""))
    line.addLayout(column, 1)
    return row
