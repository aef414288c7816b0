"""What could not be read: a quiet list with the reason, never a dialog in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from miqa_app.core.series import Problem


_ONE, _MANY = 64, 130
"""Height of the list in pixels, for one problem and for several: room belongs to the studies."""


class ProblemPanel(QWidget):
    """The problems of this sitting; hidden while there are none.

    Signals:
        copied: how many problems went to the clipboard.
    """

    copied = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problems: list[Problem] = []
        self._title = QLabel()
        self._title.setObjectName("heading")
        self._list = QListWidget()
        self._list.setAccessibleName("Files that could not be read")
        self._list.setWordWrap(True)
        self._list.setFixedHeight(_ONE)
        self._list.setSpacing(2)
        copy = QPushButton("Copy list")
        copy.setAccessibleName("Copy the list of problems")
        copy.clicked.connect(self.copy)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.addLayout(head)
        layout.addWidget(self._list)
        self.hide()

    def add(self, problem: Problem) -> None:
        """Add a problem."""
        self._problems.append(problem)
        name = problem.source.replace("\\", "/").rstrip("/").rpartition("/")[2] or problem.source
        item = QListWidgetItem(f"{name}: {problem.reason}")
        item.setToolTip(f"{problem.source}\n{problem.reason}")
        self._list.addItem(item)
        count = len(self._problems)
        self._list.setFixedHeight(_ONE if count == 1 else _MANY)
        self._title.setText("1 FILE NOT READ" if count == 1 else f"{count} FILES NOT READ")
        self.show()

    def clear(self) -> None:
        """Forget all problems."""
        self._problems.clear()
        self._list.clear()
        self.hide()

    def copy(self) -> None:
        """Put the list on the clipboard, one problem per line."""
        QApplication.clipboard().setText(
            "\n".join(f"{p.source}\t{p.reason}" for p in self._problems)
        )
        self.copied.emit(len(self._problems))
