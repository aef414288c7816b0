"""Rows of a list: a tick where there is one to set, a picture, a name, and up to three lines of lesser words."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import (
    QListWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from miqa_app.gui.theme import Theme

DETAIL = Qt.ItemDataRole.UserRole + 10
"""Role of the lesser words."""
THING = Qt.ItemDataRole.UserRole + 11
"""Role of what the row stands for."""

_PAD, _TICK, _ROUND, _NAME_LINES = 8, 16, 7, 2


class Rows(QListWidget):
    """A list of such rows."""

    def __init__(self, theme: Theme, name: str, *, picture: int = 0, lines: int = 1) -> None:
        """Make the list.

        Args:
            theme: gives the colours.
            name: accessible name.
            picture: width and height of the picture of each row, 0 for none.
            lines: of lesser words, at most.
        """
        super().__init__()
        self.setObjectName("rows")
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setItemDelegate(_Row(theme, self, picture, lines))
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)


class _Row(QStyledItemDelegate):
    """Paints a row and sets its tick."""

    def __init__(self, theme: Theme, parent: QWidget, picture: int, lines: int) -> None:
        super().__init__(parent)
        self._theme, self._picture, self._lines = theme, picture, lines

    def _tick(self, rect: QRect) -> QRect:
        return QRect(rect.left() + _PAD, rect.center().y() - _TICK // 2, _TICK, _TICK)

    def _words(self, rect: QRect, checkable: bool) -> QRect:
        left = _PAD + (_TICK + _PAD if checkable else 0)
        left += self._picture + _PAD if self._picture else 0
        return rect.adjusted(left, 6, -_PAD, -6)

    def _lines_of(self, index: QModelIndex, font: QFont, width: int) -> tuple[list[str], list[str]]:
        """Return the lines of the name and of the lesser words."""
        name = _wrapped(index.data() or "", QFontMetrics(_bold(font)), width, _NAME_LINES)
        return name, _wrapped(
            index.data(DETAIL) or "", QFontMetrics(_lesser(font)), width, self._lines
        )

    def _height(self, font: QFont, name: list[str], lines: list[str]) -> int:
        high, low = QFontMetrics(_bold(font)), QFontMetrics(_lesser(font))
        return high.lineSpacing() * len(name) + low.lineSpacing() * len(lines)

    # ---------------------------------------------------------------- Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for the words or the picture, whichever is higher."""
        view = self.parent()
        checkable = index.data(Qt.ItemDataRole.CheckStateRole) is not None
        width = self._words(QRect(0, 0, view.viewport().width() - 2, 100), checkable).width()
        name, lines = self._lines_of(index, option.font, max(width, 40))
        height = self._height(option.font, name, lines) + 14
        return QSize(80, max(height, self._picture + 10 if self._picture else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint the row."""
        theme, rect = self._theme, option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        usable = bool(option.state & QStyle.StateFlag.State_Enabled)
        inside = QRectF(rect).adjusted(1, 1, -1, -1)
        if chosen or hovered:
            painter.setPen(QPen(QColor(theme.accent), 1.5) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.selected if chosen else theme.raised))
            painter.drawRoundedRect(inside, _ROUND, _ROUND)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        left = rect.left() + _PAD
        if state is not None:
            if usable:
                paint_tick(
                    painter,
                    QRectF(self._tick(rect)),
                    theme,
                    Qt.CheckState(state) == Qt.CheckState.Checked,
                )
            left += _TICK + _PAD
        if self._picture:
            picture = index.data(Qt.ItemDataRole.DecorationRole)
            frame = QRect(
                left, rect.center().y() - self._picture // 2, self._picture, self._picture
            )
            painter.fillRect(frame, QColor("black"))
            if picture is not None:
                size = picture.deviceIndependentSize()
                painter.setOpacity(1 if usable else 0.4)
                painter.drawPixmap(
                    QPointF(
                        frame.center().x() - size.width() / 2 + 0.5,
                        frame.center().y() - size.height() / 2 + 0.5,
                    ),
                    picture,
                )
                painter.setOpacity(1)
        words = self._words(rect, state is not None)
        name, lines = self._lines_of(index, option.font, words.width())
        top = float(
            words.top() + max(0, (words.height() - self._height(option.font, name, lines)) // 2)
        )
        for font, colour, some in (
            (_bold(option.font), theme.text if usable else theme.dim, name),
            (_lesser(option.font), theme.dim, lines),
        ):
            metrics = QFontMetrics(font)
            painter.setFont(font)
            painter.setPen(QColor(colour))
            for line in some:
                painter.drawText(QPointF(words.left(), top + metrics.ascent()), line)
                top += metrics.lineSpacing()
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        """Set the tick by a click on it or with Space."""
        flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
        if model.flags(index) & flags != flags:
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            near = self._tick(option.rect).adjusted(-6, -10, 6, 10)
            if not near.contains(event.position().toPoint()):
                return False
        elif event.type() != QEvent.Type.KeyPress or event.key() != Qt.Key.Key_Space:
            return False
        on = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        turned = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
        return model.setData(index, turned, Qt.ItemDataRole.CheckStateRole)


def paint_tick(painter: QPainter, box: QRectF, theme: Theme, on: bool) -> None:
    """Paint a box with or without its tick."""
    painter.setPen(QPen(QColor(theme.accent if on else theme.dim), 1.2))
    painter.setBrush(QColor(theme.accent if on else theme.window))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    if on:
        painter.setPen(
            QPen(QColor(theme.on_accent), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )  # fmt: skip
        width, height = box.width(), box.height()
        points = [(0.26, 0.52), (0.43, 0.68), (0.74, 0.33)]
        painter.drawPolyline(
            QPolygonF([QPointF(box.left() + x * width, box.top() + y * height) for x, y in points])
        )


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made


def _lesser(font: QFont) -> QFont:
    made = QFont(font)
    made.setPointSizeF(max(font.pointSizeF() - 1, 7))
    return made


def _wrapped(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """Return up to `most` lines; the last one is elided where more would follow."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and metrics.horizontalAdvance(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        if line:
            lines.append(line)
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        lines = [*lines[: most - 1], rest]
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]
