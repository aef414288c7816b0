"""The greyscale check: squares of 5 % in black and of 95 % in white, to be counted, so that nobody can just say yes."""

from __future__ import annotations

import random

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from miqa_app.gui.rating.chips import Chips
from miqa_app.gui.rating.page import Page

DARK, IN_DARK, BRIGHT, IN_BRIGHT = 0, 13, 255, 242
"""Greys of field and squares: the 0/5 % and 100/95 % patches of SMPTE RP 133, which a screen for reading must tell apart."""

_COLUMNS, _ROWS = 4, 2
_FEWEST, _MOST = 2, 6


class GreyField(QWidget):
    """A black or white field with a few squares that differ by one twentieth."""

    def __init__(self, ground: int, square: int, name: str) -> None:
        super().__init__()
        self._ground, self._square = ground, square
        self._filled: tuple[int, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(name)

    @property
    def squares(self) -> int:
        """Return how many squares there are."""
        return len(self._filled)

    def draw(self, chance: random.Random) -> None:
        """Draw a new number of squares at new places."""
        count = chance.randint(_FEWEST, _MOST)
        self._filled = tuple(sorted(chance.sample(range(_COLUMNS * _ROWS), count)))
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return room for the squares."""
        return QSize(340, 170)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint exact greys, no smoothing."""
        wide, high = self.width() // _COLUMNS, self.height() // _ROWS
        side = min(wide, high) // 2
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._ground, self._ground, self._ground))
            for place in self._filled:
                x = place % _COLUMNS * wide + (wide - side) // 2
                y = place // _COLUMNS * high + (high - side) // 2
                grey = QColor(self._square, self._square, self._square)
                painter.fillRect(QRect(x, y, side, side), grey)


class DisplayCheckPage(Page):
    """Asks how many squares are seen, and whether the room is dimmed."""

    def __init__(self, chance: random.Random | None = None) -> None:
        """Draw the pattern.

        Args:
            chance: source of randomness.
        """
        super().__init__(self.tr("Check of the screen"), self.tr("Continue"), self.tr("Leave"))
        self._chance = chance or random.Random()
        self._failed = False
        self.add_words(
            self.tr(
                "Dim the room and give your eyes a moment. Then count the faint squares in each field."
            )
        )
        self.dark = GreyField(DARK, IN_DARK, self.tr("Dark field with faint squares"))
        self.bright = GreyField(BRIGHT, IN_BRIGHT, self.tr("Bright field with faint squares"))
        numbers = [(count, str(count)) for count in range(_MOST + 2)]
        keys = [str(count) for count in range(_MOST + 2)]
        self.dark_seen = Chips(self.tr("Squares in the dark field"), numbers, keys=keys, small=True)
        self.bright_seen = Chips(
            self.tr("Squares in the bright field"), numbers, keys=keys, small=True
        )
        pair = QWidget()
        columns = QHBoxLayout(pair)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(20)
        for field, seen in ((self.dark, self.dark_seen), (self.bright, self.bright_seen)):
            column = QVBoxLayout()
            column.setSpacing(12)
            column.addWidget(field)
            column.addWidget(seen)
            columns.addLayout(column, 1)
        self.add(pair)
        self.room = Chips(
            self.tr("Is the room dimmed, without light or windows mirrored in the screen?"),
            [("dimmed", self.tr("Yes")), ("not dimmed", self.tr("No"))],
        )
        self.add(self.room)
        for row in (self.dark_seen, self.bright_seen, self.room):
            row.chosen.connect(self._check)
        self.again = QPushButton(self.tr("Count again"))
        self.again.setAccessibleName(self.again.text())
        self.again.clicked.connect(self.start_over)
        self.add_button(self.again)
        self.start_over()

    @property
    def result(self) -> str:
        """Return 'passed' or 'failed'."""
        seen = (self.dark_seen.value, self.bright_seen.value)
        right = seen == (self.dark.squares, self.bright.squares)
        return "passed" if right and self.room.value == "dimmed" else "failed"

    @property
    def detail(self) -> dict[str, str]:
        """Return what was shown and what was seen."""
        return {
            "dark_shown": str(self.dark.squares), "dark_seen": str(self.dark_seen.value),
            "bright_shown": str(self.bright.squares), "bright_seen": str(self.bright_seen.value),
            "room": str(self.room.value),
        }  # fmt: skip

    def start_over(self) -> None:
        """Draw new squares and forget what was seen."""
        self._failed = False
        self.dark.draw(self._chance)
        self.bright.draw(self._chance)
        for row in (self.dark_seen, self.bright_seen, self.room):
            row.clear()
        self.warn("")
        self.again.hide()
        self._name_go(self.tr("Continue"))
        self.make_default(self.go)
        self.go.setEnabled(False)
        if self.isVisible():
            self.begin()

    def begin(self) -> None:
        """Begin with the dark field."""
        self.dark_seen.take_focus()

    def proceed(self) -> None:
        """Go on if the screen passes, or when the rater wants to in spite of the warning."""
        if self.result == "passed" or self._failed:
            super().proceed()
            return
        self._failed = True
        if self.room.value == "dimmed":
            said = self.tr("This screen does not show everything that it should.")
        else:
            said = self.tr("The room is too bright for this.")
        self.warn(
            said
            + " "
            + self.tr(
                "Turn off lights, set brightness and contrast of the screen to their usual values, look at it straight, "
                "and count again. You may also go on; the study will note that the check failed."
            )
        )
        self._name_go(self.tr("Go on in spite of this"))
        self.again.show()
        self.make_default(self.again)
        self.again.setFocus()

    def _name_go(self, text: str) -> None:
        self.go.setText(text)
        self.go.setAccessibleName(text)

    def _check(self) -> None:
        rows = (self.dark_seen, self.bright_seen, self.room)
        self.go.setEnabled(all(row.value is not None for row in rows))
