"""The outcome for one series: score, interval, verdict, suspected artefact, and where to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class Verdict(StrEnum):
    """What the program advises; a person decides."""

    ACCEPT = "accept"
    CHECK = "check"
    RESCAN = "consider_rescan"
    NOT_ASSESSED = "not_assessed"

    @property
    def words(self) -> str:
        """Return the verdict as a person reads it."""
        return {"accept": "Accept", "check": "Check", "consider_rescan": "Consider rescan"}.get(
            self, "Not assessed"
        )


@dataclass(frozen=True)
class Thresholds:
    """Scores from which a series is accepted and below which a rescan is considered (0–100).

    Attributes:
        accept: accept from this score.
        rescan: consider a rescan below this score.
        calibrated: True once the site's own ratings have set them.
    """

    accept: float = 70.0
    rescan: float = 50.0
    calibrated: bool = False

    def verdict(self, score: float) -> Verdict:
        """Return the verdict for a series score, rounded to whole points as people see it."""
        score = round(score)
        if score >= self.accept:
            return Verdict.ACCEPT
        return Verdict.RESCAN if score < self.rescan else Verdict.CHECK


@dataclass(frozen=True)
class ModelIdentity:
    """Which model made a result.

    Attributes:
        name: folder name, such as 'lite'.
        sha256: over the folder's content.
        training: one line on what it learnt from.
    """

    name: str
    sha256: str
    training: str


@dataclass(frozen=True)
class EngineIdentity:
    """What the model ran on.

    Attributes:
        backend: 'torch', the reference, or 'openvino'.
        device: 'cpu', 'mps', or 'cuda (NAME)'.
        precision: 'fp32', the exact one, or 'bf16', the fast mode.
    """

    backend: str
    device: str
    precision: str


@dataclass(frozen=True, eq=False)
class SlicePrediction:
    """What the network says about one slice.

    Attributes:
        index: frame of the series.
        score: 0–100, 100 = best.
        deviation: the network's own standard deviation of the score, points of 100.
        weight: object area as a share of the frame, 0–1.
        score_map: (cells, cells) local scores 0–100 on the network's grid of eight-pixel cells.
        attention_map: the same grid, the weight 0–1 that each cell had in the score.
        artefacts: probability by artefact kind.
        severity: severity 0–1 by artefact kind.
        embedding: pooled features, for the scope check.
    """

    index: int
    score: float
    deviation: float
    weight: float
    score_map: NDArray[np.float32]
    attention_map: NDArray[np.float32]
    artefacts: Mapping[str, float]
    severity: Mapping[str, float]
    embedding: NDArray[np.float32]


@dataclass(frozen=True)
class Scope:
    """Whether the series lies within what the model was shown.

    Attributes:
        in_scope: None where that was not measured; False for what is no MR image of a patient, or unlike all that the
            model was shown.
        distance: from the training scans in units of the largest one in scope, so that up to 1 lies inside; None
            where it was not measured.
    """

    in_scope: bool | None = None
    distance: float | None = None


@dataclass(frozen=True, eq=False)
class Assessment:
    """The judgement on one series.

    Attributes:
        series_key: `Series.key` of the series judged.
        verdict: see `Verdict`.
        reason: why it was not assessed, or ''.
        score: 0–100 or None where not assessed.
        interval: lower and upper end of the 90 % interval of the score, or None.
        artefacts: probability by kind for the series.
        suspected: the kind most likely present, or ''.
        slices: predictions of the scored frames, in frame order.
        worst: frames of the lowest scores, worst first.
        curve: score per time point of a 4-D series; empty otherwise.
        scope: see `Scope`.
        thresholds: the thresholds used.
        model: the model, or None where it was not run.
        engine: the engine, or None where the model was not run.
        notes: sentences the user must see beside the verdict (slices skipped, batch halved, lossy source).
    """

    series_key: str
    verdict: Verdict
    reason: str = ""
    score: float | None = None
    interval: tuple[float, float] | None = None
    artefacts: Mapping[str, float] = field(default_factory=dict)
    suspected: str = ""
    slices: tuple[SlicePrediction, ...] = ()
    worst: tuple[int, ...] = ()
    curve: tuple[float, ...] = ()
    scope: Scope = field(default_factory=Scope)
    thresholds: Thresholds = field(default_factory=Thresholds)
    model: ModelIdentity | None = None
    engine: EngineIdentity | None = None
    notes: tuple[str, ...] = ()

    @property
    def doubt(self) -> str:
        """Return between which verdicts the interval leaves the matter open, in words, or ''."""
        if self.interval is None:
            return ""
        low, high = (self.thresholds.verdict(end) for end in self.interval)
        return "" if low is high else f"from “{low.words.lower()}” to “{high.words.lower()}”"

    @property
    def doubt_sentence(self) -> str:
        """Return `doubt` as a sentence with what to do, or ''."""
        return f"The interval reaches {self.doubt}: look at the images." if self.doubt else ""

    @property
    def scored(self) -> bool:
        """Return whether there is a score."""
        return self.score is not None
