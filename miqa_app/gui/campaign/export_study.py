"""The window that writes a study out: a folder, progress, and a link to what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.campaign_work import exported
from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.campaign.step_page import Fault, button, field_name, words

if TYPE_CHECKING:
    from miqa_app.rating.study import Study


class ExportStudy(QDialog):
    """Writes votes, record, opinion scores, data set and the methods paragraph."""

    def __init__(self, study: Study, store_url: str | None, parent: QWidget | None = None) -> None:
        """Make the window.

        Args:
            study: which.
            store_url: where it is.
            parent: in front of which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export study"))
        self._study, self._url = study, store_url
        self._errands = Errands(self)
        self._running = False
        self.folder = QLineEdit(str(Path.home() / f"{_harmless(study.name)}-export"))
        self.fault = Fault(self.folder)
        self.choose = button(self.tr("Choose…"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.hide()
        self.link = QLabel()
        self.link.setTextFormat(Qt.TextFormat.RichText)
        self.link.setOpenExternalLinks(True)
        self.link.setWordWrap(True)
        self.link.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.link.hide()
        self.cancel, self.write = button(self.tr("Cancel")), button(self.tr("Export"))
        self.write.setDefault(True)
        self._arrange()
        self.choose.clicked.connect(self._choose)
        self.write.clicked.connect(self._write)
        self.cancel.clicked.connect(self.reject)
        self.folder.textChanged.connect(self._other_folder)
        self.finished.connect(self._errands.shut_down)

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose)
        bar = QHBoxLayout()
        bar.addStretch(1)
        bar.addWidget(self.cancel)
        bar.addWidget(self.write)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(9)
        layout.addWidget(words(self._study.name, "headline"))
        layout.addWidget(
            words(
                self.tr(
                    "Votes as CSV, the whole record as JSON, opinion scores, a data set for training and comparison, and the "
                    "methods paragraph. Raters appear by their pseudonyms; nothing names a patient."
                )
            )
        )
        layout.addWidget(field_name(self.tr("&Folder, new or empty"), self.folder))
        layout.addLayout(row)
        layout.addWidget(self.fault)
        layout.addWidget(self.bar)
        layout.addWidget(self.link)
        layout.addLayout(bar)
        self.setMinimumWidth(600)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("New or empty folder"), str(Path(self.folder.text()).parent)
        )
        if folder:
            self.folder.setText(folder)

    def _other_folder(self) -> None:
        self.fault.say("")

    def _write(self) -> None:
        if not self.folder.text().strip():
            self.fault.complain(self.tr("Name a folder."))
            return
        self._run(True)
        work = exported(self._url, self._study, Path(self.folder.text().strip()).expanduser())
        self._errands.send(
            "export",
            work,
            self._written,
            told=self._told,
            failed=self._failed,
            stopped=self._stopped,
        )

    def _told(self, step: tuple[int, int]) -> None:
        self.bar.setRange(0, step[1])
        self.bar.setValue(step[0])

    def _written(self, files: list[Path]) -> None:
        self._run(False)
        folder = min((file.parent for file in files), key=lambda place: len(place.parts))
        link = f'<a href="{folder.resolve().as_uri()}">{self.tr("Open the folder")}</a>'
        self.link.setText(self.tr("{n} files are written.").format(n=len(files)) + " " + link)
        self.link.show()
        self.write.hide()
        self.cancel.setText(self.tr("Close"))
        self.cancel.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, sentence: str) -> None:
        self._run(False)
        self.fault.complain(sentence)

    def _stopped(self) -> None:
        self._run(False)
        self.fault.say(self.tr("Stopped; nothing was written."))

    def _run(self, on: bool) -> None:
        self._running = on
        self.bar.setRange(0, 0)
        self.bar.setVisible(on)
        for widget in (self.folder, self.choose, self.write):
            widget.setEnabled(not on)

    # ---------------------------------------------------------------- Qt

    def reject(self) -> None:
        """Stop the writing, or close."""
        if self._running:
            self._errands.recall("export")
        else:
            super().reject()


def _harmless(name: str) -> str:
    """Return a name that every file system takes."""
    return "".join(c if c.isalnum() or c in " ._-" else "-" for c in name).strip(" .") or "study"
