"""The small file through which a training in another process is paused and cancelled."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

from miqa_app.errors import MiqaError

Command = Literal["run", "pause", "cancel"]

COMMANDS: tuple[Command, ...] = ("run", "pause", "cancel")

LOOK_EVERY = 0.2
"""Seconds between two looks at the file."""


class Cancelled(MiqaError):
    """The training was cancelled; its run folder stays and can be gone on with."""


class Control:
    """Reads the commands for a run.

    Attributes:
        path: the file; a missing one means 'run', and so does a word that is none.
    """

    def __init__(self, path: Path) -> None:
        """Watch the file, which need not exist yet."""
        self.path = path
        self._word: Command = "run"
        self._looked = -LOOK_EVERY

    def word(self) -> Command:
        """Return the newest command; the file is read at most every `LOOK_EVERY` seconds."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._word = _read(self.path)
        return self._word


def write_command(path: Path, word: Command) -> None:
    """Give a command to the run that watches the file, whole or not at all.

    Raises:
        ValueError: the word is no command.
        OSError: the file cannot be written.
    """
    if word not in COMMANDS:
        raise ValueError(f"'{word}' is no command; known are {', '.join(COMMANDS)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_text(word, encoding="utf-8")
    for attempt in range(_ATTEMPTS):
        try:
            partial.replace(path)
        except PermissionError:
            # Windows refuses while the other process has the file open, which lasts microseconds
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.02)
        else:
            return


_ATTEMPTS = 50


def _read(path: Path) -> Command:
    try:
        word = path.read_text(encoding="utf-8").strip()
    except OSError:
        return "run"
    return next((known for known in COMMANDS if known == word), "run")
