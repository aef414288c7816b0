"""Rows of buttons of which one, or any number, can be on: grades, confidence, artefact kinds, the questionnaire."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)


class Chip(QPushButton):
    """One button of a row; Up and Down are left to whoever scrolls slices."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setCheckable(True)
        self.setAccessibleName(text)
        # never narrower than its words
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    # ---------------------------------------------------------------- Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave Up and Down alone, and Left and Right to a row of which several may be on."""
        among_many = self.group() is not None and not self.group().exclusive()
        sideways = event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right)
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) or (among_many and sideways):
            event.ignore()
        else:
            super().keyPressEvent(event)


class Chips(QWidget):
    """A heading and its answers; Tab reaches the row, Left and Right go through it, digits choose where it has them.

    Attributes:
        held: keys do not choose, so that what is typed for the next images does not change this answer.

    Signals:
        chosen: the value that is now on, or a tuple of all that are on where several may be.
    """

    chosen = Signal(object)

    def __init__(
        self,
        heading: str,
        answers: Sequence[tuple[object, str]],
        *,
        several: bool = False,
        columns: int = 0,
        keys: Sequence[str] = (),
        small: bool = False,
        between: str = "   ",
    ) -> None:
        """Make the row.

        Args:
            heading: above it; '' for none, and then the accessible name must be set by the maker.
            answers: value and words of each.
            several: any number may be on.
            columns: of the grid; all in one row by default.
            keys: key of each answer, shown before its words unless they are the same.
            small: narrow buttons.
            between: what stands between key and words.
        """
        super().__init__()
        self._values = [value for value, _ in answers]
        self._keys = list(keys)
        self._several = several
        self.held = False
        self._group = QButtonGroup(self)
        self._group.setExclusive(not several)
        grid = QGridLayout()
        grid.setSpacing(8)
        columns = columns or len(answers)
        for place, (_, words) in enumerate(answers):
            chip = Chip(
                f"{keys[place]}{between}{words}" if keys and keys[place] != words else words
            )
            chip.setObjectName("small" if small else "")
            chip.setAccessibleName(f"{heading} {words}".strip())
            self._group.addButton(chip, place)
            grid.addWidget(chip, place // columns, place % columns)
            grid.setColumnStretch(place % columns, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        if heading:
            label = QLabel(heading)
            label.setObjectName("subhead")
            layout.addWidget(label)
            self.setAccessibleName(heading)
        layout.addLayout(grid)
        self._group.idClicked.connect(self._clicked)
        self._stop_at(0)

    @property
    def value(self) -> object:
        """Return the value that is on, or None; a tuple where several may be."""
        on = tuple(self._values[self._group.id(b)] for b in self._group.buttons() if b.isChecked())
        return on if self._several else (on[0] if on else None)

    def choose(self, value: object) -> None:
        """Switch a value on as if it had been clicked."""
        self._group.button(self._values.index(value)).click()

    def clear(self) -> None:
        """Switch everything off."""
        self.held = False
        self._group.setExclusive(False)
        for button in self._group.buttons():
            button.setChecked(False)
        self._group.setExclusive(not self._several)
        self._stop_at(0)

    def choose_by_key(self, key: str) -> bool:
        """Choose the answer of a key; return whether there is one."""
        if key not in self._keys:
            return False
        if self.held:
            return True
        self._group.button(self._keys.index(key)).click()
        self.take_focus()
        return True

    def take_focus(self) -> None:
        """Put the keyboard on the answer that is on, or on the first."""
        (self._group.checkedButton() or self._group.button(0)).setFocus(
            Qt.FocusReason.TabFocusReason
        )

    def _stop_at(self, place: int) -> None:
        """Make one answer the place where Tab stops in this row."""
        for id, chip in enumerate(self._group.buttons()):
            stops = id == place
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus if stops else Qt.FocusPolicy.ClickFocus)

    def _clicked(self, place: int) -> None:
        self._stop_at(place)
        self.chosen.emit(self.value)

    # ---------------------------------------------------------------- Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by digit; walk through a row of which several may be on."""
        chips = self._group.buttons()
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.focusWidget() in chips:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            place = (chips.index(self.focusWidget()) + step) % len(chips)
            chips[place].setFocus(Qt.FocusReason.TabFocusReason)
        elif not (event.text() and self.choose_by_key(event.text())):
            event.ignore()
