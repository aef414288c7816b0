"""The evidence on a model in the window: verdict, criteria in words, and what got better or worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import card, words
from miqa_app.gui.models.banner import VerdictBanner
from miqa_app.gui.models.forest import Forest, rows_of
from miqa_app.gui.models.marked_list import MarkedList

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.evaluation.evidence import Evidence
    from miqa_app.gui.theme import Theme

_ORDER = ("failed", "uncertain", "passed")
_MEASURES = (("srocc", "SROCC", 3), ("plcc", "PLCC", 3), ("rmse_mapped", "RMSE in points", 1))


class EvidenceView(QWidget):
    """Verdict above, criteria on the left, differences on the right."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.banner = VerdictBanner(theme)
        self.criteria = MarkedList(theme, self.tr("Criteria of the gate"))
        self.forest = Forest(theme)
        self._values = [words("", "value", wrap=False) for _ in _MEASURES]
        self._captions = [words("", "dim", wrap=False) for _ in _MEASURES]
        self.set = words("", "dim")
        self._below = QWidget()
        columns = QHBoxLayout(self._below)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(14)
        columns.addWidget(self._left(), 1)
        columns.addWidget(self._right(), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.banner)
        column.addWidget(self._below, 1)
        self._gap = QWidget()
        column.addWidget(self._gap, 1)

    def show_evidence(self, evidence: Evidence | None, without: str = "") -> None:
        """Show evidence, or say why there is none."""
        self._below.setVisible(evidence is not None)
        self._gap.setVisible(evidence is None)
        if evidence is None:
            self.banner.show_verdict("", without)
            return
        verdict = evidence.verdict
        self.banner.show_verdict(verdict.outcome, verdict.words)
        found = sorted(verdict.criteria, key=lambda one: _ORDER.index(one.outcome))
        self.criteria.show_rows((one.outcome, _sentence(one.title), one.words) for one in found)
        methods = evidence.held_out.methods
        for (key, name, digits), value, caption in zip(_MEASURES, self._values, self._captions, strict=True):  # fmt: skip
            before, after = (getattr(methods[one], key).value for one in ("active", "candidate"))
            value.setText(f"{_figure(before, digits)} → {_figure(after, digits)}")
            caption.setText(name)
        self.set.setText(
            self.tr(
                "Difference in SROCC to {name}, the model in use when it was made, on {images} images of {references} "
                "references that it never saw; 95 % intervals drawn by reference, 99 % for the parts."
            ).format(
                name=evidence.active.name,
                images=evidence.held_out.images,
                references=evidence.held_out.references,
            )
        )
        self.forest.show_rows(rows_of(evidence))

    def _left(self) -> QWidget:
        frame, layout = card()
        layout.addWidget(words(self.tr("WHAT THE GATE ASKED"), "heading"))
        layout.addWidget(self.criteria, 1)
        return frame

    def _right(self) -> QWidget:
        frame, layout = card()
        layout.addWidget(words(self.tr("AGREEMENT WITH THE RATERS"), "heading"))
        figures = QHBoxLayout()
        figures.setSpacing(22)
        for value, caption in zip(self._values, self._captions, strict=True):
            pair = QVBoxLayout()
            pair.setSpacing(0)
            pair.addWidget(value)
            pair.addWidget(caption)
            figures.addLayout(pair)
        figures.addStretch(1)
        layout.addLayout(figures)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 6, 0)
        column.addWidget(self.forest)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("marked")
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(self.tr("Differences by part"))
        layout.addWidget(area, 1)
        layout.addWidget(self.set)
        return frame


def open_page(page: Path) -> None:
    """Show a page of evidence with the program that the system has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
