"""What somebody asks of a fine-tuning, and what can be said of it before the first epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from miqa_app.services.finetune_check import Finding


@dataclass(frozen=True)
class FineTuneRequest:
    """What somebody asks for; a source is all it takes.

    Attributes:
        source: name of a study, or path of a table (.csv, .tsv); '' to go on with a run.
        model: name or folder of the model to begin with; the one that came with the program by default.
        recipe: name or path of a recipe; chosen by the size of the data by default.
        device: 'auto', 'cuda', 'mps' or 'cpu'.
        store: file or URL of the store of studies; the user's own by default.
        resume: name of a run that was stopped.
    """

    source: str = ""
    model: str | None = None
    recipe: str | None = None
    device: str = "auto"
    store: str | None = None
    resume: str = ""


@dataclass(frozen=True)
class DryRun:
    """What can be said before the first epoch.

    Attributes:
        findings: about the data, what forbids the training first.
        images: rated images.
        references: their references.
        subjects: their subjects.
        split: who learns from what, in words; '' where the data forbid the training.
        recipe: name of the recipe; '' likewise.
        words: why this recipe.
        seconds_estimated: of the whole training on this device; NaN where the data forbid it.
    """

    findings: tuple[Finding, ...]
    images: int
    references: int
    subjects: int
    split: str
    recipe: str
    words: str
    seconds_estimated: float

    @property
    def stopped(self) -> bool:
        """Return whether the data forbid the training."""
        return any(finding.level == "stop" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "findings": [vars(finding) for finding in self.findings],
            "images": self.images,
            "references": self.references,
            "subjects": self.subjects,
            "split": self.split,
            "recipe": self.recipe,
            "words": self.words,
            "seconds_estimated": None if self.stopped else round(self.seconds_estimated, 1),
            "stopped": self.stopped,
        }
