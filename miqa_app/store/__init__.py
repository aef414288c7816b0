"""What must last: rating studies, votes, assessments, decisions, and the log that shows they are untouched."""

from miqa_app.store.archive import Archive
from miqa_app.store.assessment_records import (
    Context,
    Decided,
    Decision,
    DriftAct,
    KeptAssessment,
    ShadowScore,
)
from miqa_app.store.records import Event, Rater, SessionRecord
from miqa_app.store.seats import Seat

__all__ = [
    "Archive",
    "Context",
    "Decided",
    "Decision",
    "DriftAct",
    "Event",
    "KeptAssessment",
    "Rater",
    "Seat",
    "SessionRecord",
    "ShadowScore",
]
