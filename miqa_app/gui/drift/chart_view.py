"""One control chart, painted: the figure week by week, its baseline, its limits, and what is out of control."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from miqa_app.evaluation.drift.words import TITLES, axis_words, day_words, value_words

if TYPE_CHECKING:
    from datetime import date

    from miqa_app.evaluation.drift.charts import Chart
    from miqa_app.gui.theme import Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 26, 22
_LEAST_SPAN = {"score": 8.0, "spread": 4.0, "scope": 0.1, "override": 0.1}
_DIAMOND = 5.5


class ChartView(QWidget):
    """A control chart that says what each of its points is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chart: Chart | None = None
        self._since: date | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(96)

    def show_chart(self, chart: Chart | None, since: date | None = None) -> None:
        """Show a chart, and from which Monday an alarm counts."""
        self._chart, self._since = chart, since
        self.setAccessibleName(self.words())
        self.update()

    def words(self) -> str:
        """Return the chart as a sentence for a screen reader."""
        chart = self._chart
        if chart is None or not len(chart.values):
            return self.tr("No chart")
        newest = self._point_words(len(chart.values) - 1)
        return f"{TITLES[chart.measure]}, {chart.place.words}. {newest}"

    # ---------------------------------------------------------------- painting

    def _frame(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)

    def _spans(self, chart: Chart) -> tuple[float, float, float, float]:
        """Return first and last week as ordinals, lowest and highest value."""
        first, last = chart.first[0].toordinal(), chart.weeks[-1].toordinal()
        low, high = float(chart.values.min()), float(chart.values.max())
        span = max(high - low, _LEAST_SPAN[chart.measure])
        # limits of few scans, or after bad scans in the baseline, are far away; they must not squeeze the points
        for limits in (chart.low, chart.high):
            known = limits[np.isfinite(limits)]
            if len(known):
                middle = float(np.median(known))
                low, high = max(min(low, middle), low - span / 2), min(max(high, middle), high + span / 2)  # fmt: skip
        room = max(0.08 * (high - low), (_LEAST_SPAN[chart.measure] - (high - low)) / 2)
        low, high = low - room, high + room
        if not chart.relative:
            low = max(low, 0.0)
        return first - 4, last + 4, low, high

    def _place(self, chart: Chart) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y of every point."""
        frame, (first, last, low, high) = self._frame(), self._spans(chart)
        weeks = np.array([week.toordinal() for week in chart.weeks], float)
        x = frame.left() + (weeks - first) / (last - first) * frame.width()
        return x, self._height(chart.values, low, high)

    def _height(self, values: np.ndarray, low: float, high: float) -> np.ndarray:
        frame = self._frame()
        share = (np.clip(values, low, high) - low) / (high - low)
        return frame.bottom() - share * frame.height()

    def _limits(self, painter: QPainter, chart: Chart, x: np.ndarray) -> None:
        """Paint baseline, limits and usual value of every stretch."""
        theme, frame = self._theme, self._frame()
        _, _, low, high = self._spans(chart)
        for part in chart.segments:
            here = x[part.points]
            if part.judged is None:
                continue
            learnt = here[part.baseline]
            painter.fillRect(
                QRectF(learnt[0] - 3, frame.top(), learnt[-1] - learnt[0] + 6, frame.height()),
                QColor(theme.raised),
            )
            tops = self._height(chart.high[part.points], low, high)
            bottoms = self._height(chart.low[part.points], low, high)
            band = QColor(theme.accent)
            band.setAlpha(38)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(band)
            edge = [QPointF(a, b) for a, b in zip(here, tops, strict=True)]
            edge += [QPointF(a, b) for a, b in zip(here[::-1], bottoms[::-1], strict=True)]
            painter.drawPolygon(QPolygonF(edge))
            middle = QColor(theme.accent)
            middle.setAlpha(150)
            painter.setPen(QPen(middle, 1))
            usual = 0.0 if chart.relative else part.usual
            y = float(self._height(np.array([usual]), low, high)[0])
            painter.drawLine(QLineF(here[0], y, here[-1], y))

    def _points(self, painter: QPainter, chart: Chart, x: np.ndarray, y: np.ndarray) -> None:
        theme = self._theme
        painter.setPen(QPen(QColor(theme.dim), 1.2))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))
        small = len(x) > self._frame().width() / 7
        for a, b, side in zip(x, y, chart.side, strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            if side:
                painter.setBrush(QColor(theme.rescan))
                shape = [(a, b - _DIAMOND), (a + _DIAMOND, b), (a, b + _DIAMOND), (a - _DIAMOND, b)]
                painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in shape]))
            else:
                painter.setBrush(QColor(theme.accent))
                painter.drawEllipse(QPointF(a, b), 1.8 if small else 2.8, 1.8 if small else 2.8)

    def _axes(self, painter: QPainter, chart: Chart) -> None:
        theme, frame = self._theme, self._frame()
        first, last, low, high = self._spans(chart)
        font = self.font()
        font.setPointSizeF(8)
        painter.setFont(font)
        for value in _ticks(low, high, frame.height()):
            y = float(self._height(np.array([value]), low, high)[0])
            painter.setPen(QPen(QColor(theme.line), 1))
            painter.drawLine(QLineF(frame.left(), y, frame.right(), y))
            painter.setPen(QColor(theme.dim))
            area = QRectF(0, y - 8, _LEFT - 6, 16)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _number(value, chart))  # fmt: skip
        for day, words in _months(first, last, frame.width()):
            x = frame.left() + (day - first) / (last - first) * frame.width()
            painter.drawLine(QLineF(x, frame.bottom(), x, frame.bottom() + 3))
            painter.drawText(QRectF(x - 40, frame.bottom() + 4, 80, 16), Qt.AlignmentFlag.AlignHCenter, words)  # fmt: skip
        if self._since is not None:
            x = (
                frame.left()
                + (self._since.toordinal() - 3.5 - first) / (last - first) * frame.width()
            )
            painter.setPen(QPen(QColor(theme.rescan), 1.2, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(x, frame.top(), x, frame.bottom()))

    def _title(self, painter: QPainter, chart: Chart) -> None:
        theme = self._theme
        font = self.font()
        font.setBold(True)
        font.setPointSizeF(9)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        title = TITLES[chart.measure]
        area = QRectF(6, 3, self.width() - 12, 18)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        taken = painter.fontMetrics().horizontalAdvance(title) + 10
        font.setBold(False)
        font.setPointSizeF(8)
        painter.setFont(font)
        painter.setPen(QColor(theme.dim))
        words = axis_words(chart)
        if not chart.ready:
            words += self.tr(" · baseline not whole yet, {n} points to go").format(n=chart.lacking)
        area.setLeft(area.left() + taken)
        elided = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, int(area.width())
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)

    def _point_words(self, place: int) -> str:
        chart = self._chart
        first, last = chart.first[place], chart.weeks[place]
        week = self.tr("Week of {day}").format(day=day_words(first))
        if first != last:
            week = self.tr("Weeks of {first} to {last}").format(first=day_words(first), last=day_words(last))  # fmt: skip
        value = value_words(chart.measure, float(chart.values[place]))
        scans = int(chart.scans[place])
        parts = [f"{week}: {value} ({self.tr('1 scan') if scans == 1 else self.tr('{n} scans').format(n=scans)})"]  # fmt: skip
        if math.isfinite(chart.low[place]):
            low, high = (
                value_words(chart.measure, float(v[place])) for v in (chart.low, chart.high)
            )
            parts.append(self.tr("limits {low} to {high}").format(low=low, high=high))
        if chart.side[place]:
            parts.append(self.tr("out of control"))
        return ", ".join(parts)

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return room for a chart that can be read."""
        return QSize(420, 160)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the chart."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.setBrush(QColor(self._theme.panel))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
            chart = self._chart
            if chart is None:
                return
            self._title(painter, chart)
            if not len(chart.values):
                painter.drawText(self._frame(), Qt.AlignmentFlag.AlignCenter, self.tr("Not enough scans yet"))  # fmt: skip
                return
            x, y = self._place(chart)
            self._limits(painter, chart, x)
            self._axes(painter, chart)
            self._points(painter, chart, x, y)

    def event(self, event: QEvent) -> bool:
        """Say in a tool tip what the nearest point is."""
        if isinstance(event, QHelpEvent) and self._chart is not None and len(self._chart.values):
            x, _ = self._place(self._chart)
            place = int(np.argmin(np.abs(x - event.pos().x())))
            QToolTip.showText(event.globalPos(), self._point_words(place), self)
            return True
        return super().event(event)


def _ticks(low: float, high: float, height: float) -> list[float]:
    """Return round values between two ends, as many as there is room for."""
    rough = (high - low) / max(2, height // 34)
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step)
    return [step * k for k in range(first, math.floor(high / step) + 1)]


def _number(value: float, chart: Chart) -> str:
    if chart.measure == "override":
        return f"{value * 100:.0f} %"
    text = f"{value:.2f}" if chart.measure == "scope" else f"{value:g}"
    signed = f"+{text}" if chart.relative and value > 0 else text
    return signed.replace("-", "−")


def _months(first: float, last: float, width: float) -> list[tuple[int, str]]:
    """Return the first days of months between two ordinals, as many as there is room for."""
    from datetime import date

    begin, end = date.fromordinal(int(first)), date.fromordinal(int(last))
    months = [
        date(year, month, 1)
        for year in range(begin.year, end.year + 1)
        for month in range(1, 13)
        if begin <= date(year, month, 1) <= end
    ]
    every = next((n for n in (1, 2, 3, 6, 12) if len(months) / n * 62 <= width), 12)
    shown = [day for day in months if (day.month - 1) % every == 0]
    return [
        (day.toordinal(), f"{day:%b %Y}" if day.month == 1 or day is shown[0] else f"{day:%b}")
        for day in shown
    ]
