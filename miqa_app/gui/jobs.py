"""Long work off the window's thread: a job is a generator run on a pool of one thread."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Generator
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from miqa_app.errors import MiqaError


class Job(QObject):
    """A generator at work: a yield reports progress and is a place to stop, the return value is the result.

    A yield of None is only a place to stop. Exactly one of `succeeded`, `failed` or neither (cancelled) comes,
    then always `ended`.

    Signals:
        progressed: what the generator yielded.
        succeeded: what it returned.
        failed: one sentence for the user, and the log for whoever mends it.
        ended: nothing more will come.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(str, str)
    ended = Signal()

    def __init__(self, work: Generator[Any, None, Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._stop = threading.Event()
        self._left = threading.Event()
        self._runner = _Runner(self, self._left)

    def start(self, pool: QThreadPool, priority: int = 0) -> None:
        """Queue the job on a pool; those of a higher priority come first."""
        pool.start(self._runner, priority)

    def cancel(self) -> None:
        """Ask the job to stop at its next yield and to clean up."""
        self._stop.set()

    def wait_until_left(self) -> None:
        """Wait until the worker has come back from telling that the job ended; call it before the job is deleted.

        The worker tells from the job: deleted under it, the program would crash. The wait takes microseconds.
        """
        self._left.wait()

    @property
    def cancelled(self) -> bool:
        """Return whether somebody asked the job to stop."""
        return self._stop.is_set()

    def run(self) -> None:
        """Do the work on the calling thread; the pool calls this."""
        try:
            self._drive()
        except MiqaError as error:
            self.failed.emit(str(error), traceback.format_exc())
        except Exception as error:  # noqa: BLE001  a job may die of anything; the window must live on and say so
            self.failed.emit(f"This did not work: {_sentence(error)}", traceback.format_exc())
        finally:
            self.ended.emit()

    def _drive(self) -> None:
        while not self._stop.is_set():
            try:
                progress = next(self._work)
            except StopIteration as end:
                self.succeeded.emit(end.value)
                return
            if progress is not None:
                self.progressed.emit(progress)
        self._work.close()


class _Runner(QRunnable):
    """The pool's handle on a job; Python owns it, so the pool must not delete it."""

    def __init__(self, job: Job, left: threading.Event) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._job: Job | None = job
        self._left: threading.Event | None = left

    def run(self) -> None:
        # PySide never lets go of a runnable that it has started, so it must hold nothing that is large
        job, self._job = self._job, None
        left, self._left = self._left, None
        try:
            job.run()
        finally:
            del job
            left.set()


def single_pool(parent: QObject) -> QThreadPool:
    """Return a pool that does one thing at a time and keeps its thread."""
    pool = QThreadPool(parent)
    pool.setMaxThreadCount(1)
    pool.setExpiryTimeout(-1)
    return pool


def _sentence(error: Exception) -> str:
    """Return an error as a clause that ends with one full stop."""
    text = str(error).strip().splitlines()
    first = text[0] if text else type(error).__name__
    return first.rstrip(".") + "."
