"""The window in which a user chooses other keys and mouse drags."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.actions import ACTIONS
from miqa_app.gui.bindings import DRAGS, Bindings, portable, shown

_ROWS = {row.id: row for row in ACTIONS}
_HINT = "Choose an action, then press the key that it should have."


class KeyEditor(QDialog):
    """A table of all actions with their keys, one field that takes a new key, and a choice per mouse button.

    Signals:
        chosen: the new bindings, when the user is done.
    """

    chosen = Signal(object)

    def __init__(self, bindings: Bindings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change keys and mouse")
        self.bindings = bindings
        self.search = QLineEdit(placeholderText="Search", clearButtonEnabled=True)
        self.search.setAccessibleName("Search the actions")
        self.table = QTableWidget(len(ACTIONS), 2)
        self.table.setAccessibleName("Actions and their keys")
        self.key = QKeySequenceEdit()
        self.key.setMaximumSequenceLength(1)
        self.key.setAccessibleName("New key")
        self.clear, self.default = QPushButton("No key"), QPushButton("Built-in key")
        self.words = QLabel(_HINT, wordWrap=True)
        self.drags = {button: QComboBox() for button in bindings.drags}
        self._fill_table()
        self._arrange()
        self._refresh()
        self.search.textChanged.connect(self._filter)
        self.table.itemSelectionChanged.connect(self._turn_to)
        self.key.keySequenceChanged.connect(self._take)
        self.clear.clicked.connect(self._clear)
        self.default.clicked.connect(self._default)
        for box in self.drags.values():
            box.activated.connect(self._take_drag)
        self.table.selectRow(0)
        self.resize(560, 640)

    @property
    def current(self) -> str:
        """Return the id of the chosen action."""
        return ACTIONS[max(self.table.currentRow(), 0)].id

    def _fill_table(self) -> None:
        self.table.setHorizontalHeaderLabels(["Action", "Keys"])
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(130)
        for row, action in enumerate(ACTIONS):
            self.table.setItem(
                row, 0, QTableWidgetItem(f"{action.menu}: {action.text.rstrip('…')}")
            )
            self.table.setItem(row, 1, QTableWidgetItem())

    def _arrange(self) -> None:
        bar = QHBoxLayout()
        label = QLabel("&New key")
        label.setBuddy(self.key)
        for widget in (label, self.key, self.clear, self.default):
            bar.addWidget(widget, 1 if widget is self.key else 0)
        mouse = QGridLayout()
        mouse.setColumnStretch(1, 1)
        for row, (button, box) in enumerate(self.drags.items()):
            for drag, words in DRAGS.items():
                box.addItem(words, drag)
            box.setAccessibleName(f"{button.title()} drag")
            box.setProperty("button", button)
            name = QLabel(
                f"{button.title()} &drag" if button == "left" else f"{button.title()} drag"
            )
            name.setBuddy(box)
            mouse.addWidget(name, row, 0)
            mouse.addWidget(box, row, 1)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self._done)
        buttons.rejected.connect(self.reject)
        restore = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        restore.clicked.connect(self._restore)
        for button in buttons.buttons():
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        layout.addLayout(bar)
        layout.addWidget(self.words)
        layout.addLayout(mouse)
        layout.addWidget(buttons)

    def _refresh(self) -> None:
        """Write the bindings into the table and the boxes."""
        for row, action in enumerate(ACTIONS):
            self.table.item(row, 1).setText(shown(self.bindings.keys[action.id]))
        for button, box in self.drags.items():
            box.setCurrentIndex(box.findData(self.bindings.drags[button]))

    def _filter(self, text: str) -> None:
        for row in range(self.table.rowCount()):
            words = f"{self.table.item(row, 0).text()} {self.table.item(row, 1).text()}"
            self.table.setRowHidden(row, text.casefold() not in words.casefold())

    def _turn_to(self) -> None:
        self.key.blockSignals(True)
        self.key.clear()
        self.key.blockSignals(False)
        self.words.setText(_HINT)

    def _take(self, sequence: QKeySequence) -> None:
        """Give the key to the chosen action, unless another one has it."""
        key = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        if not key:
            return
        self._give((key,))

    def _clear(self) -> None:
        self.bindings = self.bindings.with_keys(self.current, ())
        self._refresh()
        self.words.setText(f"“{_name(self.current)}” has no key now.")

    def _default(self) -> None:
        self._give(_ROWS[self.current].keys)

    def _give(self, keys: tuple[str, ...]) -> None:
        """Give keys to the chosen action, unless another one has one of them."""
        for key in keys:
            owner = self.bindings.owner(portable(key))
            if owner not in (None, self.current):
                self.words.setText(
                    f"{shown((key,))} already belongs to “{_name(owner)}”. Choose another key, or take it from there first."
                )
                return
        self.bindings = self.bindings.with_keys(self.current, keys)
        self._refresh()
        what = f"has the key {shown(keys)}" if keys else "has no key"
        self.words.setText(f"“{_name(self.current)}” {what} now.")

    def _take_drag(self) -> None:
        box = self.sender()
        self.bindings = self.bindings.with_drag(box.property("button"), box.currentData())
        self._refresh()

    def _restore(self) -> None:
        self.bindings = Bindings()
        self._refresh()
        self.words.setText("All keys and drags are the built-in ones.")

    def _done(self) -> None:
        self.chosen.emit(self.bindings)
        self.accept()


def _name(id: str) -> str:
    return _ROWS[id].text.rstrip("…")
