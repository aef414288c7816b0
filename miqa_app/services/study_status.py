"""How far a study is: each rater's way, each item's votes, and how many more raters it takes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.planning import plan_raters
from miqa_app.rating.pooled import pooled_votes, ratings_of, scores_of, stimulus_names
from miqa_app.services.study_mos import usual_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Vote
    from miqa_app.store import Archive


@dataclass(frozen=True)
class RaterStatus:
    """One rater's way through a study.

    Attributes:
        pseudonym: who.
        done: counted presentations with a vote.
        total: counted presentations in all.
        cannot_judge: how many of the votes say that the rater could not judge.
        practice: votes of the practice round, which do not count.
        practice_total: presentations of the practice round.
        settling_in: votes at the start of a session, which do not count.
        sessions: how many were begun.
        last: how the last session ended ('finished', 'time', 'tired', 'closed'), or 'open' where it has no end.
    """

    pseudonym: str
    done: int
    total: int
    cannot_judge: int
    practice: int
    practice_total: int
    settling_in: int
    sessions: int
    last: str

    @property
    def trained(self) -> bool:
        """Return whether the practice is done."""
        return self.practice >= self.practice_total


@dataclass(frozen=True)
class ItemStatus:
    """The votes on one item.

    Attributes:
        item: its key.
        stimulus: name of what is judged.
        reference: name of what it is compared with, or ''.
        role: what the item is for.
        votes: how many raters scored it.
        cannot_judge: how many could not.
        mos: of the stimulus, over all items that show it; None without a score. In units of the vote; of pair
            comparison the percentage of `pair_scores`.
        half_width: of its 95 % interval, None with fewer than two scores.
        more_raters: how many more it takes until the half width is 5 % of the scale, None where that is not known.
    """

    item: str
    stimulus: str
    reference: str
    role: str
    votes: int
    cannot_judge: int
    mos: float | None
    half_width: float | None
    more_raters: int | None


@dataclass(frozen=True)
class StudyStatus:
    """How far a study is.

    Attributes:
        study: name.
        protocol: id and version.
        created: UTC time in ISO 8601.
        raters: by pseudonym.
        items: all that are not training.
        target: half width that `more_raters` aims at.
        words: what is missing, as a sentence.
        provisional: whether fewer raters have finished than the protocol asks for.
    """

    study: str
    protocol: str
    created: str
    raters: tuple[RaterStatus, ...]
    items: tuple[ItemStatus, ...]
    target: float
    words: str
    provisional: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        whole = {"schema": "miqa.study-status/1", **asdict(self)}
        whole["raters"] = [asdict(one) | {"trained": one.trained} for one in self.raters]
        return whole


def status(archive: Archive, study: Study) -> StudyStatus:
    """Return how far a study is; means and intervals are of the raw scores, nobody rejected."""
    votes = archive.votes(study.key)
    pooled = pooled_votes(study, votes)
    total = sum(item.counted for item in study.items)
    training = sum(item.role == "training" for item in study.items)
    trained = Counter(vote.rater for vote in votes if vote.presentation.part == "training")
    settled = Counter(vote.rater for vote in votes if vote.presentation.part == "stabilising")
    done = Counter(vote.rater for vote in pooled)
    unjudged = Counter(vote.rater for vote in pooled if not vote.judged)
    ends: dict[str, list[str]] = {}
    for session in archive.sessions(study.key):
        ends.setdefault(session.pseudonym, []).append(session.how or "open")
    raters = tuple(
        RaterStatus(
            who,
            done[who],
            total,
            unjudged[who],
            trained[who],
            training,
            settled[who],
            len(ends.get(who, [])),
            ends.get(who, [""])[-1],
        )
        for who in sorted(rater.pseudonym for rater in archive.raters(study.key))
    )
    scores = _scores(study, votes)
    target = usual_target(study)
    finished = sum(rater.done == total for rater in raters)
    least = study.protocol.least_observers
    return StudyStatus(
        study=study.name,
        protocol=f"{study.protocol.id} {study.protocol.version}",
        created=study.created,
        raters=raters,
        items=_items(study, pooled, scores, target),
        target=target,
        words=_words(scores, target, finished, least),
        provisional=finished < least,
    )


def _scores(study: Study, votes: Sequence[Vote]) -> OpinionScores | None:
    try:
        return scores_of(study, ratings_of(study, votes), "raw")
    except BadRequest:  # no score yet
        return None


def _items(
    study: Study, pooled: Sequence[Vote], scores: OpinionScores | None, target: float
) -> tuple[ItemStatus, ...]:
    names = {"": "", **stimulus_names(study)}
    found = {one.stimulus: one for one in scores.stimuli} if scores else {}
    judged = Counter(vote.presentation.item for vote in pooled if vote.judged)
    unjudged = Counter(vote.presentation.item for vote in pooled if not vote.judged)
    result = []
    for item in study.items:
        if not item.counted:
            continue
        one = found.get(names[item.test])
        more = None
        if scores and one:
            more = plan_raters(replace(scores, stimuli=(one,)), target).more_for_worst
        result.append(
            ItemStatus(
                item.key,
                names[item.test],
                names[item.reference],
                item.role,
                judged[item.key],
                unjudged[item.key],
                _known(one.mos) if one else None,
                _known(one.half_width) if one else None,
                more,
            )
        )
    return tuple(result)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _words(scores: OpinionScores | None, target: float, finished: int, least: int) -> str:
    raters = f"{finished} of at least {least} raters have finished" + (
        "; results are provisional." if finished < least else "."
    )
    return raters if scores is None else f"{raters} {plan_raters(scores, target).words}"
