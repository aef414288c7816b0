"""Votes and what is recorded with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Part = Literal["training", "stabilising", "main"]
"""Where in the rater's way a presentation stands; only votes of 'main' are pooled."""


@dataclass(frozen=True)
class Presentation:
    """One item on the screen of one rater.

    Attributes:
        key: unique for a rater within a study, such as 'training-3', 'main-17' or 'stabilising-2-1' (session 2).
        part: where it stands.
        index: place within its part, from 0.
        item: key of the item.
        left: key of the stimulus on the left, or the only one.
        right: key of the stimulus on the right, or ''.
    """

    key: str
    part: Part
    index: int
    item: str
    left: str
    right: str = ""


@dataclass(frozen=True)
class Display:
    """The screen that a vote was given on.

    Attributes:
        name: identity as the system gives it (maker, model, serial number where known).
        columns: of the screen, physical pixels.
        rows: of the screen, physical pixels.
        scale: device pixels per logical pixel.
        image_scale: screen pixels per image pixel, 0 where not known yet.
        check: what the greyscale check gave: 'passed', 'failed', or 'not done'.
    """

    name: str
    columns: int
    rows: int
    scale: float = 1.0
    image_scale: float = 0.0
    check: str = "not done"


@dataclass(frozen=True)
class Vote:
    """One committed judgement.

    Attributes:
        study: key of the study.
        rater: pseudonym.
        session: number of the rater's session, from 1.
        presentation: what was shown, where, in which order.
        scores: by what was scored: 'test', 'reference', or 'preference' (1 for the test image, 0 for the reference, 0.5
            for a tie); empty where the rater could not judge.
        shown_at: UTC time in ISO 8601 with milliseconds at which both images were on the screen.
        committed_at: the same at the commit.
        seconds: viewing time by a monotonic clock.
        changes: how often the score was moved before the commit.
        confidence: 1–5, or None where the study does not ask.
        tags: artefact kinds that the rater named.
        display: the screen.
        app_version: of the program.
        protocol: id and version, such as 'sds 1'.
        revision: 0 for the first vote on a presentation, 1 and above for later ones; given by the store.
    """

    study: str
    rater: str
    session: int
    presentation: Presentation
    scores: Mapping[str, float]
    shown_at: str
    committed_at: str
    seconds: float
    changes: int
    display: Display
    app_version: str
    protocol: str
    confidence: int | None = None
    tags: tuple[str, ...] = ()
    revision: int = 0

    @property
    def judged(self) -> bool:
        """Return whether the rater gave a score."""
        return bool(self.scores)
