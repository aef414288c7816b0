"""Studies and votes as rows, and back."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.rating.protocol import Protocol
from miqa_app.rating.study import Item, StimulusInfo, Study
from miqa_app.rating.votes import Display, Presentation, Vote
from miqa_app.store.tables import StudyRow, VoteRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miqa_app.store.tables import Recorded

_LONGEST = 200


def word(what: str, text: str) -> str:
    """Return a name or pseudonym unchanged.

    Raises:
        BadRequest: it is blank, too long, or has characters that cannot be printed.
    """
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        message = f"{what} must be printable text of 1 to {_LONGEST} characters."
        raise BadRequest(message)
    return text


def study_row(study: Study) -> StudyRow:
    """Return the row of a study."""
    document = {
        "created": study.created,
        "protocol": study.protocol.model_dump(mode="json"),
        "seed": study.seed,
        "items": [asdict(item) for item in study.items],
        "stimuli": [{"key": s.key, "provenance": dict(s.provenance)} for s in study.stimuli],
        "model_uncertainty": {k: float(v) for k, v in study.model_uncertainty.items()},
    }
    return StudyRow(key=study.key, name=word("The name of a study", study.name), document=document)


@contextmanager
def readable(row: Recorded) -> Iterator[None]:
    """Say in one sentence that a row is not what the program wrote."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = (
            f"Row {row.sequence} of '{row.__tablename__}' was changed past the program and cannot be read; "
            "run 'miqa audit verify' and put back the last copy of the store."
        )
        raise MiqaError(message) from error


def study_of(row: StudyRow) -> Study:
    """Return the study of a row.

    Raises:
        MiqaError: it is not as the program wrote it.
    """
    with readable(row):
        return _study_of(row)


def _study_of(row: StudyRow) -> Study:
    document = row.document
    return Study(
        key=row.key,
        name=row.name,
        created=document["created"],
        protocol=Protocol(**document["protocol"]),
        seed=document["seed"],
        items=tuple(Item(**item) for item in document["items"]),
        stimuli=tuple(StimulusInfo(**stimulus) for stimulus in document["stimuli"]),
        model_uncertainty=document["model_uncertainty"],
    )


def check_vote(study: Study, vote: Vote) -> None:
    """Refuse a vote that this study cannot have.

    Raises:
        BadRequest: its item or images are not the study's, or a number is not finite.
    """
    shown = vote.presentation
    item = next((item for item in study.items if item.key == shown.item), None)
    fault = ""
    if item is None:
        fault = f"has no item '{shown.item}'"
    elif not {shown.left, shown.right} - {""} <= {item.test, item.reference}:
        fault = f"does not show these images in item '{shown.item}'"
    elif not all(map(math.isfinite, (*vote.scores.values(), vote.seconds))):
        fault = "takes no score or time that is not a number"
    if fault:
        message = f"The study '{study.name}' {fault}; the vote was not stored."
        raise BadRequest(message)


def vote_row(vote: Vote, revision: int) -> VoteRow:
    """Return the row of a vote, its numbers as the columns give them back."""
    shown = vote.presentation
    return VoteRow(
        study=vote.study,
        rater=vote.rater,
        session=vote.session,
        presentation=shown.key,
        revision=revision,
        part=shown.part,
        place=int(shown.index),
        item=shown.item,
        left_stimulus=shown.left,
        right_stimulus=shown.right,
        scores={what: float(score) for what, score in vote.scores.items()},
        confidence=None if vote.confidence is None else int(vote.confidence),
        tags=list(vote.tags),
        shown_at=vote.shown_at,
        committed_at=vote.committed_at,
        seconds=float(vote.seconds),
        changes=int(vote.changes),
        display=display_form(vote.display),
        app_version=vote.app_version,
        protocol=vote.protocol,
    )


def vote_of(row: VoteRow) -> Vote:
    """Return the vote of a row.

    Raises:
        MiqaError: it is not as the program wrote it.
    """
    with readable(row):
        return _vote_of(row)


def _vote_of(row: VoteRow) -> Vote:
    part: Any = row.part
    return Vote(
        study=row.study,
        rater=row.rater,
        session=row.session,
        presentation=Presentation(
            row.presentation, part, row.place, row.item, row.left_stimulus, row.right_stimulus
        ),
        scores=dict(row.scores),
        shown_at=row.shown_at,
        committed_at=row.committed_at,
        seconds=row.seconds,
        changes=row.changes,
        display=display_of(row.display),
        app_version=row.app_version,
        protocol=row.protocol,
        confidence=row.confidence,
        tags=tuple(row.tags),
        revision=row.revision,
    )


def display_form(display: Display) -> dict[str, Any]:
    """Return a screen as JSON can hold it."""
    return asdict(display)


def display_of(form: Mapping[str, Any]) -> Display:
    """Return the screen of its form."""
    return Display(**form)
