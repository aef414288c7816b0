"""Where a rater stands in a study, told from the stored votes and the rater's own order alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.rating import order

if TYPE_CHECKING:
    from typing import Literal

    from miqa_app.rating.session import Session
    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Presentation
    from miqa_app.store import Archive


@dataclass(frozen=True)
class Coming:
    """What is still before a rater, in this order, if a session begins now.

    Attributes:
        practice: presentations of the practice round.
        settling_in: those that open every session and are not counted.
        counted: those that count.
    """

    practice: int
    settling_in: int
    counted: int


def left(
    archive: Archive, study: Study, rater: str, part: Literal["training", "main"]
) -> tuple[Presentation, ...]:
    """Return the presentations of a part that have no vote yet, in this rater's order."""
    everything = (order.training if part == "training" else order.main)(study, rater)
    done = {vote.presentation.key for vote in archive.votes(study.key, rater)}
    return tuple(shown for shown in everything if shown.key not in done)


def coming(archive: Archive, study: Study, rater: str, number: int) -> Coming:
    """Return what is before a rater if session `number`, counted from 1, begins now."""
    counted = len(left(archive, study, rater, "main"))
    opening = order.stabilising(study, rater, number) if counted else ()
    return Coming(len(left(archive, study, rater, "training")), len(opening), counted)


def progress(study: Study, session: Session) -> tuple[int, int]:
    """Return how many votes are given and of how many, of the part that the current presentation is in.

    Practice and settling in are those of this session; what counts is that of the whole study.
    """
    parts: list[str] = [shown.part for shown in session.queue]
    current = session.current
    if current is not None and current.part in ("training", "stabilising"):
        return parts[: session.index].count(current.part), parts.count(current.part)
    total = sum(item.counted for item in study.items)
    return total - parts[session.index :].count("main"), total
