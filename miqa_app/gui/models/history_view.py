"""What happened to the models of the site, as the audit log keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import words
from miqa_app.gui.campaign.tables import BarTable
from miqa_app.gui.models.work import day_words

if TYPE_CHECKING:
    from miqa_app.gui.models.work import Site
    from miqa_app.gui.theme import Theme


class HistoryView(QWidget):
    """A table, the latest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        headings = [self.tr("When"), self.tr("What"), self.tr("Model"), self.tr("Before"), self.tr("Who")]  # fmt: skip
        self.table = BarTable(theme, self.tr("History"), headings, (), 2)
        self.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.DescendingOrder)
        self.words = words("", "dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.table, 1)
        column.addWidget(self.words)

    def show_site(self, site: Site) -> None:
        """Show the history of a site."""
        said = self._actions()
        count = len(site.history)
        rows = []
        for number, one in enumerate(site.history):
            late = "" if one.audited else self.tr(" (not in the audit log yet)")
            cells = (day_words(one.when), said.get(one.what, one.what) + late, one.model, one.before or "–", one.by)  # fmt: skip
            rows.append([(cell, float(count - number), None) for cell in cells])
        self.table.fill(rows)
        notes = [site.trouble] if site.trouble else []
        if site.status.interrupted:
            notes.append(f"{site.status.interrupted}.")
        if not count:
            notes.append(self.tr("Nothing has happened yet: the model that came with the program is in use."))  # fmt: skip
        self.words.setText("  ".join(notes))
        self.words.setVisible(bool(notes))

    def _actions(self) -> dict[str, str]:
        return {
            "model promoted": self.tr("promoted"),
            "model promoted to shadow": self.tr("promoted to trial"),
            "model rolled back": self.tr("rolled back to"),
            "shadow model set": self.tr("put on trial"),
            "shadow model taken off": self.tr("taken off trial"),
            "thresholds promoted": self.tr("thresholds put in force"),
            "model change not carried out": self.tr("change cut off, not carried out"),
            "model export begun": self.tr("exported"),
            "model import begun": self.tr("imported"),
            "model folder import begun": self.tr("imported unsigned"),
            "site trusted": self.tr("another site trusted"),
        }
