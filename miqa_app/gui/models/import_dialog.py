"""Asks before a model is taken in from a site that is not known here, or from a folder that nobody has signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox

from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.models.sign_dialog import SignDialog
from miqa_app.registry.signing import spoken

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from miqa_app.gui.theme import Theme
    from miqa_app.services.exchange import Signed

_PER_LINE = 8


class ImportDialog(SignDialog):
    """Shows who signed an archive."""

    def __init__(
        self, theme: Theme, file: Path, signed: Signed, operator: str, parent: QWidget | None = None
    ) -> None:
        """Make the dialog.

        Args:
            theme: gives the colours.
            file: the archive.
            signed: who signed it.
            operator: who works at this computer.
            parent: in front of which it stands.
        """
        self.file = file
        sentences = [
            f"{signed.name} is signed by a site that is not known here",
            "Read this fingerprint to the sender on the telephone. Only if it is the same is the model the one that was sent.",
        ]
        self._same = QCheckBox()
        super().__init__(theme, "Import", sentences, name=operator, parent=parent)
        shown = words(fingerprint_lines(signed.fingerprint), "mono")
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        shown.setAccessibleName(self.tr("Fingerprint"))
        self._same.setText(self.tr("The sender has the &same fingerprint; trust this site from now on"))  # fmt: skip
        self._same.setAccessibleName(self._same.text().replace("&", ""))
        self._same.toggled.connect(self._check)
        self.body.addWidget(shown)
        self.body.addWidget(words(self.tr("It arrives as a candidate and does nothing until somebody promotes it."), "dim"))  # fmt: skip
        self.body.addWidget(self._same)
        self._check()

    @property
    def same(self) -> QCheckBox:
        """Return the box that must be ticked."""
        return self._same

    def _check(self) -> None:
        super()._check()
        self.ok.setEnabled(self.ok.isEnabled() and self._same.isChecked())


class FolderDialog(SignDialog):
    """Shows what a folder is that somebody dropped, and what it may become."""

    def __init__(
        self, theme: Theme, folder: Path, operator: str, parent: QWidget | None = None
    ) -> None:
        """Make the dialog.

        Args:
            theme: gives the colours.
            folder: the model folder.
            operator: who works at this computer.
            parent: in front of which it stands.
        """
        self.folder = folder
        sentences = [
            f"{folder.name} is a model that nobody has signed",
            "Take it in only if you know who made it and how it came here. Every file of it is checked and copied; nothing in it is run.",
            "It arrives as a candidate without evidence: it can be put on trial beside the model in use, but not be promoted. "
            "A signed archive (.miqa) brings its evidence with it.",
        ]
        super().__init__(theme, "Import", sentences, name=operator, parent=parent)
        where = words(str(folder), "dim")
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(where)
        self._check()


def fingerprint_lines(fingerprint: str) -> str:
    """Return a fingerprint in lines of eight groups."""
    groups = spoken(fingerprint).split()
    return "\n".join(" ".join(groups[n : n + _PER_LINE]) for n in range(0, len(groups), _PER_LINE))
