"""What a model can learn from: the studies of the store, tables of ratings, and trainings that were stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from miqa_app.gui.campaign.rows import DETAIL, THING, Rows
from miqa_app.gui.campaign.step_page import button, words
from miqa_app.gui.finetune.stopped_card import StoppedCard
from miqa_app.gui.finetune.work import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.gui.finetune.work import Choices, Stopped
    from miqa_app.gui.theme import Theme

TABLES = (".csv", ".tsv")


class SourceList(QWidget):
    """Chooses what to learn from; tables can be dropped.

    Signals:
        chosen: another source, or None where nothing is chosen.
        resume_asked: go on with a stopped training.
        remove_asked: forget one.
    """

    chosen = Signal(object)
    resume_asked = Signal(object)
    remove_asked = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.list = Rows(theme, self.tr("Ratings"), lines=2)
        self.table = button(self.tr("A &table of ratings…"))
        self.table.setToolTip(
            self.tr(
                "A CSV file with image, mos, reference and subject; optionally ci, votes, kind, clean, split. It can also be dropped here."
            )
        )
        self.empty = words("", "dim")
        self.cards: list[StoppedCard] = []
        self._heading = words(self.tr("STOPPED TRAININGS"), "heading")
        self._stopped = QVBoxLayout()
        self._stopped.setContentsMargins(0, 0, 6, 0)
        self._stopped.setSpacing(7)
        inside = QWidget()
        inside.setLayout(self._stopped)
        self._area = QScrollArea()
        self._area.setObjectName("marked")
        self._area.setWidget(inside)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(self.tr("Stopped trainings"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        column.addWidget(words(self.tr("RATINGS TO LEARN FROM"), "heading"))
        column.addWidget(self.empty)
        column.addWidget(self.list, 3)
        column.addWidget(self.table)
        column.addSpacing(4)
        column.addWidget(self._heading)
        column.addWidget(self._area, 2)
        self.list.currentItemChanged.connect(self._turn)
        self.table.clicked.connect(self._ask)
        self._show_stopped(())

    @property
    def source(self) -> Source | None:
        """Return what is chosen."""
        item = self.list.currentItem()
        return item.data(THING) if item else None

    def show_choices(self, found: Choices) -> None:
        """Show studies and stopped trainings; tables that were added stay."""
        kept = self.source
        tables = [one for one in self._sources() if one.source.lower().endswith(TABLES)]
        self.list.blockSignals(True)
        self.list.clear()
        for one in (*tables, *found.studies):
            self._add(one)
        self.list.setCurrentRow(-1)
        self.list.blockSignals(False)
        none = self.tr(
            "There is no study in the store yet. Choose a table of ratings, or make a study under Rating."
        )
        self.empty.setText(found.trouble or none)
        self.empty.setVisible(not self.list.count() or bool(found.trouble))
        self._show_stopped(found.stopped)
        names = [one.source for one in self._sources()]
        if kept is not None and kept.source in names:
            self.list.setCurrentRow(names.index(kept.source))
        elif names and not found.stopped:
            self.list.setCurrentRow(0)

    def add_table(self, path: Path) -> None:
        """Add a table and choose it."""
        source = str(path.absolute())
        known = [one.source for one in self._sources()]
        if source not in known:
            self._add(Source(source, path.name, str(path.absolute().parent)), 0)
            self.empty.hide()
        self.list.setCurrentRow(known.index(source) if source in known else 0)

    def _sources(self) -> list[Source]:
        return [self.list.item(row).data(THING) for row in range(self.list.count())]

    def _add(self, source: Source, row: int | None = None) -> None:
        item = QListWidgetItem(source.name)
        item.setData(DETAIL, source.detail)
        item.setData(THING, source)
        item.setToolTip(f"{source.name}\n{source.detail}")
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{source.name}, {source.detail}")
        self.list.insertItem(self.list.count() if row is None else row, item)

    def _show_stopped(self, stopped: Sequence[Stopped]) -> None:
        while self._stopped.count():
            item = self._stopped.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        self.cards = []
        for one in stopped:
            card = StoppedCard(one)
            card.resume_asked.connect(self.resume_asked)
            card.remove_asked.connect(self.remove_asked)
            self.cards.append(card)
            self._stopped.addWidget(card)
        self._stopped.addStretch(1)
        self._heading.setVisible(bool(stopped))
        self._area.setVisible(bool(stopped))

    def _turn(self, *_: object) -> None:
        self.chosen.emit(self.source)

    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose a table of ratings"), str(Path.home()), self.tr("Tables (*.csv *.tsv)")
        )  # fmt: skip
        if name:
            self.add_table(Path(name))

    # ---------------------------------------------------------------- Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take tables."""
        if any(url.toLocalFile().lower().endswith(TABLES) for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the table that was dropped."""
        for url in event.mimeData().urls():
            if url.toLocalFile().lower().endswith(TABLES):
                self.add_table(Path(url.toLocalFile()))
        event.acceptProposedAction()
