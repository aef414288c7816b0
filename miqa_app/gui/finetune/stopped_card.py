"""A training that was stopped: how far it came, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from miqa_app.gui.campaign.step_page import button, words

if TYPE_CHECKING:
    from miqa_app.gui.finetune.work import Stopped


class StoppedCard(QFrame):
    """Says what was stopped.

    Signals:
        resume_asked: go on with it.
        remove_asked: forget it.
    """

    resume_asked = Signal(object)
    remove_asked = Signal(object)

    def __init__(self, stopped: Stopped) -> None:
        super().__init__()
        self.stopped = stopped
        self.setObjectName("told")
        self.setAccessibleName(f"{stopped.run}, {stopped.detail}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 9, 10, 10)
        layout.setSpacing(3)
        # names have no blanks, so the line may break at the hyphens
        layout.addWidget(words(stopped.run.replace("-", "-\u200b"), "subhead"))
        layout.addWidget(words(stopped.detail, "dim"))
        self.go_on, self.remove = button(self.tr("Resume")), button(self.tr("Remove…"))
        self.go_on.setAccessibleName(self.tr("Resume {run}").format(run=stopped.run))
        self.remove.setAccessibleName(self.tr("Remove {run}").format(run=stopped.run))
        row = QHBoxLayout()
        row.setContentsMargins(0, 5, 0, 0)
        row.setSpacing(6)
        for one in (self.go_on, self.remove):
            one.setEnabled(not stopped.busy)
            row.addWidget(one)
        row.addStretch(1)
        layout.addLayout(row)
        self.go_on.clicked.connect(self._go_on)
        self.remove.clicked.connect(self._remove)

    def _go_on(self) -> None:
        self.resume_asked.emit(self.stopped)

    def _remove(self) -> None:
        self.remove_asked.emit(self.stopped)
