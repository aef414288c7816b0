"""`miqa drift`: whether the image quality of a scanner, sequence or coil has moved."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say

if TYPE_CHECKING:
    from miqa_app.evaluation.drift.record import Drift


def drift(
    weeks: Annotated[int, typer.Option(help="Leave alarms out that ended longer ago.")] = 52,
    report: Annotated[
        Path | None, typer.Option(help="Write the report: a file that ends in .html or .pdf.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    store: Annotated[
        str | None,
        typer.Option(help="File or URL; the variable MIQA_STORE, or the usual place, by default."),
    ] = None,
) -> None:
    """Say what moved, on which scanner, with which sequence and coil; control charts of all kept assessments.

    Exit code 0 whether or not there is an alarm.
    """
    refuse_unwritable([report])
    from miqa_app.cli.score import drained
    from miqa_app.services.drift import drift as steps
    from miqa_app.services.drift import report_ending, write_drift_report

    if report is not None:
        report_ending(report)
    with progress_bar("Drift") as move:
        state: Drift = drained(steps(store, weeks), lambda words: move(0, 0, words))
    if report is not None:
        write_drift_report(state, report)
        say(f"The report is in {report}.")
    if as_json:
        from miqa_app.reports.drift import as_drift_document

        sys.stdout.write(json.dumps(as_drift_document(state), indent=2, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{state.headline}\n")
    for one in state.alarms:
        sys.stdout.write(f"- {one.words}\n")
    for note in state.notes:
        sys.stdout.write(f"{note}\n")
    if state.model is not None:
        sys.stdout.write(f"{state.rule}\n")
