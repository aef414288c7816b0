"""DICOMDIR: the files that a medium's directory points to (DICOM PS3.10 section 8, PS3.3 annex F)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydicom

from miqa_app.core.series import Problem
from miqa_app.imaging.dicom.values import DAMAGE, items, lenient, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def referenced_files(path: Path, shown: str) -> Iterator[Path | Problem]:
    """Yield the files a DICOMDIR names, resolved within its own folder, or what is wrong with an entry."""
    try:
        with lenient():
            dataset = pydicom.dcmread(path)
            names = [
                text(record, "ReferencedFileID")
                for record in items(dataset, "DirectoryRecordSequence")
            ]
    except DAMAGE as error:
        yield Problem(shown, f"is a damaged DICOMDIR ({error}); open the folder itself")
        return
    missing = []
    found = 0
    for name in dict.fromkeys(filter(None, names)):
        target = _resolve(path.parent, name.split("\\"))
        if target is None:
            missing.append(name.replace("\\", "/"))
        else:
            found += 1
            yield target
    if missing:
        shown_names = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        yield Problem(
            shown, f"names {len(missing)} files that are not in its folder: {shown_names}"
        )
    elif not found:
        yield Problem(shown, "names no files; open the folder itself")


def _resolve(folder: Path, parts: list[str]) -> Path | None:
    """Return the file below `folder`, matching names without regard to case as discs copied to Linux need."""
    current = folder
    for part in parts:
        if not part or part in (".", "..") or "/" in part:
            return None
        exact = current / part
        if not exact.exists():
            if not current.is_dir():
                return None
            matches = [entry for entry in current.iterdir() if entry.name.lower() == part.lower()]
            if not matches:
                return None
            exact = matches[0]
        current = exact
    return current if current.is_file() else None
