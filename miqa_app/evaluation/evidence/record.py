"""`Evidence`, the summary that may leave the house: figures, differences, strata, checks and the verdict of the gate.

A whitelist: no pixels, paths, UIDs, names of people, names of data sets, nor rows of single images have a place in it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from miqa_app.evaluation.evidence.facts import (
    CanaryFacts,
    Ceiling,
    Count,
    DataFacts,
    Fact,
    LearningFacts,
    Model,
    ModelName,
    Number,
    ScopeFacts,
    Sha256,
    SplitFacts,
)
from miqa_app.evaluation.evidence.labels import checked_label

Method = Literal["candidate", "active", "shipped"]
Other = Literal["active", "shipped"]
Measure = Literal["srocc", "plcc", "rmse", "mae", "rmse_mapped"]
Label = Annotated[str, AfterValidator(checked_label)]
Change = Literal[
    "flip left to right", "flip top to bottom", "gain −10 %", "gain +10 %", "shift by 2 pixels"
]
"""Names as `evaluation.measured.score_changes` gives them."""


class Estimate(Fact):
    """A figure with its 95 % interval, drawn by reference; None where it does not exist."""

    value: Number
    low: Number = None
    high: Number = None


class MethodFigures(Fact):
    """One model on one set; errors in points of 100.

    Attributes:
        srocc: Spearman, signed.
        plcc: Pearson, without a mapping.
        rmse: of the scores as they are, d = 1.
        mae: mean absolute error of the same.
        rmse_mapped: after the monotone 4-parameter logistic fitted on the set, so that a model which keeps to another
            part of the scale is not blamed for it; a line where images are too few.
        outlier_ratio: share of scores beyond the interval of their opinion; None where none is known.
    """

    srocc: Estimate
    plcc: Estimate
    rmse: Estimate
    mae: Estimate
    rmse_mapped: Estimate
    outlier_ratio: Number


class Difference(Fact):
    """Candidate minus another model on the same images and in the same draws; p is two-sided."""

    against: Other
    measure: Measure
    value: Number
    low: Number
    high: Number
    p: Number


class RmseComparison(Fact):
    """Test on two RMSE after the mapping (P.1401 7.6.4) of the candidate against another model.

    Attributes:
        against: the other model.
        candidate: RMSE after mapping, points.
        other: the same of the other model.
        ratio: ζ.
        critical: 95 % quantile of F.
        p: takes the images as independent; the paired difference of RMSE does not.
    """

    against: Other
    candidate: Number
    other: Number
    ratio: Number
    critical: Number
    p: Number


class SetFigures(Fact):
    """All models on one set."""

    images: Count
    references: Count
    methods: dict[Method, MethodFigures]
    differences: tuple[Difference, ...]
    rmse_tests: tuple[RmseComparison, ...] = ()

    def difference(self, measure: Measure, against: Method = "active") -> Difference:
        """Return the difference of the candidate in one measure."""
        return next(d for d in self.differences if (d.measure, d.against) == (measure, against))


class Stratum(Fact):
    """One value of one group: candidate minus active model.

    Attributes:
        group: of the label.
        label: a word of the trade or a stand-in.
        images: of the stratum.
        references: they belong to.
        candidate_srocc: within the stratum.
        active_srocc: within the stratum.
        candidate_rmse: points, after the one mapping of the whole set: raters who use part of the scale would otherwise
            make strata look better or worse that only lie where the active model happened to agree with them.
        active_rmse: likewise.
        srocc: difference with its 99 % interval.
        rmse: difference with its 99 % interval, points.
    """

    group: Literal["anatomy", "sequence", "vendor", "field", "kind"]
    label: Label
    images: Count
    references: Count
    candidate_srocc: Number
    active_srocc: Number
    candidate_rmse: Number
    active_rmse: Number
    srocc: Estimate
    rmse: Estimate

    @property
    def name(self) -> str:
        """Return group and label, such as 'kind: white noise'."""
        return f"{self.group}: {self.label.replace('_', ' ')}"


class CalibrationPoint(Fact):
    """A tenth of the held-out images in the order of their prediction: means and the 95 % reach of the target's."""

    predicted: float
    target: float
    reach: float
    images: Count


class Calibration(Fact):
    """How the 0–100 scale of a model agrees with the opinions: opinion ≈ slope · prediction + offset.

    Attributes:
        slope: 1 is right; below it the model spreads its scores too far.
        offset: points at a prediction of 0.
        error: mean of prediction minus opinion, points; above 0 the model is lenient.
        points: the reliability curve.
    """

    slope: Estimate
    offset: Estimate
    error: Estimate
    points: tuple[CalibrationPoint, ...]


class Moved(Fact):
    """Absolute change of the score under a change that leaves the quality as it is, points of 100."""

    mean: float
    p95: float
    images: Count


class MapSanity(Fact):
    """Whether the score maps can be believed, see `evaluation.explanations`.

    Attributes:
        images: slices with a pasted artefact.
        randomised: mean |rank correlation| with the map of a network with all weights drawn anew; 0 is right.
        pointing: AUC with which low cells mark the pasted artefact; 1 is right.
        blind: the same of that network.
    """

    images: Count
    randomised: Number
    pointing: Number
    blind: Number


class OneModelChecks(Fact):
    """Checks of one model; milliseconds are the median per slice."""

    changes: dict[Change, Moved]
    maps: MapSanity
    milliseconds: Annotated[float, Field(gt=0)]


class ModelChecks(Fact):
    """Checks of candidate and active model on the same slices in one run.

    Attributes:
        candidate: of the candidate.
        active: of the active model.
        slower: time of the candidate over that of the active model, median of pairs measured by turns.
        rows: of the slice that was timed.
        columns: of the same.
        device: where.
    """

    candidate: OneModelChecks
    active: OneModelChecks
    slower: Annotated[float, Field(gt=0)]
    rows: Count
    columns: Count
    device: Literal["cpu", "cuda", "mps"]


class Criterion(Fact):
    """One criterion of the gate.

    Attributes:
        key: of the rule, such as 'strata'.
        title: in a few words.
        outcome: 'uncertain' where the data cannot say.
        blocking: whether this outcome keeps the candidate from promotion.
        words: one or more sentences with the numbers.
        strata: what failed or is uncertain by name, as 'group: label'.
    """

    key: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}$")]
    title: Annotated[str, StringConstraints(max_length=60)]
    outcome: Literal["passed", "failed", "uncertain"]
    blocking: bool
    words: str
    strata: tuple[str, ...] = ()


class Verdict(Fact):
    """What the gate says.

    Attributes:
        gate: name of its rules.
        version: of the rules.
        rules_sha256: of the file, so that rules changed afterwards show.
        outcome: only 'pass' may be promoted.
        words: in one or two sentences.
        criteria: one by one.
    """

    gate: ModelName
    version: Annotated[int, Field(ge=1)]
    rules_sha256: Sha256
    outcome: Literal["pass", "fail", "uncertain"]
    words: str
    criteria: tuple[Criterion, ...]

    def of(self, key: str) -> Criterion:
        """Return the criterion of a key.

        Raises:
            KeyError: the gate has none of that key.
        """
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise KeyError(key)


class Findings(Fact):
    """Everything that the gate judges."""

    format: Literal["miqa.evidence/1"] = "miqa.evidence/1"
    made: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    program: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+]{1,30}$")]
    candidate: Model
    active: Model
    shipped: Model
    data: DataFacts
    split: SplitFacts
    learning: LearningFacts
    held_out: SetFigures
    strata: tuple[Stratum, ...]
    calibration: dict[Method, Calibration]
    rehearsal: SetFigures | None
    ceiling: Ceiling | None
    checks: ModelChecks | None
    canary: CanaryFacts | None
    scope: ScopeFacts | None = None


class Evidence(Findings):
    """Findings and the verdict of the gate on them."""

    verdict: Verdict
