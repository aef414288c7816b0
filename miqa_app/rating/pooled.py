"""From the votes of a study to the table from which opinion scores are made: what counts, and under which name."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.mos.methods import opinion_scores
from miqa_app.rating.mos.pairs import pair_scores
from miqa_app.rating.mos.ratings import Ratings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miqa_app.rating.mos.methods import Method
    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.rating.study import StimulusInfo, Study
    from miqa_app.rating.votes import Vote


def stimulus_names(study: Study) -> dict[str, str]:
    """Return a name for each stimulus by its key, such as 'scan-1-slice-10-motion-0.5'; unique, fit for file names."""
    names = {info.key: _name(info) for info in study.stimuli}
    often = Counter(names.values())
    return {key: name if often[name] == 1 else f"{name}-{key[:8]}" for key, name in names.items()}


def _name(info: StimulusInfo) -> str:
    facts = info.provenance
    what = str(facts.get("kind", "")) or str(facts.get("made", "")).replace("as acquired", "clean")
    parts = [str(facts.get("content", "")), what]
    if "severity" in facts:
        parts.append(f"{float(facts['severity']):g}")
    words = re.sub(r"[^a-z0-9._]+", "-", "-".join(filter(None, parts)).lower()).strip("-.")
    return words or info.key[:12]


def contents_of(study: Study) -> dict[str, str]:
    """Return by stimulus key of what it is a version: the place in the scan, or where that is not told the key."""
    return {info.key: str(info.provenance.get("content", info.key)) for info in study.stimuli}


def pooled_votes(study: Study, votes: Iterable[Vote]) -> list[Vote]:
    """Return the votes that may be pooled, one for each rater and presentation, by rater in the order of showing.

    Votes of the training and those that open a session never are (ITU-R BT.500-13 Annex 1, 2.7). Of a changed vote the
    newest revision counts.
    """
    counted = {item.key for item in study.items if item.counted}
    newest: dict[tuple[str, str], Vote] = {}
    for vote in votes:
        shown = vote.presentation
        if shown.part == "main" and shown.item in counted:
            known = newest.get((vote.rater, shown.key))
            if known is None or vote.revision > known.revision:
                newest[vote.rater, shown.key] = vote
    return sorted(newest.values(), key=lambda vote: (vote.rater, vote.presentation.index))


def table_votes(study: Study, votes: Iterable[Vote]) -> list[Vote]:
    """Return the pooled votes in the order of the rows of `ratings_of`.

    In pair comparison, votes on an image beside itself say nothing of strength and are left out.
    """
    pooled = pooled_votes(study, votes)
    if study.protocol.asks != "preference":
        return pooled
    return [vote for vote in pooled if vote.presentation.left != vote.presentation.right]


def ratings_of(study: Study, votes: Iterable[Vote]) -> Ratings:
    """Return the votes of `table_votes` as a table, see `Ratings`, with the names of `stimulus_names`.

    A reference shown against itself is a vote on the stimulus of the reference's name.
    """
    pooled = table_votes(study, votes)
    items = {item.key: item for item in study.items}
    names = {"": "", **stimulus_names(study)}
    asked = "preference" if study.protocol.asks == "preference" else "test"
    shown = [items[vote.presentation.item] for vote in pooled]
    return Ratings(
        observers=tuple(vote.rater for vote in pooled),
        stimuli=tuple(names[item.test] for item in shown),
        scores=np.array([vote.scores.get(asked, math.nan) for vote in pooled], np.float64),
        references=tuple(names[item.reference] for item in shown),
        repetitions=np.array(_numbered((v.rater, i.test) for v, i in zip(pooled, shown, strict=True)), np.int64),
        sessions=tuple(str(vote.session) for vote in pooled),
        orders=np.array(_numbered((vote.rater, vote.session) for vote in pooled), np.float64),
        seconds=np.array([vote.seconds for vote in pooled], np.float64),
        reference_scores=np.array(
            [vote.scores.get("reference", math.nan) for vote in pooled], np.float64
        ),
        scale=(study.protocol.scale.low, study.protocol.scale.high),
    )  # fmt: skip


def _numbered(keys: Iterable[tuple[object, ...]]) -> list[int]:
    """Return for each key how often it came before."""
    seen: Counter[tuple[object, ...]] = Counter()
    found = []
    for key in keys:
        found.append(seen[key])
        seen[key] += 1
    return found


def scores_of(study: Study, ratings: Ratings, method: Method | None = None) -> OpinionScores:
    """Return the opinion scores that suit the protocol of a study.

    The mean of the scores where the test is scored; of the difference to the reference where both are (ITU-R BT.500-13
    Annex 1, 5.5), as top of the scale plus difference; the strength by Bradley and Terry, for each content by itself,
    where images are compared.

    Args:
        study: the study.
        ratings: its votes, see `ratings_of`.
        method: how means are made, see `opinion_scores`; without meaning for comparisons.

    Raises:
        BadRequest: there is no score yet.
    """
    least = study.protocol.least_observers
    if study.protocol.asks == "preference":
        return _by_content(study, ratings)
    if study.protocol.asks == "both":
        ratings = differences(ratings)
    return opinion_scores(ratings, method, least_observers=least)


def _by_content(study: Study, ratings: Ratings) -> OpinionScores:
    """Return the strengths of the versions of each content; nobody compares across contents."""
    names, contents = stimulus_names(study), contents_of(study)
    content = {name: contents[key] for key, name in names.items()}
    judged = ratings.rows(~np.isnan(ratings.scores))
    parts = [
        pair_scores(_of_content(judged, content, one), study.protocol.least_observers)
        for one in dict.fromkeys(content[name] for name in judged.stimuli)
    ] or [pair_scores(judged, study.protocol.least_observers)]
    observers = {one.observer: one for part in parts for one in part.observers}
    stimuli = tuple(sorted((s for part in parts for s in part.stimuli), key=lambda s: s.stimulus))
    return replace(
        parts[0],
        stimuli=stimuli,
        without_rejection=stimuli,
        observers=tuple(observers[name] for name in sorted(observers)),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _of_content(ratings: Ratings, content: Mapping[str, str], one: str) -> Ratings:
    chosen: Sequence[bool] = [content[name] == one for name in ratings.stimuli]
    return ratings.rows(chosen)
