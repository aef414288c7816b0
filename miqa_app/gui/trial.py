"""Scores with the model on trial when nobody waits for a result; what it says goes to the record, never to the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from miqa_app.gui.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.core.series import Series
    from miqa_app.gui.desk import Desk

_AFTER_RESULTS = -1
"""Priority on the device: every result that somebody waits for comes first."""


class Trial(QObject):
    """Jobs of the model on trial, on the desk's device.

    Signals:
        said: series key and the assessment of the model on trial.
        failed: one sentence why it could not score; said once, for the next series would fail as well.
    """

    said = Signal(str, object)
    failed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._jobs: set[Job] = set()
        self._told = False

    def start(self, key: str, series: Series) -> None:
        """Have the model on trial score a series, if there is one."""
        scorer = self._desk.scorer
        if not hasattr(scorer, "shadow"):
            return
        job = Job(_steps(scorer, series), self)
        job.setProperty("series", key)
        job.succeeded.connect(self._tell)
        job.failed.connect(self._tell_failed)
        job.ended.connect(self._forget)
        self._jobs.add(job)
        job.start(self._desk.device_pool, _AFTER_RESULTS)

    def shut_down(self) -> None:
        """Stop at the next slice; the desk waits for its device."""
        for job in self._jobs:
            job.cancel()

    def _tell(self, shadow: object) -> None:
        if shadow is not None:
            self.said.emit(self.sender().property("series"), shadow)

    def _tell_failed(self, sentence: str, _log: str) -> None:
        if not self._told:
            self._told = True
            self.failed.emit(f"The model on trial could not score: {sentence}")

    def _forget(self) -> None:
        job = self.sender()
        self._jobs.discard(job)
        job.wait_until_left()
        job.deleteLater()


def _steps(scorer: Any, series: Series) -> Generator[None, None, Any]:
    """Return what the model on trial says; its slices are nobody's progress."""
    work = scorer.shadow(series)
    try:
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value
            yield None
    finally:
        work.close()
