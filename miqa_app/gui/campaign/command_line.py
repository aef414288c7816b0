"""A command to copy."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from miqa_app import paths
from miqa_app.gui.campaign.step_page import button


def rate_command(study: str, store_url: str | None = None, rater: str = "R-01") -> str:
    """Return the command that opens the rating window of a study.

    The address of a server is left out, for it may hold a password; it belongs into MIQA_STORE.
    """
    words = [*started_as(), "study", "rate", study, "--rater", rater]
    if store_url and "://" not in store_url:
        words += ["--store", store_url]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def started_as() -> list[str]:
    """Return the words with which this program was started, as somebody beside it would type them."""
    program, *rest = paths.own_command()
    if not rest:
        # an installed program lies in a folder of its own, and a link to it where commands are looked for
        found = shutil.which("miqa")
        on_path = found is not None and Path(found).resolve() == Path(program).resolve()
        return ["miqa"] if on_path else [program]
    script = Path(sys.argv[0])
    if script.stem.lower() == "miqa" and script.name != "miqa.py":
        found = shutil.which("miqa")
        on_path = found is not None and script.is_absolute() and Path(found) == script
        return ["miqa"] if on_path else [sys.argv[0]]
    return [_beside(program), *rest]


def _beside(program: str) -> str:
    """Return a path from the current folder where the program lies below it."""
    try:
        return str(Path(program).relative_to(Path.cwd()))
    except ValueError:
        return program


class CommandLine(QWidget):
    """Shows a command; it can be selected, and copied with one button."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Make the row.

        Args:
            name: accessible name of the command.
            parent: owner.
        """
        super().__init__(parent)
        self.text = QLineEdit()
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(name)
        self.copy = button(self.tr("Co&py command"))
        self.copy.clicked.connect(self._copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        row.addWidget(self.copy)

    def show_command(self, command: str) -> None:
        """Show another command."""
        self.text.setText(command)
        self.text.setCursorPosition(0)
        self.copy.setText(self.tr("Co&py command"))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.text())
        self.copy.setText(self.tr("Copied"))
