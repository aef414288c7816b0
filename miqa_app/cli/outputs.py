"""Places that results shall be written to, looked at before hours are spent on what could not be kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def refuse_unwritable(
    files: Iterable[Path | None] = (), folders: Iterable[Path | None] = ()
) -> None:
    """Make sure that files can be written and folders made; None stands for what was not asked for.

    Raises:
        BadRequest: one cannot; the message names it and the reason.
    """
    for file in files:
        if file is None:
            continue
        if file.is_dir():
            raise BadRequest(f"{file} is a folder; give the name of a file to write.")
        _refuse(file, file.absolute().parent)
    for folder in folders:
        if folder is not None:
            _refuse(folder, folder.absolute())


def _refuse(asked: Path, folder: Path) -> None:
    """Raise BadRequest where a folder is not there and cannot be made, or may not be written."""
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise BadRequest(f"{asked} cannot be written: {there} is no folder; choose another place.")
    if not os.access(there, os.W_OK | os.X_OK):
        message = f"{asked} cannot be written: you may not write into {there}; choose another place or ask for the right."
        raise BadRequest(message)
