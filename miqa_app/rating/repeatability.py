"""How well a rater agrees with himself or herself on what came twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Vote


@dataclass(frozen=True)
class Repeatability:
    """How well a rater agreed with himself or herself.

    Attributes:
        pairs: presentations that were judged twice.
        difference: mean absolute difference of the two scores as a share of the scale, 0–1.
    """

    pairs: int
    difference: float


def repeatability(study: Study, votes: Iterable[Vote]) -> Repeatability | None:
    """Return how far apart one rater's two scores of repeated items lie; None where nothing was judged twice.

    Args:
        study: the study.
        votes: of one rater, the newest of each presentation.
    """
    judged = {
        vote.presentation.item: _one_score(vote.scores)
        for vote in votes
        if vote.presentation.part == "main" and vote.judged
    }
    scale = study.protocol.scale
    span = 1.0 if scale.kind == "preference" else scale.high - scale.low
    gaps = [
        abs(judged[item.key] - judged[item.repeats]) / span
        for item in study.items
        if item.repeats and item.key in judged and item.repeats in judged
    ]
    return Repeatability(len(gaps), sum(gaps) / len(gaps)) if gaps else None


def _one_score(scores: Mapping[str, float]) -> float:
    """Return what a vote says in one number: the score, the difference to the reference, or the preference."""
    if "preference" in scores:
        return scores["preference"]
    return scores["test"] - scores.get("reference", 0.0)
