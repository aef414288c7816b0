"""One rater's session as a state machine: what comes next, what a vote waits for, when to rest. Time is passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from miqa_app.errors import BadRequest
from miqa_app.rating.draft import Draft, Lack

if TYPE_CHECKING:
    from miqa_app.rating.protocol import Protocol
    from miqa_app.rating.votes import Presentation

Phase = Literal[
    "questionnaire", "display check", "instructions", "pause", "viewing", "trained", "break offered",
    "break", "ended",
]  # fmt: skip
"""Where the session stands; 'pause' is the neutral grey before each presentation, 'trained' the end of the training."""

End = Literal["finished", "time", "tired", "closed"]
"""Why it ended: nothing is left, the time is up, the rater asked for it, or the window was closed."""

_MINUTE = 60.0


class Session:
    """Leads through questionnaire, display check, instructions, and then one presentation after the other.

    All times are seconds of one monotonic clock. Breaks are offered, and the session ends, only between two votes
    (ITU-R BT.500-15 asks for sessions of up to half an hour). Nothing is kept here that votes do not tell: whoever
    starts again passes what is left to show.
    """

    def __init__(self, protocol: Protocol, *, asked: bool) -> None:
        """Start before the first page.

        Args:
            protocol: of the study.
            asked: the rater has answered the questionnaire before.
        """
        self._protocol = protocol
        self._phase: Phase = "display check" if asked else "questionnaire"
        self._how: End | None = None
        self._queue: tuple[Presentation, ...] = ()
        self._index = 0
        self._draft = Draft(protocol)
        self._pause_from = self._shown_at = 0.0
        self._stint_from = self._worked = 0.0
        self._can_undo = self._undone = self._given_anew = False
        self._was_tired = False

    @property
    def phase(self) -> Phase:
        """Return where the session stands."""
        return self._phase

    @property
    def how(self) -> End | None:
        """Return why it ended, or None."""
        return self._how

    @property
    def queue(self) -> tuple[Presentation, ...]:
        """Return what this session shows if nobody stops it."""
        return self._queue

    @property
    def index(self) -> int:
        """Return the place in the queue of what is on the screen or comes next."""
        return self._index

    @property
    def draft(self) -> Draft:
        """Return the vote in the making."""
        return self._draft

    @property
    def current(self) -> Presentation | None:
        """Return what is on the screen or comes next; None where nothing does."""
        return self.ahead(0)

    def ahead(self, by: int) -> Presentation | None:
        """Return what comes `by` places after the current one, or None."""
        place = self._index + by
        return self._queue[place] if self._how is None and place < len(self._queue) else None

    # ---------------------------------------------------------------- before the first presentation

    def answered(self) -> None:
        """Go on from the questionnaire."""
        self._leave("questionnaire", "display check")

    def checked(self) -> None:
        """Go on from the display check."""
        self._leave("display check", "instructions")

    def begin(self, queue: tuple[Presentation, ...], now: float) -> None:
        """Go on from the instructions to the first presentation; an empty queue ends the session."""
        self._leave("instructions", "pause")
        self._queue = queue
        self._stint_from = self._pause_from = now
        if not queue:
            self._end("finished")

    # ---------------------------------------------------------------- one presentation

    def pause_left(self, now: float) -> float:
        """Return for how many seconds the screen stays grey."""
        return max(0.0, self._protocol.pause_seconds - (now - self._pause_from))

    def shown(self, now: float) -> None:
        """Note that the images are on the screen.

        Raises:
            BadRequest: they are early.
        """
        if self._phase != "pause" or self.pause_left(now) > 0:
            message = "The next images cannot be shown yet."
            raise BadRequest(message)
        self._phase = "viewing"
        self._shown_at = now

    def viewed(self, now: float) -> float:
        """Return for how many seconds the images have been on the screen."""
        return now - self._shown_at if self._phase == "viewing" else 0.0

    def lacks(self, now: float) -> Lack | Literal["time"]:
        """Return what a commit waits for: '', 'score', 'confidence' or 'time'."""
        if self._draft.lacks:
            return self._draft.lacks
        return "time" if self.viewed(now) < self._protocol.least_seconds else ""

    def require_complete(self, now: float) -> None:
        """Check that the vote may be committed.

        Raises:
            BadRequest: nothing is on the screen, or something is missing.
        """
        if self._phase != "viewing":
            message = "There is nothing on the screen to vote on."
            raise BadRequest(message)
        if lack := self.lacks(now):
            message = f"The vote cannot be committed yet; it lacks {lack}."
            raise BadRequest(message)

    def committed(self, now: float) -> None:
        """Go on after a vote that has been stored."""
        self.require_complete(now)
        part = self._queue[self._index].part
        self._index += 1
        self._can_undo, self._undone, self._given_anew = not self._undone, False, self._undone
        self._draft = Draft(self._protocol)
        if self._index == len(self._queue):
            self._end("finished")
        elif self._was_tired:
            self._end("tired")
        elif self.worked(now) >= self._protocol.end_after_minutes * _MINUTE:
            self._end("time")
        elif part == "training" != self._queue[self._index].part:
            self._phase = "trained"
        elif now - self._stint_from >= self._protocol.break_after_minutes * _MINUTE:
            self._worked, self._stint_from = self.worked(now), now
            self._phase = "break offered"
        else:
            self._grey(now)

    @property
    def can_undo(self) -> bool:
        """Return whether the last vote can be taken up again: once, and before the next is committed.

        Also at the end of the session, until it is sealed.
        """
        return self._can_undo and self._phase in ("pause", "viewing", "trained", "ended")

    @property
    def undo_is_spent(self) -> bool:
        """Return whether the last vote was taken up again once, which is all there is for each vote."""
        return self._undone or self._given_anew

    @property
    def last(self) -> Presentation | None:
        """Return the presentation whose vote can be taken up again, or None."""
        return self._queue[self._index - 1] if self.can_undo else None

    def undo(self, now: float) -> None:
        """Go back to the presentation of the last vote; what was set for the current one is forgotten.

        Raises:
            BadRequest: there is nothing to undo.
        """
        if not self.can_undo:
            message = (
                "There is no vote to undo; only the last one can be taken up again, and only once."
            )
            raise BadRequest(message)
        self._can_undo, self._undone = False, True
        # who asked for the end gets it after this vote
        self._was_tired = self._how == "tired"
        self._how = None
        self._index -= 1
        self._draft = Draft(self._protocol)
        self._grey(now)

    # ---------------------------------------------------------------- rest and end

    def worked(self, now: float) -> float:
        """Return the seconds since the first presentation without the breaks."""
        resting = self._phase in ("break offered", "break")
        return self._worked + (0.0 if resting else now - self._stint_from)

    def take_break(self) -> None:
        """Take the break that was offered."""
        self._leave("break offered", "break")

    def go_on(self, now: float) -> None:
        """Go on after the training, after a break, or without the break that was offered."""
        if self._phase in ("break offered", "break"):
            self._stint_from = now
        elif self._phase != "trained":
            message = "The session is not waiting."
            raise BadRequest(message)
        self._grey(now)

    def stop(self, how: End) -> None:
        """End the session at once, unless it has ended; what is on the screen gets no vote.

        Whoever closes the window does not come back to the last vote.
        """
        if self._how is None:
            self._end(how)
            self._can_undo = self._can_undo and how != "closed"

    def seal(self) -> None:
        """Let the last vote stay as it is."""
        self._can_undo = False

    def _grey(self, now: float) -> None:
        self._phase = "pause"
        self._pause_from = now

    def _end(self, how: End) -> None:
        self._phase, self._how = "ended", how

    def _leave(self, phase: Phase, after: Phase) -> None:
        if self._phase != phase:
            message = f"The session stands at '{self._phase}', not at '{phase}'."
            raise BadRequest(message)
        self._phase = after
