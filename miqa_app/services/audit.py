"""The audit log of the store, for those who want to know that it is untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.store import Archive

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from miqa_app.store.soundness import Verdict


def verify(store: str | None, head: str | None) -> Generator[tuple[int, int], None, Verdict]:
    """Check a store against its audit log, yielding how much is done of how much.

    Args:
        store: file or URL; the usual place by default.
        head: a line that `head` gave earlier and that was kept elsewhere; without it a cut end of the log cannot be
            told from one that never was longer.

    Raises:
        BadRequest: there is no store, or the head is none.
        MiqaError: the store cannot be read.
    """
    with Archive(store, create=False) as archive:
        return (yield from archive.verifying(head))


def head(store: str | None) -> str:
    """Return number and hash of the last entry in one line.

    Raises:
        BadRequest: there is no store.
        MiqaError: the store cannot be read.
    """
    with Archive(store, create=False) as archive:
        return archive.audit_head()


def log(store: str | None, last: int) -> list[dict[str, object]]:
    """Return the last entries, oldest first: sequence, recorded, actor, action, detail.

    Raises:
        BadRequest: there is no store, or `last` is below 1.
    """
    if last < 1:
        raise BadRequest(f"--last {last} shows nothing; choose 1 or more.")
    with Archive(store, create=False) as archive:
        return archive.audit_log(last)


def back_up(store: str | None, path: Path) -> None:
    """Copy a store of one file, also while others write to it; see `Archive.back_up`.

    Raises:
        BadRequest: there is no store, it lies on a server, or the file is there already or cannot be written.
    """
    with Archive(store, create=False) as archive:
        archive.back_up(path)
