"""Everything that a study left behind, as every export starts from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from miqa_app.rating.pooled import pooled_votes, ratings_of, stimulus_names, table_votes

if TYPE_CHECKING:
    from miqa_app.rating.mos.ratings import Ratings
    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.rating.study import Item, Study
    from miqa_app.rating.votes import Vote
    from miqa_app.store import Event, Rater, SessionRecord

SCHEMA = "miqa.study/1"


@dataclass(frozen=True)
class StudyRecord:
    """A study with all that raters did in it.

    Attributes:
        study: as it was created.
        raters: all of them.
        votes: all revisions of all votes, training included.
        sessions: all of them.
        events: all of them.
        audit_head: head of the audit log at the time of the export.
        app_version: of the exporting program.
    """

    study: Study
    raters: tuple[Rater, ...]
    votes: tuple[Vote, ...]
    sessions: tuple[SessionRecord, ...]
    events: tuple[Event, ...]
    audit_head: str
    app_version: str

    @cached_property
    def pooled(self) -> list[Vote]:
        """Return the votes that count, see `pooled_votes`."""
        return pooled_votes(self.study, self.votes)

    @cached_property
    def in_table(self) -> list[Vote]:
        """Return the votes of the rows of `ratings`."""
        return table_votes(self.study, self.votes)

    @cached_property
    def ratings(self) -> Ratings:
        """Return them as a table, see `ratings_of`."""
        return ratings_of(self.study, self.votes)

    @cached_property
    def items(self) -> dict[str, Item]:
        """Return the items by key."""
        return {item.key: item for item in self.study.items}

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the stimuli's names by key, '' for ''."""
        return {"": "", **stimulus_names(self.study)}


def as_document(record: StudyRecord, scores: OpinionScores | None) -> dict[str, Any]:
    """Return the whole record as plain values.

    Args:
        record: of the study.
        scores: its opinion scores, None where nobody has scored anything yet.
    """
    study, names = record.study, record.names
    return {
        "schema": SCHEMA,
        "app_version": record.app_version,
        "audit_head": record.audit_head,
        "study": {
            "key": study.key,
            "name": study.name,
            "created": study.created,
            "seed": study.seed,
            "protocol": study.protocol.model_dump(mode="json"),
            "model_uncertainty": dict(study.model_uncertainty),
            "items": [asdict(item) for item in study.items],
            "stimuli": [
                {"key": info.key, "name": names[info.key], "provenance": dict(info.provenance)}
                for info in study.stimuli
            ],
        },
        "raters": [
            {"pseudonym": one.pseudonym, "answers": dict(one.answers), "joined": one.joined}
            for one in record.raters
        ],
        "sessions": [asdict(session) for session in record.sessions],
        "votes": [
            {**asdict(vote), "scores": dict(vote.scores), "tags": list(vote.tags)}
            for vote in record.votes
        ],
        "events": [{**asdict(event), "detail": dict(event.detail)} for event in record.events],
        "opinion_scores": scores.as_json() if scores else None,
    }
