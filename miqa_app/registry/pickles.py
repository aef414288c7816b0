"""Files that would have to be unpickled, which can run any code: found by name and by content, never opened."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = frozenset(
    {
        ".pt", ".pth", ".pt2", ".ckpt", ".bin", ".pkl", ".pickle", ".dill", ".joblib", ".cpickle",
        ".npy", ".npz", ".mar", ".h5", ".keras",
    }
)  # fmt: skip
"""Suffixes of what frameworks write by pickling, or may: NumPy's files hold objects too."""

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
"""How protocols 2 to 5 begin (PEP 307, PEP 574); protocols 0 and 1 are text, which the safetensors parser refuses."""

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
"""gzip, bzip2, xz and Zstandard, in which joblib and others wrap a pickle; nothing of ours is compressed."""


def unpickled(folder: Path) -> str:
    """Return the first file anywhere below a folder that would be unpickled when opened, by its name, or ''."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and (file.suffix.lower() in _SUFFIXES or _looks_pickled(file)):
            return str(file.relative_to(folder))
    return ""


def _looks_pickled(file: Path) -> bool:
    """Return whether the content is a pickle, or an archive that holds one as torch writes it."""
    with file.open("rb") as stream:
        start = stream.read(8)
    if _PICKLE.match(start) or start.startswith(_COMPRESSED):
        # a safetensors file begins with the length of its header, whose first bytes may be any; '{' follows it
        return not _safetensors(file)
    return start.startswith(b"PK") and zipfile.is_zipfile(file)


def _safetensors(file: Path) -> bool:
    """Return whether a file begins as safetensors does: eight bytes of length, then a JSON table of that length."""
    with file.open("rb") as stream:
        head = stream.read(9)
    length = int.from_bytes(head[:8], "little")
    return head[8:] == b"{" and length <= file.stat().st_size - 8
