"""Zip archives, unpacked safely into a temporary folder."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from miqa_app.core.series import Problem
from miqa_app.imaging.limits import GIGABYTE, readable_size

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_ENTRIES = 200_000
_MOST_BYTES = 64 * GIGABYTE
_ODD_RATIO = 200
_ODD_FROM = 256 * 2**20
_SPARE_DISK = GIGABYTE // 2


def unpack(archive: Path, shown: str, folder: Path) -> Iterator[tuple[Path, str] | Problem]:
    """Unpack a zip into `folder` and yield each file with the name to show for it, or a problem.

    The sizes in the directory of the archive are judged before a byte is written, and no entry is read past the size it
    claims; names that point out of the folder are refused.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            reason = _absurd(entries, archive.stat().st_size, folder)
            if reason:
                yield Problem(shown, reason)
                return
            for number, entry in enumerate(entries):
                yield _extract(opened, entry, shown, folder / str(number))
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        yield Problem(shown, f"is a damaged zip archive ({error}); copy it again")


def _absurd(entries: list[zipfile.ZipInfo], size: int, folder: Path) -> str:
    """Return why an archive of these entries must not be unpacked, or ''."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES:
        return f"holds {len(entries)} files; at most {_MOST_ENTRIES} are unpacked, so unpack it yourself"
    if total > _MOST_BYTES or (total > _ODD_FROM and total > _ODD_RATIO * size):
        return (
            f"claims to unpack from {readable_size(size)} to {readable_size(total)}, which no scan does; "
            "it was not unpacked"
        )
    free = shutil.disk_usage(folder).free
    if total + _SPARE_DISK > free:
        return (
            f"needs {readable_size(total)} of disk to unpack and only {readable_size(free)} are free in "
            f"{folder.parent}"
        )
    return ""


def _extract(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, folder: Path
) -> tuple[Path, str] | Problem:
    """Unpack one entry into a folder of its own, under its own last name."""
    name = entry.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    display = f"{shown}/{name}"
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
        return Problem(
            f"{shown}: {entry.filename}", "points outside its archive; it was not unpacked"
        )
    if entry.flag_bits & 1:
        return Problem(display, "is protected by a password; unpack the archive yourself first")
    target = folder.joinpath(*parts[-1:])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with opened.open(entry) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 2**20)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        return Problem(display, f"cannot be unpacked ({error}); copy the archive again")
    return target, display
