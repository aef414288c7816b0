"""The study list: a tree of studies, each series with picture, verdict and score bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from miqa_app.core.naming import distinction, study_key, study_name
from miqa_app.core.series import Series
from miqa_app.gui import icons
from miqa_app.gui.entries import State
from miqa_app.gui.theme import Theme, verdict_colour, verdict_shape

if TYPE_CHECKING:
    from miqa_app.gui.entries import Entry

_ENTRY = Qt.ItemDataRole.UserRole
_TOLD_APART = Qt.ItemDataRole.UserRole + 1
_ROW, _PICTURE = 92, 60


class StudyList(QTreeWidget):
    """One branch per study, one row per series.

    Signals:
        chosen: the key of the series that the user turned to.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setMouseTracking(True)
        self.setUniformRowHeights(False)
        self.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Studies and series")
        self.header().setAccessibleName("Heading of the study list")
        self.setItemDelegate(_Row(theme, self))
        self._studies: dict[str, QTreeWidgetItem] = {}
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._identity = False
        self.currentItemChanged.connect(self._chosen)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.itemDelegate().theme = theme
        self.viewport().update()

    def set_identity(self, on: bool) -> None:
        """Name the studies as the scanner does, or by number: people write names into study descriptions."""
        if on != self._identity:
            self._identity = on
            for number, branch in enumerate(self._studies.values(), start=1):
                self._entitle(branch, branch.child(0).data(0, _ENTRY).series, number)

    def put(self, entry: Entry) -> None:
        """Add a series under its study, or show its newest state."""
        row = self._rows.get(entry.key)
        if row is None:
            row = self._rows[entry.key] = QTreeWidgetItem(self._study(entry))
            row.setData(0, _ENTRY, entry)
            self._tell_apart(row.parent())
        row.setData(0, _ENTRY, entry)
        row.setData(0, Qt.ItemDataRole.AccessibleTextRole, entry.sentence)
        row.setToolTip(
            0,
            "\n".join(
                filter(None, (entry.series.description, entry.sentence, *entry.series.warnings))
            ),
        )

    def choose(self, key: str) -> None:
        """Make a series the current one."""
        row = self._rows.get(key)
        if row is not None:
            self.setCurrentItem(row)

    def step(self, rows: int) -> None:
        """Turn to a series further down or up."""
        keys = self.series_keys()
        current = self.current_key()
        if keys:
            place = keys.index(current) + rows if current in keys else 0
            self.choose(keys[min(max(place, 0), len(keys) - 1)])

    def series_keys(self) -> list[str]:
        """Return the keys of all series in the order of the list."""
        found = []
        for number in range(self.topLevelItemCount()):
            study = self.topLevelItem(number)
            found += [study.child(row).data(0, _ENTRY).key for row in range(study.childCount())]
        return found

    def current_key(self) -> str:
        """Return the key of the current series, or ''."""
        entry = self.currentItem().data(0, _ENTRY) if self.currentItem() else None
        return entry.key if entry is not None else ""

    def empty(self) -> None:
        """Remove everything."""
        self._rows.clear()
        self._studies.clear()
        self.clear()

    def _study(self, entry: Entry) -> QTreeWidgetItem:
        key = study_key(entry.series)
        if key not in self._studies:
            branch = QTreeWidgetItem(self)
            self._entitle(branch, entry.series, len(self._studies) + 1)
            branch.setFlags(Qt.ItemFlag.ItemIsEnabled)
            branch.setExpanded(True)
            self._studies[key] = branch
        return self._studies[key]

    def _entitle(self, branch: QTreeWidgetItem, series: Series, number: int) -> None:
        name = study_name(series, number, identity=self._identity)
        branch.setText(0, name)
        branch.setToolTip(0, name)

    def _tell_apart(self, study: QTreeWidgetItem) -> None:
        """Write beside series of one name what makes them different."""
        rows = [study.child(number) for number in range(study.childCount())]
        series = [row.data(0, _ENTRY).series for row in rows]
        for row, one in zip(rows, series, strict=True):
            row.setData(0, _TOLD_APART, distinction(one, series))

    def _chosen(self, item: QTreeWidgetItem | None, _: QTreeWidgetItem | None) -> None:
        entry = item.data(0, _ENTRY) if item is not None else None
        if entry is not None:
            self.chosen.emit(entry.key)


class _Row(QStyledItemDelegate):
    """Paints a study's heading or a series' row."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return a row's height."""
        return QSize(180, _ROW if index.data(_ENTRY) is not None else 34)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        entry = index.data(_ENTRY)
        area = QRectF(option.rect)
        if entry is None:
            self._heading(painter, area, index.data(Qt.ItemDataRole.DisplayRole) or "")
        else:
            apart = index.data(_TOLD_APART) or ""
            self._series(painter, area.adjusted(4, 2, -4, -2), entry, apart, option)
        painter.restore()

    def _heading(self, painter: QPainter, area: QRectF, words: str) -> None:
        painter.setPen(QColor(self.theme.dim))
        font = painter.font()
        font.setPointSizeF(9)
        font.setBold(True)
        painter.setFont(font)
        line = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, area.width() - 20)
        painter.drawText(
            area.adjusted(10, 8, -8, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            line,
        )

    def _series(
        self,
        painter: QPainter,
        area: QRectF,
        entry: Entry,
        apart: str,
        option: QStyleOptionViewItem,
    ) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.setPen(QPen(QColor(self.theme.accent), 1.4) if selected else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.selected if selected else self.theme.raised))
            painter.drawRoundedRect(area, 8, 8)
        middle = area.top() + (area.height() - _PICTURE) / 2
        self._picture(painter, QRectF(area.left() + 8, middle, _PICTURE, _PICTURE), entry)
        left = area.left() + _PICTURE + 18
        words = QRectF(left, area.top() + 7, area.right() - left - 10, 18)
        name = words.adjusted(0, 0, -20 if entry.series.warnings else 0, 0)
        self._line(
            painter, name, entry.series.description or "Series", self.theme.text, 10, bold=True
        )
        if entry.series.warnings:
            sign = QRectF(words.right() - 15, words.top() + 1, 15, 15)
            icons.draw(painter, "warning", self.theme.check, sign)
        size = _size(entry, apart)
        self._line(painter, words.translated(0, 18), size, self.theme.dim, 8.5)
        self._outcome(painter, words.translated(0, 36), entry)

    def _picture(self, painter: QPainter, area: QRectF, entry: Entry) -> None:
        painter.fillRect(area, QColor("#050608"))
        if entry.thumbnail is not None:
            size = entry.thumbnail.size().scaled(
                area.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio
            )
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(area.center())
            painter.drawImage(place, entry.thumbnail)

    def _outcome(self, painter: QPainter, area: QRectF, entry: Entry) -> None:
        """Paint verdict in shape, word and colour with the score bar, or how far the work is."""
        result = entry.assessment
        if result is None:
            colour = self.theme.rescan if entry.state is State.FAILED else self.theme.dim
            self._line(painter, area, entry.status, colour, 9)
            if entry.state in (State.READING, State.SCORING):
                self._bar(painter, area, entry.progress, self.theme.accent)
            return
        colour = verdict_colour(self.theme, result.verdict, result.thresholds)
        icons.draw(
            painter,
            verdict_shape(result.verdict, result.thresholds),
            colour,
            QRectF(area.left(), area.top() + 1, 15, 15),
        )
        word = area.adjusted(20, 0, 0 if result.score is None else -26, 0)
        self._line(painter, word, result.verdict.words, colour, 9, bold=True)
        below = word.translated(0, 15)
        if result.score is None:
            self._line(painter, below, result.reason, self.theme.dim, 9)
        else:
            if not result.thresholds.calibrated:
                self._line(painter, below, "uncalibrated", self.theme.text, 9)
            font = painter.font()
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(self.theme.text))
            painter.drawText(
                area,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                f"{result.score:.0f}",
            )
            self._bar(painter, area, result.score / 100, colour)

    def _bar(self, painter: QPainter, area: QRectF, share: float, colour: str) -> None:
        bar = QRectF(area.left(), area.bottom() + 19, area.width(), 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.line))
        painter.drawRoundedRect(bar, 2, 2)
        bar.setWidth(max(bar.width() * share, 4))
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(bar, 2, 2)

    def _line(
        self,
        painter: QPainter,
        area: QRectF,
        words: str,
        colour: str,
        size: float,
        *,
        bold: bool = False,
    ) -> None:
        font = painter.font()
        font.setPointSizeF(size)
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        line = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, line)


def _size(entry: Entry, apart: str) -> str:
    """Return what tells the series apart, the number of its images and their size in words."""
    rows, columns = entry.series.shape
    times = f" × {entry.series.time_points} times" if entry.series.time_points > 1 else ""
    slices = entry.series.slices
    count = f"{slices} slice{'' if slices == 1 else 's'}{times}"
    return f"{apart} · {count}" if apart else f"{count} · {columns} × {rows}"
