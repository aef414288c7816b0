"""A fine-tuning in a process of its own, for the window: started, listened to, paused and cancelled from here."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app import paths
from miqa_app.errors import MiqaError
from miqa_app.training.finetune.control import write_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miqa_app.services.finetune_request import FineTuneRequest

CANCEL_SECONDS = 4.0
"""How long a process may take to end by itself before it is ended; what is on its disk stays whole."""

_KEPT_LINES = 40


class FineTuneProcess:
    """A fine-tuning at work in another process; any thread may call any method.

    Attributes:
        run: name of the run, '' until it is known.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Listen to a process that was started by `start_finetune_process`."""
        self._process = process
        self._control: Path | None = None
        self._cancelled = False
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self.run = ""
        # a full pipe of complaints would stop the process
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the events of `services.finetune.finetune` until the process ends.

        The last one is 'done' (candidate, folder, evidence, verdict, words), 'cancelled' (run, words) or 'error' (text).
        """
        ended = False
        stdout = self._process.stdout
        for line in stdout or ():
            with suppress(ValueError):
                event: dict[str, Any] = json.loads(line)
                if event.get("event") == "run":
                    self.run, self._control = event["name"], Path(event["control"])
                    if self._cancelled:
                        write_command(self._control, "cancel")
                ended = ended or event.get("event") in ("done", "cancelled", "error")
                yield event
        code = self.close()
        if not ended:
            yield self._end(code)

    def pause(self) -> None:
        """Let the training wait; nothing happens before the run has a folder."""
        self._order("pause")

    def resume(self) -> None:
        """Let a training that waits go on."""
        self._order("run")

    def cancel(self) -> None:
        """End the training within `CANCEL_SECONDS`; the run stays and can be gone on with."""
        self._cancelled = True
        self._order("cancel")
        if self._control is None:
            # nothing has been written yet that is worth an orderly end
            self._process.terminate()
        threading.Thread(target=self._make_sure, daemon=True).start()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code of the process when it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not ended in so many seconds.
        """
        return self._process.wait(timeout)

    def close(self) -> int:
        """Wait until the process has ended, let go of its pipes, and return its exit code; a second time changes nothing."""
        code = self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return code

    def _order(self, word: Any) -> None:
        if self._control is not None and self.alive:
            with suppress(OSError):
                write_command(self._control, word)

    def _make_sure(self) -> None:
        try:
            self._process.wait(CANCEL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            self._said.append(line.rstrip())

    def _end(self, code: int) -> dict[str, Any]:
        """Return the event of a process that ended without a word of its own."""
        if self._cancelled:
            return {"event": "cancelled", "run": self.run, "words": "The training was cancelled."}
        reason = self._said[-1] if self._said else f"exit code {code}"
        text = f"The training ended unexpectedly ({reason}); start it again, it goes on from its last epoch."
        return {"event": "error", "text": text, "log": "\n".join(self._said)}


def start_finetune_process(request: FineTuneRequest) -> FineTuneProcess:
    """Start `miqa finetune` in a process of its own and return its handle.

    Raises:
        MiqaError: the system refuses to start a process.
    """
    command = [*paths.own_command(), "finetune", "--json-lines", *_arguments(request)]
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            creationflags=flags,
            # Ctrl-C in the terminal of the window is meant for the window
            start_new_session=True,
        )
    except OSError as error:
        message = f"The training cannot be started: {error.strerror or error}; close other programs and try again."
        raise MiqaError(message) from error
    return FineTuneProcess(process)


def _arguments(request: FineTuneRequest) -> list[str]:
    options = {
        "--model": request.model,
        "--recipe": request.recipe,
        "--device": request.device,
        "--store": request.store,
        "--resume": request.resume,
    }
    given = [word for name, value in options.items() if value for word in (name, value)]
    return [*given, *(["--", request.source] if request.source else [])]
