"""`miqa finetune`: a model learns from a site's own ratings, and shows with evidence whether it got better."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from miqa_app.services.finetune import DryRun, FineTuned


def finetune(
    source: Annotated[
        str,
        typer.Argument(
            help="Name of a study, or a CSV with image, mos, reference, subject and optionally ci, votes, kind, clean, split "
            "(train, validation, test), anatomy, sequence, vendor, field.",
            metavar="STUDY|DATA.csv",
        ),
    ] = "",
    model: Annotated[
        str | None,
        typer.Option(
            help="Model to begin with: lite, base, or another; by default the one that came with the program."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="heads, last, full, adapter, or a YAML file; chosen by the size of the data by default."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the data, and say what would be done.")
    ] = False,
    resume: Annotated[
        str,
        typer.Option(
            help="Go on with this run; the same command again does that by itself.", metavar="RUN"
        ),
    ] = "",
    store: Annotated[
        str | None,
        typer.Option(help="File or URL of the store of studies; your own by default."),
    ] = None,
    json_result: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Progress as one JSON object per line on stdout.")
    ] = False,
) -> None:
    """Fine-tune a model on your own ratings; the model in use stays as it is.

    All GPUs of this computer train together; on several computers, start the same command with torchrun on each. Prints the name of the candidate and the path of its evidence. Ctrl-C cancels within seconds; the same command again
    goes on from the last epoch. Exit code: 0 done, 1 it failed, 2 wrong usage or data that forbid it, 130 cancelled.
    """
    from miqa_app.errors import BadRequest, MiqaError
    from miqa_app.paths import user_data
    from miqa_app.services.finetune import FineTuneRequest, check
    from miqa_app.services.finetune import finetune as steps
    from miqa_app.services.finetune_companions import CANCELLED, companions, gpus
    from miqa_app.services.finetune_run import runs_folder
    from miqa_app.training.finetune.control import Cancelled
    from miqa_app.training.finetune.priority import run_in_background

    if bool(source) == bool(resume):
        raise BadRequest(
            "Give a study or a table to learn from, or a run to go on with (--resume RUN)."
        )
    refuse_unwritable(folders=[runs_folder(), user_data() / "models"])
    request = FineTuneRequest(source, model, recipe, device, store, resume)
    run_in_background()
    teller = _Teller(_lines if json_lines else None)
    try:
        if dry_run:
            _print_dry_run(_driven(check(request), teller), json_result or json_lines)
            return
        with companions(gpus(device)):
            candidate = _driven(steps(request), teller)
    except (KeyboardInterrupt, Cancelled):
        words = _how_to_go_on(teller.run)
        if json_lines:
            _lines({"event": "cancelled", "run": teller.run, "words": words})
        say(words)
        sys.stdout.flush()
        # everything is on the disk, while unloading torch takes seconds on a busy machine
        os._exit(CANCELLED)
    except MiqaError as error:
        if json_lines:
            _lines({"event": "error", "text": str(error)})
        raise
    if candidate is not None:
        _print_result(candidate, json_result=json_result, json_lines=json_lines)


def _driven(steps: Generator[dict[str, Any], None, Any], teller: _Teller) -> Any:
    """Return what the work returns; leaving early stops it."""
    with closing(steps), progress_bar("Reading") as move:
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                return end.value
            teller(event, move)


class _Teller:
    """Shows events: as JSON lines, or a bar and a line per epoch.

    Attributes:
        run: name of the run, '' until it is known.
    """

    def __init__(self, write: Callable[[dict[str, Any]], None] | None) -> None:
        self._write = write
        self._words = "Reading"
        self.run = ""

    def __call__(self, event: dict[str, Any], move: Callable[[int, int, str], None]) -> None:
        kind = event["event"]
        if kind == "run":
            self.run = event["name"]
        if self._write is not None:
            self._write(event)
            return
        if kind == "step":
            left = event.get("seconds_left")
            ending = f", {duration(left)} left" if left and left >= 60 else ""
            move(event["done"], event["total"], f"{self._words}{ending}")
            return
        if kind in ("stage", "training"):
            self._words = event["words"]
            move(0, 0, self._words)
            return
        words = _words(event)
        if words:
            say(words)


def _words(event: dict[str, Any]) -> str:
    """Return an event as a line for people, '' for none."""
    kind = event["event"]
    if kind == "note":
        return str(event["text"])
    if kind == "run" and event["resumed"]:
        return f"Going on with the run {event['name']} where it was stopped."
    if kind == "dry-run":
        return "\n".join(dry_run_lines(event))
    if kind == "epoch":
        return _epoch(event)
    return {"paused": "Paused.", "resumed": "Going on."}.get(kind, "")


def _epoch(event: dict[str, Any]) -> str:
    figures = "  ".join(
        f"{name.upper()} {value:.{digits}f}"
        for name, digits in (("srocc", 3), ("plcc", 3), ("rmse", 1))
        if (value := event.get(name)) is not None
    )
    if event["epoch"] == 0:
        return f"  before training  {figures}"
    loss = event.get("loss")
    told = "" if loss is None else f"loss {loss:.3f}  "
    return f"  seed {event['seed']} of {event['seeds']}, epoch {event['epoch']} of {event['epochs']}  {told}{figures}"


def dry_run_lines(found: dict[str, Any]) -> list[str]:
    """Return what a dry run found in lines for people; see `DryRun.as_json`."""
    marks = {"stop": "Stop: ", "warn": "Careful: ", "info": ""}
    counts = (
        f"{found['images']} images, {found['references']} references, {found['subjects']} subjects."
    )
    lines = [counts, *(marks[one["level"]] + one["words"] for one in found["findings"])]
    if found["stopped"]:
        return lines
    seconds = found["seconds_estimated"]
    return [
        *lines,
        found["split"],
        found["words"],
        f"This takes about {duration(seconds)} on this computer.",
    ]


def duration(seconds: float) -> str:
    """Return a time in the unit that people would use."""
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def _print_dry_run(found: DryRun, as_json: bool) -> None:
    """Print the findings; raise where they forbid the training."""
    if as_json:
        sys.stdout.write(json.dumps(found.as_json(), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(dry_run_lines(found.as_json())) + "\n")
    if found.stopped:
        raise typer.Exit(2)


def _print_result(candidate: FineTuned, *, json_result: bool, json_lines: bool) -> None:
    if json_lines:
        _lines({"event": "done", **candidate.as_json()})
        return
    if json_result:
        sys.stdout.write(json.dumps(candidate.as_json(), ensure_ascii=False, indent=1) + "\n")
        return
    say(candidate.words)
    if candidate.verdict == "pass":
        say(
            f"Read the evidence; then 'miqa models promote {candidate.name} --by NAME' puts it in use."
        )
    sys.stdout.write(f"{candidate.name}\n{candidate.evidence}\n")


def _how_to_go_on(run: str) -> str:
    if not run:
        return "Cancelled; nothing was kept."
    return f"Cancelled. 'miqa finetune --resume {run}', or the same command again, goes on from the last epoch."


def _lines(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()
