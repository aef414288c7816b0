"""What a person decides about the series on the card: one key to accept, rescan or look, one more for the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.gui.theme import Theme

REASONS = {
    "motion": "Motion",
    "ghost": "Ghosts",
    "coverage": "Coverage",
    "contrast": "Contrast",
    "metal": "Metal",
    "other": "Other",
}
"""Why a series is scanned again, in the order of the keys 1 to 6."""

WORDS = {"accept": "Accepted", "check": "Looked at", "rescan": "Rescan"}
UNDO_SECONDS = 10
_BUTTONS = {"accept": "Accept", "rescan": "Rescan", "look": "Look"}
_TICK_MS = 1000


class DecisionBar(QFrame):
    """Three buttons, the reasons of a rescan when it is asked for, and what was decided with ten seconds to undo it.

    Signals:
        asked: 'accept', 'rescan' or 'look' was pressed.
        reason_chosen: why the series is scanned again.
        undo_asked: the decision just taken is to be taken back.
    """

    asked = Signal(str)
    reason_chosen = Signal(str)
    undo_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._back_to: QWidget | None = None
        self._left = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.setAccessibleName("Decision")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.buttons = {name: self._button(words, name) for name, words in _BUTTONS.items()}
        self.reasons = {
            name: self._button(f"{number}  {words}", name)
            for number, (name, words) in enumerate(REASONS.items(), 1)
        }
        self.words, self.undo = QLabel(), QPushButton()
        self.words.setWordWrap(True)
        self.undo.setAccessibleName("Undo")
        self.undo.clicked.connect(self.undo_asked)
        self.undo.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._arrange()
        self.set_theme(theme)
        self.show_decision("", "")
        self.set_open(False)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        tones = {"accept": theme.good, "rescan": theme.rescan, "look": theme.text}
        for name, made in self.buttons.items():
            made.setStyleSheet(
                f"QPushButton {{ color: {tones[name]}; font-weight: 600; padding: 7px 4px; }}"
                f"QPushButton:checked {{ background: {theme.selected}; border: 2px solid {tones[name]}; padding: 6px 3px; }}"
                f"QPushButton:disabled {{ color: {theme.dim}; font-weight: 400; }}"
            )

    def name_keys(self, keys: Mapping[str, str]) -> None:
        """Say on the buttons which keys press them; by 'accept', 'rescan', 'look' and 'undo'."""
        for name, made in self.buttons.items():
            key = keys.get(name, "")
            made.setText(f"{_BUTTONS[name]}  {key}".rstrip())
            made.setToolTip(f"{_BUTTONS[name]} ({key})" if key else _BUTTONS[name])
        self.undo.setToolTip(f"Undo ({keys['undo']})" if keys.get("undo") else "Undo")

    def set_open(self, on: bool, why_not: str = "") -> None:
        """Say whether there is something to decide, and if not, why."""
        for made in self.buttons.values():
            made.setEnabled(on)
        if not on:
            self._end_reasons()
            self.show_decision("", "")
            self.words.setText(why_not)
            self.words.setVisible(bool(why_not))

    def ask_reason(self) -> None:
        """Show the reasons of a rescan and take the keys 1 to 6, and Esc, until one is chosen."""
        window = self.window()
        self._back_to = window.focusWidget() if window is not None else None
        self._choices.show()
        self._row.hide()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_decision(
        self, decision: str, reason: str, by: str = "", when: str = "", *, fresh: bool = False
    ) -> None:
        """Show the decision that stands, '' for none; a fresh one can be undone for ten seconds."""
        self._timer.stop()
        for name, made in self.buttons.items():
            made.setChecked(name == ("look" if decision == "check" else decision))
        why = f": {REASONS.get(reason, reason).lower()}" if reason else ""
        words = f"<b>{WORDS.get(decision, '')}{why}</b>" if decision else ""
        told = ", ".join(part for part in (by, when) if part)
        self.words.setText(f"{words}  ·  {told}" if words and told else words)
        self.words.setVisible(bool(words))
        self.undo.setVisible(fresh and bool(decision))
        if fresh and decision:
            self._left = UNDO_SECONDS
            self._name_undo()
            self._timer.start()

    def stop(self) -> None:
        """Stop the clock; the window closes."""
        self._timer.stop()

    @property
    def asking(self) -> bool:
        """Return whether the reason of a rescan is being asked for."""
        return not self._choices.isHidden()

    @property
    def undoable(self) -> bool:
        """Return whether the decision can still be undone."""
        return not self.undo.isHidden()

    # ---------------------------------------------------------------- building

    def _button(self, words: str, name: str) -> QPushButton:
        made = QPushButton(words)
        made.setAccessibleName(words.lstrip("0123456789 "))
        made.setProperty("name", name)
        made.setAutoDefault(False)
        made.clicked.connect(self._pressed)
        if name in _BUTTONS:
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        else:
            # the bar itself keeps the keyboard while it asks
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.setStyleSheet("text-align: left; padding: 5px 8px;")
        return made

    def _arrange(self) -> None:
        self._row, self._choices = QWidget(), QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for made in self.buttons.values():
            row.addWidget(made, 1)
        grid = QGridLayout(self._choices)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        question = QLabel("Why scan again?   Esc: back")
        question.setObjectName("dim")
        grid.addWidget(question, 0, 0, 1, 2)
        for number, made in enumerate(self.reasons.values()):
            grid.addWidget(made, 1 + number // 2, number % 2)
        self._choices.hide()
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(8)
        below.addWidget(self.words, 1)
        below.addWidget(self.undo)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(7)
        layout.addWidget(self._row)
        layout.addWidget(self._choices)
        layout.addLayout(below)

    # ---------------------------------------------------------------- keys and clicks

    def _pressed(self) -> None:
        made: QObject = self.sender()
        name = made.property("name")
        if name in REASONS:
            self._choose(name)
        else:
            # only what is in the store makes a button stay down
            made.setChecked(not made.isChecked())
            self.asked.emit(name)

    def _choose(self, reason: str) -> None:
        self._end_reasons()
        self.reason_chosen.emit(reason)

    def _end_reasons(self) -> None:
        had = self.hasFocus()
        self._choices.hide()
        self._row.show()
        if had and self._back_to is not None:
            self._back_to.setFocus(Qt.FocusReason.OtherFocusReason)
        self._back_to = None

    def _name_undo(self) -> None:
        self.undo.setText(f"Undo  {self._left} s")
        self.undo.setAccessibleName(f"Undo, {self._left} seconds left")

    def _tick(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._timer.stop()
            self.undo.hide()
        else:
            self._name_undo()

    # ---------------------------------------------------------------- Qt

    def event(self, event: QEvent) -> bool:
        """Take the reasons' keys before the window's shortcuts do."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and self.asking
            and _reason(event) is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a reason by its number, or go back."""
        reason = _reason(event) if self.asking else None
        if reason is None:
            super().keyPressEvent(event)
        elif reason:
            self._choose(reason)
        else:
            self._end_reasons()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop asking when the person turns to something else in this window."""
        elsewhere = (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.TabFocusReason)
        if self.asking and event.reason() in elsewhere:
            self._back_to = None
            self._end_reasons()
        super().focusOutEvent(event)


def _reason(event: QKeyEvent) -> str | None:
    """Return the reason of a key, '' for going back, None for another key."""
    if event.key() == Qt.Key.Key_Escape:
        return ""
    number = event.key() - Qt.Key.Key_1
    names = list(REASONS)
    return names[number] if 0 <= number < len(names) else None
