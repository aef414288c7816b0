"""Where the coordinator is on the way: numbered steps in a row."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.gui.theme import Theme

_HIGH, _CIRCLE, _GAP, _LINE = 30, 24, 9, 34


class StepBar(QWidget):
    """Shows the steps; what is done has a tick, what is on the screen the accent colour."""

    def __init__(self, theme: Theme, steps: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._steps, self._now = theme, steps, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_step(0)

    def set_step(self, now: int) -> None:
        """Show which step is on the screen."""
        self._now = now
        self.setAccessibleName(
            self.tr("Step {now} of {all}: {name}").format(
                now=now + 1, all=len(self._steps), name=self._steps[now]
            )
        )
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return the height the row needs."""
        return QSize(400, _HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint circles, names and the lines between."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            x = 1.0
            for number, name in enumerate(self._steps):
                x = self._step(painter, x, number, name)

    def _step(self, painter: QPainter, x: float, number: int, name: str) -> float:
        theme = self._theme
        done, now = number < self._now, number == self._now
        circle = QRectF(x, (_HIGH - _CIRCLE) / 2, _CIRCLE, _CIRCLE)
        painter.setPen(QPen(QColor(theme.accent if done or now else theme.line), 1.6))
        painter.setBrush(QColor(theme.accent) if now else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(circle.adjusted(1, 1, -1, -1))
        font = self.font()
        font.setBold(now)
        painter.setFont(font)
        if done:
            painter.setPen(QPen(QColor(theme.accent), 2))
            centre = circle.center()
            points = [(-4.5, 0.5), (-1.3, 3.6), (4.8, -3.6)]
            painter.drawPolyline(
                QPolygonF([QPointF(centre.x() + a, centre.y() + b) for a, b in points])
            )
        else:
            painter.setPen(QColor(theme.on_accent if now else theme.dim))
            painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, str(number + 1))
        painter.setPen(QColor(theme.text if now else theme.dim))
        width = QFontMetricsF(font).horizontalAdvance(name) + 2
        words = QRectF(circle.right() + _GAP, 0, width, _HIGH)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        end = words.right() + _GAP
        if number < len(self._steps) - 1:
            painter.setPen(QPen(QColor(theme.accent if done else theme.line), 1.4))
            painter.drawLine(QPointF(end, _HIGH / 2), QPointF(end + _LINE, _HIGH / 2))
        return end + _LINE + _GAP
