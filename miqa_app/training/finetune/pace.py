"""Between two parts of a step: scoring goes first, and commands are obeyed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from miqa_app.training.finetune.control import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miqa_app.training.finetune.control import Control
    from miqa_app.training.finetune.parallel import Workers
    from miqa_app.training.finetune.priority import Courtesy

_REST = 0.1


class Pace:
    """Holds a training while it should not compute.

    Attributes:
        paused: seconds that pauses took since the start.
    """

    def __init__(
        self,
        control: Control,
        courtesy: Courtesy,
        workers: Workers,
        report: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """Listen to `control` and `courtesy`, and tell pauses to `report`."""
        self._control, self._courtesy = control, courtesy
        self._workers, self._report = workers, report
        self.paused = 0.0

    def next_step(self) -> None:
        """Begin a step, together with all processes.

        Raises:
            Cancelled: by command.
        """
        self._courtesy.next_step()
        if self._workers.world == 1:
            self.breathe()
        else:
            # only the leader reads the file, so that all processes stop at the same step
            self._obey(lambda: self._workers.agreed(self._control.word()))
            self._courtesy.give_way()

    def breathe(self) -> None:
        """Wait where scoring or a pause wants it; in one of several processes only for scoring.

        Raises:
            Cancelled: by command.
        """
        if self._workers.world > 1:
            self._courtesy.give_way()
            return
        self._obey(self._control.word)
        self._courtesy.give_way(lambda: self._obey(self._control.word))

    def _obey(self, command: Callable[[], str]) -> None:
        word, begun = command(), time.monotonic()
        if word == "pause":
            self._report({"event": "paused"})
            while word == "pause":
                time.sleep(_REST)
                word = command()
            self.paused += time.monotonic() - begun
            if word == "run":
                self._report({"event": "resumed"})
        if word == "cancel":
            message = "The training was cancelled; it can be gone on with from its last epoch."
            raise Cancelled(message)
