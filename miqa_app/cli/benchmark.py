"""`miqa benchmark`: figures of a model on scans that training never saw."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from miqa_app.cli.progress import progress_bar

app = typer.Typer(no_args_is_help=True, help="Measure a model on held-out scans.")


@app.callback()
def group() -> None:
    """Keep the sub-command's name in the command line although there is only one so far."""


@app.command("held-out")
def held_out(
    data: Annotated[Path, typer.Option(help="Folder that holds the scans the evaluation names.")],
    model: Annotated[
        str | None, typer.Option(help="Name or folder of the model; the active one by default.")
    ] = None,
    evaluation: Annotated[str, typer.Option(help="Name of the frozen evaluation.")] = "held-out-1",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the figures of the frozen evaluation, with NIQE and gradient entropy beside the model."""
    from miqa_app.evaluation.figures import as_table
    from miqa_app.services.train import evaluate

    with progress_bar("Evaluation") as move:
        figures = evaluate(
            model, evaluation, data, lambda done, total: move(done, total, "Evaluation")
        )
    sys.stdout.write((json.dumps(figures, indent=2) if as_json else as_table(figures)) + "\n")
