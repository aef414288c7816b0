"""Live curves of a training, painted: one line per seed over the epochs, and where the model began."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.gui.finetune.progress import Point, Training
    from miqa_app.gui.theme import Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 30, 24
_MARK = 3.6
_CORNERS = {1: 0, 2: 4, 3: 3, 4: 5}
"""Corners of the mark of a seed; 0 is a circle."""


@dataclass(frozen=True)
class Figure:
    """A figure of an epoch.

    Attributes:
        key: attribute of `Point`.
        name: for people.
        dashed: drawn with dashes.
        unit: behind its value.
    """

    key: str
    name: str
    dashed: bool = False
    unit: str = ""


class CurveChart(QWidget):
    """Curves of one or two figures; seeds differ in colour and in the shape of their marks."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        figures: Sequence[Figure],
        *,
        least_span: float,
        parent: QWidget | None = None,
    ) -> None:
        """Make the chart.

        Args:
            theme: gives the colours.
            title: above it.
            figures: that it shows.
            least_span: of the vertical axis, so that noise does not look like progress.
            parent: see QWidget.
        """
        super().__init__(parent)
        self._theme, self._title, self._figures = theme, title, tuple(figures)
        self._least = least_span
        self._training: Training | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)
        self.show_training(None)

    def show_training(self, training: Training | None) -> None:
        """Show the curves of a training, none for None."""
        self._training = training
        self.setAccessibleName(f"{self._title}. {self.words()}")
        self.update()

    def words(self) -> str:
        """Return the newest epoch in words, for a screen reader and for tests."""
        found = self._newest()
        if found is None:
            return self.tr("Nothing yet")
        seed, point = found
        return self._point_words(seed, point)

    # ---------------------------------------------------------------- what is shown

    def _newest(self) -> tuple[int, Point] | None:
        training = self._training
        if training is None or not training.seeds:
            return None
        seed = max(training.seeds)
        return seed, training.seeds[seed][-1]

    def _point_words(self, seed: int, point: Point) -> str:
        values = ", ".join(
            f"{figure.name} {_number(value, figure)}"
            for figure in self._figures
            if (value := getattr(point, figure.key)) is not None
        )
        where = self.tr("Seed {seed}, epoch {epoch}").format(seed=seed, epoch=point.epoch)
        return f"{where}: {values}"

    def _lines(self) -> list[tuple[int, Figure, list[tuple[int, float]]]]:
        """Return seed, figure and points of every line; they begin at the model before training."""
        training = self._training
        if training is None:
            return []
        lines = []
        for seed, curve in sorted(training.seeds.items()):
            whole = [training.before, *curve] if training.before else curve
            for figure in self._figures:
                known = [(p.epoch, v) for p in whole if (v := getattr(p, figure.key)) is not None]
                lines.append((seed, figure, known))
        return lines

    def _before(self) -> list[tuple[Figure, float]]:
        before = self._training.before if self._training else None
        if before is None:
            return []
        return [(f, v) for f in self._figures if (v := getattr(before, f.key)) is not None]

    def _span(self) -> tuple[float, float] | None:
        values = [v for _, _, points in self._lines() for _, v in points]
        values += [v for _, v in self._before()]
        if not values:
            return None
        low, high = min(values), max(values)
        room = max(0.1 * (high - low), (self._least - (high - low)) / 2)
        return low - room, high + room

    def _frame(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)

    def _x(self, epoch: float) -> float:
        last = max(self._training.epochs if self._training else 1, 1)
        return self._frame().left() + epoch / last * self._frame().width()

    def _y(self, value: float, span: tuple[float, float]) -> float:
        low, high = span
        return self._frame().bottom() - (value - low) / (high - low) * self._frame().height()

    # ---------------------------------------------------------------- painting

    def _axes(self, painter: QPainter, span: tuple[float, float]) -> None:
        theme, frame = self._theme, self._frame()
        painter.setFont(self._font(8))
        middle = Qt.AlignmentFlag.AlignVCenter
        for value in ticks(*span, min(8, max(2, int(frame.height() // 36)))):
            y = self._y(value, span)
            painter.setPen(QPen(QColor(theme.line), 1))
            painter.drawLine(QLineF(frame.left(), y, frame.right(), y))
            painter.setPen(QColor(theme.dim))
            area = QRectF(0, y - 8, _LEFT - 7, 16)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, f"{value:.4g}".replace("-", "−"))  # fmt: skip
        last = max(self._training.epochs if self._training else 1, 1)
        every = max(1, math.ceil(last / max(1, frame.width() // 34)))
        for epoch in range(0, last + 1, every):
            x = self._x(epoch)
            text = str(epoch) if epoch else self.tr("before")
            painter.drawText(QRectF(x - 30, frame.bottom() + 5, 60, 16), Qt.AlignmentFlag.AlignHCenter, text)  # fmt: skip

    def _begin(self, painter: QPainter, span: tuple[float, float]) -> None:
        """Paint where the model began."""
        frame = self._frame()
        painter.setPen(QPen(QColor(self._theme.dim), 1, Qt.PenStyle.DotLine))
        for _, value in self._before():
            y = self._y(value, span)
            painter.drawLine(QLineF(frame.left(), y, frame.right(), y))

    def _curves(self, painter: QPainter, span: tuple[float, float]) -> None:
        for seed, figure, points in self._lines():
            colour = QColor(seed_colour(self._theme, seed))
            style = Qt.PenStyle.DashLine if figure.dashed else Qt.PenStyle.SolidLine
            painter.setPen(QPen(colour, 1.4 if figure.dashed else 2.2, style))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            places = [QPointF(self._x(epoch), self._y(value, span)) for epoch, value in points]
            painter.drawPolyline(QPolygonF(places))
            if not figure.dashed:
                for place in places[1:] if self._before() else places:
                    paint_mark(painter, place, seed, colour)

    def _head(self, painter: QPainter) -> None:
        theme = self._theme
        painter.setFont(self._font(9, bold=True))
        painter.setPen(QColor(theme.text))
        area = QRectF(10, 6, self.width() - 20, 18)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, self._title)
        taken = painter.fontMetrics().horizontalAdvance(self._title) + 16
        painter.setFont(self._font(8))
        painter.setPen(QColor(theme.dim))
        found = self._newest()
        values = [
            f"{figure.name} {_number(value, figure)}"
            for figure in self._figures
            if found and (value := getattr(found[1], figure.key)) is not None
        ]
        if len(self._figures) > 1:
            values.append(self.tr("dashed: {name}").format(name=self._figures[1].name))
        area.setLeft(area.left() + taken)
        words = "   ".join(values)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(area.width())))  # fmt: skip

    def _font(self, size: float, *, bold: bool = False) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(size)
        font.setBold(bold)
        return font

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return room for a readable chart."""
        return QSize(420, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the chart."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.setBrush(QColor(self._theme.panel))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
            self._head(painter)
            span = self._span()
            if span is None:
                painter.setPen(QColor(self._theme.dim))
                painter.drawText(self._frame(), Qt.AlignmentFlag.AlignCenter, self.tr("Begins with the first epoch"))  # fmt: skip
                return
            self._axes(painter, span)
            self._begin(painter, span)
            self._curves(painter, span)

    def event(self, event: QEvent) -> bool:
        """Say in a tool tip what the nearest epoch is."""
        span = self._span()
        if isinstance(event, QHelpEvent) and span is not None and self._training is not None:
            figure = self._figures[0]
            places = [
                (math.hypot(self._x(p.epoch) - event.pos().x(), self._y(value, span) - event.pos().y()), seed, p)
                for seed, curve in self._training.seeds.items()
                for p in curve
                if (value := getattr(p, figure.key)) is not None
            ]  # fmt: skip
            if places:
                _, seed, point = min(places, key=lambda place: place[0])
                QToolTip.showText(event.globalPos(), self._point_words(seed, point), self)
            return True
        return super().event(event)


def seed_colour(theme: Theme, seed: int) -> str:
    """Return the colour of a seed's line."""
    return (theme.accent, theme.check, theme.good, theme.rescan)[(seed - 1) % 4]


def paint_mark(painter: QPainter, place: QPointF, seed: int, colour: QColor) -> None:
    """Paint the mark of a seed: a circle, a square, a triangle, a pentagon."""
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    corners = _CORNERS[(seed - 1) % 4 + 1]
    if not corners:
        painter.drawEllipse(place, _MARK, _MARK)
    else:
        turn = math.pi / 4 if corners == 4 else 0.0
        size = _MARK * 1.3
        painter.drawPolygon(
            QPolygonF(
                [
                    place
                    + QPointF(
                        size * math.sin(turn + 2 * math.pi * k / corners),
                        -size * math.cos(turn + 2 * math.pi * k / corners),
                    )
                    for k in range(corners)
                ]
            )
        )
    painter.restore()


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values between two ends, about as many as asked for."""
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    first = math.ceil(low / step)
    return [round(step * k, 10) for k in range(first, math.floor(high / step) + 1)]


def _number(value: float, figure: Figure) -> str:
    digits = 1 if figure.key == "rmse" else 3
    return f"{value:.{digits}f}{figure.unit}".replace("-", "−")
