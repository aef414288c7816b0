"""Reads scans as a stream of events: the first slice comes at once, the rest follows."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.core.series import Problem
from miqa_app.errors import UnreadableFile
from miqa_app.imaging.collect import Candidate, collect
from miqa_app.imaging.dicom.header import scan
from miqa_app.imaging.dicom.stack import stacks_of
from miqa_app.imaging.events import Completed, Event, FrameReady, Opened, Scanned
from miqa_app.imaging.itk import ItkStack
from miqa_app.imaging.kinds_of_file import Kind
from miqa_app.imaging.nifti import NiftiStack

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from miqa_app.core.series import Series
    from miqa_app.imaging.dicom.frame import Frame
    from miqa_app.imaging.stack import Stack

_REPORT_EVERY = 16


def read(paths: Iterable[str | Path]) -> Iterator[Event]:
    """Read files, folder trees, zip archives and DICOMDIRs.

    Order of events: `Scanned` while headers are read, `Opened` for every series in the order in which the user named them
    (under one path: DICOM first), then per series `FrameReady` from the
    middle slice outwards and `Completed`. A `Problem` may come at any time and never ends the reading. A series none of
    whose frames can be read gets its problems and no `Completed`.

    Temporary files are gone when the generator is exhausted or closed.

    Args:
        paths: what the user named; a single path is accepted too.
    """
    if isinstance(paths, str | Path):
        paths = [paths]
    with ExitStack() as cleanup:
        found = collect(paths, cleanup)
        yield from found.problems
        stacks = yield from _open(found.files)
        yield from (Opened(stack.series) for stack in stacks)
        while stacks:
            # a finished stack lets go of its series, so that memory holds only what the caller keeps
            yield from _filled(stacks.pop(0))


def load(paths: str | Path | Iterable[str | Path]) -> list[Series]:
    """Return all series under one or several paths, whole.

    Raises:
        UnreadableFile: nothing at all could be read; carries the first problem.
    """
    series, problems = load_with_problems(paths)
    if not series and problems:
        raise UnreadableFile(problems[0].source, problems[0].reason)
    return series


def load_with_problems(
    paths: str | Path | Iterable[str | Path],
) -> tuple[list[Series], list[Problem]]:
    """Return all series under one or several paths, and what could not be read."""
    series, problems = [], []
    for event in read([paths] if isinstance(paths, str | Path) else paths):
        if isinstance(event, Completed):
            series.append(event.series)
        elif isinstance(event, Problem):
            problems.append(event)
    return series, problems


def _open(files: list[Candidate]) -> Generator[Event, None, list[Stack]]:
    """Read all headers and return the stacks."""
    frames: list[Frame] = []
    stacks: list[Stack] = []
    for number, file in enumerate(files):
        try:
            if file.kind is Kind.DICOM:
                found, lacking = scan(file.path, file.shown)
                frames += found
                if lacking:
                    yield Problem(file.shown, lacking)
            elif file.kind is Kind.NIFTI:
                stacks.append(NiftiStack(file.path, file.shown))
            else:
                stacks.append(ItkStack(file.path, file.shown))
        except UnreadableFile as error:
            yield Problem(error.path, error.reason)
        if number % _REPORT_EVERY == 0 or number == len(files) - 1:
            yield Scanned(number + 1, len(files))
    grouped, problems = stacks_of(frames)
    yield from problems
    turns: dict[str, int] = {}
    for file in files:
        turns.setdefault(file.shown, file.given)
    return sorted(
        [*grouped, *stacks], key=lambda one: min(turns[name] for name in one.series.files)
    )


def _filled(stack: Stack) -> Iterator[Event]:
    key = stack.series.key
    for item in stack.fill():
        yield item if isinstance(item, Problem) else FrameReady(key, item)
    series = stack.finished()
    if series is not None:
        yield Completed(series)
