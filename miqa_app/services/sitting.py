"""A rater's sitting in a study, blind by construction: it gives pixels and takes votes, and tells nothing else.

Whoever holds a `Sitting` (the rating window does) gets the images of the current and the next presentation without a
name, and cannot ask which item they are, where they come from, what a model or another rater says of them, or how the
rater voted before. Where the rater stands follows from the stored votes alone, so a killed program goes on at the same
item.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import miqa_app
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.rating import order
from miqa_app.rating.draft import slots
from miqa_app.rating.repeatability import repeatability
from miqa_app.rating.session import Session
from miqa_app.rating.votes import Vote
from miqa_app.services.sitting_pictures import examples, read
from miqa_app.services.sitting_sides import by_content, names_of_sides
from miqa_app.services.sitting_standing import coming, left, progress
from miqa_app.services.study_next import most_telling_first

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from typing import Literal

    from miqa_app.rating.draft import Lack
    from miqa_app.rating.protocol import Protocol
    from miqa_app.rating.repeatability import Repeatability
    from miqa_app.rating.session import End, Phase
    from miqa_app.rating.study import Study
    from miqa_app.rating.votes import Display, Presentation
    from miqa_app.services.sitting_pictures import Example, Pictures
    from miqa_app.services.sitting_standing import Coming
    from miqa_app.store import Archive, Seat


class Sitting:
    """One rater in one study, from the questionnaire to the end of a session."""

    def __init__(
        self,
        archive: Archive,
        study: Study,
        rater: str,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
        seat: Seat | None = None,
    ) -> None:
        """Find out where the rater stands.

        Args:
            archive: the store that holds the study.
            study: the study.
            rater: pseudonym.
            clock: monotonic seconds.
            utc: the time of day.
            seat: the rater's own, which keeps other windows out; whoever took it leaves it.
        """
        self._archive, self._study, self._rater = archive, study, rater
        self._clock, self._utc, self._seat = clock, utc, seat
        asked = any(known.pseudonym == rater for known in archive.raters(study.key))
        self._session = Session(study.protocol, asked=asked)
        self._number = 0
        self._ended = False
        self._display: Display | None = None
        self._check: dict[str, str] = {}
        self._shown_at = ""
        if not self._left("main"):
            self._session.stop("finished")

    # ---------------------------------------------------------------- what the rater may know

    @property
    def protocol(self) -> Protocol:
        """Return how the study is shown and asked."""
        return self._study.protocol

    @property
    def rater(self) -> str:
        """Return the pseudonym."""
        return self._rater

    @property
    def phase(self) -> Phase:
        """Return where the session stands."""
        return self._session.phase

    @property
    def how_ended(self) -> End | None:
        """Return why the session ended, or None."""
        return self._session.how

    @property
    def in_training(self) -> bool:
        """Return whether the current presentation is for practice."""
        return self._part == "training"

    @property
    def is_settling_in(self) -> bool:
        """Return whether the current presentation opens the session and is not counted."""
        return self._part == "stabilising"

    @property
    def place(self) -> int:
        """Return the place in the session, from 0, of what is on the screen or comes next."""
        return self._session.index

    @property
    def progress(self) -> tuple[int, int]:
        """Return how many votes are given and of how many, see `sitting_standing.progress`."""
        return progress(self._study, self._session)

    @property
    def coming(self) -> Coming:
        """Return what is before the rater if a session begins now."""
        return coming(self._archive, self._study, self._rater, self._number + 1)

    @property
    def names(self) -> tuple[str, str]:
        """Return 'reference' and 'test' by side where the protocol names the sides, else empty words."""
        return names_of_sides(self._study, self._session.current)

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the scores that are asked for, see `rating.draft.slots`."""
        return slots(self.protocol)

    @property
    def lacks(self) -> Lack | Literal["time"]:
        """Return what a commit waits for: '', 'score', 'confidence' or 'time'."""
        return self._session.lacks(self._clock())

    @property
    def seconds_to_look(self) -> float:
        """Return for how many seconds the images must still be looked at."""
        return max(0.0, self.protocol.least_seconds - self._session.viewed(self._clock()))

    @property
    def pause_left(self) -> float:
        """Return for how many seconds the screen stays grey."""
        return self._session.pause_left(self._clock())

    @property
    def can_undo(self) -> bool:
        """Return whether the last vote can be taken up again."""
        return self._session.can_undo

    @property
    def undo_is_spent(self) -> bool:
        """Return whether the last vote was taken up again once already."""
        return self._session.undo_is_spent

    @property
    def minutes(self) -> int:
        """Return how long the session has lasted without breaks, whole minutes."""
        return int(self._session.worked(self._clock()) // 60)

    def loading(self, ahead: int = 0) -> Generator[None, None, Pictures | None]:
        """Return the work of reading the pixels of the current (0) or the next (1) presentation, for any thread.

        Raises:
            BadRequest: more than the next is asked for.
        """
        if ahead not in (0, 1):
            message = "Only the current and the next images can be read."
            raise BadRequest(message)
        return read(self._archive, self._session.ahead(ahead), self._session.index + ahead)

    def examples(self) -> Generator[None, None, tuple[Example, ...]]:
        """Return the work of reading the illustrated anchors, best first; there may be none."""
        return examples(self._archive, self._study)

    # ---------------------------------------------------------------- before the first presentation

    def answer(self, answers: Mapping[str, str]) -> None:
        """Keep the answers of the questionnaire and go on."""
        if self.phase == "questionnaire":
            self._archive.add_rater(self._study.key, self._rater, answers)
        self._session.answered()

    def check_display(self, display: Display, detail: Mapping[str, str]) -> None:
        """Take the screen with the result of its greyscale check and go on.

        Args:
            display: the screen; its `check` says how it went.
            detail: what was shown and what was seen.
        """
        self._session.checked()
        self._display, self._check = display, dict(detail)

    def begin(self) -> None:
        """Begin a session: practice that is left, stabilising presentations, and what is left to vote on."""
        if self._display is None or self.phase != "instructions":
            message = "A session begins after the display check."
            raise BadRequest(message)
        self._hold()
        version = miqa_app.__version__
        key, rater = self._study.key, self._rater
        self._number = self._archive.begin_session(key, rater, self._display, version)
        self._log("display check", {"result": self._display.check} | self._check)
        queue = (
            *self._left("training"),
            *order.stabilising(self._study, rater, self._number),
            *most_telling_first(
                self._archive, self._study, rater, self._number, self._left("main")
            ),
        )
        self._session.begin(queue, self._clock())

    # ---------------------------------------------------------------- one presentation

    def shown(self) -> None:
        """Note that both images are on the screen; to be called when they have been painted."""
        self._session.shown(self._clock())
        self._shown_at = self._now()

    def move(self, slot: str, value: float, *, settled: bool = True) -> None:
        """Set a score of the vote in the making, see `rating.draft.Draft.move`."""
        self._require_viewing()
        self._session.draft.move(slot, value, settled=settled)

    def set_cannot_judge(self, on: bool) -> None:
        """Choose to give no score, or take that back."""
        self._require_viewing()
        self._session.draft.set_cannot_judge(on)

    def set_confidence(self, confidence: int) -> None:
        """Say how sure the score is, 1–5."""
        self._require_viewing()
        self._session.draft.set_confidence(confidence)

    def set_tags(self, tags: Iterable[str]) -> None:
        """Name the artefact kinds that disturb."""
        self._require_viewing()
        self._session.draft.set_tags(tags)

    def commit(self, display: Display) -> None:
        """Store the vote and go on; it is on the disk when this returns.

        Args:
            display: the screen with the scale at which the images were shown.

        Raises:
            BadRequest: something is missing, see `lacks`.
            MiqaError: the store did not take it; nothing has moved and it can be tried again.
        """
        now = self._clock()
        self._session.require_complete(now)
        self._hold()
        current = self._session.current
        assert current is not None  # noqa: S101  a complete vote has one
        draft = self._session.draft
        checked = self._display.check if self._display else "not done"
        vote = Vote(
            study=self._study.key,
            rater=self._rater,
            session=self._number,
            presentation=current,
            scores=by_content(self._study, current, draft.scores),
            shown_at=self._shown_at,
            committed_at=self._now(),
            seconds=round(self._session.viewed(now), 3),
            changes=draft.changes,
            display=replace(display, check=checked),
            app_version=miqa_app.__version__,
            protocol=f"{self.protocol.id} {self.protocol.version}",
            confidence=draft.confidence,
            tags=draft.tags,
        )
        self._archive.add_vote(vote)
        self._session.committed(now)
        # the vote is stored; a session without an end is as good as a killed one
        with suppress(MiqaError):
            self._close_if_over()

    def undo(self) -> None:
        """Go back to the last vote, to give it anew; the old one stays in the store as an earlier revision.

        At the end of a session this goes on with it, until that vote is given; its end is noted only after that.
        """
        if again := self._session.last:
            self._log("undo", {"presentation": again.key})
        self._session.undo(self._clock())

    # ---------------------------------------------------------------- rest and end

    def take_break(self) -> None:
        """Take the break that was offered."""
        if self.phase == "break offered":
            self._log("break taken", {"after_minutes": str(self.minutes)})
        self._session.take_break()

    def go_on(self) -> None:
        """Go on after the training, after a break, or without the break that was offered."""
        if self.phase == "break offered":
            self._log("break declined", {"after_minutes": str(self.minutes)})
        elif self.phase == "break":
            self._log("break over", {})
        self._session.go_on(self._clock())

    def report_fault(self, sentence: str) -> None:
        """Note a technical fault, so that nobody blames the rater for it."""
        self._log("technical fault", {"fault": sentence})

    def stop(self, how: End) -> None:
        """End the session at once: 'tired' or 'closed'."""
        if self.phase != "ended":
            self._session.stop(how)
            self._close_if_over()

    def leave(self) -> None:
        """End the session for good, 'closed' where it still goes on; the last vote stays as it is."""
        self._session.stop("closed")
        self._session.seal()
        self._close_if_over()

    def repeatability(self) -> Repeatability | None:
        """Return the rater's own repeat reliability once everything is voted on.

        None before, without repeats, and as long as the last vote can be taken up again: it must not steer that one.
        """
        if self.can_undo or self._left("main"):
            return None
        return repeatability(self._study, self._archive.votes(self._study.key, self._rater))

    def again(self) -> Sitting:
        """Return a new sitting of the same rater in the same seat; this one ends for good."""
        with suppress(MiqaError):
            self.leave()
        return Sitting(self._archive, self._study, self._rater, self._clock, self._utc, self._seat)

    # ---------------------------------------------------------------- behind the screen

    @property
    def _part(self) -> str:
        current = self._session.current
        return current.part if current is not None else ""

    def _left(self, part: Literal["training", "main"]) -> tuple[Presentation, ...]:
        return left(self._archive, self._study, self._rater, part)

    def _require_viewing(self) -> None:
        if self.phase != "viewing":
            message = "There is nothing on the screen to vote on."
            raise BadRequest(message)

    def _hold(self) -> None:
        if self._seat is not None:
            self._seat.hold()

    def _close_if_over(self) -> None:
        """Note the end of the session once nothing of it can be taken up again."""
        how = self._session.how
        if how and self._number and not self._ended and not self.can_undo:
            self._archive.end_session(self._study.key, self._rater, self._number, how)
            self._ended = True

    def _log(self, kind: str, detail: Mapping[str, str]) -> None:
        self._archive.add_event(self._study.key, self._rater, self._number, kind, detail)

    def _now(self) -> str:
        return self._utc().isoformat(timespec="milliseconds")
