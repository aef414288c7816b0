"""Tables of the overview: raters and images, with bars that can be read from across the room."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, QModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from miqa_app.gui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.gui.campaign.campaign_work import Standing
    from miqa_app.services.study_status import ItemStatus, RaterStatus

_SHARE, _ORDER = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_ROW, _BAR, _GAP, _LEAST = 30, 74, 8, 0.002


class BarTable(QTableWidget):
    """A table whose rows can be sorted by a click on a heading; some columns hold bars."""

    def __init__(
        self, theme: Theme, name: str, headings: Sequence[str], bars: Sequence[int], wide: int
    ) -> None:
        """Make the table.

        Args:
            theme: gives the colours.
            name: accessible name.
            headings: of the columns.
            bars: columns with a bar.
            wide: column that takes the room that is left.
        """
        super().__init__(0, len(headings))
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(headings))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setAccessibleName(name)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)
        self._bars = _Bars(theme, self)
        for column in bars:
            self.setItemDelegateForColumn(column, self._bars)

    def fill(self, rows: Sequence[Sequence[tuple[str, float, float | None]]]) -> None:
        """Show rows of cells: words, what to sort by, and the length of the bar 0–1 or None."""
        self.setSortingEnabled(False)
        self.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, (words, order, share) in enumerate(cells):
                item = _Cell(words)
                item.setData(_ORDER, order)
                item.setData(_SHARE, share)
                item.setToolTip(words)
                self.setItem(row, column, item)
        self.setSortingEnabled(True)


class RaterTable(BarTable):
    """One row per rater."""

    def __init__(self, theme: Theme) -> None:
        headings = [
            self.tr("Rater"), self.tr("Votes"), self.tr("Not judged"),
            self.tr("Sessions"), self.tr("Last session"),
        ]  # fmt: skip
        super().__init__(theme, self.tr("Raters"), headings, (1,), 4)
        self.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)

    def show_standing(self, standing: Standing) -> None:
        """Show who has come how far."""
        ends = {
            "finished": self.tr("all rated"),
            "time": self.tr("time was up"),
            "tired": self.tr("was tired"),
            "closed": self.tr("closed the window"),
            "open": self.tr("still open, or cut off"),
        }
        rows = []
        for place, one in enumerate(standing.status.raters):
            began = standing.last.get(one.pseudonym, "")
            when = (
                f"{_local(began)}, {ends.get(one.last, one.last)}" if began else self.tr("none yet")
            )
            rows.append(
                (
                    (one.pseudonym, place, None),
                    (
                        self.tr("{done} of {total}").format(done=one.done, total=one.total)
                        + ("" if one.trained else self._practice(one)),
                        one.done,
                        one.done / max(one.total, 1),
                    ),
                    (str(one.cannot_judge) if one.cannot_judge else "–", one.cannot_judge, None),
                    (str(one.sessions), one.sessions, None),
                    (when, _seconds(began), None),
                )
            )
        self.fill(rows)

    def _practice(self, one: RaterStatus) -> str:
        return self.tr(", practice {n} of {total}").format(n=one.practice, total=one.practice_total)


class ItemTable(BarTable):
    """One row per image that counts, the least certain first; no means, so that it tells nobody how to vote."""

    def __init__(self, theme: Theme) -> None:
        headings = [
            self.tr("Image"), self.tr("For"), self.tr("Votes"), self.tr("95 % interval"), self.tr("Needed"),
        ]  # fmt: skip
        super().__init__(theme, self.tr("Images"), headings, (2, 3), 0)
        self.horizontalHeader().setSortIndicator(3, Qt.SortOrder.DescendingOrder)

    def show_standing(self, standing: Standing) -> None:
        """Show votes and intervals."""
        status = standing.status
        scale = standing.study.protocol.scale
        # with two votes an interval can be wider than the scale; it must not make all others look narrow
        most_wide = max(
            (min(one.half_width or 0.0, (scale.high - scale.low) / 2) for one in status.items),
            default=0.0,
        )
        widest = most_wide or 1.0
        self.horizontalHeaderItem(4).setText(
            self.tr("For ±{target}").format(target=f"{status.target:g}")
        )
        most = max(len(status.raters), 1)
        roles = {
            "rated": self.tr("rating"),
            "repeat": self.tr("repeat"),
            "reference check": self.tr("check"),
            "anchor": self.tr("anchor"),
        }
        self.fill(
            [
                (
                    (one.stimulus, place, None),
                    (roles.get(one.role, one.role), list(roles).index(one.role), None),
                    (str(one.votes), one.votes, one.votes / most),
                    self._interval(one, widest),
                    self._needed(one),
                )
                for place, one in enumerate(status.items)
            ]
        )

    def _interval(self, one: ItemStatus, widest: float) -> tuple[str, float, float | None]:
        if one.half_width is None:
            return self.tr("none yet"), math.inf, None
        return f"±{one.half_width:.1f}", one.half_width, min(one.half_width / widest, 1.0)

    def _needed(self, one: ItemStatus) -> tuple[str, float, None]:
        if one.more_raters is None:
            return self.tr("not known yet"), math.inf, None
        if one.more_raters == 0:
            return self.tr("reached"), 0, None
        return self.tr("{n} more raters").format(n=one.more_raters), one.more_raters, None


class _Cell(QTableWidgetItem):
    """A cell that sorts by its number."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return (self.data(_ORDER) or 0) < (other.data(_ORDER) or 0)


class _Bars(QStyledItemDelegate):
    """Paints a bar with its words beside it."""

    def __init__(self, theme: Theme, parent: QTableWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    # ---------------------------------------------------------------- Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for words and bar."""
        words = QFontMetrics(option.font).horizontalAdvance(index.data())
        return QSize(words + _BAR + _GAP + 24, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one cell."""
        theme, share = self._theme, index.data(_SHARE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(theme.selected))
        inside = QRectF(option.rect).adjusted(8, 0, -12, 0)
        painter.setFont(option.font)
        painter.setPen(QColor(theme.text if share is not None else theme.dim))
        words = inside.adjusted(0, 0, -_BAR - _GAP if share is not None else 0, 0)
        painter.drawText(
            words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, index.data()
        )
        rail = QRectF(inside.right() - _BAR, inside.center().y() - 3.5, _BAR, 7)
        if share is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.raised))
            painter.drawRoundedRect(rail, 3.5, 3.5)
            if share > _LEAST:
                filled = QRectF(rail)
                filled.setWidth(max(rail.width() * min(share, 1.0), 7))
                painter.setBrush(QColor(theme.accent))
                painter.drawRoundedRect(filled, 3.5, 3.5)
        painter.restore()


def _time(iso: str) -> QDateTime:
    return QDateTime.fromString(iso, Qt.DateFormat.ISODateWithMs)


def _seconds(iso: str) -> float:
    return float(_time(iso).toSecsSinceEpoch()) if iso else 0.0


def _local(iso: str) -> str:
    """Return UTC time as a date and time of this place; the year only where it is another one."""
    time = _time(iso).toLocalTime()
    same = time.date().year() == QDateTime.currentDateTime().date().year()
    return QLocale().toString(time, "d MMM HH:mm" if same else "d MMM yyyy HH:mm")
