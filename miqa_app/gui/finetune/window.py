"""The window of a fine-tuning: choose, check, learn, and read the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.campaign.look import fit
from miqa_app.gui.campaign.step_page import button, words
from miqa_app.gui.finetune.end_page import EndPage
from miqa_app.gui.finetune.start_page import StartPage
from miqa_app.gui.finetune.training_page import TrainingPage
from miqa_app.gui.finetune.work import checked, choices, discarded, evidence_of
from miqa_app.gui.models.evidence_view import open_page
from miqa_app.gui.models.look import sheet
from miqa_app.services.finetune_request import FineTuneRequest

if TYPE_CHECKING:
    from miqa_app.gui.finetune.session import Session
    from miqa_app.gui.finetune.work import Stopped
    from miqa_app.gui.theme import Theme
    from miqa_app.services.finetune_request import DryRun


class FineTuneWindow(QDialog):
    """Shows a session; the training goes on when the window is closed, and the window can be opened again.

    Signals:
        models_asked: name of the candidate that somebody wants to promote.
    """

    models_asked = Signal(str)

    def __init__(
        self,
        theme: Theme,
        session: Session,
        store_url: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Make the window.

        Args:
            theme: gives the colours.
            session: the fine-tuning of this workstation.
            store_url: see `store.Archive`; the user's own store by default.
            parent: beside which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Fine-tune a model"))
        self.setStyleSheet(sheet(theme))
        self.session, self._url = session, store_url
        self._errands = Errands(self)
        self.dry_run: DryRun | None = None
        self.start_page = StartPage(theme, store_url)
        self.training_page, self.end_page = TrainingPage(theme), EndPage(theme)
        self.pages = QStackedWidget()
        self.says = words("", "dim")
        self.start, self.pause = button(self.tr("&Start")), button(self.tr("&Pause"))
        self.cancel, self.resume = button(self.tr("Cance&l")), button(self.tr("&Resume"))
        self.again, self.models = button(self.tr("&Another training")), button(self.tr("&Models…"))
        self.evidence, self.leave = button(self.tr("Open &evidence")), button(self.tr("Close"))
        self._arrange()
        self._connect()
        if session.progress is None:
            self._to_start()
        else:
            self._follow()

    # ---------------------------------------------------------------- building

    def _arrange(self) -> None:
        for page in (self.start_page, self.training_page, self.end_page):
            self.pages.addWidget(page)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.says, 1)
        for one in (self.again, self.resume, self.pause, self.cancel, self.models, self.evidence, self.start, self.leave):  # fmt: skip
            bar.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        layout.addWidget(self.pages, 1)
        layout.addLayout(bar)
        fit(self, 1256, 760)

    def _connect(self) -> None:
        self.start_page.asked.connect(self._check)
        self.start_page.resume_asked.connect(self._go_on)
        self.start_page.remove_asked.connect(self._ask_to_remove)
        self.session.changed.connect(self._told)
        self.session.ended.connect(self._ended)
        self.start.clicked.connect(self._start)
        self.pause.clicked.connect(self._pause)
        self.cancel.clicked.connect(self._cancel)
        self.resume.clicked.connect(self._resume)
        self.again.clicked.connect(self._to_start)
        self.models.clicked.connect(self._ask_for_models)
        self.evidence.clicked.connect(self._open_evidence)
        self.leave.clicked.connect(self.reject)
        self.finished.connect(self._let_go)

    def _let_go(self) -> None:
        """Hear no more of the session: work begun between closing and deleting would never end."""
        self.session.changed.disconnect(self._told)
        self.session.ended.disconnect(self._ended)
        self._errands.shut_down()

    def _turn(self, page: QWidget) -> None:
        """Show a page and the buttons that belong to it."""
        self.pages.setCurrentWidget(page)
        end = self.session.progress.end if self.session.progress else None
        done = end is not None and end["event"] == "done"
        shown = {
            self.start: page is self.start_page,
            self.pause: page is self.training_page,
            self.cancel: page is self.training_page,
            self.resume: page is self.end_page and not done and bool(self.session.progress.run),
            self.again: page is self.end_page,
            self.models: page is self.end_page and done,
            self.evidence: page is self.end_page and done,
        }
        for one, on in shown.items():
            one.setVisible(on)
        main = {self.start_page: self.start, self.end_page: self.evidence if done else self.resume}
        for one in (self.start, self.evidence, self.resume):
            one.setDefault(main.get(page) is one)
        if page is self.end_page and main[page].isVisibleTo(self):
            main[page].setFocus()
        self.leave.setToolTip(
            self.tr("The training goes on; Model → Fine-tune… shows it again.")
            if page is self.training_page
            else ""
        )
        self.says.setText("")

    # ---------------------------------------------------------------- choosing

    def _to_start(self) -> None:
        self._turn(self.start_page)
        self.start.setEnabled(False)
        self._errands.send("choices", choices(self._url), self.start_page.show_choices, failed=self._cannot_choose)  # fmt: skip

    def _cannot_choose(self, sentence: str) -> None:
        self.start_page.found.say(sentence)

    def _check(self, request: FineTuneRequest | None) -> None:
        """Run the dry run of what is chosen now."""
        self.dry_run = None
        self.start.setEnabled(False)
        self.says.setText("")
        if request is None:
            self._errands.recall("check")
            return
        self.start_page.found.work({"event": "stage", "words": self.tr("Preparing")})
        self._errands.send(
            "check", checked(request), self._checked, told=self.start_page.found.work, failed=self._cannot_choose
        )  # fmt: skip

    def _checked(self, found: DryRun) -> None:
        self.dry_run = found
        self.start_page.show_dry_run(found)
        self.start.setEnabled(not found.stopped)
        self.says.setText(self.tr("These ratings cannot be learnt from as they are.") if found.stopped else "")  # fmt: skip
        if not found.stopped:
            self.start.setFocus()

    def _start(self) -> None:
        request = self.start_page.request
        if request is not None and not self.session.running:
            self._begin(request)

    def _go_on(self, stopped: Stopped) -> None:
        self._begin(FineTuneRequest(resume=stopped.run, store=self._url))

    def _begin(self, request: FineTuneRequest) -> None:
        self._errands.recall("check")
        self.session.begin(request)
        self._follow()

    def _ask_to_remove(self, stopped: Stopped) -> None:
        asked = QMessageBox(self)
        asked.setWindowTitle(self.tr("Remove a stopped training"))
        asked.setText(self.tr("Remove {run}? What it has learnt so far is lost.").format(run=stopped.run))  # fmt: skip
        remove = asked.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        asked.addButton(QMessageBox.StandardButton.Cancel)
        remove.setObjectName(stopped.run)
        remove.clicked.connect(self._remove)
        asked.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asked.open()

    def _remove(self) -> None:
        run = self.sender().objectName()
        self._errands.send("remove", discarded(run), self._removed, failed=self.says.setText)

    def _removed(self, _: str) -> None:
        self._errands.send("choices", choices(self._url), self.start_page.show_choices, failed=self._cannot_choose)  # fmt: skip

    # ---------------------------------------------------------------- learning

    def _follow(self) -> None:
        """Show the session as it is."""
        if self.session.running:
            self._turn(self.training_page)
            self._told()
        else:
            self._ended()

    def _told(self) -> None:
        if self.pages.currentWidget() is not self.training_page or self.session.progress is None:
            return
        self.training_page.show_progress(self.session.progress)
        self.pause.setEnabled(self.session.can_pause)
        self.pause.setText(self.tr("&Resume") if self.session.progress.paused else self.tr("&Pause"))  # fmt: skip
        self.pause.setAccessibleName(self.pause.text().replace("&", ""))

    def _pause(self) -> None:
        if self.session.progress is not None:
            self.session.pause(not self.session.progress.paused)

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.says.setText(self.tr("Stopping; this takes five seconds at most."))
        self.session.cancel()

    # ---------------------------------------------------------------- the end

    def _ended(self) -> None:
        progress = self.session.progress
        if progress is None or progress.end is None:
            return
        self.cancel.setEnabled(True)
        self.end_page.show_end(progress.end, progress.run)
        self._turn(self.end_page)
        if progress.end["event"] == "done":
            work = evidence_of(Path(progress.end["folder"]))
            self._errands.send("evidence", work, self.end_page.show_evidence, failed=self.end_page.cannot_read)  # fmt: skip

    def _resume(self) -> None:
        if self.session.progress is not None:
            self._begin(FineTuneRequest(resume=self.session.progress.run, store=self._url))

    def _ask_for_models(self) -> None:
        if self.session.progress is not None:
            self.models_asked.emit(self.session.progress.candidate)

    def _open_evidence(self) -> None:
        end = self.session.progress.end if self.session.progress else None
        if end is not None:
            open_page(Path(end["evidence"]))
