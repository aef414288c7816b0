"""The drift window: alarms on the left, all scanners at one glance, and the charts of one place below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from miqa_app.evaluation.drift.observations import Place
from miqa_app.evaluation.drift.words import day_words
from miqa_app.gui import icons
from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.campaign.look import fit
from miqa_app.gui.campaign.step_page import button, words
from miqa_app.gui.drift import look
from miqa_app.gui.drift.act_dialog import ActDialog
from miqa_app.gui.drift.alarm_card import AlarmCard
from miqa_app.gui.drift.chart_view import ChartView
from miqa_app.gui.drift.matrix import Matrix
from miqa_app.gui.drift.work import acted, read, written

if TYPE_CHECKING:
    from miqa_app.evaluation.drift.record import Drift, Stated
    from miqa_app.gui.theme import Theme

_LIST_WIDTH = 336


class DriftWindow(QDialog):
    """Says at one glance which scanner moved; it computes nothing."""

    def __init__(
        self, theme: Theme, store_url: str | None = None, parent: QWidget | None = None
    ) -> None:
        """Make the window and read the store.

        Args:
            theme: gives the colours.
            store_url: see `store.Archive`; the user's own store by default.
            parent: beside which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Drift of image quality"))
        self.setStyleSheet(look.sheet(theme))
        self._theme, self._url = theme, store_url
        self._errands = Errands(self)
        self.state: Drift | None = None
        self.place = Place()
        self.cards: list[AlarmCard] = []
        self._sign, self.headline, self._about = QLabel(), words("", "headline"), words("", "dim")
        self.matrix = Matrix(theme)
        self._title = words("", "subhead", wrap=False)
        self.charts = {measure: ChartView(theme) for measure in ("score", "spread", "scope", "override")}  # fmt: skip
        self.notes = words("", "dim")
        self.report, self.refresh = button(self.tr("&Report…")), button(self.tr("Refres&h"))
        self.leave = button(self.tr("Close"))
        self.refresh.setToolTip("F5")
        self._arrange()
        self.matrix.asked.connect(self._show_place)
        self.report.clicked.connect(self._write)
        self.refresh.clicked.connect(self.look_again)
        self.leave.clicked.connect(self.reject)
        self.finished.connect(self._errands.shut_down)
        self.look_again()

    def look_again(self) -> None:
        """Read the store anew."""
        self.refresh.setEnabled(False)
        if self.state is None:
            self.headline.setText(self.tr("Reading the record …"))
        self._errands.send("read", read(self._url), self.show_state, failed=self._cannot)

    def show_state(self, state: Drift) -> None:
        """Show what the charts say."""
        self.state = state
        self.refresh.setEnabled(True)
        self.report.setEnabled(state.model is not None)
        calm = not state.present
        colour = self._theme.advised if calm else self._theme.rescan
        shape = "verdict_advised" if calm else "warning"
        self._sign.setPixmap(icons.pixmap(shape, colour if state.model else self._theme.dim, 26))
        self.headline.setText(state.headline)
        self._about.setText(self._about_words(state))
        self.notes.setText("  ".join((*state.notes, state.rule)) if state.model else "")
        self._notes_area.setVisible(state.model is not None)
        self.matrix.show_state(state)
        self._list_alarms(state)
        self._right.setVisible(state.model is not None)
        if state.alarms:
            self._show_alarm(state.alarms[0])
        else:
            first = next((p for p, m in state.charts.by_place if p.whole), Place())
            self._show_place(first)

    # ---------------------------------------------------------------- building

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.headline, 1)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 6, 0)
        self._list.setSpacing(8)
        inside = QWidget()
        inside.setLayout(self._list)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(self.tr("Alarms"))
        scroll.setWidget(inside)
        scroll.setFixedWidth(_LIST_WIDTH)
        columns = QHBoxLayout()
        columns.setSpacing(14)
        columns.addWidget(scroll)
        columns.addWidget(self._make_right(), 1)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self._about, 1)
        for one in (self.report, self.refresh, self.leave):
            bar.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 14)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addLayout(columns, 1)
        layout.addLayout(bar)
        fit(self, 1256, 760)

    def _make_right(self) -> QWidget:
        """Return matrix and charts, one above the other."""
        below = QWidget()
        grid = QGridLayout(below)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setSpacing(8)
        grid.addWidget(self._title, 0, 0, 1, 3)
        grid.addWidget(self.charts["score"], 1, 0, 1, 3)
        for column, measure in enumerate(("spread", "scope", "override")):
            grid.addWidget(self.charts[measure], 2, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 5)
        grid.setRowStretch(2, 4)
        self._notes_area = self.notes
        grid.addWidget(self.notes, 3, 0, 1, 3)
        self._right = QSplitter(Qt.Orientation.Vertical)
        self._right.setHandleWidth(8)
        self._right.setChildrenCollapsible(False)
        self.matrix.setMinimumHeight(120)
        self._right.addWidget(self.matrix)
        self._right.addWidget(below)
        self._right.setStretchFactor(0, 1)
        self._right.setStretchFactor(1, 1)
        self._right.setSizes([270, 400])
        keep = self._right.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._right.setSizePolicy(keep)
        return self._right

    def _list_alarms(self, state: Drift) -> None:
        while self._list.count():
            item = self._list.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        self.cards = []
        past = [one for one in state.alarms if not one.alarm.now]
        for heading, alarms in ((self.tr("ALARMS"), state.present), (self.tr("OVER"), past)):
            if not alarms and heading == self.tr("OVER"):
                continue
            self._list.addWidget(words(heading, "heading"))
            if not alarms:
                self._list.addWidget(words(self._nothing_words(state), "dim"))
            for alarm in alarms:
                card = AlarmCard(alarm)
                card.chosen.connect(self._show_alarm)
                card.step_asked.connect(self._ask)
                self.cards.append(card)
                self._list.addWidget(card)
        self._list.addStretch(1)

    def _nothing_words(self, state: Drift) -> str:
        if state.model is None:
            return self.tr(
                "Every scan that is scored in the workstation is kept, and shows here once there are some weeks of them. "
                "For scans of the past: miqa score FOLDER --record"
            )
        if not state.charts.counted:
            return self.tr("The baselines are not whole yet; until then nothing can be said.")
        return self.tr("All charts are in control.")

    def _about_words(self, state: Drift) -> str:
        if state.model is None or state.first is None or state.last is None:
            return ""
        return self.tr("{n} scans, {first} to {last}  ·  model {name} {sha}").format(
            n=f"{state.scans:,}".replace(",", "\u202f"), first=day_words(state.first), last=day_words(state.last),
            name=state.model.name, sha=state.model.sha256[:8],
        )  # fmt: skip

    # ---------------------------------------------------------------- showing

    def _show_alarm(self, alarm: Stated) -> None:
        self.matrix.choose(alarm.alarm.place)
        self._show_place(alarm.alarm.place, alarm)

    def _show_place(self, place: Place, alarm: Stated | None = None) -> None:
        """Show the four charts of a place; where it is one, those of the same scans."""
        if self.state is None:
            return
        self.place = place
        charts = self.state.charts.by_place
        if (place, "score") not in charts:
            # a wider place that holds no other scans has no charts of its own
            place = next((p for p, m in charts if p.within(place)), place)
        self._title.setText(place.words)
        alarms = [one for one in self.state.alarms if place.within(one.alarm.place)]
        if alarm is not None:
            alarms.insert(0, alarm)
        for measure, view in self.charts.items():
            since = next((a.alarm.since for a in alarms if a.alarm.measure == measure), None)
            view.show_chart(charts.get((place, measure)), since)
        for card in self.cards:
            card.set_chosen(card.alarm is alarm)

    def _cannot(self, sentence: str) -> None:
        self.refresh.setEnabled(True)
        self._sign.setPixmap(icons.pixmap("warning", self._theme.check, 26))
        self.headline.setText(sentence)

    # ---------------------------------------------------------------- doing

    def _ask(self, alarm: Stated, step: str) -> None:
        dialog = ActDialog(alarm, step, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._act)
        dialog.open()

    def _act(self) -> None:
        dialog = self.sender()
        reason = dialog.reason.text()
        work = acted(self.state, dialog.alarm, dialog.step, reason, dialog.weeks, self._url)
        self._errands.send("act", work, self._acted, failed=self._cannot)

    def _acted(self, _: object) -> None:
        self.look_again()

    def _write(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Write the report"), str(Path.home() / "drift.pdf"), "PDF (*.pdf);;HTML (*.html)"
        )  # fmt: skip
        if name:
            file = Path(name)
            file = file if file.suffix.lower() in (".pdf", ".html") else file.with_suffix(".pdf")
            self._errands.send(
                "write", written(self.state, file), self._written, failed=self._cannot
            )

    def _written(self, file: Path) -> None:
        self._about.setText(self.tr("The report is in {file}.").format(file=file))

    # ---------------------------------------------------------------- Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read anew on F5."""
        if event.key() == Qt.Key.Key_F5:
            self.look_again()
        else:
            super().keyPressEvent(event)
