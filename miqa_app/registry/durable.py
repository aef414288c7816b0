"""Files that survive a power cut: each is there whole, old or new, at any moment."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put a file in place whole and on the disk, replacing an older one.

    Args:
        path: the file; its folder is made.
        content: all of it.
        mode: permissions, where the system has them; set before anything is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(partial, flags, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Bring the names in a folder to the disk; Windows does that by itself and cannot open folders."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def settle_tree(folder: Path) -> None:
    """Bring all files below a folder, and their names, to the disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            settle(path)
        elif path.is_file():
            # Windows flushes only what is open for writing
            with (
                suppress(PermissionError),
                path.open("rb" if os.name == "posix" else "r+b") as file,
            ):
                os.fsync(file.fileno())
