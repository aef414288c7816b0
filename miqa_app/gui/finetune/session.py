"""The fine-tuning of this workstation: one at a time, in its own process, whether its window is open or not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from miqa_app.errors import MiqaError
from miqa_app.gui.campaign.errands import Errands
from miqa_app.gui.finetune.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.services.finetune_process import FineTuneProcess
    from miqa_app.services.finetune_request import FineTuneRequest


class Session(QObject):
    """Holds the process of a fine-tuning and what it told.

    Signals:
        changed: it told something.
        ended: it has come to its end, see `Progress.end`.

    Attributes:
        request: what was asked for, None before the first time.
        progress: what is known of it, None before the first time.
    """

    changed = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.request: FineTuneRequest | None = None
        self.progress: Progress | None = None
        self._process: FineTuneProcess | None = None
        self._errands = Errands(self)

    @property
    def running(self) -> bool:
        """Return whether a training goes on."""
        return self.progress is not None and self.progress.end is None

    @property
    def can_pause(self) -> bool:
        """Return whether the run has a folder through which it takes orders."""
        return self.running and self.progress is not None and bool(self.progress.run)

    def begin(self, request: FineTuneRequest) -> None:
        """Start a fine-tuning; one that cannot be started ends with an error at once."""
        from miqa_app.services.finetune_process import start_finetune_process

        self.request, self.progress = request, Progress(time.monotonic())
        try:
            self._process = start_finetune_process(request)
        except MiqaError as error:
            self._take({"event": "error", "text": str(error)})
            return
        self._errands.send("events", _events(self._process), _nothing, told=self._take)
        self.changed.emit()

    def pause(self, on: bool) -> None:
        """Let the training wait, or go on."""
        if self._process is not None and self.progress is not None and self.can_pause:
            (self._process.pause if on else self._process.resume)()
            self.progress.hold(on, time.monotonic())
            self.changed.emit()

    def cancel(self) -> None:
        """End the training within seconds; it can be gone on with."""
        if self._process is not None and self.running:
            self._process.cancel()

    def forget(self) -> None:
        """Begin as if there had been no training."""
        self.request = self.progress = self._process = None

    def shut_down(self) -> None:
        """End the training and wait until it has ended."""
        self.cancel()
        self._errands.shut_down()
        if self._process is not None:
            # nobody may have begun to listen yet
            self._process.close()

    def _take(self, event: dict[str, Any]) -> None:
        if self.progress is None:
            return
        self.progress.take(event, time.monotonic())
        self.changed.emit()
        if self.progress.end is event:
            self.ended.emit()


def _events(process: FineTuneProcess) -> Generator[dict[str, Any], None, None]:
    yield from process.events()


def _nothing(_: object) -> None:
    """The last event has said it all."""
