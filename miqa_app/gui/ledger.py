"""Keeps what was judged and decided in the store, on a thread of its own, one thing after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from miqa_app.gui.jobs import Job, single_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Series

_LAST_WAIT_MS = 10_000


class Ledger(QObject):
    """The window's way to the record of assessments; a busy or broken store never holds up reading, scoring or looking.

    Signals:
        kept: an assessment is in the store: series key, its key there ('' for the demo phantom), and the decision that
            stands or None.
        decided: a decision is in the store: series key, and the decision that stands now or None.
        failed: one sentence on what could not be kept.
    """

    kept = Signal(str, str, object)
    decided = Signal(str, object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = single_pool(self)

    def keep(self, series: Series, assessment: Assessment) -> None:
        """Keep an assessment."""
        self._start(_kept(series, assessment), self._tell_kept, series.key)

    def keep_shadow(self, key: str, shadow: Assessment) -> None:
        """Keep what a model on trial says of the series of a kept assessment."""
        self._start(_shadowed(key, shadow), None, "")

    def decide(
        self, series_key: str, key: str, decision: str, reason: str, seconds: float | None
    ) -> None:
        """Keep a decision."""
        self._start(_decided(key, decision, reason, seconds), self._tell_decided, series_key)

    def undo(self, series_key: str, key: str) -> None:
        """Take the last decision back."""
        self._start(_undone(key), self._tell_decided, series_key)

    def shut_down(self) -> None:
        """Wait until everything is kept; nothing that a person decided is dropped."""
        self._pool.waitForDone(_LAST_WAIT_MS)

    def _start(
        self, work: Generator[Any, None, Any], done: Callable[[Any], None] | None, series_key: str
    ) -> None:
        job = Job(work, self)
        job.setProperty("series", series_key)
        if done is not None:
            job.succeeded.connect(done)
        job.failed.connect(self._tell_failed)
        job.ended.connect(self._forget)
        job.start(self._pool)

    def _tell_kept(self, found: tuple[str, object]) -> None:
        self.kept.emit(self.sender().property("series"), *found)

    def _tell_decided(self, decision: object) -> None:
        self.decided.emit(self.sender().property("series"), decision)

    def _tell_failed(self, sentence: str, _log: str) -> None:
        self.failed.emit(f"Not kept: {sentence}")

    def _forget(self) -> None:
        job = self.sender()
        job.wait_until_left()
        job.deleteLater()


# the store's modules bring the database along, and come in on the ledger's thread


def _kept(series: Series, assessment: Assessment) -> Generator[None, None, tuple[str, object]]:
    from miqa_app.services.assessments import decision_on, record
    from miqa_app.store import Archive

    yield None
    with Archive() as archive:
        key = record(archive, series, assessment) or ""
        return key, decision_on(archive, key) if key else None


def _shadowed(key: str, shadow: Assessment) -> Generator[None, None, None]:
    from miqa_app.services.assessments import record_shadow
    from miqa_app.store import Archive

    yield None
    with Archive() as archive:
        record_shadow(archive, key, shadow)


def _decided(
    key: str, decision: str, reason: str, seconds: float | None
) -> Generator[None, None, object]:
    from miqa_app.services.assessments import decide
    from miqa_app.store import Archive

    yield None
    with Archive() as archive:
        return decide(archive, key, decision, reason=reason, seconds=seconds)


def _undone(key: str) -> Generator[None, None, object]:
    from miqa_app.services.assessments import undo
    from miqa_app.store import Archive

    yield None
    with Archive() as archive:
        return undo(archive, key)
