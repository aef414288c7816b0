"""The work a window sends away: by name, and none of it outlives the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from miqa_app.gui.jobs import Job, single_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Errands(QObject):
    """Jobs of a window; a new one takes the place of the one of the same name."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = single_pool(self)
        # what the coordinator waits for must not wait for pictures
        self._pool.setMaxThreadCount(2)
        self._errands: dict[str, _Errand] = {}
        self._closed = False

    def send(
        self,
        name: str,
        work: Generator[Any, None, Any],
        done: Callable[[Any], None],
        *,
        told: Callable[[Any], None] | None = None,
        failed: Callable[[str], None] | None = None,
        stopped: Callable[[], None] | None = None,
    ) -> None:
        """Have work done on the other thread; exactly one of `done`, `failed` and `stopped` is called at its end.

        What a replaced or recalled errand still reports is not heard, except that it came to its end after all.

        Args:
            name: of the errand.
            work: see `Job`.
            done: takes the result.
            told: takes progress.
            failed: takes a sentence for people.
            stopped: it was recalled.
        """
        self.recall(name)
        if self._closed:
            # a thread that begins between closing and deleting would be waited for by Qt while it waits for Python
            work.close()
            return
        errand = _Errand(work, self)
        errand.done, errand.told, errand.failed, errand.stopped = done, told, failed, stopped
        self._errands[name] = errand
        errand.job.start(self._pool)

    def recall(self, name: str) -> None:
        """Stop the errand of a name, if there is one, at its next step."""
        errand = self._errands.pop(name, None)
        if errand is not None:
            errand.job.cancel()

    def shut_down(self) -> None:
        """Stop everything and wait for the thread; work that is sent later is dropped."""
        self._closed = True
        for errand in self.findChildren(_Errand):
            errand.forget()
            errand.job.cancel()
        self._errands.clear()
        self._pool.waitForDone()


class _Errand(QObject):
    """A job with what becomes of it."""

    def __init__(self, work: Generator[Any, None, Any], parent: QObject) -> None:
        super().__init__(parent)
        self.job = Job(work, self)
        self._over = False
        self.job.progressed.connect(self._progressed)
        self.job.succeeded.connect(self._succeeded)
        self.job.failed.connect(self._failed)
        self.job.ended.connect(self._ended)

    def forget(self) -> None:
        """Tell nobody anything any more, and hold on to nobody."""
        self.done = self.told = self.failed = self.stopped = None

    def _progressed(self, what: object) -> None:
        if self.told is not None and not self.job.cancelled:
            self.told(what)

    def _succeeded(self, result: object) -> None:
        self._over = not self.job.cancelled or self.stopped is not None
        if self._over and self.done is not None:
            self.done(result)

    def _failed(self, sentence: str, _log: str) -> None:
        self._over = True
        if self.failed is not None and not self.job.cancelled:
            self.failed(sentence)

    def _ended(self) -> None:
        if not self._over and self.stopped is not None:
            self.stopped()
        self.forget()
        self.job.wait_until_left()
        self.deleteLater()
