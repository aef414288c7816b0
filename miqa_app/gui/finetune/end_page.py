"""The last page: what the gate says of the candidate, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from miqa_app.gui import icons
from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.models.evidence_view import EvidenceView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.evaluation.evidence import Evidence
    from miqa_app.gui.theme import Theme


class EndPage(QStackedWidget):
    """Shows how a fine-tuning ended."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.name = words("", "headline")
        self.evidence = EvidenceView(theme)
        self.title, self.words = words("", "headline"), words("")
        self._sign = QLabel()
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.name)
        column.addWidget(self.evidence, 1)
        self.addWidget(made)
        self.addWidget(self._stopped())

    def show_end(self, end: Mapping[str, Any], run: str) -> None:
        """Show the last event of a fine-tuning, see `FineTuneProcess.events`."""
        if end["event"] == "done":
            name = str(end["candidate"]).replace("-", "-\u200b")
            self.name.setText(self.tr("{name} has learnt").format(name=name))
            self.evidence.show_evidence(None, self.tr("Reading the evidence …"))
            self.evidence.banner.show_verdict(str(end["verdict"]), str(end["words"]))
            self.setCurrentIndex(0)
            return
        cancelled = end["event"] == "cancelled"
        colour = self._theme.dim if cancelled else self._theme.rescan
        self._sign.setPixmap(icons.pixmap("verdict_none" if cancelled else "warning", colour, 44))
        self.title.setText(self.tr("The training was cancelled") if cancelled else self.tr("The training could not be finished"))  # fmt: skip
        if not cancelled:
            self.words.setText(str(end["text"]))
        elif run:
            self.words.setText(
                self.tr("Nothing is lost: {run} goes on from its last epoch when you resume it, now or another day.").format(run=run)
            )  # fmt: skip
        else:
            self.words.setText(self.tr("Nothing was kept."))
        self.setCurrentIndex(1)

    def show_evidence(self, evidence: Evidence | None) -> None:
        """Show the evidence when it has been read."""
        self.evidence.show_evidence(evidence, self.tr("The evidence is not where it should be."))

    def cannot_read(self, sentence: str) -> None:
        """Say why the evidence cannot be shown."""
        self.evidence.show_evidence(None, sentence)

    def _stopped(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.words)
        row.addLayout(column, 1)
        whole = QVBoxLayout(page)
        whole.setContentsMargins(80, 0, 80, 0)
        whole.addStretch(2)
        whole.addLayout(row)
        whole.addStretch(3)
        return page
