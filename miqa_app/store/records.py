"""What the store tells of raters, sessions and events; studies and votes have their types in `rating`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miqa_app.rating.votes import Display


@dataclass(frozen=True)
class Rater:
    """Someone who votes in a study.

    Attributes:
        pseudonym: unique in the study.
        answers: the newest ones to the questionnaire.
        joined: UTC time of the first answers, ISO 8601.
    """

    pseudonym: str
    answers: Mapping[str, str]
    joined: str


@dataclass(frozen=True)
class SessionRecord:
    """One sitting of a rater.

    Attributes:
        pseudonym: of the rater.
        number: from 1 for this rater in this study.
        began: UTC time in ISO 8601.
        ended: the same, or '' while it runs or where it was killed.
        how: 'finished', 'tired', 'time' or 'closed'; '' without an end.
        display: the screen at the beginning.
        app_version: of the program.
    """

    pseudonym: str
    number: int
    began: str
    ended: str
    how: str
    display: Display
    app_version: str


@dataclass(frozen=True)
class Event:
    """Something that happened beside the votes.

    Attributes:
        pseudonym: of the rater.
        session: number of the session, 0 outside of any.
        kind: such as 'break taken', 'undo', 'display check' or 'technical fault'.
        detail: what else is known of it.
        recorded: UTC time in ISO 8601.
    """

    pseudonym: str
    session: int
    kind: str
    detail: Mapping[str, str]
    recorded: str
