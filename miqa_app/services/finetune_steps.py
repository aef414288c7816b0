"""Long work on a thread of its own, told step by step, that can be paused and that stops within seconds."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from miqa_app.training.finetune.control import Cancelled, Control, write_command
from miqa_app.training.finetune.priority import Courtesy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

Event = dict[str, Any]
_Result = TypeVar("_Result")

STOPS_WITHIN = 4.5
"""Seconds for which whoever stops the work waits for it."""

_REST = 0.1
_SECONDS_BETWEEN_STEPS = 0.5


class Breath:
    """Where long work stops for a moment: cancelled, paused, or because somebody scores a scan.

    Attributes:
        control: file of commands, None until the run has a folder.
    """

    def __init__(self) -> None:
        self.control: Control | None = None
        self._stopped = threading.Event()
        self._courtesy = Courtesy()

    def listen(self, path: Path) -> None:
        """Obey the file of a run from now on; an order of an earlier time is forgotten."""
        write_command(path, "run")
        self.control = Control(path)
        if self._stopped.is_set():
            write_command(path, "cancel")

    def stop(self) -> None:
        """Ask the work to end, from any thread."""
        self._stopped.set()
        if self.control is not None:
            write_command(self.control.path, "cancel")

    def take(self) -> None:
        """Go on, wait or end, as is wanted.

        Raises:
            Cancelled: the work shall end.
        """
        while self._word() == "pause":
            time.sleep(_REST)
        self._courtesy.next_step()
        self._courtesy.give_way(self._obey)

    def _obey(self) -> None:
        self._word()

    def _word(self) -> str:
        word = (
            "cancel" if self._stopped.is_set() else self.control.word() if self.control else "run"
        )
        if word == "cancel":
            raise Cancelled("The training was cancelled.")
        return word


class Teller:
    """Tells how far a part of the work is, twice a second at most."""

    def __init__(self, say: Callable[[Event], None], breath: Breath, total: int) -> None:
        """Count up to `total`."""
        self._say, self._breath, self._total = say, breath, total
        self._done, self._begun, self._next = 0, time.monotonic(), 0.0

    def __call__(self) -> None:
        """Begin the next item.

        Raises:
            Cancelled: the work shall end.
        """
        self._breath.take()
        self.at(self._done)
        self._done += 1

    def at(self, done: int, total: int | None = None) -> None:
        """Tell that so many items are done."""
        self._total = self._total if total is None else total
        now = time.monotonic()
        if now < self._next and done < self._total:
            return
        self._next = now + _SECONDS_BETWEEN_STEPS
        left = (
            (now - self._begun) / done * (self._total - done) if 0 < done <= self._total else None
        )
        self._say(
            {
                "event": "step",
                "done": done,
                "total": self._total,
                "seconds_left": None if left is None else round(left, 1),
            }
        )


def told(
    work: Callable[[Callable[[Mapping[str, Any]], None], Breath], _Result],
) -> Generator[Event, None, _Result]:
    """Do the work on a thread, yield what it says, and return what it returns or raise what it raises.

    Closing the generator, or Ctrl-C while it waits, stops the work and waits for that `STOPS_WITHIN` seconds at most.

    Args:
        work: takes a function that tells an event, and where to breathe.
    """
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    breath, outcome = Breath(), _Outcome[_Result]()

    def run() -> None:
        try:
            outcome.result = [work(lambda event: events.put(dict(event)), breath)]
        except BaseException as error:  # noqa: BLE001 it is raised again where somebody waits for it
            outcome.error = error
        finally:
            events.put(None)

    thread = threading.Thread(target=run, name="fine-tuning", daemon=True)
    thread.start()
    try:
        while (event := _next(events)) is not None:
            yield event
    except BaseException:
        breath.stop()
        thread.join(STOPS_WITHIN)
        raise
    thread.join()
    if outcome.error is not None:
        raise outcome.error
    return outcome.result[0]


class _Outcome(Generic[_Result]):
    """How the work ended."""

    def __init__(self) -> None:
        self.result: list[_Result] = []
        self.error: BaseException | None = None


def _next(events: queue.SimpleQueue[Event | None]) -> Event | None:
    """Return the next event; wakes often, because Windows lets no Ctrl-C through a wait without end."""
    while True:
        try:
            return events.get(timeout=_REST)
        except queue.Empty:
            continue
