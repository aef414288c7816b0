"""Which items of a study gain most from further votes, and what a rater sees next where these come first."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.rating.next_items import WIDEST, Candidate, order_of, steady_widths
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


@dataclass(frozen=True)
class Telling:
    """An item that further votes would tell much about.

    Attributes:
        stimulus: name of what is judged.
        votes: how many scored it.
        reason: why its votes are worth much, in words.
    """

    stimulus: str
    votes: int
    reason: str


def most_telling(archive: Archive, study: Study) -> tuple[Telling, ...]:
    """Return the items of a study, the one whose next vote is worth most first (see `rating.next_items`).

    Worth is interval width × model uncertainty × coverage; repeats are left out, for they come with their items.
    """
    further = {item.key for item in study.items if item.repeats or not item.counted}
    candidates = {one.key: one for one in _candidates(archive, study) if one.key not in further}
    names = stimulus_names(study)
    cells: dict[tuple[str, ...], list[int]] = {}
    for one in candidates.values():
        cells.setdefault(one.cell, []).append(one.votes)
    usual = fmean(one.votes for one in candidates.values())
    ordered = order_of(list(candidates.values()), number(study.seed, "next"))
    return tuple(
        Telling(
            names[study.item(key).test],
            candidates[key].votes,
            _reason(candidates[key], fmean(cells[candidates[key].cell]), usual),
        )
        for key in ordered
    )


def _reason(one: Candidate, of_cell: float, usual: float) -> str:
    """Return why a vote on an item is worth something.

    Args:
        one: the item.
        of_cell: votes on each item of its kind and severity, on average.
        usual: votes on each item of all.
    """
    parts = ["no vote yet"] if not one.votes else [f"{one.votes} vote{'s' * (one.votes > 1)}"]
    if not math.isnan(one.width):
        parts.append(f"interval about ±{min(one.width, WIDEST):.1f}")
    elif one.votes:
        parts.append("no interval yet")
    if not math.isnan(one.uncertainty):
        parts.append(f"the model is unsure by ±{one.uncertainty:.1f}")
    if of_cell < usual:
        cell = " ".join(one.cell).replace("_", " ").strip() or "images as acquired"
        parts.append(f"{cell}: {of_cell:.1f} votes on average, all items: {usual:.1f}")
    return "; ".join(parts)


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
