"""All scanners at one glance: a row per scanner and coil, a column per sequence, a small curve in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from miqa_app.evaluation.drift.observations import Place
from miqa_app.evaluation.drift.words import TITLES, value_words

if TYPE_CHECKING:
    from miqa_app.evaluation.drift.charts import Chart
    from miqa_app.evaluation.drift.record import Drift, Stated
    from miqa_app.gui.theme import Theme

_CHART, _ALARM = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_ROW, _NAME, _COLUMN = 46, 178, 128
_LEAST_SPAN = 16.0
"""Points of score that the height of a cell shows at least."""

_SHORT = {"score": "", "spread": "spread", "scope": "scope", "override": "decisions"}


class Matrix(QTableWidget):
    """The median score of every scanner, coil and sequence; what moved stands out in colour, shape and word.

    Signals:
        asked: somebody wants to see the charts of this place.
    """

    asked = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("matrix")
        self.setAccessibleName(self.tr("Median score by scanner, coil and sequence"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header.setMinimumSectionSize(_COLUMN)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._sparks = _Sparks(theme, self)
        self.setItemDelegate(self._sparks)
        self.currentItemChanged.connect(self._turn)

    def show_state(self, state: Drift) -> None:
        """Show all charts; what moved comes first."""
        charts = {p: c for (p, m), c in state.charts.by_place.items() if m == "score" and p.whole}
        rows = sorted({(p.scanner, p.coil) for p in charts}, key=lambda pair: tuple(map(str.lower, pair)))  # fmt: skip
        columns = sorted({p.sequence for p in charts}, key=str.lower)
        self._sparks.set_scale([chart for chart in charts.values() if len(chart.values)])
        self.blockSignals(True)
        self.clear()
        self.setRowCount(len(rows))
        self.setColumnCount(len(columns) + 1)
        self.setHorizontalHeaderLabels([self.tr("Scanner and coil"), *columns])
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(0, _NAME)
        for row, (scanner, coil) in enumerate(rows):
            name = QTableWidgetItem(scanner)
            wide = Place(scanner, "", coil)
            name.setData(_CHART, wide)
            name.setData(_ALARM, _row_alarm(state, scanner, coil))
            name.setToolTip(wide.words)
            self.setItem(row, 0, name)
            for column, sequence in enumerate(columns, 1):
                self.setItem(row, column, self._cell(state, charts.get(Place(scanner, sequence, coil))))  # fmt: skip
        self.blockSignals(False)

    def choose(self, place: Place) -> None:
        """Move the frame to the cell of a place, as far as there is one."""
        self.blockSignals(True)
        self.setCurrentItem(None)
        for row in range(self.rowCount()):
            for column in range(self.columnCount()):
                item = self.item(row, column)
                data = item.data(_CHART)
                own = data if isinstance(data, Place) else data.place if data else None
                if own == place:
                    self.setCurrentItem(item)
                    self.scrollToItem(item)
        self.blockSignals(False)

    def _cell(self, state: Drift, chart: Chart | None) -> QTableWidgetItem:
        item = QTableWidgetItem()
        if chart is None:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            return item
        alarms = [one for one in state.present if chart.place.within(one.alarm.place)]
        item.setData(_CHART, chart)
        item.setData(_ALARM, alarms[0] if alarms else None)
        words = [chart.place.words, *(one.words for one in alarms)]
        if len(chart.values):
            words.insert(1, f"{TITLES['score']} {value_words('score', float(chart.values[-1]))}")
        item.setToolTip("\n".join(words))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ". ".join(words))
        return item

    def _turn(self, item: QTableWidgetItem | None, _: object) -> None:
        data = item.data(_CHART) if item else None
        if data is not None:
            self.asked.emit(data if isinstance(data, Place) else data.place)


def _row_alarm(state: Drift, scanner: str, coil: str) -> Stated | None:
    """Return the first alarm that lasts and speaks of a row."""
    for one in state.present:
        place = one.alarm.place
        if place.scanner in ("", scanner) and place.coil in ("", coil):
            return one
    return None


class _Sparks(QStyledItemDelegate):
    """Paints names and small curves, all on one scale."""

    def __init__(self, theme: Theme, parent: QTableWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: dict[str, tuple[float, float]] = {}
        self._days = (0, 1)

    def set_scale(self, charts: list[Chart]) -> None:
        """Take the scales: one of time for all, one of the score for each sequence, so that scanners can be compared."""
        own: dict[str, list[np.ndarray]] = {}
        for chart in charts:
            own.setdefault(chart.place.sequence, []).append(chart.values)
        self._values = {name: _span(np.concatenate(parts)) for name, parts in own.items()}
        if charts:
            days = [day.toordinal() for c in charts for day in (c.first[0], c.weeks[-1])]
            self._days = min(days), max(*days, min(days) + 1)

    def _name(self, painter: QPainter, area: QRectF, scanner: str, place: Place, alarm: Stated | None) -> None:  # fmt: skip
        theme = self._theme
        if alarm is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.rescan if alarm.state == "open" else theme.check))
            middle = QPointF(area.left() + 6, area.center().y())
            painter.drawPolygon(QPolygonF([middle + QPointF(*p) for p in ((0, -6), (6, 0), (0, 6), (-6, 0))]))  # fmt: skip
        words = area.adjusted(20, 5, -4, -5)
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        top = QFontMetricsF(font).elidedText(scanner, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignTop, top)
        font.setBold(False)
        font.setPointSizeF(8.5)
        painter.setFont(font)
        painter.setPen(QColor(theme.dim))
        below = QFontMetricsF(font).elidedText(
            place.coil, Qt.TextElideMode.ElideRight, words.width()
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignBottom, below)

    def _spark(self, painter: QPainter, area: QRectF, chart: Chart, alarm: Stated | None) -> None:
        theme = self._theme
        tone = QColor(theme.accent)
        if alarm is not None:
            tone = QColor(theme.rescan if alarm.state == "open" else theme.check)
            ground = QColor(tone)
            ground.setAlpha(34)
            painter.setPen(QPen(tone, 1.4))
            painter.setBrush(ground)
            painter.drawRoundedRect(area.adjusted(2, 2, -2, -2), 6, 6)
        if not len(chart.values):
            painter.setPen(QColor(theme.dim))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "…")
            return
        room = area.adjusted(9, 7, -50, -7)
        x, y = self._at(room, chart, [week.toordinal() for week in chart.weeks], chart.values)
        if chart.ready:
            part = chart.segments[-1]
            _, usual = self._at(room, chart, [0], np.array([part.usual]))
            painter.setPen(QPen(QColor(theme.line), 1))
            painter.drawLine(QPointF(room.left(), usual[0]), QPointF(room.right(), usual[0]))
        painter.setPen(QPen(tone if chart.ready else QColor(theme.dim), 1.6))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))
        self._newest(painter, area, chart, alarm, tone)

    def _newest(self, painter: QPainter, area: QRectF, chart: Chart, alarm: Stated | None, tone: QColor) -> None:  # fmt: skip
        """Write the newest value, and of what moved the direction."""
        font = painter.font()
        font.setBold(alarm is not None)
        painter.setFont(font)
        painter.setPen(tone if alarm is not None else QColor(self._theme.text))
        value = value_words("score", float(chart.values[-1]))
        side = area.adjusted(0, 5, -9, -5)
        right = Qt.AlignmentFlag.AlignRight
        if alarm is None:
            painter.drawText(side, right | Qt.AlignmentFlag.AlignVCenter, value)
            return
        arrow = "▼" if alarm.alarm.side < 0 else "▲"
        painter.drawText(side, right | Qt.AlignmentFlag.AlignTop, f"{arrow} {value}" if alarm.alarm.measure == "score" else value)  # fmt: skip
        if alarm.alarm.measure != "score":
            font.setPointSizeF(7.5)
            painter.setFont(font)
            painter.drawText(side, right | Qt.AlignmentFlag.AlignBottom, f"{arrow} {_SHORT[alarm.alarm.measure]}")  # fmt: skip

    def _at(
        self, room: QRectF, chart: Chart, days: list[int], values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where days and values lie in a cell; what is beyond the scale lies on its edge."""
        first, last = self._days
        low, high = self._values[chart.place.sequence]
        x = room.left() + (np.array(days, float) - first) / (last - first) * room.width()
        share = (np.clip(values, low, high) - low) / (high - low)
        return x, room.bottom() - share * room.height()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for a curve."""
        return QSize(_COLUMN, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint a name or a curve."""
        data, alarm = index.data(_CHART), index.data(_ALARM)
        if data is None:
            return
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        painter.setPen(QPen(QColor(self._theme.line), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.selected))
            painter.drawRoundedRect(area.adjusted(2, 2, -2, -2), 6, 6)
        if isinstance(data, Place):
            self._name(painter, area, str(index.data()), data, alarm)
        else:
            self._spark(painter, area, data, alarm)
        painter.restore()


def _span(values: np.ndarray) -> tuple[float, float]:
    """Return a scale on which single odd weeks do not flatten all others."""
    low, high = np.percentile(values, (2, 98))
    room = max(_LEAST_SPAN - (high - low), 0.0) / 2 + 2
    return float(low - room), float(high + room)
