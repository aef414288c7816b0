"""The overview of rating campaigns: who has voted how often, how certain the results are, and what is still missing."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui import icons
from miqa_app.gui.campaign import look
from miqa_app.gui.campaign.campaign_work import campaigns, results, standing
from miqa_app.gui.campaign.command_line import CommandLine, rate_command
from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.campaign.export_study import ExportStudy
from miqa_app.gui.campaign.results_view import ResultsView
from miqa_app.gui.campaign.rows import DETAIL, THING, Rows
from miqa_app.gui.campaign.step_page import button, card, words
from miqa_app.gui.campaign.tables import ItemTable, RaterTable

if TYPE_CHECKING:
    from miqa_app.gui.campaign.campaign_work import Campaigns, Results, Standing
    from miqa_app.gui.theme import Theme
    from miqa_app.rating.study import Study


class CampaignOverview(QDialog):
    """Studies on the left, one of them on the right.

    It stands in front of the workstation, which takes no input meanwhile, and the rating window knows nothing of it:
    nobody can rate and look at the same time.

    Signals:
        rate_asked: name of the study that is to be rated; the overview has closed.
    """

    rate_asked = Signal(str)

    def __init__(
        self,
        theme: Theme,
        store_url: str | None = None,
        study: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make the window.

        Args:
            theme: gives the colours.
            store_url: see `store.Archive`; the user's own store by default.
            study: name of the one to begin with; the newest by default.
            parent: in front of which it stands.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Rating campaigns"))
        self.setStyleSheet(look.sheet(theme))
        self._url, self._wanted = store_url, study
        self._errands = Errands(self)
        self._standing: Standing | None = None
        self.list = Rows(theme, self.tr("Studies"), lines=2)
        self.name, self._about = words("", "headline"), words("", "dim")
        self._numbers = [words("", "number", wrap=False) for _ in range(3)]
        self._captions = [words("", "dim") for _ in range(3)]
        self._sign, self.words = QLabel(), words("")
        self._sign.setPixmap(icons.pixmap("warning", theme.check, 20))
        self.raters, self.items, self.results = RaterTable(theme), ItemTable(theme), ResultsView()
        self.tabs = QTabWidget()
        self.command = CommandLine(self.tr("Command for raters"))
        self.rate, self.export = button(self.tr("&Rate…")), button(self.tr("&Export…"))
        self.refresh, self.leave = button(self.tr("Refres&h")), button(self.tr("Close"))
        self.refresh.setToolTip("F5")
        self.empty = words("")
        self._arrange()
        self.list.currentItemChanged.connect(self._turn)
        self.results.asked.connect(self._show_results)
        self.rate.clicked.connect(self._rate)
        self.export.clicked.connect(self._export)
        self.refresh.clicked.connect(self.look_again)
        self.leave.clicked.connect(self.reject)
        self.finished.connect(self._errands.shut_down)
        self.look_again()

    @property
    def study(self) -> Study | None:
        """Return the chosen study."""
        item = self.list.currentItem()
        return item.data(THING) if item else None

    def look_again(self) -> None:
        """Read the store anew."""
        self._wanted = self.study.name if self.study else self._wanted
        self.refresh.setEnabled(False)
        self._errands.send("list", campaigns(self._url), self._listed, failed=self._cannot_read)

    def _arrange(self) -> None:
        boxes = QHBoxLayout()
        boxes.setSpacing(10)
        for number, caption in zip(self._numbers, self._captions, strict=True):
            frame, layout = card()
            layout.setContentsMargins(14, 8, 14, 9)
            layout.setSpacing(0)
            layout.addWidget(number)
            layout.addWidget(caption)
            boxes.addWidget(frame, 1)
        said = QHBoxLayout()
        said.setSpacing(8)
        said.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.words, 1)
        self.tabs.addTab(self.raters, self.tr("R&aters"))
        self.tabs.addTab(self.items, self.tr("&Images"))
        self.tabs.addTab(self.results, self.tr("Res&ults"))
        self._one = QWidget()
        right = QVBoxLayout(self._one)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(8)
        right.addWidget(self.name)
        right.addWidget(self._about)
        right.addLayout(boxes)
        right.addLayout(said)
        right.addWidget(self.tabs, 1)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        self.list.setFixedWidth(220)
        columns.addWidget(self.list)
        columns.addWidget(self._one, 1)
        columns.addWidget(self.empty, 1)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.command, 1)
        for one in (self.rate, self.export, self.refresh, self.leave):
            bar.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        layout.addLayout(columns, 1)
        layout.addLayout(bar)
        self._show_one(False, "")
        look.fit(self, 1240, 700)

    def _show_one(self, on: bool, sentence: str) -> None:
        """Show the study on the right, or a sentence in its place."""
        self._one.setVisible(on)
        self.empty.setVisible(not on)
        self.empty.setText(sentence)
        for widget in (self.rate, self.export, self.command):
            widget.setEnabled(on)

    def _listed(self, found: Campaigns) -> None:
        self.refresh.setEnabled(True)
        self.list.blockSignals(True)
        self.list.clear()
        for study in found.studies:
            item = QListWidgetItem(study.name)
            joined = found.raters[study.key]
            detail = self.tr("{day} · {id}\n{items} items · {raters}").format(
                day=_day(study.created),
                id=study.protocol.id,
                items=sum(one.counted for one in study.items),
                raters=self.tr("1 rater")
                if joined == 1
                else self.tr("{n} raters").format(n=joined),
            )
            item.setData(DETAIL, detail)
            item.setData(THING, study)
            item.setToolTip(f"{study.name}\n{study.protocol.title}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{study.name}, {detail}")
            self.list.addItem(item)
        names = [study.name for study in found.studies]
        self.list.setCurrentRow(names.index(self._wanted) if self._wanted in names else 0)
        self.list.blockSignals(False)
        if names:
            self._turn()
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._show_one(False, self.tr("There is no study yet. Rating → New study… makes one."))

    def _cannot_read(self, sentence: str) -> None:
        self.refresh.setEnabled(True)
        self._show_one(False, sentence)

    def _turn(self, *_: object) -> None:
        """Read how far the chosen study is; what another one showed goes away at once."""
        study = self.study
        if study is None:
            return
        if self._standing is None or self._standing.study.key != study.key:
            self.results.close_door()
            self._errands.recall("results")
        self.command.show_command(rate_command(study.name, self._url))
        self._errands.send(
            "standing", standing(self._url, study), self._show, failed=self._cannot_read
        )

    def _show(self, found: Standing) -> None:
        self._standing = found
        study, status = found.study, found.status
        self._show_one(True, "")
        self.name.setText(study.name)
        self._about.setText(
            self.tr("{title}  ·  made {day}  ·  seed {seed}").format(
                title=study.protocol.title, day=_day(study.created), seed=study.seed
            )
            + (
                self.tr("  ·  shows first what teaches the model most")
                if study.model_uncertainty
                else ""
            )
        )
        done, wanted = (
            sum(getattr(one, part) for one in status.raters) for part in ("done", "total")
        )
        finished = sum(one.done == one.total for one in status.raters)
        # by image: a repeat is the same image once more
        by_image = {one.stimulus: one.half_width for one in status.items}
        widths = [width for width in by_image.values() if width is not None]
        without = len(by_image) - len(widths)
        numbers = (
            (
                self.tr("{n} of {least}").format(n=finished, least=study.protocol.least_observers),
                self.tr("raters have finished; {n} joined").format(n=len(status.raters)),
            ),
            (
                f"{done / wanted:.0%}".replace("%", " %") if wanted else "–",
                self.tr("of the votes of those who joined ({done} of {wanted})").format(
                    done=done, wanted=wanted
                ),
            ),
            (
                f"±{median(widths):.1f}" if widths else "–",
                self._width_words(bool(widths), without),
            ),
        )
        for (number, caption), label, below in zip(
            numbers, self._numbers, self._captions, strict=True
        ):
            label.setText(number)
            below.setText(caption)
        self._sign.setVisible(status.provisional)
        self.words.setText(status.words)
        self.raters.show_standing(found)
        self.items.show_standing(found)

    def _width_words(self, known: bool, without: int) -> str:
        """Return what the third number says: how far the mean of a typical image can still be off."""
        if not known:
            return self.tr("possible error of a mean: needs two votes on an image")
        said = self.tr("points, possible error of a typical image's mean (95 %)")
        if without:
            images = self.tr("1 image") if without == 1 else self.tr("{n} images").format(n=without)
            said += self.tr("; {images} still with fewer than two votes").format(images=images)
        return said

    def _show_results(self) -> None:
        if self.study is not None:
            work = results(self._url, self.study)
            self._errands.send("results", work, self._take_results, failed=self.results.refuse)

    def _take_results(self, found: Results) -> None:
        if self.study is not None and found.study == self.study.key:
            self.results.show_results(found)

    def _rate(self) -> None:
        study = self.study
        self.accept()
        if study is not None:
            self.rate_asked.emit(study.name)

    def _export(self) -> None:
        if self.study is not None:
            dialog = ExportStudy(self.study, self._url, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    # ---------------------------------------------------------------- Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read anew on F5."""
        if event.key() == Qt.Key.Key_F5:
            self.look_again()
        else:
            super().keyPressEvent(event)


def _day(iso: str) -> str:
    """Return UTC time as a date of this place."""
    time = QDateTime.fromString(iso, Qt.DateFormat.ISODateWithMs).toLocalTime()
    return QLocale().toString(time.date(), "d MMM yyyy")
