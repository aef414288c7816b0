"""Three panes beside each other, with borders that can be dragged: lists, images, result."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

_LEAST = (250, 466, 276)
_FIRST = (270, 800, 310)


def panes(left: Sequence[QWidget], middle: QWidget, right: Sequence[QWidget]) -> QWidget:
    """Return a widget with the panes; the middle one takes the room, in a side pane the first widget does."""
    split = QSplitter(Qt.Orientation.Horizontal)
    split.setHandleWidth(8)
    split.setChildrenCollapsible(False)
    for place, widget in enumerate((_side(left), middle, _side(right))):
        widget.setMinimumWidth(_LEAST[place])
        split.addWidget(widget)
        split.setStretchFactor(place, 1 if widget is middle else 0)
    split.setSizes(list(_FIRST))
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(8, 4, 8, 2)
    layout.addWidget(split)
    return whole


def _side(widgets: Sequence[QWidget]) -> QFrame:
    frame = QFrame()
    frame.setObjectName("panel")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(2, 6, 2, 4)
    for place, widget in enumerate(widgets):
        layout.addWidget(widget, 0 if place else 1)
    return frame
