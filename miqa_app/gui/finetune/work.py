"""What the window of a fine-tuning has done on the other thread; each function is a generator for `Job`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest, MiqaError
from miqa_app.gui.quiet import collector_off, link_readers, link_torch

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.evaluation.evidence import Evidence
    from miqa_app.services.finetune_request import DryRun, FineTuneRequest
    from miqa_app.services.finetune_run import Run
    from miqa_app.services.models import ModelRow


@dataclass(frozen=True)
class Source:
    """Something to learn from.

    Attributes:
        source: as `FineTuneRequest` takes it.
        name: for people.
        detail: a line of lesser words.
    """

    source: str
    name: str
    detail: str


@dataclass(frozen=True)
class Stopped:
    """A training that was stopped and can be gone on with.

    Attributes:
        run: its name.
        source: what it learns from, for people.
        detail: how far it came, in words.
        busy: another window or terminal is at it.
    """

    run: str
    source: str
    detail: str
    busy: bool


@dataclass(frozen=True)
class Choices:
    """What there is to choose from.

    Attributes:
        studies: of the store, the newest first.
        trouble: why the store cannot be read, or ''.
        models: to begin with, the one that came with the program first.
        stopped: trainings that can be gone on with, the newest first.
    """

    studies: tuple[Source, ...]
    trouble: str
    models: tuple[ModelRow, ...]
    stopped: tuple[Stopped, ...]


def choices(url: str | None, own_run: str = "") -> Generator[None, None, Choices]:
    """Return what there is to choose from.

    Args:
        url: of the store, the user's own by default.
        own_run: the run that this window shows, which is no stopped one.
    """
    yield
    from miqa_app.registry import shipped_model
    from miqa_app.services.finetune_run import unfinished_runs
    from miqa_app.services.models import models

    try:
        studies, trouble = _studies(url), ""
    except MiqaError as error:
        studies, trouble = (), str(error)
    yield
    first = shipped_model().sha256
    rows = sorted(models(), key=lambda row: (row.sha256 != first, row.name))
    yield
    stopped = tuple(_stopped(run) for run in unfinished_runs() if run.name != own_run)
    return Choices(studies, trouble, tuple(rows), stopped)


def checked(request: FineTuneRequest) -> Generator[dict[str, Any], None, DryRun]:
    """Return what can be said before the first epoch."""
    yield {"event": "stage", "words": "Preparing"}
    # what it needs is large; linked like this, the window goes on painting meanwhile
    with collector_off():
        link_readers()
        link_torch()
        from miqa_app.services.finetune import check
    return (yield from check(request))


def evidence_of(folder: Path) -> Generator[None, None, Evidence | None]:
    """Return the evidence on a model, None where it has none."""
    yield
    from miqa_app.evaluation.evidence import read_evidence
    from miqa_app.registry.acceptance import evidence_file

    path = evidence_file(folder)
    return read_evidence(path) if path.is_file() else None


def discarded(name: str) -> Generator[None, None, str]:
    """Remove a stopped training and return its name."""
    yield
    from miqa_app.services.finetune_run import find_run

    run = find_run(name)
    with run.locked():
        run.remove()
    return name


def _studies(url: str | None) -> tuple[Source, ...]:
    from miqa_app.store import Archive

    with Archive(url) as archive:
        found = []
        for study in archive.studies():
            items = sum(one.counted for one in study.items)
            joined = len(archive.raters(study.key))
            raters = "1 rater" if joined == 1 else f"{joined} raters"
            found.append(Source(study.name, study.name, f"{items} items · {raters}"))
        return tuple(found)


def _stopped(run: Run) -> Stopped:
    try:
        asked = run.request()
        source = Path(asked["source"]).name
    except (BadRequest, KeyError, TypeError):
        source = "?"
    try:
        with run.locked():
            busy = False
    except BadRequest:
        busy = True
    return Stopped(run.name, source, "runs in another window" if busy else _how_far(run), busy)


def _how_far(run: Run) -> str:
    """Return the last thing that a run told of itself."""
    training, epoch = "", ""
    try:
        lines = run.progress.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the line at which the power went
        if event.get("event") == "training":
            training, epoch = str(event["words"]), ""
        elif event.get("event") == "epoch" and event["epoch"]:
            epoch = f", seed {event['seed']}, epoch {event['epoch']} of {event['epochs']}"
    return f"stopped at: {training[:1].lower()}{training[1:]}{epoch}" if training else "not begun"
