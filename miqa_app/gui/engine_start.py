"""At the first start, and after every change of the model: what this computer scores fastest with is found out once."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from miqa_app.gui import jobs

if TYPE_CHECKING:
    from miqa_app.gui.desk import Desk
    from miqa_app.services.engine_choice import EngineChoice, Step

_QUIET_MS = 3000
"""Nothing may be in the way of the window when it opens."""


class EngineStart(QObject):
    """Has the engines measured while nothing is read or scored, in a process of its own, so that a scan never waits for it.

    A scan that is opened meanwhile ends the measurement; it begins anew when the desk rests.

    Signals:
        found: what was measured just now; not sent for what was known already.

    Attributes:
        choice: what is known of this computer and the active model; None before that.
    """

    found = Signal(object)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self.choice: EngineChoice | None = None
        self._desk = desk
        self._pool = jobs.single_pool(self)
        self._job: jobs.Job | None = None
        self._wanted = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._begin)
        desk.opened.connect(self._give_way)
        desk.rested.connect(self._wait)

    def look(self) -> None:
        """Find out about the model that is active now, when there is a quiet moment."""
        self.choice, self._wanted = None, True
        self._wait()

    def shut_down(self) -> None:
        """Stop and wait for the thread; what is not measured is measured at the next start."""
        self._wanted = False
        self._timer.stop()
        self._give_way()
        self._pool.waitForDone()

    def _wait(self) -> None:
        if self._wanted and self._job is None:
            self._timer.start(_QUIET_MS)

    def _give_way(self, *_: object) -> None:
        if self._job is not None:
            self._job.cancel()

    def _begin(self) -> None:
        if self._job is not None or self._desk.busy:
            return  # the desk says when it rests
        self._job = jobs.Job(_known_or_measured(), self)
        self._job.succeeded.connect(self._take)
        self._job.failed.connect(self._give_up)
        self._job.ended.connect(self._ended)
        self._job.start(self._pool)

    def _take(self, result: tuple[EngineChoice | None, bool]) -> None:
        self._wanted = False
        self.choice, new = result
        if new and self.choice is not None:
            self.found.emit(self.choice)

    def _give_up(self, *_: str) -> None:
        """Leave it at the engine that needs no preparation, until the next start or model."""
        self._wanted = False

    def _ended(self) -> None:
        job, self._job = self._job, None
        job.wait_until_left()
        job.deleteLater()
        if not self._desk.busy:
            self._wait()


def _known_or_measured() -> Generator[Step | None, None, tuple[EngineChoice | None, bool]]:
    """Return what is known or measured, and whether it was measured now; None where that could not be done."""
    from miqa_app.services.engine_choice import choose_beside, kept_choice

    yield None
    kept = kept_choice()
    if kept is not None:
        return kept, False
    return (yield from choose_beside()), True
