"""What is known about a candidate before anything is compared: models, data, split, training, raters, canary.

All of it may leave the house inside `Evidence`, so every field is a number, a hash or a word of a closed form.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from miqa_app.statistics.reliability import against_the_rest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from miqa_app.evaluation.folds import Fold

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A finite number, or None where the figure does not exist; NaN becomes None, as JSON knows no NaN."""


class Fact(BaseModel):
    """Base of all that evidence is made of: frozen, and nothing that was not foreseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(Fact):
    """A model.

    Attributes:
        name: of its folder.
        sha256: of its content, `ModelFolder.sha256`.
    """

    name: ModelName
    sha256: Sha256


class DataFacts(Fact):
    """The rated set in numbers.

    Attributes:
        version: SHA-256 of the frozen data set: images, opinions and split.
        images: rated images.
        references: clean images they belong to.
        subjects: persons or objects.
        raters: whose votes count; None where the table holds opinions without votes.
        votes_per_image: median; None where votes are unknown.
        mos_low: smallest mean opinion score, 0–100.
        mos_high: largest.
        mos_sd: standard deviation over images, points.
        median_ci: median half width of the 95 % interval of an opinion, points; None where none is known.
    """

    version: Sha256
    images: Count
    references: Count
    subjects: Count
    raters: Count | None = None
    votes_per_image: Number = None
    mos_low: float
    mos_high: float
    mos_sd: float
    median_ci: Number = None


class SplitFacts(Fact):
    """How unseen the held-out references are; made by `split_facts`, which counts rather than believes.

    Attributes:
        design: 'held-out', one part that nothing learnt from; 'nested', a cross-validation in which every image is
            predicted by a model that never saw its reference, while the candidate itself learnt from all.
        folds: how many; 1 for a held-out part.
        leaking_references: references that stand on both sides of a fold.
        leaking_subjects: subjects that do.
        leaking_duplicates: images that do, as the same pixels under two names.
        seen_by_active: test references from which the active model has learnt; they flatter it, not the candidate.
    """

    design: Literal["held-out", "nested"]
    folds: Annotated[int, Field(ge=1)] = 1
    leaking_references: Count
    leaking_subjects: Count
    leaking_duplicates: Count
    seen_by_active: Count = 0

    @property
    def leaks(self) -> int:
        """Return how much stands on both sides in all."""
        return self.leaking_references + self.leaking_subjects + self.leaking_duplicates


class CurvePoint(Fact):
    """One epoch of one seed on the validation part.

    Attributes:
        seed: 1 and up.
        epoch: 1 and up; 0 for the model before training.
        loss: of the training part, None at epoch 0.
        srocc: of the validation part.
        rmse: of the validation part, points.
    """

    seed: Annotated[int, Field(ge=1)]
    epoch: Count
    loss: Number = None
    srocc: Number = None
    rmse: Number = None


class LearningFacts(Fact):
    """How the candidate learnt.

    Attributes:
        recipe: its name.
        parts: which weights learnt.
        seeds: how many.
        result: whether the candidate is the average of the seeds or the best of them.
        epochs: epochs run, over all seeds.
        seconds: of training.
        device: 'cpu', 'cuda' or 'mps'.
        train_images: images it learnt from.
        train_references: their references.
        curve: validation figures by epoch.
    """

    recipe: ModelName
    parts: Literal["heads", "last", "full", "adapter"]
    seeds: Annotated[int, Field(ge=1)]
    result: Literal["average", "best"]
    epochs: Count
    seconds: Annotated[float, Field(ge=0)]
    device: Literal["cpu", "cuda", "mps"]
    train_images: Count
    train_references: Count
    curve: tuple[CurvePoint, ...] = ()


class Ceiling(Fact):
    """How well a single rater does what the model is asked to do.

    Attributes:
        srocc: of each rater with the mean of the others, from the lowest up; nobody can be told from it.
        images: how many images they rest on, the least of any rater.
    """

    srocc: tuple[float, ...]
    images: Count

    @property
    def mean(self) -> float:
        """Return the mean over the raters."""
        return math.fsum(self.srocc) / len(self.srocc)


class CanaryFacts(Fact):
    """The canary set of the candidate, whose stored outputs a promotion runs again.

    Attributes:
        inputs: how many images.
        largest_change: greatest difference between two runs when it was stored, points of 100.
    """

    inputs: Count
    largest_change: Annotated[float, Field(ge=0)]


class ScopeFacts(Fact):
    """How many held-out images a model calls outside of what it knows; those get no verdict.

    Attributes:
        images: that were asked about.
        candidate_outside: of the candidate.
        active_outside: of the active model.
    """

    images: Count
    candidate_outside: Count
    active_outside: Count


def rater_ceiling(scores: ArrayLike) -> Ceiling | None:
    """Return what the raters reach themselves, one against the rest; None with fewer than three raters.

    With two raters 'the rest' is one person, and the correlation says how noisy that person is.

    Args:
        scores: (N, K) votes on the held-out images, NaN where there is none.
    """
    found = [one for one in against_the_rest(scores) if math.isfinite(one.srocc)]
    if len(found) < 3:
        return None
    return Ceiling(
        srocc=tuple(sorted(one.srocc for one in found)), images=min(one.subjects for one in found)
    )


def split_facts(
    folds: Sequence[Fold],
    references: Sequence[str],
    subjects: Sequence[str],
    contents: Sequence[str],
    *,
    seen_by_active: Sequence[str] = (),
) -> SplitFacts:
    """Return how often something stands on both sides of a split, counted over all folds.

    Args:
        folds: one for a held-out part; several for a nested cross-validation. Training and validation are one side,
            the test part the other.
        references: of each image.
        subjects: of each image.
        contents: a hash over the pixels of each image.
        seen_by_active: references from which the active model has learnt.
    """
    tested = {references[place] for fold in folds for place in fold.test}
    return SplitFacts(
        design="nested" if len(folds) > 1 else "held-out",
        folds=len(folds),
        leaking_references=_on_both_sides(folds, references),
        leaking_subjects=_on_both_sides(folds, subjects),
        leaking_duplicates=_on_both_sides(folds, contents),
        seen_by_active=len(tested & set(seen_by_active)),
    )


def _on_both_sides(folds: Sequence[Fold], labels: Sequence[str]) -> int:
    both: set[str] = set()
    for fold in folds:
        learnt = {labels[place] for place in (*fold.train, *fold.validation)}
        both |= learnt & {labels[place] for place in fold.test}
    return len(both)
