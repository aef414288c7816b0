"""`miqa score`: assess every series under the given paths."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from miqa_app import __version__
from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miqa_app.core.series import Problem
    from miqa_app.reports.result_json import Entry
    from miqa_app.services.score import Scored, Scorer


_LONGEST_NAME = 32


def score(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, zips or DICOMDIRs.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the results as JSON; '-' writes to stdout.")
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row per series.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for an HTML and a PDF report per study.")
    ] = None,
    maps: Annotated[
        Path | None,
        typer.Option(
            help="Folder for one NumPy score map (0-100, as large as the slice) per slice."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Name or folder of the model; the active one by default.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    engine: Annotated[
        str,
        typer.Option(
            help="auto (the fastest exact one that is ready), torch, openvino, or fast (bfloat16: up to 1.5 points off)."
        ),
    ] = "auto",
    identify: Annotated[
        bool, typer.Option("--identify", help="Keep full paths, UIDs and the patient's identity.")
    ] = False,
    record: Annotated[
        bool,
        typer.Option(
            "--record", help="Keep the assessments, for `miqa assessments` and `miqa drift`."
        ),
    ] = False,
    store: Annotated[
        str | None,
        typer.Option(
            help="Where --record keeps them: file or URL; the variable MIQA_STORE, or the usual place, by default."
        ),
    ] = None,
) -> None:
    """Assess every series under the given paths.

    Exit code: 0 all done, 1 some inputs could not be read, 2 wrong usage.
    """
    from miqa_app.registry import find_model
    from miqa_app.reports.result_json import as_document, write_json
    from miqa_app.services.score import Scorer

    refuse_missing(paths)
    refuse_unwritable([None if str(json_file) == "-" else json_file, csv_file], [report, maps])
    if model is not None:
        find_model(model)  # a wrong name is told before torch is loaded
    scorer = Scorer(model, device, os.cpu_count() or 1, engine)
    scored, problems = _run(paths, scorer)
    if record:
        _record(scored, scorer, store)
    entries = [(item.series, item.assessment) for item in scored]
    document = as_document(entries, problems, paths, identify=identify, app_version=__version__)
    if json_file is not None and str(json_file) != "-":
        write_json(document, json_file)
    if csv_file is not None:
        from miqa_app.reports.result_csv import write_csv

        write_csv(entries, csv_file, paths, identify=identify)
    if maps is not None:
        _write_maps(scored, maps)
    if report is not None:
        # brings matplotlib
        from miqa_app.services.report import write_report

        for words in write_report(entries, problems, report, identify=identify):
            say(words)
    if json_file is not None and str(json_file) == "-":
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        print_table(document, entries)
    for problem in document["problems"]:
        say(f"{problem['source']}: {problem['reason']}")
    if problems or not scored:
        raise typer.Exit(1)


def refuse_missing(paths: Sequence[Path]) -> None:
    """Raise BadRequest that names every path that is not there."""
    from miqa_app.errors import BadRequest

    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        message = f"There is no file or folder {', '.join(missing)}; check the path."
        raise BadRequest(message)


def _run(paths: Sequence[Path], scorer: Any) -> tuple[list[Scored], list[Problem]]:
    from miqa_app.services.score import score as steps

    with progress_bar("Reading") as move:
        result: tuple[list[Scored], list[Problem]] = drained(steps(paths, scorer), Shower(move))
    return result


def _record(scored: Sequence[Scored], scorer: Scorer, store: str | None) -> None:
    """Keep the assessments, then what a model on trial says of the same series."""
    from miqa_app.errors import MiqaError
    from miqa_app.services import assessments
    from miqa_app.store import Archive

    with Archive(store) as archive, progress_bar("Keeping") as move:
        keys = [assessments.record(archive, one.series, one.assessment) for one in scored]
        say(f"Kept {sum(key is not None for key in keys)} assessments in {archive.where}.")
        for number, (key, one) in enumerate(zip(keys, scored, strict=True)):
            move(number, len(scored), "Scoring with the model on trial")
            try:
                shadow = drained(scorer.shadow(one.series), _ignore)
            except MiqaError as error:
                say(f"The model on trial could not score: {error}")
                return
            if key is not None and shadow is not None:
                assessments.record_shadow(archive, key, shadow)


def _ignore(step: object) -> None:
    """Take a step that nobody shows."""


class Shower:
    """Turns the steps of scoring into movements of the bar."""

    def __init__(self, move: Callable[[int, int, str], None]) -> None:
        self._move, self._frames, self._done, self._words = move, 0, 0, ""
        self._series, self._opened = 0, 0

    def __call__(self, step: object) -> None:
        """Show one step."""
        from miqa_app.core.assessment import SlicePrediction
        from miqa_app.imaging.events import Completed, Opened, Scanned

        if isinstance(step, Scanned):
            self._move(step.done, step.total, "Reading")
        elif isinstance(step, Opened):
            self._opened += 1
        elif isinstance(step, Completed):
            self._frames, self._done = step.series.frames, 0
            self._series += 1
            name = step.series.description[:_LONGEST_NAME]
            self._words = f"Scoring series {self._series} of {self._opened} {name}".rstrip()
        elif isinstance(step, SlicePrediction):
            self._done += 1
            self._move(self._done, self._frames, self._words)


def drained(steps: Any, show: Callable[[Any], None]) -> Any:
    """Return what a generator returns, showing every step."""
    while True:
        try:
            show(next(steps))
        except StopIteration as end:
            return end.value


def _write_maps(scored: Sequence[Scored], folder: Path) -> None:
    """Write one float32 score map per scored slice, rows and columns as the slice."""
    import numpy as np

    from miqa_app.core.heatmap import upsample
    from miqa_app.imaging.deidentify import hashed

    folder.mkdir(parents=True, exist_ok=True)
    for item in scored:
        name = hashed(item.series.uid or item.series.key)
        for prediction in item.assessment.slices:
            file = folder / f"{name}_{item.series.key[:8]}_{prediction.index:04d}.npy"
            np.save(file, upsample(prediction.score_map, item.series.shape))


def _names(entries: Sequence[Entry]) -> list[str]:
    """Return what each series is called, with what tells it from others of the same name."""
    from miqa_app.core.naming import distinction

    every = [series for series, _ in entries]
    labels = []
    for series in every:
        name = series.description or Path(series.source).name
        apart = distinction(series, every)
        labels.append(f"{name} · {apart}" if apart and apart != name else name)
    return labels


def print_table(document: dict[str, Any], entries: Sequence[Entry]) -> None:
    """Print a row per series on stdout, and below why a series was not assessed and what else must be known."""
    labels = _names(entries)
    console = Console(width=None if sys.stdout.isatty() else 160)
    if document["series"]:
        console.print(_table(document, labels))
    for row, label, (_, assessment) in zip(document["series"], labels, entries, strict=True):
        if row["reason"]:
            console.print(f"{label}: not assessed: {row['reason']}.", highlight=False, markup=False)
        if assessment.doubt:
            console.print(f"{label}: {assessment.doubt_sentence}", highlight=False, markup=False)
        for note in (*row["warnings"], *row["notes"]):
            console.print(f"{label}: {note}", highlight=False, markup=False)
    if document["series"]:
        console.print(
            "Scores: 100 = best. Advisory only: not a certified medical device.",
            style="dim",
            highlight=False,
        )


def _table(document: dict[str, Any], labels: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("series", "frames", "score", "90 % interval", "verdict", "suspected"):
        table.add_column(column)
    for row, label in zip(document["series"], labels, strict=True):
        low, high = row["interval"] or (None, None)
        table.add_row(
            escape(label),
            str(row["frames"]),
            "–" if row["score"] is None else f"{row['score']:.0f}",
            "–" if low is None else f"{low:.0f}–{high:.0f}",
            row["verdict"].replace("_", " ")
            + ("" if row["score"] is None else _calibration_words(document)),
            row["suspected"].replace("_", " "),
        )
    return table


def _calibration_words(document: dict[str, Any]) -> str:
    return "" if document["thresholds"]["calibrated"] else " (uncalibrated)"
