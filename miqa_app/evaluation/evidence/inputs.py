"""What evidence is made from, and what of it stays in this copy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.evaluation.evidence.facts import (
        CanaryFacts,
        Ceiling,
        DataFacts,
        LearningFacts,
        Model,
        ScopeFacts,
        SplitFacts,
    )
    from miqa_app.evaluation.evidence.record import ModelChecks
    from miqa_app.evaluation.predictions import Predictions

CANDIDATE, ACTIVE, SHIPPED = "candidate", "active", "shipped"
"""Names of the methods in both sets of predictions."""

STRATA = ("anatomy", "sequence", "vendor", "field", "kind")
"""Groups that become strata of the evidence; other groups, such as 'subject', stay in the local copy."""


@dataclass(frozen=True, eq=False)
class EvidenceInputs:
    """All that `evidence` needs.

    Attributes:
        candidate: the model under judgement.
        active: the model in use.
        shipped: the model that came with the program; may be the active one.
        held_out: opinions 0–100 as targets, predictions of all three models by the names CANDIDATE, ACTIVE and
            SHIPPED, references as the unit of the bootstrap, and as many of the groups of STRATA as are known.
            SHIPPED may be left out where the active model is the shipped one.
        rehearsal: the same on simulated images with the quality index as target, of references that the candidate
            did not rehearse on; None where there is none.
        data: the rated set.
        split: from `split_facts`.
        learning: from the training.
        checks: from `model_checks.measured_checks`; None where they were not made.
        canary: of the candidate's canary set; None where there is none.
        ceiling: from `rater_ceiling` on the held-out images; None without votes.
        scope: how many held-out images each model calls unknown; None where that was not asked.

    Raises:
        ValueError: a method is missing.
    """

    candidate: Model
    active: Model
    shipped: Model
    held_out: Predictions
    rehearsal: Predictions | None
    data: DataFacts
    split: SplitFacts
    learning: LearningFacts
    checks: ModelChecks | None
    canary: CanaryFacts | None
    ceiling: Ceiling | None = None
    scope: ScopeFacts | None = None

    def __post_init__(self) -> None:
        """Let the active model stand for the shipped one where they are the same."""
        object.__setattr__(self, "held_out", self._complete(self.held_out))
        if self.rehearsal is not None:
            object.__setattr__(self, "rehearsal", self._complete(self.rehearsal))

    def _complete(self, predictions: Predictions) -> Predictions:
        methods = dict(predictions.methods)
        if self.active.sha256 == self.shipped.sha256 and ACTIVE in methods:
            methods.setdefault(SHIPPED, methods[ACTIVE])
        missing = [name for name in (CANDIDATE, ACTIVE, SHIPPED) if name not in methods]
        if missing:
            raise ValueError(f"the predictions of the {missing[0]} model are missing")
        return replace(predictions, methods=methods)


@dataclass(frozen=True, eq=False)
class LocalEvidence:
    """What stays in this copy and is never exported.

    Attributes:
        held_out: predictions image by image.
        rehearsal: the same on simulated images.
        labels: what a stand-in such as 'sequence A' is called at the site, by stand-in.
        pictures: PNG bytes by file name, such as examples of images.
    """

    held_out: Predictions
    rehearsal: Predictions | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
