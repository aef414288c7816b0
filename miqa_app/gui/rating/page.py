"""A calm page: a sheet in the middle of the grey with a headline, words, and one thing to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

_WIDE = 820


class Page(QScrollArea):
    """A sheet on grey. Enter presses the button that has the keyboard, else the main one; Esc leaves.

    Signals:
        done: the main thing was done.
        left: the rater wants to leave.
    """

    done = Signal()
    left = Signal()

    def __init__(self, headline: str, go: str, leave: str = "") -> None:
        """Make the page.

        Args:
            headline: at its top.
            go: words on the main button.
            leave: words on the quiet button that leaves; '' for none.
        """
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(headline)
        self._body = QVBoxLayout()
        self._body.setSpacing(14)
        self._warning = words("", "warning")
        self._warning.hide()
        self.go = QPushButton(go)
        self.go.setObjectName("main")
        self.go.setAccessibleName(go)
        self.go.clicked.connect(self.proceed)
        self._default = self.go
        self._leaves: QPushButton | None = None
        self._buttons = QHBoxLayout()
        sheet = QFrame()
        sheet.setObjectName("page")
        sheet.setMaximumWidth(_WIDE)
        inner = QVBoxLayout(sheet)
        inner.setContentsMargins(44, 36, 44, 32)
        inner.setSpacing(18)
        inner.addWidget(words(headline, "headline"))
        inner.addLayout(self._body)
        inner.addWidget(self._warning)
        inner.addSpacing(6)
        inner.addLayout(self._buttons)
        # Tab follows the order in which they come: the main button before the one that leaves
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.go)
        if leave:
            self._add_leave(leave)
        ground = QWidget()
        ground.setObjectName("surround")
        column, row = QVBoxLayout(ground), QHBoxLayout()
        column.setContentsMargins(16, 16, 16, 16)
        row.addStretch(1)
        row.addWidget(sheet, 100)
        row.addStretch(1)
        column.addStretch(2)
        column.addLayout(row)
        column.addStretch(3)
        self.setWidget(ground)

    def add_words(self, text: str, name: str = "body") -> QLabel:
        """Add a paragraph and return it."""
        label = words(text, name)
        self._body.addWidget(label)
        return label

    def add(self, widget: QWidget) -> None:
        """Add a widget."""
        self._body.addWidget(widget)

    def add_button(self, button: QPushButton) -> None:
        """Add a button before the main one."""
        self._buttons.insertWidget(self._buttons.count() - 1, button)

    def warn(self, sentence: str) -> None:
        """Show a sentence that must be read, or take it away with ''."""
        self._warning.setText(sentence)
        self._warning.setVisible(bool(sentence))

    def proceed(self) -> None:
        """Do the main thing; pages that must check something first do that here."""
        self.done.emit()

    def begin(self) -> None:
        """Put the keyboard where it is needed first."""
        self.go.setFocus(Qt.FocusReason.OtherFocusReason)

    def make_default(self, button: QPushButton) -> None:
        """Make a button the one that Enter presses from anywhere on the page, and let it look so."""
        for one, name in ((self._default, ""), (button, "main")):
            one.setObjectName(name)
            one.style().polish(one)
        self._default = button

    def _add_leave(self, text: str) -> None:
        button = self._leaves = QPushButton(text)
        button.setObjectName("quietly")
        button.setAccessibleName(text)
        button.clicked.connect(self.left)
        self._buttons.insertWidget(0, button)

    # ---------------------------------------------------------------- Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press a button, once for each press of the key: one held too long must not leaf through pages."""
        pressed = {
            Qt.Key.Key_Return: focused_button(self) or self._default,
            Qt.Key.Key_Enter: focused_button(self) or self._default,
            Qt.Key.Key_Escape: self._leaves or self.go,
        }.get(event.key())
        if pressed is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            pressed.click()


def focused_button(page: QWidget) -> QPushButton | None:
    """Return the button of a page that has the keyboard and does something; answers that are chosen do not count."""
    button = page.window().focusWidget()
    is_own = isinstance(button, QPushButton) and page.isAncestorOf(button)
    return button if is_own and not button.isCheckable() else None


def words(text: str, name: str) -> QLabel:
    """Return a label that wraps, styled by its name."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
