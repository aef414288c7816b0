"""What `miqa models` makes of a model for other programs and for this computer: ONNX, and the graph of the fast engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from miqa_app.cli import model_changes
from miqa_app.cli.outputs import refuse_unwritable


def export(
    name: Annotated[str, typer.Argument(help="Name of a model; with evidence for an archive.")],
    file: Annotated[Path | None, typer.Argument(help="The archive to write.")] = None,
    onnx: Annotated[
        Path | None,
        typer.Option(help="Write the network as ONNX instead, for slices of every size."),
    ] = None,
) -> None:
    """Write a model with its evidence to one signed file for another site; nothing in it names people or places.

    With --onnx: only the network, for other programs (opset 20; batch, height and width are free, sides multiples of 32).
    """
    from miqa_app.errors import BadRequest

    if file is None and onnx is None:
        message = "Name the archive to write, or write the network alone with --onnx FILE."
        raise BadRequest(message)
    if file is not None and onnx is not None:
        raise BadRequest("Name either the archive to write or the file after --onnx, not both.")
    refuse_unwritable([file, onnx])
    if file is not None:
        model_changes.export(name, file)
    elif onnx is not None:
        _export_onnx(name, onnx)


def _export_onnx(name: str, file: Path) -> None:
    from miqa_app.cli.progress import say
    from miqa_app.registry import find_model
    from miqa_app.services.export_onnx import export_onnx

    find_model(name)  # a wrong name is told before the wait is announced
    say("Writing the network as ONNX takes up to a minute.")
    sys.stdout.write(f"{export_onnx(name, file)}\n")


def prepare(
    name: Annotated[
        str | None, typer.Argument(help="Name or folder; the active model by default.")
    ] = None,
) -> None:
    """Make a model's graph for the fast exact engine, measure the engines of this computer, and keep the choice."""
    from miqa_app.cli.progress import progress_bar
    from miqa_app.cli.score import drained
    from miqa_app.services.engine_choice import choose
    from miqa_app.training.finetune.priority import run_in_background

    run_in_background()
    with progress_bar("Preparing") as move:
        choice = drained(choose(name), lambda step: move(step.done, step.total, step.words))
    sys.stdout.write(f"{choice.words}\n")
