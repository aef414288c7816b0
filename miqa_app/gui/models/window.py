"""The window of the models: what is installed, what the evidence says, and the decisions of people about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.campaign.look import fit
from miqa_app.gui.campaign.step_page import button, words
from miqa_app.gui.models import work
from miqa_app.gui.models.decisions import ModelDecisions
from miqa_app.gui.models.evidence_view import EvidenceView, open_page
from miqa_app.gui.models.history_view import HistoryView
from miqa_app.gui.models.look import sheet
from miqa_app.gui.models.model_list import ModelList, state_words
from miqa_app.gui.models.summary import Summary, breakable
from miqa_app.gui.models.thresholds_view import ThresholdsView

if TYPE_CHECKING:
    from miqa_app.gui.models.work import Detail, Site
    from miqa_app.gui.theme import Theme

_LIST_WIDTH = 286


class ModelsWindow(QDialog):
    """The models on the left, one of them on the right; decisions are taken in dialogs of their own.

    Signals:
        scoring_changed: another model or other thresholds give the verdicts from now on; one sentence.
        score_again_asked: the scans that lie open are to be scored again.
    """

    scoring_changed = Signal(str)
    score_again_asked = Signal()

    def __init__(
        self,
        theme: Theme,
        store_url: str | None = None,
        *,
        wanted: str = "",
        open_series: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        """Make the window and read the registry.

        Args:
            theme: gives the colours.
            store_url: see `store.Archive`; the user's own store by default.
            wanted: name of the model to begin with; the one in use by default.
            open_series: how many scans lie open in the workstation.
            parent: beside which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Models"))
        self.setStyleSheet(sheet(theme))
        self.setAcceptDrops(True)
        self.theme, self.open_series = theme, open_series
        self._url, self._wanted = store_url, wanted
        self.errands = Errands(self)
        self.site: Site | None = None
        self.detail: Detail | None = None
        self.summary, self.list = Summary(), ModelList(theme)
        self.name, self.about = words("", "headline"), words("", "dim")
        self.evidence, self.card = EvidenceView(theme), QTextBrowser()
        self.thresholds, self.history = ThresholdsView(theme), HistoryView(theme)
        self.parts, self.tabs = QTabWidget(), QTabWidget()
        self.said, self.again = words(""), button(self.tr("Score the open scans &again"))
        self.notice = QFrame()
        self.bar = QProgressBar()
        self.bring, self.send = button(self.tr("&Import…")), button(self.tr("E&xport…"))
        self.page = button(self.tr("Open &evidence"))
        self.back, self.trial = button(self.tr("Roll &back…")), button("")
        self.promote, self.leave = button(self.tr("&Promote…")), button(self.tr("Close"))
        self._arrange()
        self.decisions = ModelDecisions(self)
        self.list.currentItemChanged.connect(self._turn)
        self.parts.currentChanged.connect(self._turn_part)
        self.again.clicked.connect(self._score_again)
        self.page.clicked.connect(self._open_page)
        self.leave.clicked.connect(self.reject)
        self.finished.connect(self.errands.shut_down)
        self.look_again()

    def look_again(self, wanted: str = "") -> None:
        """Read the registry anew, and choose a model."""
        self._wanted = wanted or self._wanted
        self.errands.send("site", work.site(self._url), self._show_site, failed=self.cannot)

    def want(self, name: str) -> None:
        """Choose a model when the registry has been read the next time."""
        self._wanted = name

    def tell(self, sentence: str, *, wrong: bool = False, score_again: bool = False) -> None:
        """Say one sentence above the models; '' hides it.

        Args:
            sentence: what happened.
            wrong: something did not work.
            score_again: offer to score the open scans again.
        """
        self.notice.setObjectName("failed" if wrong else "told")
        self.notice.style().unpolish(self.notice)
        self.notice.style().polish(self.notice)
        self.said.setText(sentence)
        self.again.setVisible(score_again and self.open_series > 0)
        self.notice.setVisible(bool(sentence))
        self.bar.hide()

    def cannot(self, sentence: str) -> None:
        """Say why something did not work."""
        self.tell(sentence, wrong=True)
        self._enable()

    def work(self, step: Any) -> None:
        """Show how far something is."""
        if step is None:
            return
        self.tell(f"{step.words} …")
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        self.bar.show()

    # ---------------------------------------------------------------- building

    def _arrange(self) -> None:
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.setFixedWidth(220)
        told = QHBoxLayout(self.notice)
        told.setContentsMargins(14, 8, 10, 8)
        told.addWidget(self.said, 1)
        told.addWidget(self.bar)
        told.addWidget(self.again)
        self.notice.hide()
        self.card.setOpenExternalLinks(True)
        self.card.setAccessibleName(self.tr("Card of the model"))
        self.parts.setAccessibleName(self.tr("Models, thresholds, history"))
        self.tabs.setAccessibleName(self.tr("Evidence and card"))
        self.tabs.addTab(self.evidence, self.tr("E&vidence"))
        self.tabs.addTab(self.card, self.tr("&Card"))
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addWidget(self.name)
        right.addWidget(self.about)
        right.addSpacing(4)
        right.addWidget(self.tabs, 1)
        self.list.setFixedWidth(_LIST_WIDTH)
        one_model = QWidget()
        columns = QHBoxLayout(one_model)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(16)
        columns.addWidget(self.list)
        columns.addLayout(right, 1)
        self.parts.addTab(one_model, self.tr("&Models"))
        self.parts.addTab(self.thresholds, self.tr("&Thresholds"))
        self.parts.addTab(self.history, self.tr("&History"))
        bar = QHBoxLayout()
        bar.setSpacing(8)
        drop = QLabel(self.tr("or drop archive or folder"))
        drop.setObjectName("dim")
        for one in (self.bring, drop):
            bar.addWidget(one)
        bar.addStretch(1)
        for one in (self.back, self.send, self.page, self.trial, self.promote, self.leave):
            bar.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 14)
        layout.setSpacing(11)
        layout.addWidget(self.summary)
        layout.addWidget(self.notice)
        layout.addWidget(self.parts, 1)
        layout.addLayout(bar)
        self._enable()
        fit(self, 1256, 780)

    def _turn_part(self, part: int) -> None:
        """Show the buttons of one model beside the models only."""
        for one in (self.send, self.page, self.trial, self.promote):
            one.setVisible(part == 0)

    def _show_site(self, site: Site) -> None:
        self.site = site
        self.summary.show_site(site)
        self.history.show_site(site)
        active = site.status.active
        self.thresholds.show_in_force(site.thresholds, active.name if active else "")
        self.thresholds.work(False)
        if site.status.problem:
            self.tell(site.status.problem, wrong=True)
        self.list.show_rows(site.rows, self._wanted)
        self._wanted = ""
        self._turn()

    # ---------------------------------------------------------------- one model

    def _turn(self, *_: object) -> None:
        """Read the chosen model; what another one showed goes away at once."""
        row = self.list.row
        self._enable()
        if row is None:
            return
        if self.detail is None or self.detail.name != row.name:
            self.detail = None
            self.evidence.show_evidence(None, "")
            self.card.clear()
        self.name.setText(breakable(row.name))
        state = state_words()[row.state]
        self.about.setText(f"{state[:1].upper()}{state[1:]}  ·  {row.training}  ·  SHA-256 {row.sha256[:12]}…")  # fmt: skip
        self.errands.send("detail", work.detail(row), self._show_detail, failed=self.cannot)

    def _show_detail(self, found: Detail) -> None:
        self.detail = found
        row = self.list.row
        without = self.tr("Models that came with the program were measured before it was released; see the card.")  # fmt: skip
        if row is not None and row.state not in ("bundled", "active"):
            without = self.tr("A model without evidence is never promoted.")
        self.evidence.show_evidence(found.evidence, found.trouble or without)
        self.card.setMarkdown(found.card)

    def _enable(self) -> None:
        """Offer what makes sense for the chosen model."""
        row, site = self.list.row, self.site
        state = str(row.state) if row else ""
        self.promote.setEnabled(state in ("candidate", "shadow", "retired"))
        self.trial.setEnabled(state in ("candidate", "shadow", "retired", "bundled"))
        self.trial.setText(self.tr("Take off &trial") if state == "shadow" else self.tr("Put on &trial"))  # fmt: skip
        self.trial.setAccessibleName(self.trial.text().replace("&", ""))
        self.send.setEnabled(row is not None and row.evidence is not None)
        self.page.setEnabled(row is not None and row.evidence is not None)
        self.back.setEnabled(site is not None and any(c.what == "model promoted" for c in site.status.history))  # fmt: skip

    def _open_page(self) -> None:
        row = self.list.row
        if row is not None and row.evidence is not None:
            open_page(row.evidence)

    def _score_again(self) -> None:
        self.again.hide()
        self.score_again_asked.emit()

    # ---------------------------------------------------------------- Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take an archive or a folder."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import the archive or the folder that was dropped."""
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        if files:
            self.decisions.bring_in(Path(files[0]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read anew on F5."""
        if event.key() == Qt.Key.Key_F5:
            self.look_again()
        else:
            super().keyPressEvent(event)
