"""What a rating study leaves behind: studies, raters, sessions, votes, and the log that shows they are untouched."""

from miqa_app.store.archive import Archive
from miqa_app.store.records import Event, Rater, SessionRecord

__all__ = ["Archive", "Event", "Rater", "SessionRecord"]
