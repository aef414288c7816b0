"""Last step: the study is made, and then what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui import icons
from miqa_app.gui.campaign.command_line import CommandLine, rate_command
from miqa_app.gui.campaign.step_page import StepPage, button, card, words
from miqa_app.gui.campaign.work import made

if TYPE_CHECKING:
    from miqa_app.gui.campaign.draft import Draft
    from miqa_app.gui.campaign.errands import Errands
    from miqa_app.gui.campaign.work import Shelf
    from miqa_app.gui.theme import Theme
    from miqa_app.rating.study import Study
    from miqa_app.services.study_create import Step


class MakingPage(StepPage):
    """Progress, then the next steps.

    Signals:
        finished: the study, stored; or None where nothing was, after a fault or because it was stopped.
        rate_asked: the coordinator wants to rate now.
        overview_asked: the coordinator wants the overview.
    """

    finished = Signal(object)
    rate_asked = Signal()
    overview_asked = Signal()

    def __init__(self, draft: Draft, theme: Theme, errands: Errands, url: str | None) -> None:
        super().__init__(self.tr("Making the study"))
        self._draft, self._theme, self._errands, self._url = draft, theme, errands, url
        self._shelf: Shelf | None = None
        self.study: Study | None = None
        self.fault = ""
        self._headline = self.body.itemAt(0).widget()
        self._now = words("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.remarks = QPlainTextEdit()
        self.remarks.setReadOnly(True)
        self.remarks.setTabChangesFocus(True)
        self.remarks.setAccessibleName(self.tr("Remarks"))
        self._remark_words = words(self.tr("What happened on the way"), "subhead")
        self.rate, self.overview = button(self.tr("&Rate now")), button(self.tr("&Overview"))
        self.command = CommandLine(self.tr("Command for raters"))
        self._where = words("", "subhead")
        self._said, self._elsewhere, self._sign = words(""), words("", "dim"), QLabel()
        self._next = self._arrange_next()
        for widget in (self._now, self.bar, self._next, self._remark_words):
            self.body.addWidget(widget)
        self.body.addWidget(self.remarks, 1)
        self.body.addStretch(0)
        self.rate.clicked.connect(self.rate_asked)
        self.overview.clicked.connect(self.overview_asked)

    def take_shelf(self, shelf: Shelf) -> None:
        """Learn where the store lies."""
        self._shelf = shelf

    def enter(self) -> None:
        """Begin."""
        self.study, self.fault = None, ""
        self._headline.setText(self.tr("Making the study"))
        self.remarks.clear()
        for widget, shown in (
            (self._now, True), (self.bar, True), (self._next, False), (self.remarks, False), (self._remark_words, False),
        ):  # fmt: skip
            widget.setVisible(shown)
        self._now.setText(self.tr("Reading the scans"))
        self.bar.setRange(0, 0)
        work = made(self._draft, self._url)
        self._errands.send(
            "making", work, self._made, told=self._told, failed=self._failed, stopped=self._stopped
        )

    def stop(self) -> None:
        """Give up; nothing is stored."""
        self._now.setText(self.tr("Stopping…"))
        self._errands.recall("making")

    def _arrange_next(self) -> QWidget:
        frame, layout = card()
        row = QHBoxLayout()
        row.setSpacing(12)
        self._sign.setPixmap(icons.pixmap("verdict_accept", self._theme.good, 30))
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._said, 1)
        layout.addLayout(row)
        buttons = QHBoxLayout()
        buttons.addSpacing(42)
        buttons.addWidget(self.rate)
        buttons.addWidget(self.overview)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        layout.addSpacing(6)
        column = QVBoxLayout()
        column.setContentsMargins(42, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self._where)
        column.addWidget(self.command)
        column.addWidget(self._elsewhere)
        layout.addLayout(column)
        return frame

    def _told(self, step: Step) -> None:
        said = {
            "Reading": self.tr("Reading the scans"),
            "Degrading": self.tr("Making the images"),
            "Cutting": self.tr("Making the images"),
            "Storing": self.tr("Storing"),
            "Asking the model": self.tr("Asking the model how unsure it is"),
        }
        if step.remark:
            self.remarks.appendPlainText(step.remark)
        self._now.setText(said.get(step.words, step.words))
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)

    def _made(self, study: Study) -> None:
        self.study = study
        self._headline.setText(self.tr("The study is ready"))
        self._said.setText(
            self.tr("“{name}” has {n} items, and everything it shows is in the store.").format(
                name=study.name, n=len(study.items)
            )
        )
        self.command.show_command(rate_command(study.name, self._url))
        served, where = (self._shelf.served, self._shelf.where) if self._shelf else (False, "")
        self._where.setText(
            self.tr("For raters here and in other reading rooms")
            if served
            else self.tr("For raters, at this computer")
        )
        self._elsewhere.setText(
            self.tr(
                "Each rater takes a pseudonym of their own in place of R-01. Other reading rooms need MIQA_STORE set to "
                "the same database: {where}."
            ).format(where=where)
            if served
            else self.tr(
                "Each rater takes a pseudonym of their own in place of R-01, and comes here: the study lies in a file of "
                "this computer ({where}). Studies that are made on a PostgreSQL server, named in MIQA_STORE, can be rated "
                "in several rooms at once."
            ).format(where=where)
        )
        self._over()
        self._next.show()
        self.finished.emit(study)
        self.rate.setDefault(True)
        self.rate.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, sentence: str) -> None:
        self.fault = sentence
        self._over()
        self.finished.emit(None)

    def _stopped(self) -> None:
        self._over()
        self.finished.emit(None)

    def _over(self) -> None:
        self._now.hide()
        self.bar.hide()
        remarked = bool(self.remarks.toPlainText())
        self.remarks.setVisible(remarked)
        self._remark_words.setVisible(remarked)
