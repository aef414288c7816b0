"""Progress on stderr: a bar on a terminal, nothing in a pipe but plain lines."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_console = Console(stderr=True)
_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function (done, total, words) that moves a bar, or writes lines where there is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    if not _console.is_terminal:
        yield _Lines()
        return
    with Progress(*columns, console=_console, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def move(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total or None, description=words or title)

        yield move


class _Lines:
    """Progress for a log file: a plain line when something moved, at most one in five seconds."""

    def __init__(self) -> None:
        self._said, self._next = "", 0.0

    def __call__(self, done: int, total: int, words: str) -> None:
        """Say where the work stands, if it is time for it."""
        count = f"{done} of {total}" if total else str(done or "")
        line = f"{words}: {count}" if words and count else words
        now = time.monotonic()
        if line and line != self._said and now >= self._next:
            self._said, self._next = line, now + _SECONDS_BETWEEN_LINES
            say(line)


def metric_words(metrics: Mapping[str, float]) -> str:
    """Return the losses and rank correlations of a training for a line of progress."""
    return " ".join(
        f"{name.split('/')[-1]} {value:.3f}"
        for name, value in sorted(metrics.items())
        if "srocc" in name or name.endswith("loss")
    )


def say(words: str) -> None:
    """Write one line to stderr."""
    _console.print(words, markup=False, highlight=False, soft_wrap=True)
