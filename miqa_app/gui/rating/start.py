"""The first page: who rates, under which pseudonym, and in which study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QListWidgetItem

from miqa_app.errors import MiqaError
from miqa_app.gui.rating.page import Page

if TYPE_CHECKING:
    from miqa_app.services.rating_room import RatingRoom


class StartPage(Page):
    """Asks for a pseudonym and lists the studies with the rater's own progress."""

    def __init__(self, room: RatingRoom, study: str = "") -> None:
        """Make the page.

        Args:
            room: knows the studies.
            study: the one to begin with; the newest by default.
        """
        super().__init__(self.tr("Rate images"), self.tr("Start"), self.tr("Leave"))
        self._room = room
        self.rater_field = QLineEdit()
        self.rater_field.setMaxLength(40)
        self.rater_field.setPlaceholderText(self.tr("for example rater-3"))
        self.rater_field.setAccessibleName(self.tr("Your pseudonym"))
        label = QLabel(self.tr("Your &pseudonym"))
        label.setObjectName("subhead")
        label.setBuddy(self.rater_field)
        self.add(label)
        self.add(self.rater_field)
        self.add_words(
            self.tr("The one the coordinator gave you, not your name. Always use the same."),
            "quiet",
        )
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Studies"))
        self.list.setMinimumHeight(150)
        self.add_words(self.tr("Study"), "subhead")
        self.add(self.list)
        self.rater_field.editingFinished.connect(self.refresh)
        self.rater_field.textChanged.connect(self._forget_warning)
        self.refresh()
        found = [row for row, name in enumerate(self._names) if name == study]
        self.list.setCurrentRow(found[0] if found else 0)

    @property
    def chosen(self) -> tuple[str, str]:
        """Return study and pseudonym."""
        row = self.list.currentRow()
        name = self._names[row] if 0 <= row < len(self._names) else ""
        return name, self.rater_field.text().strip()

    def refresh(self) -> None:
        """Read how far the rater has come."""
        row = max(self.list.currentRow(), 0)
        offers = self._room.offers(self.rater_field.text().strip())
        self._names = [offer.name for offer in offers]
        self.list.clear()
        for offer in offers:
            if offer.done >= offer.total:
                far = self.tr("all {total} rated").format(total=offer.total)
            elif offer.done:
                far = self.tr("{done} of {total} rated").format(done=offer.done, total=offer.total)
            else:
                far = self.tr("{total} to rate").format(total=offer.total)
            item = QListWidgetItem(f"{offer.name}    {far}\n{offer.protocol}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{offer.name}, {far}")
            self.list.addItem(item)
        self.list.setCurrentRow(min(row, len(offers) - 1))
        self.go.setEnabled(bool(offers))
        if not offers:
            self.warn(self.tr("There is no study in this store yet; a coordinator creates one."))

    def proceed(self) -> None:
        """Check the pseudonym first."""
        try:
            self._room.pseudonym(self.chosen[0], self.rater_field.text())
        except MiqaError as error:
            self.warn(str(error))
            self.rater_field.setFocus()
            return
        super().proceed()

    def begin(self) -> None:
        """Begin with the pseudonym."""
        self.rater_field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _forget_warning(self) -> None:
        if self._names:
            self.warn("")
