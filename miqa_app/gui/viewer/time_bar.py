"""The time bar: scores of a 4-D series over its time points, with a handle to move through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.core.score_colours import score_rgb

if TYPE_CHECKING:
    from miqa_app.core.series import Series

_LEFT, _RIGHT, _HEIGHT = 112, 12, 52


class TimeBar(QWidget):
    """A curve of score per time point; click or drag to move in time.

    Signals:
        time_asked: the user wants this time point.
    """

    time_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Time points by score")
        self._points, self._time = 1, 0
        self._curve: Sequence[float] = ()

    def show_series(self, series: Series | None, curve: Sequence[float], frame: int) -> None:
        """Show the time points of a series; hidden where there is only one."""
        self._points = series.time_points if series else 1
        self._curve = curve
        self._time = frame // series.slices if series else 0
        self.setVisible(self._points > 1)
        self.setAccessibleDescription(f"Time point {self._time + 1} of {self._points}")
        self.update()

    def time_at(self, x: float) -> int:
        """Return the time point under a horizontal position."""
        share = (x - _LEFT) / max(self.width() - _LEFT - _RIGHT, 1)
        return min(max(round(share * (self._points - 1)), 0), self._points - 1)

    def point(self, time: int, score: float) -> QPointF:
        """Return where a score of a time point lies, 100 at the top."""
        width = self.width() - _LEFT - _RIGHT
        return QPointF(
            _LEFT + width * time / max(self._points - 1, 1),
            _HEIGHT - 9 - (_HEIGHT - 18) * score / 100,
        )

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return the height the curve needs."""
        return QSize(200, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint axis, curve and handle."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor("#0b0d11"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor("#b9c3cf"))
            painter.drawText(
                QRectF(10, 6, _LEFT - 16, 20), f"Time {self._time + 1} / {self._points}"
            )
            painter.setPen(QPen(QColor("#323b47"), 1))
            for score in (0, 50, 100):
                painter.drawLine(self.point(0, score), self.point(self._points - 1, score))
            if len(self._curve) == self._points:
                self._paint_curve(painter)
            else:
                painter.setPen(QColor("#8f9aa8"))
                painter.drawText(QRectF(10, 26, _LEFT, 20), "not scored")
            x = self.point(self._time, 0).x()
            painter.setPen(QPen(QColor("#ffffff"), 2))
            painter.drawLine(QPointF(x, 3), QPointF(x, _HEIGHT - 3))

    def _paint_curve(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor("#a9b3c0"), 1.4))
        places = [self.point(time, score) for time, score in enumerate(self._curve)]
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(QPen(QColor("#e8ecf1"), 0.8))
        for place, score in zip(places, self._curve, strict=True):
            painter.setBrush(QColor(*score_rgb(score)))
            painter.drawEllipse(place, 3.2, 3.2)
        painter.setPen(QColor("#b9c3cf"))
        painter.drawText(QRectF(10, 26, _LEFT - 16, 20), f"score {self._curve[self._time]:.0f}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Jump in time."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.time_asked.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag through time."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.time_asked.emit(self.time_at(event.position().x()))
