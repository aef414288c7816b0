"""The scale from 0 to 100 with the cuts that make verdicts of scores, and how sure each cut is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme
    from miqa_app.registry.proposals import CutFigures, Proposal

_SIDE, _TOP, _BAR, _HIGH = 16, 24, 34, 96


class CutBar(QWidget):
    """A bar in three parts; below it the 95 % interval of each cut where one is known."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._accept, self._rescan = 0.0, 0.0
        self._figures: tuple[CutFigures, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_cuts(self, accept: float, rescan: float, figures: Proposal | None) -> None:
        """Show two cuts, with the intervals of a fit where there was one."""
        self._accept, self._rescan = accept, rescan
        self._figures = (figures.rescan, figures.accept) if figures else ()
        self.setAccessibleName(
            self.tr("Accept from {accept:.0f}, consider a rescan below {rescan:.0f}").format(accept=accept, rescan=rescan)
        )  # fmt: skip
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return room for bar, numbers and intervals."""
        return QSize(460, _HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the scale."""
        theme = self._theme
        bar = QRectF(_SIDE, _TOP, self.width() - 2 * _SIDE, _BAR)

        def at(score: float) -> float:
            return bar.left() + score / 100 * bar.width()

        parts = (
            (0.0, self._rescan, theme.rescan, self.tr("Consider rescan")),
            (self._rescan, self._accept, theme.check, self.tr("Check")),
            (self._accept, 100.0, theme.good, self.tr("Accept")),
        )
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            whole = QPainterPath()
            whole.addRoundedRect(bar, 8, 8)
            font = self.font()
            font.setPointSizeF(9)
            painter.setFont(font)
            for low, high, colour, name in parts:
                area = QRectF(at(low), bar.top(), at(high) - at(low), bar.height())
                fill = QColor(colour)
                fill.setAlpha(60)
                painter.save()
                painter.setClipPath(whole)
                painter.fillRect(area, fill)
                painter.restore()
                if painter.fontMetrics().horizontalAdvance(name) + 6 < area.width():
                    painter.setPen(QColor(theme.text))
                    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name)
            font.setBold(True)
            painter.setFont(font)
            for score in dict.fromkeys((self._rescan, self._accept)):
                x = at(score)
                painter.setPen(QPen(QColor(theme.text), 2))
                painter.drawLine(QLineF(x, bar.top() - 4, x, bar.bottom() + 4))
                painter.drawText(QRectF(x - 30, 0, 60, _TOP - 5), Qt.AlignmentFlag.AlignCenter, f"{score:.0f}")  # fmt: skip
            font.setBold(False)
            font.setPointSizeF(8)
            painter.setFont(font)
            painter.setPen(QColor(theme.dim))
            painter.drawText(QRectF(0, 2, 40, 18), Qt.AlignmentFlag.AlignCenter, "0")
            painter.drawText(QRectF(self.width() - 40, 2, 40, 18), Qt.AlignmentFlag.AlignCenter, "100")  # fmt: skip
            for cut in self._figures:
                y = bar.bottom() + 14
                painter.setPen(QPen(QColor(theme.accent), 2))
                painter.drawLine(QLineF(at(cut.low), y, at(cut.high), y))
                for end in (cut.low, cut.high):
                    painter.drawLine(QLineF(at(end), y - 4, at(end), y + 4))
            if self._figures:
                painter.setPen(QColor(theme.dim))
                painter.drawText(QRectF(_SIDE, bar.bottom() + 20, bar.width(), 16), Qt.AlignmentFlag.AlignCenter, self.tr("lines: where 95 % of refits put the cut"))  # fmt: skip
