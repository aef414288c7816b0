"""The wizard that makes a rating study from scans, in three steps; nothing is stored before the last one has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from miqa_app.gui.campaign import look
from miqa_app.gui.campaign.draft import Draft
from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.campaign.making_page import MakingPage
from miqa_app.gui.campaign.material_page import MaterialPage
from miqa_app.gui.campaign.protocol_page import ProtocolPage
from miqa_app.gui.campaign.size_page import SizePage
from miqa_app.gui.campaign.step_bar import StepBar
from miqa_app.gui.campaign.step_page import Fault, StepPage, button
from miqa_app.gui.campaign.work import shelf
from miqa_app.rating.protocol import preset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.core.series import Series
    from miqa_app.gui.campaign.work import Shelf
    from miqa_app.gui.theme import Theme
    from miqa_app.rating.study import Study

_PRESET = "sds"


class CreateStudy(QDialog):
    """Name and protocol, images, size; then it is made.

    Signals:
        created: name of the study, now in the store.
        rate_asked: name of the study that the coordinator wants to rate; the wizard has closed.
        overview_asked: name of the study whose overview is wanted; the wizard has closed.
    """

    created = Signal(str)
    rate_asked = Signal(str)
    overview_asked = Signal(str)

    def __init__(
        self,
        series: Sequence[Series],
        theme: Theme,
        store_url: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Make the wizard.

        Args:
            series: scans that are open already, whole, the one on the screen first.
            theme: gives the colours.
            store_url: where the study goes, see `store.Archive`.
            parent: in front of which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("New rating study"))
        self.setStyleSheet(look.sheet(theme))
        self.draft = Draft(preset(_PRESET))
        self.draft.add_open(series)
        self._errands = Errands(self)
        self.protocol = ProtocolPage(self.draft, theme)
        self.material = MaterialPage(self.draft, theme, self._errands)
        self.size_page = SizePage(self.draft, theme, self._errands)
        self.making = MakingPage(self.draft, theme, self._errands, store_url)
        self._steps = StepBar(
            theme, [self.tr("Protocol"), self.tr("Images"), self.tr("Size"), self.tr("Study")]
        )
        self._pages = QStackedWidget()
        self.back, self.cancel = button(self.tr("&Back")), button(self.tr("Cancel"))
        self.go_on = button(self.tr("Next"))
        self.go_on.setDefault(True)
        self.fault = Fault(self.go_on)
        self._arrange()
        self.back.clicked.connect(self.go_back)
        self.go_on.clicked.connect(self.proceed)
        self.cancel.clicked.connect(self.reject)
        self.making.finished.connect(self._finished)
        self.making.rate_asked.connect(self._rate)
        self.making.overview_asked.connect(self._overview)
        for page in self._all:
            page.changed.connect(self._refresh)
        self.finished.connect(self._errands.shut_down)
        self._errands.send(
            "shelf", shelf(store_url), self._take_shelf, failed=self.protocol.cannot_store
        )
        self._turn(0)

    @property
    def page(self) -> StepPage:
        """Return the step on the screen."""
        return self._all[self._pages.currentIndex()]

    def proceed(self) -> None:
        """Go to the next step if all is there; on the last one, close."""
        if self.page is self.making:
            self.accept()
        elif self.page.complete():
            self._turn(self._pages.currentIndex() + 1)

    def go_back(self) -> None:
        """Go to the step before."""
        self._turn(max(self._pages.currentIndex() - 1, 0))

    @property
    def busy(self) -> bool:
        """Return whether the study is being made."""
        return self.page is self.making and self.making.study is None

    def _arrange(self) -> None:
        self._all: tuple[StepPage, ...] = (
            self.protocol,
            self.material,
            self.size_page,
            self.making,
        )
        for page in self._all:
            self._pages.addWidget(page)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.cancel)
        bar.addWidget(self.fault, 1)
        bar.addStretch(0)
        bar.addWidget(self.back)
        bar.addWidget(self.go_on)
        self.go_on.setMinimumWidth(120)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 14)
        layout.setSpacing(10)
        layout.addWidget(self._steps)
        layout.addWidget(self._pages, 1)
        layout.addLayout(bar)
        look.fit(self, 1120, 700)

    def _turn(self, step: int) -> None:
        self.fault.say("")
        self._pages.setCurrentIndex(step)
        self._steps.set_step(step)
        self._refresh()
        self.page.enter()

    def _refresh(self) -> None:
        """Name the buttons for the step, and let them do only what can be done."""
        page, done = self.page, self.making.study is not None
        last = page is self.making
        self.back.setVisible(not last)
        self.back.setEnabled(page is not self.protocol)
        self.cancel.setVisible(not (last and done))
        self.cancel.setText(self.tr("Stop") if last else self.tr("Cancel"))
        self.cancel.setAccessibleName(self.cancel.text())
        self.go_on.setVisible(not last or done)
        self.go_on.setEnabled(page is not self.size_page or page.plan is not None)
        self.go_on.setText(
            self.tr("Close")
            if last
            else self.tr("Create study")
            if page is self.size_page
            else self.tr("Next")
        )
        self.go_on.setAccessibleName(self.go_on.text())

    def _take_shelf(self, found: Shelf) -> None:
        self.protocol.take_shelf(found)
        self.making.take_shelf(found)

    def _finished(self, study: Study | None) -> None:
        """Show what comes next, or go back and say why there is none."""
        if study is not None:
            self._refresh()
            self.created.emit(study.name)
            return
        self._turn(self._all.index(self.size_page))
        self.fault.say(self.making.fault or self.tr("Stopped; nothing was stored."))

    def _rate(self) -> None:
        self.accept()
        self.rate_asked.emit(self.making.study.name)

    def _overview(self) -> None:
        self.accept()
        self.overview_asked.emit(self.making.study.name)

    # ---------------------------------------------------------------- Qt

    def reject(self) -> None:
        """Stop the making, or close."""
        if self.busy:
            self.making.stop()
        else:
            super().reject()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin with the first field."""
        super().showEvent(event)
        self.page.enter()
