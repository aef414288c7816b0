"""A step of the wizard, and the small parts that all steps share."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget


class StepPage(QWidget):
    """One step.

    Signals:
        changed: something was chosen.
    """

    changed = Signal()

    def __init__(self, headline: str) -> None:
        super().__init__()
        self.setAccessibleName(headline)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(8)
        self.body.addWidget(words(headline, "headline"))

    def enter(self) -> None:
        """Show what has been chosen meanwhile, and put the keyboard where it is needed first."""

    def complete(self) -> bool:
        """Return whether all is there; if not, say so at the field concerned."""
        return True


class Fault(QLabel):
    """One sentence below a field that says what is wrong with it; hidden while nothing is."""

    def __init__(self, field: QWidget) -> None:
        super().__init__()
        self.setObjectName("fault")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._field = field
        self.hide()

    def say(self, sentence: str) -> None:
        """Show a sentence, or nothing for ''."""
        self.setText(sentence)
        self.setVisible(bool(sentence))
        self._field.setAccessibleDescription(sentence)

    def complain(self, sentence: str) -> None:
        """Show a sentence and put the keyboard into the field."""
        self.say(sentence)
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)


def words(text: str, name: str = "", *, wrap: bool = True) -> QLabel:
    """Return a label of plain text, styled by its name."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    return label


def field_name(text: str, field: QWidget) -> QLabel:
    """Return the label of a field; '&' marks its key."""
    label = QLabel(text)
    label.setObjectName("subhead")
    label.setBuddy(field)
    if not field.accessibleName():
        field.setAccessibleName(text.replace("&", ""))
    return label


def button(text: str, name: str = "") -> QPushButton:
    """Return a button that Enter does not press unless it is the main one."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(text.rstrip("…").replace("&", ""))
    made.setAutoDefault(False)
    return made


def card() -> tuple[QFrame, QVBoxLayout]:
    """Return a panel with its layout."""
    frame = QFrame()
    frame.setObjectName("card")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(16, 13, 16, 13)
    layout.setSpacing(7)
    return frame, layout
