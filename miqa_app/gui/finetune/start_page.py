"""The first page: what to learn from, with which model and recipe; nothing needs to be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from miqa_app.gui.campaign.step_page import card, field_name, words
from miqa_app.gui.finetune.dry_run_view import DryRunView
from miqa_app.gui.finetune.source_list import SourceList
from miqa_app.services.finetune_request import FineTuneRequest

if TYPE_CHECKING:
    from miqa_app.gui.finetune.work import Choices
    from miqa_app.gui.theme import Theme
    from miqa_app.services.finetune_request import DryRun

_LIST_WIDTH = 300
RECIPES = ("", "heads", "adapter", "last", "full")
"""Of resources/recipes/finetune, the gentlest first; '' lets the size of the data choose."""


class StartPage(QWidget):
    """Sources on the left, what was found on the right, model and recipe below.

    Signals:
        asked: the choice has changed: a request to check, or None.
        resume_asked: go on with a stopped training.
        remove_asked: forget one.
    """

    asked = Signal(object)
    resume_asked = Signal(object)
    remove_asked = Signal(object)

    def __init__(self, theme: Theme, store_url: str | None) -> None:
        super().__init__()
        self._url = store_url
        self.sources = SourceList(theme)
        self.sources.setFixedWidth(_LIST_WIDTH)
        self.found = DryRunView(theme)
        self.model, self.recipe = QComboBox(), QComboBox()
        self.model_words, self.recipe_words = words("", "dim"), words("", "dim")
        names = self._recipe_names()
        for recipe in RECIPES:
            self.recipe.addItem(names[recipe], recipe)
        self._arrange()
        self.sources.chosen.connect(self._changed)
        self.sources.resume_asked.connect(self.resume_asked)
        self.sources.remove_asked.connect(self.remove_asked)
        self.model.currentIndexChanged.connect(self._changed)
        self.recipe.currentIndexChanged.connect(self._changed)

    @property
    def request(self) -> FineTuneRequest | None:
        """Return what is chosen, None where nothing is."""
        source = self.sources.source
        if source is None or self.model.currentData() is None:
            return None
        # the first model is the one that came with the program, which is what no name means
        model = self.model.currentData().name if self.model.currentIndex() else None
        return FineTuneRequest(source.source, model, self.recipe.currentData() or None, store=self._url)  # fmt: skip

    def show_choices(self, found: Choices) -> None:
        """Show what there is; what was chosen before stays chosen."""
        before = self.model.currentText()
        self.model.blockSignals(True)
        self.model.clear()
        for row in found.models:
            self.model.addItem(row.name, row)
        self.model.setCurrentIndex(max(0, self.model.findText(before)) if before else 0)
        self.model.blockSignals(False)
        self.sources.show_choices(found)
        self._changed()

    def show_dry_run(self, found: DryRun) -> None:
        """Show what was found, and why this recipe."""
        self.found.show_dry_run(found)
        if found.words:
            self.recipe_words.setText(found.words)

    def _arrange(self) -> None:
        frame, below = card()
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(2, 1)
        for row, (name, field, said) in enumerate(
            (
                (self.tr("&Model"), self.model, self.model_words),
                (self.tr("Re&cipe"), self.recipe, self.recipe_words),
            )
        ):
            field.setMinimumWidth(230)
            grid.addWidget(field_name(name, field), row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(said, row, 2)
        below.addLayout(grid)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self.found, 1)
        right.addWidget(frame)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        columns.addWidget(self.sources)
        columns.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(words(self.tr("Teach a model with your own ratings"), "headline"))
        layout.addWidget(
            words(
                self.tr(
                    "The model in use stays as it is. What comes out is a candidate with its evidence on one page; a person "
                    "decides whether it is used. Nothing leaves this computer."
                ),
                "dim",
            )
        )
        layout.addSpacing(4)
        layout.addLayout(columns, 1)

    def _changed(self, *_: object) -> None:
        self.model_words.setText(self._model_words())
        self.recipe_words.setText(self._recipe_words())
        if self.request is None:
            self.found.say(
                self.tr(
                    "Choose on the left what the model is to learn from. The ratings are checked before anything starts."
                )
            )
        self.asked.emit(self.request)

    def _recipe_names(self) -> dict[str, str]:
        return {
            "": self.tr("Chosen by the data"),
            "heads": self.tr("Heads only"),
            "adapter": self.tr("Adapter (LoRA)"),
            "last": self.tr("Last blocks"),
            "full": self.tr("Whole network"),
        }

    def _recipe_words(self) -> str:
        return {
            "": self.tr("By how many images and references there are."),
            "heads": self.tr("Only decoder and heads learn: quickest, and forgets least."),
            "adapter": self.tr("Heads and a low-rank change of the rest learn: for small sets."),
            "last": self.tr("Heads and the last blocks learn: for some hundred images."),
            "full": self.tr("All weights learn: for large sets, and a GPU."),
        }[self.recipe.currentData()]

    def _model_words(self) -> str:
        row = self.model.currentData()
        if row is None:
            return ""
        if self.model.currentIndex() == 0:
            return self.tr(
                "Came with the program. Every candidate begins here and learns from all ratings at once, so that none has "
                "seen the images that test it."
            )
        if row.state == "bundled":
            return self.tr("Came with the program, too. ") + row.training
        return self.tr(
            "A candidate of this site: it may already have learnt from images that would test it."
        )
