"""The opinion scores of a stored study, with what its plots need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.adjusted import differences
from miqa_app.rating.mos.panel import panel_agreement
from miqa_app.rating.mos.planning import TARGET, plan_raters
from miqa_app.rating.pooled import contents_of, pooled_votes, ratings_of, scores_of, stimulus_names
from miqa_app.services.mos import Evaluation, mos_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miqa_app.rating.mos.methods import Method
    from miqa_app.rating.mos.ratings import Ratings
    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Vote
    from miqa_app.reports.mos_plots import Place
    from miqa_app.store import Archive


@dataclass(frozen=True, eq=False)
class StudyScores:
    """What the votes of a study say.

    Attributes:
        evaluation: of the votes that may be pooled.
        ratings: those votes as a table.
        places: artefact, severity and content by stimulus.
        breaks: by observer, the session and the place in it before which a break was taken.
    """

    evaluation: Evaluation
    ratings: Ratings
    places: Mapping[str, Place]
    breaks: Mapping[str, Sequence[tuple[str, float]]]


def study_mos(
    archive: Archive,
    study: Study,
    method: Method | None = None,
    *,
    faults: Mapping[str, str] | None = None,
    target: float | None = None,
) -> StudyScores:
    """Return the opinion scores that suit the protocol of a study, see `rating.pooled.scores_of`.

    Args:
        archive: holds the study.
        study: which.
        method: how means are made; None for what suits the number of observers.
        faults: technical faults by observer.
        target: half width of the interval that is wanted, in units of the results; 5 % of the scale by default.

    Raises:
        BadRequest: nobody has scored anything yet, or the method or a fault makes no sense.
    """
    votes = archive.votes(study.key)
    if not any(vote.judged for vote in pooled_votes(study, votes)):
        message = f"The study {study.name} has no scores yet; let somebody rate it first."
        raise BadRequest(message)
    ratings = ratings_of(study, votes)
    wanted = usual_target(study) if target is None else target
    if study.protocol.asks == "preference":
        if faults:
            raise BadRequest("Comparisons are pooled as they are; --fault has no meaning for them.")
        scores = scores_of(study, ratings, method)
        agreement = panel_agreement(_as_comparisons(ratings))
        evaluation = Evaluation(scores, None, agreement, plan_raters(scores, wanted))
    else:
        scored = differences(ratings) if study.protocol.asks == "both" else ratings
        evaluation = mos_of(
            scored,
            method,
            faults=faults,
            least_observers=study.protocol.least_observers,
            target=wanted,
        )
    return StudyScores(evaluation, ratings, _places(study), _breaks(archive, study, votes))


def usual_target(study: Study) -> float:
    """Return 5 points of 100 in units of the results; those of pair comparison run from 0 to 100 by themselves."""
    scale = study.protocol.scale
    return TARGET if scale.kind == "preference" else TARGET / 100 * (scale.high - scale.low)


def _as_comparisons(ratings: Ratings) -> Ratings:
    """Return the table with each pair of images as one stimulus, on which observers can agree."""
    pairs = zip(ratings.stimuli, ratings.references, strict=True)
    return replace(
        ratings,
        stimuli=tuple(f"{test} against {reference}" for test, reference in pairs),
        references=("",) * len(ratings.stimuli),
    )


def _places(study: Study) -> dict[str, Place]:
    names, contents = stimulus_names(study), contents_of(study)
    return {
        names[info.key]: (
            str(info.provenance.get("kind", "as acquired")),
            float(info.provenance.get("severity", 0)),
            contents[info.key],
        )
        for info in study.stimuli
    }


def _breaks(
    archive: Archive, study: Study, votes: Sequence[Vote]
) -> dict[str, list[tuple[str, float]]]:
    """Return where each rater took a break: before which vote of the session."""
    found: dict[str, list[tuple[str, float]]] = {}
    for event in archive.events(study.key):
        if event.kind == "break taken":
            before = sum(
                vote.rater == event.pseudonym
                and vote.session == event.session
                and vote.presentation.part == "main"
                and vote.committed_at < event.recorded
                for vote in votes
            )
            found.setdefault(event.pseudonym, []).append((str(event.session), before - 0.5))
    return found
