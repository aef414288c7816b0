"""The results of a study so far, behind a button: whoever still rates must not see them by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.plot_picture import LargePlot, PlotPicture
from miqa_app.gui.campaign.step_page import Fault, button, words

if TYPE_CHECKING:
    from miqa_app.gui.campaign.campaign_work import Results

_EDGES, _LEAST = 52, 400


class ResultsView(QStackedWidget):
    """Closed at first; then the plots, under a word on how far they can be trusted.

    Signals:
        asked: somebody wants to see the results.
    """

    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.show_button = button(self.tr("&Show the results"))
        self.fault = Fault(self.show_button)
        self.caution = words("", "caution")
        self.notes = words("", "dim")
        self.pictures: list[PlotPicture] = []
        self.addWidget(self._door())
        self._plots = QVBoxLayout()
        self._plots.setSpacing(10)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        column.addWidget(self.caution)
        column.addLayout(self._plots)
        column.addWidget(self.notes)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName(self.tr("Results"))
        self.addWidget(area)
        self.show_button.clicked.connect(self._ask)

    def close_door(self) -> None:
        """Hide the results again."""
        self.setCurrentIndex(0)
        self.fault.say("")
        self.show_button.setEnabled(True)
        for picture in self.pictures:
            picture.deleteLater()
        self.pictures = []

    def refuse(self, sentence: str) -> None:
        """Say why there are none."""
        self.close_door()
        self.fault.say(sentence)

    def show_results(self, found: Results) -> None:
        """Show plots and notes."""
        self.close_door()
        self.caution.setText(
            self.tr(
                "Provisional: {n} of {least} observers. Means and order may still change."
            ).format(n=found.observers, least=found.least)
            if found.provisional
            else self.tr("{n} observers, {least} were asked for.").format(
                n=found.observers, least=found.least
            )
        )
        self.caution.setText(f"{self.caution.text()} {self.tr('Click a plot to see it large.')}")
        drawn = [(name, QImage.fromData(content)) for name, content in found.pictures]
        room = max(self.width() - _EDGES, _LEAST) * self.devicePixelRatioF()
        # one scale for all, so that their words have one size
        scale = min(1.0, room / max((image.width() for _, image in drawn), default=1))
        for name, image in drawn:
            picture = PlotPicture(name, image, scale)
            picture.opened.connect(self._enlarge)
            self._plots.addWidget(picture)
            self.pictures.append(picture)
        self.notes.setText("\n".join(found.notes))
        self.setCurrentIndex(1)

    def _enlarge(self) -> None:
        large = LargePlot(self.sender(), self.window())
        large.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        large.open()

    def _door(self) -> QWidget:
        door = QWidget()
        column = QVBoxLayout(door)
        column.setContentsMargins(2, 0, 8, 0)
        column.addStretch(1)
        column.addWidget(
            words(
                self.tr(
                    "Means and intervals so far. Whoever rates in this study should not look before the last vote: it "
                    "would steer the next ones. That somebody looked is noted in the audit log."
                )
            )
        )
        row = QHBoxLayout()
        row.addWidget(self.show_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.fault)
        column.addStretch(2)
        return door

    def _ask(self) -> None:
        self.show_button.setEnabled(False)
        self.asked.emit()
