"""What a run tells while it goes: events as dictionaries of plain JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miqa_app.training.finetune.memory import memory_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

    from miqa_app.training.finetune.judge import Figures
    from miqa_app.training.finetune.learner import Learnt
    from miqa_app.training.finetune.recipe import FineTuneRecipe

_STEP_EVERY = 0.5
"""Seconds between two events of steps."""


class Telling:
    """Turns what happens into events.

    Attributes:
        notes: sentences told so far.
    """

    def __init__(
        self,
        report: Callable[[Mapping[str, Any]], None],
        recipe: FineTuneRecipe,
        device: torch.device,
        paused: Callable[[], float],
    ) -> None:
        """Tell `report`; `paused` gives the seconds that pauses took so far."""
        self.report, self._recipe, self._device = report, recipe, device
        self._paused = paused
        self._per_epoch, self._done, self._here, self._told = 1, 0, 0, 0.0
        self._begun = self._clock()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Tell a sentence, once."""
        if text not in self.notes:
            self.notes.append(text)
            self.report({"event": "note", "text": text})

    def parent(self, figures: Figures) -> None:
        """Tell how good the model is before it learns, as epoch 0."""
        self._tell_epoch(0, {"epoch": 0, "loss": None, **rounded(figures)})

    def begin(self, steps_per_epoch: int) -> None:
        """Start the clock of what is left."""
        self._per_epoch, self._begun = steps_per_epoch, self._clock()

    def seed_begins(self, seed: int, result: Learnt) -> None:
        """Take up a seed where it stands, and tell the epochs that were done before."""
        self._done = seed * self._steps_per_seed + result.steps
        if result.curve:
            self.note(f"Seed {seed + 1} goes on after epoch {len(result.curve)}.")
        for row in result.curve:
            self._tell_epoch(seed + 1, row)

    def seed_ends(self, seed: int) -> None:
        """Count the epochs that early stopping saved as done."""
        self._done = (seed + 1) * self._steps_per_seed

    def stepped(self) -> None:
        """Count a step, and tell some of them."""
        self._done += 1
        self._here += 1
        if time.monotonic() - self._told >= _STEP_EVERY:
            self._told = time.monotonic()
            left = {"seconds_left": self._seconds_left()}
            self.report({"event": "step", "done": self._done, "total": self._total, **left})

    def epoch(self, seed: int, row: Mapping[str, Any]) -> None:
        """Tell an epoch, just done."""
        self._tell_epoch(seed + 1, row)

    def _tell_epoch(self, seed: int, row: Mapping[str, Any]) -> None:
        self.report(
            {
                "event": "epoch",
                "seed": seed,
                "seeds": self._recipe.seeds,
                "epochs": self._recipe.epochs,
                **row,
                "seconds_left": self._seconds_left(),
                **memory_figures(self._device),
            }
        )

    @property
    def _steps_per_seed(self) -> int:
        return self._per_epoch * self._recipe.epochs

    @property
    def _total(self) -> int:
        return self._steps_per_seed * self._recipe.seeds

    def _clock(self) -> float:
        return time.monotonic() - self._paused()

    def _seconds_left(self) -> int | None:
        """Return the seconds left at the pace so far; None before the first step."""
        if not self._here:
            return None
        return round((self._clock() - self._begun) / self._here * (self._total - self._done))


def rounded(figures: Figures) -> dict[str, float | None]:
    """Return figures for a record: correlations and points of 100."""
    return {n: None if v is None else round(v, 5) for n, v in figures._asdict().items()}


def figures_words(figures: Figures) -> str:
    """Return figures in words."""
    parts = (
        ("SROCC {:.3f}", figures.srocc),
        ("RMSE {:.1f}", figures.rmse),
        ("agreement with the parent on simulated slices {:.3f}", figures.rehearsal),
    )
    return ", ".join(words.format(value) for words, value in parts if value is not None)
