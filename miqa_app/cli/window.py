"""The door from the command line to the workstation, opened from outside because the two do not know each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Series


@dataclass(frozen=True)
class Window:
    """What the command line asks of the workstation.

    Attributes:
        open: opens it on paths and returns its exit code when it is closed.
        screenshots: writes pictures of it, showing scored series, into a folder.
        rate: opens the rating window on a study, for a rater ('' asks) and a store (None: the user's own), and returns
            its exit code.
    """

    open: Callable[[list[str]], int]
    screenshots: Callable[[Sequence[tuple[Series, Assessment]], Path], object]
    rate: Callable[[str, str, str | None], int]
