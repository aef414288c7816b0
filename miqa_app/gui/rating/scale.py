"""The scales: a line without a handle, grades, and which of two. Each takes mouse and keys and tells its value."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.gui.rating.chips import Chip, Chips
from miqa_app.gui.rating.look import INK, SOFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.rating.protocol import Protocol, Scale

SECONDS_TO_TYPE = 1.0
"""So long after a digit another one completes the number."""

_FINE = 0.01
_MARGIN = 50
_HIGH = 80


class ContinuousScale(QWidget):
    """A line from worst to best. It has no handle until the rater sets one.

    Click or drag anywhere; digits 0–9 set tenths, F the full score, Left and Right go in hundredths. On a scale from 0
    to 100 further digits, typed at once, make the number: 8 is 80, 8 5 is 85, 1 0 0 is 100.

    Attributes:
        value: the score, or None.

    Signals:
        moved: the score, and whether the move is over (a drag tells many before; the digits of a number are one move).
    """

    moved = Signal(float, bool)

    def __init__(
        self, scale: Scale, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._scale, self._clock = scale, clock
        self._typed, self._typed_at = "", 0.0
        self.value: float | None = None
        self._held = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(300)
        self.setMaximumWidth(980)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)
        self.clear()

    def clear(self) -> None:
        """Take the handle away."""
        self.value, self.held, self._typed = None, False, ""
        self.setAccessibleDescription(self.tr("No score yet"))
        self.update()

    @property
    def held(self) -> bool:
        """Return whether digits and F do nothing, so that what is typed for the next images does not change this score."""
        return self._held

    @held.setter
    def held(self, on: bool) -> None:
        """Hold the score, which ends a number that was begun, or let it go."""
        self._held = on
        if on:
            self._typed = ""

    def set_value(self, value: float, *, settled: bool = True) -> None:
        """Put the handle somewhere and tell."""
        value = min(max(round(value, 2), self._scale.low), self._scale.high)
        if value == self.value and not settled:
            return
        self.value = value
        self.setAccessibleDescription(self.tr("Score {value}").format(value=f"{value:g}"))
        self.update()
        self.moved.emit(value, settled)

    def press(self, key: int, text: str, *, again: bool = False) -> bool:
        """Do what a key asks; return whether it means anything here.

        Args:
            key: Qt key.
            text: what it types.
            again: it repeats because it is held.
        """
        span = self._scale.high - self._scale.low
        if len(text) == 1 and text in "0123456789":
            if not self.held and not again:
                self._type(text)
        elif text in ("f", "F") and text:
            self._typed = ""
            if not self.held:
                self.set_value(self._scale.high)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._typed = ""
            step = span * _FINE * (1 if key == Qt.Key.Key_Right else -1)
            # without a handle there is nothing to move: any place to start from would be a suggestion
            if self.value is not None:
                self.set_value(self.value + step, settled=not again)
        else:
            return False
        return True

    @property
    def takes_numbers(self) -> bool:
        """Return whether a number of more digits than one can be typed."""
        return (self._scale.low, self._scale.high) == (0, 100)

    def _type(self, digit: str) -> None:
        """Take one digit: the first of a number, or one that completes it."""
        now = self._clock()
        number = self._typed + digit
        further = self.takes_numbers and (len(number) == 2 or number == "100")
        if not further or now - self._typed_at > SECONDS_TO_TYPE:
            number = digit
        self._typed, self._typed_at = number, now
        if len(number) > 1:
            self.set_value(float(number), settled=False)
        else:
            span = self._scale.high - self._scale.low
            self.set_value(self._scale.low + span * int(digit) / 10)

    def _line(self) -> tuple[float, float, float]:
        """Return left end, right end and height of the line."""
        return _MARGIN, self.width() - _MARGIN, 38.0

    def _x(self, value: float) -> float:
        left, right, _ = self._line()
        return left + (right - left) * (value - self._scale.low) / (
            self._scale.high - self._scale.low
        )

    def _value_at(self, x: float) -> float:
        left, right, _ = self._line()
        share = min(max((x - left) / (right - left), 0.0), 1.0)
        return round(self._scale.low + share * (self._scale.high - self._scale.low))

    def _paint_line(self, painter: QPainter) -> None:
        left, right, y = self._line()
        painter.setPen(QPen(QColor(INK), 2))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        parts = len(self._scale.labels)
        for border in range(parts + 1):
            x = left + (right - left) * border / parts
            painter.drawLine(QPointF(x, y - 7), QPointF(x, y + 7))
        painter.setPen(QColor(SOFT))
        middle = Qt.AlignmentFlag.AlignVCenter
        low = QRectF(0, y - 10, left - 10, 20)
        painter.drawText(low, middle | Qt.AlignmentFlag.AlignRight, f"{self._scale.low:g}")
        high = QRectF(right + 10, y - 10, _MARGIN - 10, 20)
        painter.drawText(high, middle | Qt.AlignmentFlag.AlignLeft, f"{self._scale.high:g}")

    def _paint_words(self, painter: QPainter) -> None:
        """Put each word in the middle of its part of the line, as ITU-R BT.500 prints them."""
        left, right, y = self._line()
        labels = self._scale.labels
        part = (right - left) / len(labels)
        painter.setPen(QColor(INK))
        font = painter.font()
        for place, word in enumerate(reversed(labels)):
            box = QRectF(left + place * part, y + 12, part, 22)
            width = QFontMetricsF(font).horizontalAdvance(word)
            if width > part - 4:
                smaller = painter.font()
                smaller.setPointSizeF(font.pointSizeF() * (part - 4) / width)
                painter.setFont(smaller)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)
            painter.setFont(font)

    def _paint_handle(self, painter: QPainter) -> None:
        if self.value is None:
            return
        _, _, y = self._line()
        x = self._x(self.value)
        painter.setPen(QPen(QColor("#1a1a1a"), 1.5))
        painter.setBrush(QColor(INK))
        painter.drawRoundedRect(QRectF(x - 5, y - 13, 10, 26), 4, 4)
        painter.setPen(QColor(INK))
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(
            QRectF(x - 40, y - 37, 80, 20), Qt.AlignmentFlag.AlignCenter, f"{self.value:g}"
        )

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return a wide and low strip."""
        return QSize(900, _HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint line, words and, once there is a score, the handle."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.hasFocus():
                paint_focus(painter, self)
            self._paint_line(painter)
            self._paint_words(painter)
            self._paint_handle(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Set the handle where the button goes down."""
        self._typed = ""
        if event.button() == Qt.MouseButton.LeftButton:
            self.set_value(self._value_at(event.position().x()), settled=False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.set_value(self._value_at(event.position().x()), settled=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the move."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.set_value(self._value_at(event.position().x()))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """End the number."""
        self._typed = ""
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Set by keys."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or not self.press(
            event.key(), event.text(), again=event.isAutoRepeat()
        ):
            event.ignore()


class ChoiceScale(Chips):
    """Grades or preferences as buttons: digits choose, Left and Right go to the neighbour or to the preferred side.

    Signals:
        moved: the score, and True.
    """

    moved = Signal(float, bool)

    def __init__(self, scale: Scale, name: str) -> None:
        self._preference = scale.kind == "preference"
        pairs = list(zip(scale.values, scale.labels, strict=True))
        # worst on the left as on the line; a preference has its own left and right
        self._ordered = pairs if self._preference else pairs[::-1]
        keys = [str(number + 1) for number in range(len(pairs))]
        super().__init__("", self._ordered, keys=keys, between="\n")
        self.layout().setContentsMargins(8, 8, 8, 8)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.chosen.connect(self._tell)
        self.clear()

    def clear(self) -> None:
        """Choose nothing."""
        super().clear()
        self.setAccessibleDescription(self.tr("No answer yet"))

    def take_focus(self) -> None:
        """Put the keyboard on the row."""
        self.setFocus(Qt.FocusReason.TabFocusReason)

    def press(self, key: int, text: str, *, again: bool = False) -> bool:
        """Do what a key asks; return whether it means anything here."""
        last = len(self._ordered) - 1
        sideways = key in (Qt.Key.Key_Left, Qt.Key.Key_Right)
        if self.held and (sideways or (self._preference and key == Qt.Key.Key_Down and last > 1)):
            return True
        if self._preference and key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Down):
            if key == Qt.Key.Key_Down and last < 2:
                return False
            self._go_to({Qt.Key.Key_Left: 0, Qt.Key.Key_Down: 1, Qt.Key.Key_Right: last}[key])
        elif sideways:
            if self.value is not None:
                place = [value for value, _ in self._ordered].index(self.value)
                step = 1 if key == Qt.Key.Key_Right else -1
                self._go_to(min(max(place + step, 0), last))
        else:
            return bool(text) and self.choose_by_key(text)
        return True

    def _stop_at(self, place: int) -> None:
        """Leave the keyboard to the row as a whole."""
        for chip in self.findChildren(Chip):
            chip.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _go_to(self, place: int) -> None:
        self.choose(self._ordered[place][0])

    def _tell(self, value: object) -> None:
        self.setAccessibleDescription(dict(self._ordered)[value])
        self.moved.emit(value, True)

    # ---------------------------------------------------------------- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show where the keyboard is."""
        if self.hasFocus():
            with QPainter(self) as painter:
                paint_focus(painter, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Set by keys."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or not self.press(
            event.key(), event.text()
        ):
            event.ignore()


def paint_focus(painter: QPainter, widget: QWidget) -> None:
    """Paint the thin frame of the scale that the keys go to."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(INK), 1))
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(1, 1, -1, -1), 10, 10)


def scale_for(protocol: Protocol, name: str) -> ContinuousScale | ChoiceScale:
    """Return the scale widget of a protocol."""
    kind = ContinuousScale if protocol.scale.kind == "continuous" else ChoiceScale
    return kind(protocol.scale, name)
