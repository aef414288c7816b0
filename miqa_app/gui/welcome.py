"""What to do while nothing is open: three buttons in the middle of the empty viewer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget


class Welcome(QWidget):
    """Lies over a widget, a little below its middle, and stays there when it is resized."""

    def __init__(self, actions: list[QAction], over: QWidget) -> None:
        super().__init__(over)
        row = QHBoxLayout(self)
        row.setSpacing(10)
        for action in actions:
            button = QPushButton(action.text())
            button.setAccessibleName(action.text().rstrip("…"))
            button.setToolTip(action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(action.trigger)
            row.addWidget(button)
        over.installEventFilter(self)
        self._place()

    def _place(self) -> None:
        size, room = self.sizeHint(), self.parentWidget().rect()
        self.resize(size)
        self.move(room.center().x() - size.width() // 2, room.center().y() + 36)
        self.raise_()

    # ---------------------------------------------------------------- Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return False
