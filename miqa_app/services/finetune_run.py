"""The folder of a fine-tuning: what was asked for, how far it is, and the lock that keeps a second process away."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from miqa_app.errors import BadRequest
from miqa_app.paths import user_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMA = "miqa.finetune/1"
_REQUEST, _CONTROL, _PROGRESS, _DATA, _MODEL = (
    "request.json", "control", "progress.jsonl", "data", "model",
)  # fmt: skip
_LONGEST_NAME = 60
_OLD_SECONDS = 3600


@dataclass(frozen=True)
class Run:
    """A run and its folder; the run is called as the candidate will be.

    Attributes:
        folder: below the user's data.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Return the name of the run and of its candidate."""
        return self.folder.name

    @property
    def control(self) -> Path:
        """Return the file through which the run is paused and cancelled."""
        return self.folder / _CONTROL

    @property
    def progress(self) -> Path:
        """Return the file that keeps the events, one JSON object per line."""
        return self.folder / _PROGRESS

    @property
    def data(self) -> Path:
        """Return the folder of the exported study."""
        return self.folder / _DATA

    @property
    def model(self) -> Path:
        """Return the folder in which the candidate is put together."""
        return self.folder / _MODEL / self.name

    @property
    def begun(self) -> bool:
        """Return whether the request has been written, which is the moment from which a run can be gone on with."""
        return (self.folder / _REQUEST).exists()

    def training(self, number: int, count: int) -> Path:
        """Return the folder of a training: trial models first, the candidate last."""
        return self.folder / ("candidate" if number == count - 1 else f"trial-{number + 1}")

    def request(self) -> dict[str, Any]:
        """Return what was asked for.

        Raises:
            BadRequest: the file is missing or damaged.
        """
        path = self.folder / _REQUEST
        try:
            stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            known = stored["schema"] == SCHEMA
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{path} cannot be read ({error}); remove the folder {self.folder} and start the training anew."
            raise BadRequest(message) from error
        if not known:
            message = f"{path} was written by another version of the program; remove the folder {self.folder} and start the training anew."
            raise BadRequest(message)
        return stored

    def begin(self, request: Mapping[str, Any]) -> None:
        """Write what was asked for; from now on the run can be gone on with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / _REQUEST, {"schema": SCHEMA, **request})

    def result(self, name: str) -> dict[str, Any] | None:
        """Return a finished part of the run, None where it is not finished."""
        try:
            stored: dict[str, Any] = json.loads(self._part(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return stored

    def keep(self, name: str, result: Mapping[str, Any]) -> None:
        """Keep a finished part, whole or not at all."""
        write_json(self._part(name), result)

    def _part(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; the operating system lets go of it when the process dies.

        Raises:
            BadRequest: another process holds it.
        """
        place = self.folder.with_name(f".{self.name}.lock")
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(str(place))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            message = f"The training {self.name} is running already, in another window or terminal."
            raise BadRequest(message) from None
        try:
            yield
        finally:
            lock.release()
            with suppress(OSError):
                place.unlink()

    def remove(self) -> None:
        """Remove the folder; first the request, so that a half-removed run is no run."""
        with suppress(OSError):
            (self.folder / _REQUEST).unlink()
        shutil.rmtree(self.folder, ignore_errors=True)


def runs_folder() -> Path:
    """Return the folder of all runs."""
    return user_data() / "finetune"


def unfinished_runs() -> list[Run]:
    """Return the runs that were stopped and can be gone on with, the newest first."""
    root = runs_folder()
    found = [Run(path) for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    begun = [run for run in found if run.begun]
    return sorted(begun, key=lambda run: (run.folder / _REQUEST).stat().st_mtime, reverse=True)


def find_run(name: str) -> Run:
    """Return the run of a name or at a path.

    Raises:
        BadRequest: there is none; the message lists those there are.
    """
    place = Path(name) if any(mark in name for mark in "/\\") else runs_folder() / name
    run = Run(place)
    if name in {"", ".", ".."} or not run.begun:
        known = ", ".join(run.name for run in unfinished_runs()) or "there is none"
        message = f"There is no stopped training '{name}'; those that can be gone on with: {known}."
        raise BadRequest(message)
    return run


def new_run(model: str, source: str) -> Run:
    """Return a run of a new name, "<model>-<source>-<yyyymmdd>[-n]"; its folder is made, to hold the name.

    Args:
        model: name of the parent.
        source: name of the study, or stem of the table.
    """
    words = (_plain(model), _plain(source), datetime.now().astimezone().strftime("%Y%m%d"))
    base = "-".join(word for word in words if word)
    number = 1
    while True:
        name = base if number == 1 else f"{base}-{number}"
        number += 1
        if (user_data() / "models" / name).exists():
            continue
        with suppress(FileExistsError):
            (runs_folder() / name).mkdir(parents=True)
            return Run(runs_folder() / name)


def sweep() -> None:
    """Remove folders of runs that were killed before they had begun."""
    root = runs_folder()
    for path in list(root.iterdir()) if root.is_dir() else []:
        run = Run(path)
        old = time.time() - path.stat().st_mtime > _OLD_SECONDS
        if path.is_dir() and not path.name.startswith(".") and old and not run.begun:
            with suppress(BadRequest), run.locked():
                run.remove()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all, and on the disk when this returns."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _plain(text: str) -> str:
    """Return a name in lower case letters, digits and hyphens; a hash where nothing is left of it."""
    short = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[: _LONGEST_NAME // 2].strip("-")
    return short or hashlib.sha256(text.encode()).hexdigest()[:8]
