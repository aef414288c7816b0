"""Where the site stands, at one glance: the model in use, the one on trial, and how verdicts are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import card, words
from miqa_app.gui.models.work import day_words

if TYPE_CHECKING:
    from miqa_app.gui.models.work import Site


class Summary(QWidget):
    """Three cards."""

    def __init__(self) -> None:
        super().__init__()
        self.values = [words("", "value") for _ in range(3)]
        self.notes = [words("", "dim") for _ in range(3)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        headings = (self.tr("IN USE"), self.tr("ON TRIAL, UNSEEN"), self.tr("VERDICTS"))
        for heading, value, note in zip(headings, self.values, self.notes, strict=True):
            frame, layout = card()
            layout.setContentsMargins(14, 9, 14, 10)
            layout.setSpacing(1)
            layout.addWidget(words(heading, "heading"))
            layout.addWidget(value)
            layout.addWidget(note)
            layout.addStretch(1)
            row.addWidget(frame, 1)

    def show_site(self, site: Site) -> None:
        """Show where a site stands."""
        status = site.status
        active, shadow, cuts = status.active, status.shadow, status.thresholds
        since = self.tr("since {day}, decided by {who}")
        texts = [
            (breakable(active.name), since.format(day=day_words(active.since), who=" and ".join(active.by)) if active.since else self.tr("came with the program"))
            if active
            else (self.tr("None"), status.problem),
            (breakable(shadow.name), self.tr("only the record shows what it says"))
            if shadow
            else (self.tr("None"), self.tr("a candidate can score unseen first")),
            (
                self.tr("accept from {accept:.0f}, rescan below {rescan:.0f}").format(accept=cuts.accept, rescan=cuts.rescan),
                self.tr("calibrated by this site") if cuts.calibrated else self.tr("uncalibrated: every verdict says so"),
            ),
        ]  # fmt: skip
        for (value, note), label, below in zip(texts, self.values, self.notes, strict=True):
            label.setText(value)
            below.setText(note)


def breakable(name: str) -> str:
    """Return a name of a model that a line may break at its hyphens."""
    return name.replace("-", "-\u200b")
