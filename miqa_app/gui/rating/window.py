"""The rating window: a window of its own, full screen and grey, that leads a rater from page to page."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from miqa_app.errors import MiqaError
from miqa_app.gui.jobs import Job, single_pool
from miqa_app.gui.rating import look
from miqa_app.gui.rating.display_check import DisplayCheckPage
from miqa_app.gui.rating.page import Page
from miqa_app.gui.rating.pages import (
    BreakPage,
    EndPage,
    ExamplesPage,
    InstructionsPage,
    TrainedPage,
)
from miqa_app.gui.rating.questionnaire import QuestionnairePage
from miqa_app.gui.rating.rating_page import RatingPage
from miqa_app.gui.rating.screen import display_of
from miqa_app.gui.rating.start import StartPage

if TYPE_CHECKING:
    from miqa_app.services.rating_room import RatingRoom
    from miqa_app.services.sitting import Sitting
    from miqa_app.services.sitting_pictures import Example


class RatingWindow(QWidget):
    """Everything a rater sees.

    It has no parent, so that no key of the workstation works in it, and while it is open the workstation's own windows
    take no input: there would be scores in them.

    Signals:
        closed: the window is gone and everything is stored.
    """

    closed = Signal()

    def __init__(self, room: RatingRoom, sitting: Sitting | None = None, study: str = "") -> None:
        """Make the window; it owns the room and closes it.

        Args:
            room: the door to the studies.
            sitting: of a rater in a study; asked for on the first page if not given.
            study: the one that the first page suggests.
        """
        super().__init__()
        self.setObjectName("rating")
        self.setWindowTitle(self.tr("Rating"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        self.setPalette(look.palette())
        self.setStyleSheet(look.sheet())
        self.setMinimumSize(900, 500)
        self._room, self._sitting = room, sitting
        self._examples: tuple[Example, ...] | None = None
        self._instructed_early = False
        self._pool = single_pool(self)
        self._job: Job | None = None
        self._pages = QStackedLayout(self)
        self._rating: RatingPage | None = None
        self._page: QWidget | None = None
        if sitting is None:
            self._show(StartPage(room, study), self._started)
        else:
            self._enter(sitting)

    @property
    def page(self) -> QWidget:
        """Return the page on the screen."""
        return self._page

    # ---------------------------------------------------------------- from page to page

    def _started(self) -> None:
        study, rater = self._page.chosen
        try:
            sitting = self._room.sitting(study, rater)
        except MiqaError as error:
            self._page.warn(str(error))
        else:
            self._enter(sitting)

    def _enter(self, sitting: Sitting) -> None:
        """Begin with a sitting: its examples are read while the rater answers."""
        self._sitting = sitting
        self._known = sitting.phase != "questionnaire"
        self._job = Job(sitting.examples(), self)
        self._job.succeeded.connect(self._take_examples)
        self._job.failed.connect(self._broke)
        self._job.start(self._pool)
        self._turn()

    def _turn(self) -> None:
        """Show the page of the phase that the sitting is in."""
        sitting = self._sitting
        match sitting.phase:
            case "questionnaire":
                self._show(QuestionnairePage(), self._answered)
            case "display check":
                self._show(DisplayCheckPage(), self._checked)
            case "instructions":
                page = InstructionsPage(sitting.protocol, sitting.coming, welcome_back=self._known)
                self._show(page, self._instructed)
            case "trained":
                self._show(TrainedPage(sitting.coming, sitting.protocol), self._resume)
            case "break offered":
                self._show(BreakPage(sitting), self._resume)
            case "ended":
                page = EndPage(sitting)
                page.again.clicked.connect(self._again)
                page.undo.clicked.connect(self._undo)
                self._show(page, self._finish)
            case _:
                self._rate()

    def _answered(self) -> None:
        self._try(lambda page: self._sitting.answer(page.answers))

    def _checked(self) -> None:
        self._try(
            lambda page: self._sitting.check_display(
                display_of(self, check=page.result), page.detail
            )
        )

    def _instructed(self) -> None:
        if self._examples is None:
            self._instructed_early = True
        elif self._examples and not isinstance(self._page, ExamplesPage):
            self._show(ExamplesPage(self._examples), self._instructed)
        else:
            self._try(lambda _: self._sitting.begin())

    def _resume(self) -> None:
        self._try(lambda _: self._sitting.go_on())

    def _again(self) -> None:
        """Go on after 'I'm tired', with a new session."""
        sitting = self._sitting
        self._drop_rating()
        self._enter(sitting.again())

    def _undo(self) -> None:
        """Take up the last vote again, although the session had ended."""
        self._try(lambda _: self._sitting.undo())

    def _finish(self) -> None:
        """Let the last vote stay; then the rater may see how steady all of them were."""
        undoable = self._sitting.can_undo
        with suppress(MiqaError):  # see closeEvent
            self._sitting.leave()
        if undoable and self._sitting.repeatability() is not None:
            self._turn()
        else:
            self.close()

    def _try(self, step: object) -> None:
        """Do a step that the store must take, and go to the next page, or say why not."""
        try:
            step(self._page)
        except MiqaError as error:
            self._page.warn(str(error))
        else:
            self._turn()

    def _rate(self) -> None:
        if self._rating is None:
            self._rating = RatingPage(self._sitting)
            self._rating.left.connect(self._turn)
            self._rating.broke.connect(self._broke)
        self._put(self._rating)
        # the page must have its size before images are made for it
        QTimer.singleShot(0, self._rating, self._rating.go_on)

    def _take_examples(self, examples: object) -> None:
        self._examples = examples
        if self._instructed_early:
            self._instructed_early = False
            self._instructed()

    def _broke(self, sentence: str) -> None:
        """End a session whose images cannot be shown; that is no fault of the rater."""
        page = Page(self.tr("The images cannot be shown"), self.tr("Close"))
        page.warn(sentence)
        page.add_words(self.tr("All votes so far are stored. Please tell the coordinator."))
        try:
            self._sitting.report_fault(sentence)
            self._sitting.stop("closed")
        except MiqaError as error:
            page.warn(f"{sentence} {error}")
        self._show(page, self.close)

    def _show(self, page: Page, done: object) -> None:
        page.done.connect(done)
        page.left.connect(self._leave)
        self._put(page)
        page.begin()

    def _leave(self) -> None:
        """Stop between images: a session that has begun ends, and the last page says so."""
        if self._sitting is not None and self._sitting.phase in (
            "trained",
            "break offered",
            "break",
        ):
            with suppress(MiqaError):
                self._sitting.stop("tired")
            self._turn()
        else:
            self.close()

    def _put(self, page: QWidget) -> None:
        old, self._page = self._page, page
        if old is page:
            return
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        if old is not None and old is not self._rating:
            self._pages.removeWidget(old)
            old.deleteLater()

    def _drop_rating(self) -> None:
        if self._rating is not None:
            self._rating.shut_down()
            self._pages.removeWidget(self._rating)
            self._rating.deleteLater()
            self._rating = None

    # ---------------------------------------------------------------- Qt

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the session; the vote in the making is not counted."""
        self._drop_rating()
        if self._job is not None:
            self._job.cancel()
        self._pool.waitForDone()
        if self._sitting is not None:
            # the votes are stored; if the note of the end is refused, the session counts as one that was killed
            with suppress(MiqaError):
                self._sitting.leave()
        self._room.close()
        event.accept()
        self.closed.emit()
