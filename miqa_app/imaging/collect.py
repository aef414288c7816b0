"""From the paths a user gives to the list of files to read, each once, with everything left aside accounted for."""

from __future__ import annotations

import os
import stat
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.core.series import Problem
from miqa_app.imaging.archive import unpack
from miqa_app.imaging.dicom.directory import referenced_files
from miqa_app.imaging.kinds_of_file import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack

_NAMED_ASIDE = 4


@dataclass(frozen=True)
class Candidate:
    """A file that a reader should try.

    Attributes:
        path: where it lies now (for zip entries in a temporary folder).
        shown: what the user calls it.
        kind: which reader it belongs to.
        given: under which of the paths that the user named it lies, counted from 0.
    """

    path: Path
    shown: str
    kind: Kind
    given: int


@dataclass
class Collection:
    """Files to read and problems met while looking for them.

    Attributes:
        files: what readers should try.
        problems: what was left aside, and why.
        turn: which of the named paths is being looked through, counted from 0.
    """

    files: list[Candidate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    turn: int = 0
    _seen: set[str] = field(default_factory=set)
    _aside: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self, path: Path, shown: str, cleanup: ExitStack, *, given: bool, in_zip: bool = False
    ) -> None:
        """Add one file; `given` when the user named it, `in_zip` when it came out of an archive."""
        real = os.path.realpath(path)
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                self.problems.append(Problem(shown, "is not a regular file"))
                return
            kind, reason = kind_of(path)
        except OSError as error:
            self.problems.append(Problem(shown, f"cannot be opened ({error.strerror or error})"))
            return
        self._dispatch(
            Candidate(path, shown, kind, self.turn), reason, cleanup, given=given, in_zip=in_zip
        )

    def _dispatch(
        self, found: Candidate, reason: str, cleanup: ExitStack, *, given: bool, in_zip: bool
    ) -> None:
        if found.kind is Kind.REFUSED:
            self.problems.append(Problem(found.shown, reason))
        elif found.kind is Kind.ZIP:
            self._add_zip(found, cleanup, in_zip=in_zip)
        elif found.kind is Kind.DICOMDIR:
            # within a folder the files it points to are read anyway
            if given:
                self._add_directory(found, cleanup)
        elif found.kind is Kind.SIDE:
            if given:
                self.problems.append(Problem(found.shown, "is not a scan"))
            else:
                self._aside[str(Path(found.shown).parent)].append(Path(found.shown).name)
        elif found.kind is not Kind.COMPANION:
            self.files.append(found)
        elif given:
            self.problems.append(
                Problem(found.shown, "holds voxels only; open the header file beside it")
            )

    def _add_zip(self, found: Candidate, cleanup: ExitStack, *, in_zip: bool) -> None:
        if in_zip:
            self.problems.append(
                Problem(found.shown, "is a zip within a zip; unpack the outer one first")
            )
            return
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="miqa-zip-")))
        for item in unpack(found.path, found.shown, folder):
            if isinstance(item, Problem):
                self.problems.append(item)
            else:
                self.add(item[0], item[1], cleanup, given=False, in_zip=True)

    def _add_directory(self, found: Candidate, cleanup: ExitStack) -> None:
        for item in referenced_files(found.path, found.shown):
            if isinstance(item, Problem):
                self.problems.append(item)
            else:
                self.add(item, str(item), cleanup, given=False)

    def add_folder(self, folder: Path, cleanup: ExitStack) -> None:
        """Add all files of a folder tree, in the order of their names."""

        def report(error: OSError) -> None:
            self.problems.append(
                Problem(str(error.filename), f"cannot be opened ({error.strerror})")
            )

        for parent, folders, names in os.walk(folder, onerror=report):
            folders.sort()
            for name in sorted(names):
                path = Path(parent, name)
                self.add(path, str(path), cleanup, given=False)

    def close(self) -> None:
        """Turn what was left aside into one problem per folder."""
        for folder, names in self._aside.items():
            shown = ", ".join(names[:_NAMED_ASIDE]) + (", …" if len(names) > _NAMED_ASIDE else "")
            counted = (
                "1 file that is not a scan was left aside"
                if len(names) == 1
                else f"{len(names)} files that are not scans were left aside"
            )
            self.problems.append(Problem(folder, f"{counted}: {shown}"))
        self._aside.clear()


def collect(paths: Iterable[str | Path], cleanup: ExitStack) -> Collection:
    """Return the files under the given paths; temporary folders live as long as `cleanup`."""
    found = Collection()
    for found.turn, given in enumerate(paths):
        path = Path(given)
        if path.is_dir():
            before = len(found.files) + len(found.problems)
            found.add_folder(path, cleanup)
            if len(found.files) + len(found.problems) == before and not any(path.iterdir()):
                found.problems.append(Problem(str(given), "is an empty folder"))
        elif path.exists():
            found.add(path, str(given), cleanup, given=True)
        else:
            found.problems.append(Problem(str(given), "does not exist"))
    found.close()
    return found
