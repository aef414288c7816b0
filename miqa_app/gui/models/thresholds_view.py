"""The thresholds in the window: what is in force, what waits, and how to come by better ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import Fault, button, card, words
from miqa_app.gui.models.cut_bar import CutBar
from miqa_app.gui.models.work import day_words

if TYPE_CHECKING:
    from miqa_app.gui.theme import Theme
    from miqa_app.registry.proposals import Proposal
    from miqa_app.services.thresholds import InForce


class ThresholdsView(QWidget):
    """In force above, proposed below.

    Signals:
        fit_asked: path of a table, '' for the decisions in the store.
        promote_asked: put the proposal in force.
    """

    fit_asked = Signal(str)
    promote_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.title, self.said = words("", "subhead"), words("", "dim")
        self.now, self.next = CutBar(theme), CutBar(theme)
        self.figures, self.proposed = words("", "dim"), words("")
        self.fit = button(self.tr("&Fit to the decisions taken here"))
        self.table = button(self.tr("Fit to a ta&ble…"))
        self.table.setToolTip(self.tr("A CSV file with score and decision (accept, check or rescan), optionally group"))  # fmt: skip
        self.promote = button(self.tr("Put &in force…"))
        self.fault = Fault(self.fit)
        above, upper = card()
        upper.addWidget(words(self.tr("IN FORCE"), "heading"))
        upper.addWidget(self.title)
        upper.addWidget(self.now)
        upper.addWidget(self.said)
        upper.addWidget(self.figures)
        self._below, lower = card()
        lower.addWidget(words(self.tr("PROPOSED, NOT IN FORCE"), "heading"))
        lower.addWidget(self.next)
        lower.addWidget(self.proposed)
        row = QHBoxLayout()
        row.addWidget(self.promote)
        row.addStretch(1)
        lower.addLayout(row)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for one in (self.fit, self.table):
            bar.addWidget(one)
        bar.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(above)
        column.addLayout(bar)
        column.addWidget(self.fault)
        column.addWidget(self._below)
        column.addStretch(1)
        self.fit.clicked.connect(self._fit)
        self.table.clicked.connect(self._ask)
        self.promote.clicked.connect(self.promote_asked)

    def show_in_force(self, found: InForce | None, model: str) -> None:
        """Show the thresholds of the model in use."""
        self.setEnabled(found is not None)
        if found is None:
            return
        cuts = found.thresholds
        self.fault.say("")
        self.title.setText(self.tr("Verdicts from the scores of {name}").format(name=model))
        self.now.show_cuts(cuts.accept, cuts.rescan, found.proposal)
        self.figures.setText("\n".join(_lines(found.proposal)) if found.proposal else "")
        self.figures.setVisible(found.proposal is not None)
        if found.fitted is not None:
            self.said.setText(
                self.tr("Version {n}, put in force on {day} by {who}.").format(
                    n=found.fitted.version, day=day_words(found.fitted.since), who=" and ".join(found.fitted.by)
                )
            )  # fmt: skip
        elif cuts.calibrated:
            self.said.setText(self.tr("The usual ones. The model's scale agrees with the ratings of this site, as its evidence shows."))  # fmt: skip
        else:
            self.said.setText(
                self.tr(
                    "The usual ones: nobody has fitted them to this site, so every verdict is marked as uncalibrated. Decide "
                    "on scans with A, R and L on the result card; when there are enough decisions, fit them here."
                )
            )
        self._below.setVisible(found.waiting is not None)
        if found.waiting is not None:
            waiting = found.waiting
            self.next.show_cuts(waiting.accept.score, waiting.rescan.score, waiting)
            self.proposed.setText("\n".join(_lines(waiting)))

    def work(self, on: bool) -> None:
        """Show whether something is being fitted."""
        for one in (self.fit, self.table, self.promote):
            one.setEnabled(not on)
        if on:
            self.fault.say("")

    def refuse(self, sentence: str) -> None:
        """Say why there are no thresholds."""
        self.work(False)
        self.fault.say(sentence)

    def _fit(self) -> None:
        self.fit_asked.emit("")

    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose a table of decisions"), str(Path.home()), self.tr("Tables (*.csv)")
        )  # fmt: skip
        if name:
            self.fit_asked.emit(name)


def _lines(proposal: Proposal) -> tuple[str, ...]:
    from miqa_app.services.thresholds import words_of

    return words_of(proposal)
