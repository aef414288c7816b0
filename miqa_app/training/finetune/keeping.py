"""What a seed keeps on disk after every epoch: whole or not at all, so that a kill at any moment costs one epoch at most.

Nothing is unpickled but tensors, numbers and text (`weights_only`).
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import torch

from miqa_app.errors import MiqaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

STATE = "state.pt"


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under a temporary name, force it to the disk, and give it its name.

    Raises:
        MiqaError: the disk is full or refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
        _settle(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        message = (
            f"{path} cannot be written: {reason}; make room on the disk and go on with the run."
        )
        raise MiqaError(message) from error


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    write_whole(path, lambda stream: stream.write(text.encode()))


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Keep the state of a seed."""
    write_whole(folder / STATE, lambda stream: torch.save(dict(state), stream))


def read_state(folder: Path) -> dict[str, Any] | None:
    """Return the state of a seed, None where none was kept.

    Raises:
        MiqaError: it was damaged from outside.
    """
    path = folder / STATE
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 torch raises what it likes on a damaged file
        message = f"{path} is damaged; delete the folder {folder} to train this seed again."
        raise MiqaError(message) from error
    return state


def _settle(folder: Path) -> None:
    """Force the name of a new file to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
