"""A decision and who stands for it: one name, or two where the site asks for two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import field_name, words
from miqa_app.gui.models.look import sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.gui.theme import Theme

_LONGEST = 100


class SignDialog(QDialog):
    """Says what will happen and asks for the names; subclasses put their own choices between `body` and the names."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        sentences: Sequence[str],
        *,
        two: bool = False,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make the dialog.

        Args:
            theme: gives the colours.
            title: of the window and its main button.
            sentences: what will happen; the first one is the headline.
            two: two persons must sign.
            name: to begin with, for what needs no signature by hand.
            parent: in front of which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setStyleSheet(sheet(theme))
        self.setMinimumWidth(520)
        self.by, self.second = QLineEdit(name), QLineEdit()
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self.body.addWidget(words(sentences[0], "headline"))
        for sentence in sentences[1:]:
            self.body.addWidget(words(sentence))
        self.box = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.box.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(title)
        self._two = two
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(8)
        layout.addLayout(self.body, 1)
        names = [(self.tr("&Your name, as signature"), self.by)]
        if two:
            names.append((self.tr("&Second person"), self.second))
        self._signature = QWidget()
        fields = QVBoxLayout(self._signature)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(8)
        for caption, field in names:
            field.setMaxLength(_LONGEST)
            field.setPlaceholderText(self.tr("such as Dr Ada Byron"))
            field.textChanged.connect(self._check)
            fields.addWidget(field_name(caption, field))
            fields.addWidget(field)
        layout.addWidget(self._signature)
        layout.addSpacing(4)
        layout.addWidget(self.box)
        self.box.accepted.connect(self.accept)
        self.box.rejected.connect(self.reject)
        self.by.setFocus()
        self._check()

    def refuse(self) -> None:
        """Leave nothing to sign: this cannot be done."""
        self._signature.hide()
        self.ok.hide()
        self.box.button(QDialogButtonBox.StandardButton.Cancel).setText(self.tr("Close"))

    @property
    def names(self) -> tuple[str, str | None]:
        """Return who signs."""
        return self.by.text().strip(), self.second.text().strip() if self._two else None

    def _check(self) -> None:
        self.ok.setEnabled(
            bool(self.by.text().strip()) and (not self._two or bool(self.second.text().strip()))
        )
