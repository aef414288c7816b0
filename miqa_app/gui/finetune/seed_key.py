"""Which line belongs to which seed: a row of marks with their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.gui.finetune.curve_chart import paint_mark, seed_colour

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme

_HIGH, _DASH = 20, 26


class SeedKey(QWidget):
    """The key of the charts."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._seeds, self._now = theme, 0, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_seeds(0, 0)

    def show_seeds(self, seeds: int, now: int) -> None:
        """Show so many seeds, one of them at work."""
        self._seeds, self._now = seeds, now
        self.setAccessibleName(self.tr("Seed {now} of {all}").format(now=now, all=seeds) if now else self.tr("No seed yet"))  # fmt: skip
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return one line."""
        return QSize(320, _HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the marks and their names."""
        theme, x, y = self._theme, 2.0, _HIGH / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = self.font()
            font.setPointSizeF(9)
            for seed in range(1, self._seeds + 1):
                colour = QColor(seed_colour(theme, seed))
                if seed > self._now:
                    colour.setAlpha(90)
                painter.setPen(QPen(colour, 2.2))
                painter.drawLine(QPointF(x, y), QPointF(x + _DASH, y))
                paint_mark(painter, QPointF(x + _DASH / 2, y), seed, colour)
                font.setBold(seed == self._now)
                painter.setFont(font)
                painter.setPen(QColor(theme.text if seed <= self._now else theme.dim))
                x = self._name(painter, x + _DASH + 6, self.tr("seed {n}").format(n=seed))
            if self._seeds:
                font.setBold(False)
                painter.setFont(font)
                painter.setPen(QPen(QColor(theme.dim), 1, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(x, y), QPointF(x + _DASH, y))
                self._name(painter, x + _DASH + 6, self.tr("before training"))

    def _name(self, painter: QPainter, x: float, name: str) -> float:
        width = QFontMetricsF(painter.font()).horizontalAdvance(name) + 2
        painter.drawText(QRectF(x, 0, width, _HIGH), Qt.AlignmentFlag.AlignVCenter, name)
        return x + width + 18
