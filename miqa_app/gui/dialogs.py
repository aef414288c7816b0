"""The few windows that stand in front of the main one: keys, first start, about, report."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

import miqa_app

NOTICE = (
    "<p>This program estimates how good an MRI scan is, shows where it looks bad, and names a likely cause.</p>"
    "<p><b>It is advisory only and not a certified medical device.</b> A person decides whether a scan is good enough. "
    "Until your site has calibrated it with its own ratings, every verdict says so.</p>"
    "<p>Scans stay on this computer.</p>"
)

_COLUMNS = 3
_HEADING_ROWS = 2
"""How many rows a heading with the space above it is as high as."""
_SCREEN_EDGE = QSize(40, 80)


class ShortcutSheet(QDialog):
    """All keys and mouse moves, as they are bound."""

    def __init__(
        self, blocks: list[tuple[str, list[tuple[str, str]]]], parent: QWidget | None = None
    ) -> None:
        """Show headings with rows of keys and what they do, see `Bindings.sheet`."""
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setSpacing(32)
        for part in _parts([len(rows) + _HEADING_ROWS for _, rows in blocks], _COLUMNS):
            text = "".join(_table(*block) for block in blocks[part])
            columns.addWidget(QLabel(text), 0, Qt.AlignmentFlag.AlignTop)
        scroll = QScrollArea()
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setAccessibleName("Keys and mouse")
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        layout.addWidget(_close_button(self))
        # a scroll area asks for less than its page needs
        around = self.sizeHint() - scroll.sizeHint() + 2 * scroll.frameWidth() * QSize(1, 1)
        room = self.screen().availableSize() - _SCREEN_EDGE
        self.resize((page.sizeHint() + around).boundedTo(room))


class Notice(QDialog):
    """A short text with one button."""

    def __init__(self, title: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        label = QLabel(words)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.RichText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(14)
        layout.addWidget(label)
        layout.addWidget(_close_button(self))
        self.setMinimumWidth(460)


class ExportDialog(QDialog):
    """Asks where the report goes and whether it may name the patient."""

    def __init__(self, folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export report")
        self._folder = QLineEdit(folder)
        self._folder.setAccessibleName("Folder of the report")
        choose = QPushButton("Choose…")
        choose.setAccessibleName("Choose the folder of the report")
        choose.clicked.connect(self._choose)
        self._identify = QCheckBox("&Include patient identity")
        self._identify.setAccessibleName("Include patient identity")
        label = QLabel("&Folder")
        label.setBuddy(self._folder)
        row = QHBoxLayout()
        row.addWidget(self._folder, 1)
        row.addWidget(choose)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(QLabel("A web page and a PDF with verdicts, worst slices and heatmaps."))
        layout.addWidget(label)
        layout.addLayout(row)
        layout.addWidget(self._identify)
        layout.addWidget(buttons)
        self.setMinimumWidth(520)

    @property
    def folder(self) -> Path:
        """Return the folder chosen."""
        return Path(self._folder.text()).expanduser()

    @property
    def identify(self) -> bool:
        """Return whether the report may name the patient."""
        return self._identify.isChecked()

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the report", self._folder.text())
        if folder:
            self._folder.setText(folder)


def first_start(parent: QWidget) -> Notice:
    """Return the notice shown once."""
    return Notice("Before you start", f"<h2>Welcome</h2>{NOTICE}", parent)


def about(parent: QWidget, engine: str = "") -> Notice:
    """Return the window that says what this is, and how this computer scores."""
    return Notice(
        "About",
        f"<h2>MIQA workstation {miqa_app.__version__}</h2>{NOTICE}<p>{html.escape(engine)}</p><p>Apache License 2.0</p>",
        parent,
    )


def put_before(dialog: QDialog) -> None:
    """Show a dialog before its window, which waits for it, and forget it when it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def _parts(heights: Sequence[int], count: int) -> list[slice]:
    """Return blocks of these heights as runs for `count` columns, in their order and with the lowest tallest column."""
    edges = ((0, *cuts, len(heights)) for cuts in combinations(range(1, len(heights)), count - 1))
    best = min(edges, key=lambda cut: max(sum(heights[a:b]) for a, b in pairwise(cut)))
    return [slice(a, b) for a, b in pairwise(best)]


def _table(heading: str, rows: list[tuple[str, str]]) -> str:
    """Return a block of the shortcut sheet as rich text."""
    lines = "".join(
        f"<tr><td><b>{keys}</b></td><td width='14'></td><td>{words}</td></tr>"
        for keys, words in rows
    )
    return f"<h3>{heading}</h3><table cellspacing='2'>{lines}</table>"


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok)
    buttons.accepted.connect(dialog.accept)
    return buttons
