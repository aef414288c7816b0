"""Scoring goes before training on the same machine.

Whoever scores holds a lock in shared mode; the training asks for it in exclusive mode between two parts of a step, gives it
back at once, and waits while it cannot have it. The lock is the operating system's, so that a process which dies lets go
of it, and works alike on Linux, Windows and macOS.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from filelock import ReadWriteLock, Timeout

from miqa_app.paths import user_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_WAIT = 10.0
"""Seconds for which one step of a training waits at most: under scoring without end it still does a step in so many."""

_LOOK_EVERY = 0.02
_GRANTED_WITHIN = 1.0
_NICENESS = 15


def lock_path() -> Path:
    """Return the lock's file among the user's data."""
    folder = user_data() / "finetune"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "inference.lock"


@contextmanager
def inference_first(path: Path | None = None) -> Iterator[None]:
    """Keep trainings waiting while scores are computed; takes less than a millisecond, and never refuses to score.

    Args:
        path: the lock's file; the user's own by default.
    """
    lock = None
    try:
        lock = ReadWriteLock(str(path or lock_path()), is_singleton=False)
        lock.acquire_read(timeout=_GRANTED_WITHIN)
    except (OSError, Timeout):
        # a home that cannot be written must not keep anybody from scoring
        lock = None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


class Courtesy:
    """Lets scoring go first.

    Attributes:
        waited: seconds spent waiting since the start.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Look at the lock's file; the user's own by default."""
        self._lock = ReadWriteLock(str(path or lock_path()), is_singleton=False)
        self._left = LONGEST_WAIT
        self.waited = 0.0

    def next_step(self) -> None:
        """Begin a step, which may wait for `LONGEST_WAIT` seconds in all."""
        self._left = LONGEST_WAIT

    def give_way(self, while_waiting: Callable[[], None] = lambda: None) -> None:
        """Wait while somebody scores, as far as this step may still wait.

        Args:
            while_waiting: called every few hundredths of a second, and may raise.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < self._left and self._busy():
            while_waiting()
            time.sleep(_LOOK_EVERY)
        passed = time.monotonic() - begun
        self._left -= passed
        self.waited += passed

    def _busy(self) -> bool:
        try:
            with self._lock.write_lock(timeout=0):
                return False
        except Timeout:
            return True
        except OSError:
            return False


def run_in_background() -> None:
    """Let all other processes of this machine have the processor first, from now on."""
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    elif process.nice() < _NICENESS:
        process.nice(_NICENESS)
