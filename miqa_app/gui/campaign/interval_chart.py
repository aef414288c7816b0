"""How precise the results will be: one interval for each size of panel, drawn to one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.gui.theme import Theme

_ROW, _LEFT, _RIGHT, _CAP = 34, 96, 76, 6


class IntervalChart(QWidget):
    """A row for each number of raters with the expected 95 % interval of a mean."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widths: dict[int, float] = {}
        self._least = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_widths(self, widths: Mapping[int, float], least: int) -> None:
        """Show half widths by number of raters; those below `least` would be provisional."""
        self._widths, self._least = dict(widths), least
        self.setAccessibleName(
            self.tr("Expected 95 % interval: {list}").format(
                list=", ".join(f"{n}: ±{_short(width)}" for n, width in self._widths.items())
            )
        )
        self.updateGeometry()
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return room for all rows."""
        return QSize(360, _ROW * max(len(self._widths), 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows."""
        if not self._widths:
            return
        theme = self._theme
        room = self.width() - _LEFT - _RIGHT
        widest = max(self._widths.values())
        middle = _LEFT + room / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(theme.line), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(middle, 0, middle, self.height()))
            for row, (count, width) in enumerate(self._widths.items()):
                enough = count >= self._least
                y = row * _ROW + _ROW / 2
                half = room / 2 * width / widest
                font = self.font()
                font.setBold(count == self._least)
                painter.setFont(font)
                painter.setPen(QColor(theme.text if enough else theme.dim))
                name = self.tr("{n} raters").format(n=count)
                painter.drawText(
                    QRectF(0, row * _ROW, _LEFT - 14, _ROW),
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name,
                )  # fmt: skip
                painter.drawText(
                    QRectF(self.width() - _RIGHT + 14, row * _ROW, _RIGHT - 14, _ROW),
                    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"±{_short(width)}",
                )  # fmt: skip
                style = Qt.PenStyle.SolidLine if enough else Qt.PenStyle.DotLine
                colour = QColor(theme.accent if enough else theme.dim)
                painter.setPen(QPen(colour, 2.5, style))
                painter.drawLine(QLineF(middle - half, y, middle + half, y))
                painter.setPen(QPen(colour, 2.5))
                for end in (middle - half, middle + half):
                    painter.drawLine(QLineF(end, y - _CAP, end, y + _CAP))
                painter.setBrush(colour)
                painter.drawEllipse(QPointF(middle, y), 4, 4)


def _short(width: float) -> str:
    return f"{width:.1f}" if width >= 1 else f"{width:.2f}"
