"""What a reader reports while it works: progress, opened series, single frames, finished series, problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from miqa_app.core.series import Problem

if TYPE_CHECKING:
    from miqa_app.core.series import Series


@dataclass(frozen=True)
class Scanned:
    """How many of the files have had their header read."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Opened:
    """A series whose header is known: sorted, placed, voxels allocated but zero, no frame ready."""

    series: Series


@dataclass(frozen=True)
class FrameReady:
    """One frame of the series `key` now holds its pixels."""

    key: str
    frame: int


@dataclass(frozen=True, eq=False)
class Completed:
    """A series with all its frames, windows and warnings; it replaces the opened one of the same key."""

    series: Series


Event: TypeAlias = Scanned | Opened | FrameReady | Completed | Problem
