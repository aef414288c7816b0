"""What a rater sees next in a study that asks for the most telling items first."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.rating.next_items import Candidate, order_of, steady_widths
from miqa_app.rating.order import by_worth
from miqa_app.rating.pooled import pooled_votes, ratings_of, scores_of, stimulus_names
from miqa_app.rating.seeded import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Presentation, Vote
    from miqa_app.store import Archive

EVENT = "order"
"""Kind of the event that keeps an order, so that a session that was killed goes on in the same one."""


def most_telling_first(
    archive: Archive, study: Study, rater: str, session: int, left: Sequence[Presentation]
) -> tuple[Presentation, ...]:
    """Return what is left for a rater, by interval width × model uncertainty × coverage (see `rating.next_items`).

    A session that follows one which was killed keeps the order of that one. Studies that hold no uncertainty of a model
    keep the order of the seed.

    Args:
        archive: holds the study.
        study: which.
        rater: pseudonym.
        session: number of the session that begins.
        left: presentations without a vote, in the order of the seed.
    """
    if not study.model_uncertainty or not left:
        return tuple(left)
    kept = _kept(archive, study, rater, session)
    items = {presentation.item for presentation in left}
    if kept is not None and items <= set(kept):
        ordered = tuple(sorted(left, key=lambda shown: kept.index(shown.item)))
    else:
        candidates = [one for one in _candidates(archive, study) if one.key in items]
        worth = order_of(candidates, number(study.seed, "worth", rater, session))
        ordered = by_worth(study, left, worth)
    detail = {"items": " ".join(presentation.item for presentation in ordered)}
    archive.add_event(study.key, rater, session, EVENT, detail)
    return ordered


def _kept(archive: Archive, study: Study, rater: str, session: int) -> list[str] | None:
    """Return the order of the last session where that has no end, else None."""
    before = [one for one in archive.sessions(study.key, rater) if one.number < session]
    if not before or before[-1].how:
        return None
    found = [
        event.detail["items"].split()
        for event in archive.events(study.key, rater)
        if event.kind == EVENT and event.session == before[-1].number
    ]
    return found[-1] if found else None


def _widths(study: Study, votes: Sequence[Vote]) -> dict[str, float]:
    try:
        return steady_widths(scores_of(study, ratings_of(study, votes), "raw"))
    except BadRequest:  # nobody has scored anything yet
        return {}


def _candidates(archive: Archive, study: Study) -> Iterator[Candidate]:
    votes = pooled_votes(study, archive.votes(study.key))
    widths, names = _widths(study, votes), stimulus_names(study)
    counts = Counter(vote.presentation.item for vote in votes if vote.judged)
    facts = {info.key: info.provenance for info in study.stimuli}
    for item in study.items:
        yield Candidate(
            key=item.key,
            width=widths.get(names[item.test], math.nan),
            uncertainty=study.model_uncertainty.get(item.key, math.nan),
            cell=tuple(str(facts[item.test].get(name, "")) for name in ("kind", "severity")),
            votes=counts[item.key],
        )
