"""First step: the name of the study, and how it is shown and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.change_protocol import ChangeProtocol
from miqa_app.gui.campaign.protocol_words import asks, facts
from miqa_app.gui.campaign.rows import DETAIL, Rows
from miqa_app.gui.campaign.step_page import Fault, StepPage, button, card, field_name, words
from miqa_app.rating.protocol import presets

if TYPE_CHECKING:
    from miqa_app.gui.campaign.draft import Draft
    from miqa_app.gui.campaign.work import Shelf
    from miqa_app.gui.theme import Theme

_LONGEST = 80


class ProtocolPage(StepPage):
    """Asks for a name and a protocol."""

    def __init__(self, draft: Draft, theme: Theme) -> None:
        super().__init__(self.tr("How are the images shown and judged?"))
        self._draft = draft
        self._presets = sorted(presets(), key=lambda one: one.id != draft.protocol.id)
        self._now = {preset.id: preset for preset in self._presets}
        self._shelf: Shelf | None = None
        self.name = QLineEdit(draft.name)
        self.name.setMaxLength(_LONGEST)
        self.name.setPlaceholderText(self.tr("for example Brain FLAIR, spring pilot"))
        self.name_fault = Fault(self.name)
        self.list = Rows(theme, self.tr("Protocols"), lines=2)
        self.change = button(self.tr("C&hange…"))
        self.restore = button(self.tr("Back to the preset"))
        for _ in self._presets:
            self.list.addItem(QListWidgetItem())
        self._arrange()
        self._fill()
        self.list.setCurrentRow([one.id for one in self._presets].index(draft.protocol.id))
        self.name.textChanged.connect(self._named)
        self.list.currentRowChanged.connect(self._turn)
        self.change.clicked.connect(self._change)
        self.restore.clicked.connect(self._restore)
        self._turn()

    def take_shelf(self, shelf: Shelf) -> None:
        """Learn which names are taken."""
        self._shelf = shelf
        self._check_name()

    def cannot_store(self, sentence: str) -> None:
        """Say why no study can be stored."""
        self.name_fault.complain(sentence)

    def enter(self) -> None:
        """Begin with the name."""
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def complete(self) -> bool:
        """Return whether the name will do."""
        if not self._draft.name:
            self.name_fault.complain(self.tr("Give the study a name, so that raters can find it."))
            return False
        if self._shelf is None:
            if not self.name_fault.text():
                self.name_fault.say(
                    self.tr("The store is still being opened; try again in a moment.")
                )
            return False
        if not self._check_name():
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            return False
        return True

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(field_name(self.tr("&Name of the study"), self.name))
        row.addWidget(self.name, 1)
        self.body.addLayout(row)
        self.body.addWidget(self.name_fault)
        self._title, self._id = words("", "title"), words("", "dim")
        self._question, self._source = words(""), words("", "dim")
        self._scale = words("", "dim")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        frame, layout = card()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(7)
        for widget in (self._title, self._id, self._question, self._scale):
            column.addWidget(widget)
        column.addWidget(_rule())
        column.addLayout(self._grid)
        column.addWidget(_rule())
        column.addWidget(self._source)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName(self.tr("The protocol in detail"))
        layout.addWidget(area, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.change)
        buttons.addWidget(self.restore)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        columns = QHBoxLayout()
        columns.setSpacing(12)
        columns.addWidget(self.list, 10)
        columns.addWidget(frame, 11)
        self.body.addLayout(columns, 1)

    def _fill(self) -> None:
        """Write the protocols into the list."""
        for row, preset in enumerate(self._presets):
            now = self._now[preset.id]
            item = self.list.item(row)
            item.setText(now.title)
            item.setData(DETAIL, asks(now))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{now.title}. {asks(now)}")

    def _turn(self, _row: int = 0) -> None:
        """Show the chosen protocol."""
        preset = self._presets[max(self.list.currentRow(), 0)]
        now = self._draft.protocol = self._now[preset.id]
        self._title.setText(now.title)
        self._id.setText(
            self.tr("'{id}', a copy of {from_} with other values").format(
                id=now.id, from_=now.changed_from
            )
            if now.changed_from
            else self.tr("'{id}', version {version}").format(id=now.id, version=now.version)
        )
        self._question.setText(f"“{now.question}”")
        self._scale.setText("  ·  ".join(now.scale.labels))
        self._source.setText(self.tr("Source: {source}.").format(source=now.source.rstrip(".")))
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        before = dict(facts(preset))
        for row, (name, value) in enumerate(facts(now)):
            self._grid.addWidget(words(name, "dim", wrap=False), row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(words(value, "" if before[name] == value else "subhead"), row, 1)
        self.restore.setVisible(bool(now.changed_from))
        self.changed.emit()

    def _named(self) -> None:
        self._draft.name = self.name.text().strip()
        self._check_name()

    def _check_name(self) -> bool:
        """Say at once that a name is taken."""
        if self._shelf is None:
            return False
        taken = self._draft.name in self._shelf.names
        self.name_fault.say(
            self.tr("There is a study of this name already; choose another.") if taken else ""
        )
        return not taken

    def _change(self) -> None:
        preset = self._presets[max(self.list.currentRow(), 0)]
        dialog = ChangeProtocol(preset, self._now[preset.id], self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._changed_values)
        dialog.open()

    def _changed_values(self) -> None:
        preset = self._presets[max(self.list.currentRow(), 0)]
        self._use(self.sender().protocol, preset.id)

    def _restore(self) -> None:
        preset = self._presets[max(self.list.currentRow(), 0)]
        self._use(preset, preset.id)

    def _use(self, protocol: object, id: str) -> None:
        self._now[id] = protocol
        self._fill()
        self._turn()


def _rule() -> QFrame:
    rule = QFrame()
    rule.setObjectName("rule")
    return rule
