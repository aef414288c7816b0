"""Progress on stderr: a bar on a terminal, nothing in a pipe but plain lines."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_console = Console(stderr=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function (done, total, words) that moves a bar; the bar goes when the block ends."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=_console, transient=True, disable=not _console.is_terminal
    ) as bar:
        task = bar.add_task(title, total=None)

        def move(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total or None, description=words or title)

        yield move


def say(words: str) -> None:
    """Write one line to stderr."""
    _console.print(words, markup=False, highlight=False, soft_wrap=True)
