"""The models of the site in a list: name, what each is to the site, and what the gate says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from miqa_app.gui import icons
from miqa_app.gui.models.look import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.theme import Theme
    from miqa_app.services.models import ModelRow

ROW = Qt.ItemDataRole.UserRole + 21
_HIGH, _PAD, _MARK = 62, 11, 16


def state_words() -> dict[str, str]:
    """Return each state in words."""
    return {
        "active": "in use",
        "shadow": "on trial, unseen",
        "candidate": "candidate",
        "bundled": "came with the program",
        "retired": "was in use",
    }


class ModelList(QListWidget):
    """The models, the one in use first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rows")
        self.setAccessibleName(self.tr("Models"))
        self.setMouseTracking(True)
        self.setItemDelegate(_ModelDelegate(theme, self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)

    @property
    def row(self) -> ModelRow | None:
        """Return the chosen model."""
        item = self.currentItem()
        return item.data(ROW) if item else None

    def show_rows(self, rows: Sequence[ModelRow], wanted: str = "") -> None:
        """Show models; choose the wanted one, else the one that was chosen, else the first."""
        before = wanted or (self.row.name if self.row else "")
        self.blockSignals(True)
        self.clear()
        verdicts = {"pass": "passed the gate", "fail": "stopped by the gate", "uncertain": "too uncertain", "": "no evidence"}  # fmt: skip
        for row in rows:
            item = QListWidgetItem(row.name)
            item.setData(ROW, row)
            said = f"{row.name}, {state_words()[row.state]}, {verdicts[row.verdict]}"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
            ranks = "" if row.srocc is None else f"\nSROCC {row.srocc:.2f} on simulated artefacts in scans it never saw"  # fmt: skip
            item.setToolTip(f"{row.name}\n{row.training}{ranks}\nSHA-256 {row.sha256}")
            self.addItem(item)
        names = [row.name for row in rows]
        self.setCurrentRow(names.index(before) if before in names else 0)
        self.blockSignals(False)


class _ModelDelegate(QStyledItemDelegate):
    """Paints one model."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def _pill(self, painter: QPainter, state: str, left: float, top: float) -> float:
        """Paint the state and return where it ends."""
        theme = self._theme
        colours = {"active": theme.good, "shadow": theme.check, "candidate": theme.accent}
        colour = QColor(colours.get(state, theme.dim))
        font = QFont(painter.font())
        font.setPointSizeF(8)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        said = state_words()[state]
        width = QFontMetricsF(font).horizontalAdvance(said) + 18
        pill = QRectF(left, top, width, 19)
        filled = state == "active"
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(pill, 9.5, 9.5)
        painter.setPen(QColor(theme.panel) if filled else colour)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, said)
        return pill.right()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for two lines."""
        return QSize(120, _HIGH)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint name, state and verdict."""
        theme, row = self._theme, index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        inside = QRectF(option.rect).adjusted(1, 1, -1, -1)
        if chosen or hovered:
            painter.setPen(QPen(QColor(theme.accent), 1.5) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.selected if chosen else theme.raised))
            painter.drawRoundedRect(inside, 7, 7)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        left, top = inside.left() + _PAD, inside.top()
        width = inside.width() - 2 * _PAD
        name = QFontMetricsF(font).elidedText(row.name, Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(QPointF(left, top + 8 + QFontMetricsF(font).ascent()), name)
        end = self._pill(painter, row.state, left, top + 33)
        if row.verdict:
            shape, colour = OUTCOMES[row.verdict]
            icons.draw(painter, shape, getattr(theme, colour), QRectF(end + 9, top + 34.5, _MARK, _MARK))  # fmt: skip
        painter.restore()
