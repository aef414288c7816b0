"""Images made ready in a worker while the rater still looks at the ones before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Signal

from miqa_app.gui.jobs import Job, single_pool
from miqa_app.gui.rating.pictures import Shown, prepared

if TYPE_CHECKING:
    from miqa_app.services.sitting import Sitting


class Preloader(QObject):
    """Keeps the presentations around the current one.

    Signals:
        came: the images of another presentation are ready.
        failed: which place cannot be shown, and one sentence on why; `prepare` tries it again.
    """

    came = Signal()
    failed = Signal(int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = single_pool(self)
        self._ready: dict[int, Shown] = {}
        self._jobs: dict[int, Job] = {}

    def prepare(self, sitting: Sitting, room: QSize) -> None:
        """See that the current and the next presentation are ready or on their way."""
        here = sitting.place
        self._ready = {
            place: found for place, found in self._ready.items() if abs(place - here) < 2
        }
        for ahead in (0, 1):
            place = here + ahead
            if place in self._ready or place in self._jobs:
                continue
            job = Job(prepared(sitting.loading(ahead), room), self)
            self._jobs[place] = job
            job.setProperty("place", place)
            job.succeeded.connect(self._take)
            job.failed.connect(self._fail)
            job.ended.connect(self._forget)
            job.start(self._pool)

    def ready(self, place: int) -> Shown | None:
        """Return what is ready for a place in the session, or None."""
        return self._ready.get(place)

    def stop(self) -> None:
        """Let the work in hand end and take nothing more."""
        for job in list(self._jobs.values()):
            job.cancel()
        self._pool.clear()
        self._pool.waitForDone()
        self._ready.clear()

    def _take(self, shown: Shown | None) -> None:
        if shown is not None:
            self._ready[shown.place] = shown
            self.came.emit()

    def _fail(self, sentence: str, _log: str) -> None:
        self.failed.emit(self.sender().property("place"), sentence)

    def _forget(self) -> None:
        job = self.sender()
        self._jobs.pop(job.property("place"), None)
        job.wait_until_left()
        job.deleteLater()
