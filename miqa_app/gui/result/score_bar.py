"""The score on its scale: interval, value and the site's thresholds from 0 to 100."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.core.assessment import Assessment
from miqa_app.gui.theme import Theme


class ScoreBar(QWidget):
    """An axis from 0 to 100 with the interval as a band and the score as a line."""

    def __init__(
        self, theme: Theme, result: Assessment, colour: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._result, self._colour = theme, result, colour
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Score {result.score:.0f} on a scale from 0 to 100")
        low, high = result.thresholds.rescan, result.thresholds.accept
        self.setToolTip(f"Accept from {high:g}, consider rescan below {low:g}, check between")

    def sizeHint(self) -> QSize:
        """Return the height the bar needs."""
        return QSize(200, 44)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint axis, thresholds, interval and score."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            width = self.width() - 16
            rail = QRectF(8, 12, width, 8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.line))
            painter.drawRoundedRect(rail, 4, 4)
            low, high = self._result.interval or (self._result.score, self._result.score)
            painter.setBrush(QColor(self._colour))
            painter.setOpacity(0.55)
            painter.drawRoundedRect(
                QRectF(8 + width * low / 100, 12, max(width * (high - low) / 100, 2), 8), 4, 4
            )
            painter.setOpacity(1)
            x = 8 + width * self._result.score / 100
            painter.setPen(QPen(QColor(self._theme.text), 3))
            painter.drawLine(QPointF(x, 6), QPointF(x, 26))
            self._ticks(painter, width)

    def _ticks(self, painter: QPainter, width: float) -> None:
        font = painter.font()
        font.setPointSizeF(8.5)
        painter.setFont(font)
        painter.setPen(QPen(QColor(self._theme.dim), 1))
        thresholds = self._result.thresholds
        for value in (0, thresholds.rescan, thresholds.accept, 100):
            x = 8 + width * value / 100
            if value in (thresholds.rescan, thresholds.accept):
                painter.drawLine(QPointF(x, 9), QPointF(x, 24))
            align = Qt.AlignmentFlag.AlignHCenter
            area = QRectF(min(max(x - 20, 0), self.width() - 40), 26, 40, 16)
            if value == 0:
                area, align = QRectF(8, 26, 40, 16), Qt.AlignmentFlag.AlignLeft
            elif value == 100:
                area, align = QRectF(self.width() - 48, 26, 40, 16), Qt.AlignmentFlag.AlignRight
            painter.drawText(area, align, f"{value:g}")
