"""What the dry run found: how much there is, what speaks against it, who learns from what, and how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import card, words
from miqa_app.gui.finetune.duration import duration
from miqa_app.gui.models.marked_list import MarkedList

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from miqa_app.gui.theme import Theme
    from miqa_app.services.finetune_request import DryRun


_ORDER = ("stop", "warn", "info")


class DryRunView(QStackedWidget):
    """A hint, then how far the reading is, then the findings."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.hint, self.words, self.bar = words("", "dim"), words(""), QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Reading the ratings"))
        self._numbers = [words("", "number", wrap=False) for _ in range(4)]
        self._captions = [words("", "dim") for _ in range(4)]
        self.findings = MarkedList(theme, self.tr("Findings"))
        self.split = words("")
        self.addWidget(_alone(self.hint))
        self.addWidget(_alone(self.words, self.bar))
        self.addWidget(self._found())

    def say(self, sentence: str) -> None:
        """Show a sentence and nothing else."""
        self.hint.setText(sentence)
        self.setCurrentIndex(0)

    def work(self, event: Mapping[str, Any]) -> None:
        """Show how far the dry run is."""
        if event["event"] == "stage":
            self.words.setText(f"{event['words']} …")
            self.bar.setRange(0, 0)
        elif event["event"] == "step":
            self.bar.setRange(0, max(event["total"], 0))
            self.bar.setValue(event["done"])
        self.setCurrentIndex(1)

    def show_dry_run(self, found: DryRun) -> None:
        """Show what was found."""
        time = "–" if found.stopped else duration(found.seconds_estimated)
        shown = (
            (str(found.images), self.tr("rated images")),
            (str(found.references), self.tr("references")),
            (str(found.subjects), self.tr("subjects")),
            (time, self.tr("it will take, about")),
        )
        for (number, caption), label, below in zip(shown, self._numbers, self._captions, strict=True):  # fmt: skip
            label.setText(number)
            below.setText(caption)
        rows = sorted(found.findings, key=lambda one: _ORDER.index(one.level))
        self.findings.show_rows((one.level, "", one.words) for one in rows)
        self.split.setText(found.split)
        self._split_frame.setVisible(bool(found.split))
        self.setCurrentIndex(2)

    def _found(self) -> QWidget:
        page = QWidget()
        boxes = QHBoxLayout()
        boxes.setSpacing(10)
        for number, caption in zip(self._numbers, self._captions, strict=True):
            frame, layout = card()
            layout.setContentsMargins(14, 8, 14, 9)
            layout.setSpacing(0)
            layout.addWidget(number)
            layout.addWidget(caption)
            boxes.addWidget(frame, 2 if number is self._numbers[-1] else 1)
        frame, layout = card()
        layout.addWidget(words(self.tr("WHAT THE RATINGS SAY"), "heading"))
        layout.addWidget(self.findings, 1)
        self._split_frame, below = card()
        below.addWidget(words(self.tr("WHO LEARNS FROM WHAT"), "heading"))
        below.addWidget(self.split)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(boxes)
        column.addWidget(frame, 1)
        column.addWidget(self._split_frame)
        return page


def _alone(*widgets: QWidget) -> QWidget:
    """Return widgets in the middle of a page."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(60, 0, 60, 0)
    column.addStretch(2)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(3)
    return page
