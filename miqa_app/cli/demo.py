"""`miqa demo`: the workstation on the bundled phantom, or its report and screenshots without a screen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say

if TYPE_CHECKING:
    from miqa_app.cli.window import Window


def demo(
    ctx: typer.Context,
    headless: Annotated[
        Path | None,
        typer.Option(help="Write report and screenshots to this folder and open no window."),
    ] = None,
) -> None:
    """Open the workstation on the bundled phantom."""
    from miqa_app.services.demo import demo_paths

    paths = demo_paths()
    if headless is None:
        raise typer.Exit(ctx.obj.open([str(path) for path in paths]))
    _headless(paths, headless, ctx.obj)


def _headless(paths: list[Path], folder: Path, window: Window) -> None:
    """Score the phantom, print the table, and write reports and screenshots."""
    refuse_unwritable(folders=[folder])
    from miqa_app import __version__
    from miqa_app.cli.score import Shower, drained, print_table
    from miqa_app.reports.result_json import as_document, write_json
    from miqa_app.services.report import write_report
    from miqa_app.services.score import Scorer
    from miqa_app.services.score import score as steps

    with progress_bar("Reading") as move:
        scored, problems = drained(steps(paths, Scorer(threads=os.cpu_count() or 1)), Shower(move))
    entries = [(item.series, item.assessment) for item in scored]
    folder.mkdir(parents=True, exist_ok=True)
    document = as_document(entries, problems, paths, app_version=__version__)
    write_json(document, folder / "result.json")
    for words in write_report(entries, problems, folder):
        say(words)
    window.screenshots(entries, folder)
    print_table(document, entries)
    say(f"Result, report and screenshots are in {folder}.")
