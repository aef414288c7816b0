"""Differences between two models with their intervals, drawn to one scale: better to the right, worse to the left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.gui.finetune.curve_chart import ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.evaluation.evidence import Evidence
    from miqa_app.gui.theme import Theme

_ROW, _NAME, _VALUE, _HEAD, _FOOT, _CAP = 25, 132, 152, 24, 24, 4
_LEAST = 0.05


@dataclass(frozen=True)
class Row:
    """One difference; a heading where it has no value.

    Attributes:
        name: what is compared.
        value: candidate minus active model, above 0 is better; None for a heading, or where it cannot be said.
        low: lower end of its interval.
        high: upper end of its interval.
        heading: it only names what follows.
    """

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    heading: bool = False


def rows_of(evidence: Evidence) -> list[Row]:
    """Return the differences in SROCC that the evidence holds: unseen references, rehearsal set, strata."""
    found = [Row("All unseen images", *_of(evidence.held_out.difference("srocc")))]
    if evidence.rehearsal is not None:
        found.append(Row("Not forgotten", *_of(evidence.rehearsal.difference("srocc"))))
    group = ""
    for one in evidence.strata:
        if one.group != group:
            group = one.group
            found.append(Row(_GROUPS.get(group, group), heading=True))
        label = one.label.replace("_", " ")
        found.append(Row(f"{label} ({one.images})", one.srocc.value, one.srocc.low, one.srocc.high))
    return found


_GROUPS = {"kind": "By artefact", "anatomy": "By anatomy", "sequence": "By sequence", "vendor": "By vendor", "field": "By field strength"}  # fmt: skip


def _of(difference: object) -> tuple[float | None, float | None, float | None]:
    return difference.value, difference.low, difference.high  # type: ignore[attr-defined]


class Forest(QWidget):
    """A row for each difference."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: Sequence[Row] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show differences."""
        self._rows = tuple(rows)
        self.setAccessibleName("; ".join(f"{row.name}: {_value(row)}" for row in rows if not row.heading))  # fmt: skip
        self.setFixedHeight(_HEAD + _ROW * len(self._rows) + _FOOT)
        self.update()

    def _reach(self) -> float:
        ends = [
            abs(end)
            for row in self._rows
            for end in (row.value, row.low, row.high)
            if end is not None
        ]
        # a stratum of a few images can be wide; it must not make all others look narrow
        typical = sorted(ends)[int(0.85 * (len(ends) - 1))] if ends else 0
        return max(_LEAST, 1.1 * typical)

    # ---------------------------------------------------------------- painting

    def _axis(self, painter: QPainter, room: QRectF, reach: float) -> None:
        theme = self._theme
        painter.setFont(_font(self.font(), 8))
        painter.setPen(QColor(theme.dim))
        centre = room.center().x()
        left = QRectF(centre - 158, 0, 150, _HEAD - 4)
        right = QRectF(centre + 8, 0, 150, _HEAD - 4)
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.tr("worse"))  # fmt: skip
        painter.drawText(right, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.tr("better"))  # fmt: skip
        for value in ticks(-reach, reach, max(4, int(room.width() // 46))):
            x = centre + value / reach * room.width() / 2
            zero = abs(value) < 1e-9
            painter.setPen(QPen(QColor(theme.dim if zero else theme.line), 1.3 if zero else 1))
            painter.drawLine(QLineF(x, room.top(), x, room.bottom()))
            painter.setPen(QColor(theme.dim))
            painter.drawText(QRectF(x - 30, room.bottom() + 4, 60, 16), Qt.AlignmentFlag.AlignHCenter, _signed(value, 3).rstrip("0").rstrip(".") if not zero else "0")  # fmt: skip

    def _row(self, painter: QPainter, row: Row, top: float, room: QRectF, reach: float) -> None:
        theme = self._theme
        middle = Qt.AlignmentFlag.AlignVCenter
        font = _font(self.font(), 9, bold=row.heading)
        painter.setFont(font)
        painter.setPen(QColor(theme.dim if row.heading else theme.text))
        indent = 0 if row.heading else 10
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, _NAME - indent - 8)  # fmt: skip
        painter.drawText(QRectF(indent, top, _NAME, _ROW), Qt.AlignmentFlag.AlignLeft | middle, name)  # fmt: skip
        if row.heading:
            return
        painter.setPen(QColor(theme.dim))
        painter.setFont(_font(self.font(), 8))
        painter.drawText(QRectF(room.right() + 14, top, _VALUE - 14, _ROW), Qt.AlignmentFlag.AlignLeft | middle, _value(row))  # fmt: skip
        if row.value is None:
            return
        better = row.low is not None and row.low > 0
        worse = row.high is not None and row.high < 0
        colour = QColor(theme.good if better else theme.rescan if worse else theme.accent)
        y = top + _ROW / 2

        def at(value: float) -> float:
            return room.center().x() + max(-1.0, min(1.0, value / reach)) * room.width() / 2

        painter.setPen(QPen(colour, 2))
        if row.low is not None and row.high is not None:
            painter.drawLine(QLineF(at(row.low), y, at(row.high), y))
            for end in (row.low, row.high):
                if abs(end) < reach:
                    painter.drawLine(QLineF(at(end), y - _CAP, at(end), y + _CAP))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(at(row.value), y), 4, 4)

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return room for all rows."""
        return QSize(440, _HEAD + _ROW * max(len(self._rows), 1) + _FOOT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows."""
        if not self._rows:
            return
        room = QRectF(_NAME + 20, _HEAD, max(self.width() - _NAME - _VALUE - 20, 60), _ROW * len(self._rows))  # fmt: skip
        reach = self._reach()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._axis(painter, room, reach)
            for number, row in enumerate(self._rows):
                self._row(painter, row, _HEAD + _ROW * number, room, reach)


def _font(font: QFont, size: float, *, bold: bool = False) -> QFont:
    made = QFont(font)
    made.setPointSizeF(size)
    made.setBold(bold)
    return made


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def _value(row: Row) -> str:
    if row.value is None:
        return "cannot be said"
    if row.low is None or row.high is None:
        return _signed(row.value, 3)
    return f"{_signed(row.value, 3)} [{_signed(row.low, 2)}, {_signed(row.high, 2)}]"
