"""A scan as acquired and with one artefact, side by side, as large as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme

_GAP, _WORDS, _LEAST = 10, 20, 110


class Preview(QWidget):
    """Two pictures with a word below each; stays empty where there is too little room to see anything."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._pictures: list[tuple[QImage, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_pair(self, clean: QImage | None, made: QImage | None, name: str) -> None:
        """Show the two, or nothing for None."""
        known = clean is not None and made is not None
        self._pictures = [(clean, self.tr("As acquired")), (made, name)] if known else []
        self.setAccessibleName(name if known else "")
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Ask for nothing; take what is left."""
        return QSize(0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint both."""
        side = min(self.height() - _WORDS, (self.width() - _GAP) / 2)
        if side < _LEAST:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for number, (image, words) in enumerate(self._pictures):
                frame = QRectF(number * (side + _GAP), 0, side, side)
                painter.fillRect(frame, QColor("black"))
                scale = side / max(image.width(), image.height())
                target = QRectF(0, 0, image.width() * scale, image.height() * scale)
                target.moveCenter(frame.center())
                painter.drawImage(target, image)
                painter.setPen(QColor(self._theme.dim))
                below = QRectF(frame.left(), frame.bottom(), side, _WORDS)
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
