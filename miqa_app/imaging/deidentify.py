"""What outputs may say about where a series came from: hashed identifiers and relative paths."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def hashed(uid: str) -> str:
    """Return 16 hexadecimal digits of SHA-256 that stand for an identifier, or '' for none."""
    return hashlib.sha256(uid.encode()).hexdigest()[:16] if uid else ""


def relative_source(source: str, roots: Iterable[str | Path]) -> str:
    """Return a series' source relative to the input it was read from.

    The input's own name stays ('study/slices' for /home/anna/study), its parents go. A source that lies under none of
    the inputs keeps its last part only.
    """
    path = Path(source)
    for root in roots:
        base = Path(root)
        for candidate in (base, base.absolute()):
            if path == candidate or path.is_relative_to(candidate):
                return (Path(candidate.name) / path.relative_to(candidate)).as_posix()
    return path.name
