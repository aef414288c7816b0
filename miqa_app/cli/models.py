"""`miqa models`: what is installed, what a model says of itself, whether it is intact."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="List, show and verify models.")


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the installed models; the active one is marked."""
    from miqa_app.registry import default_model, list_models

    active = default_model().name
    rows: list[dict[str, Any]] = [
        {
            "name": model.name,
            "active": model.name == active,
            "sha256": model.sha256,
            "training": model.identity.training,
            "path": str(model.path),
        }
        for model in list_models()
    ]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("", "name", "sha256", "training"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            "active" if row["active"] else "", row["name"], row["sha256"][:12], row["training"]
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name or folder of the model.")]) -> None:
    """Print the model's card."""
    from miqa_app.registry import find_model

    model = find_model(name)
    sys.stdout.write(
        f"{model.card.rstrip()}\n\nIdentity (SHA-256): {model.sha256}\nFolder: {model.path}\n"
    )


@app.command()
def verify(
    name: Annotated[
        str | None, typer.Argument(help="Name or folder; all models by default.")
    ] = None,
) -> None:
    """Check that weights are complete, finite and as released."""
    from miqa_app.registry import find_model, list_models, verify_model

    faulty = False
    for model in [find_model(name)] if name else list_models():
        faults = verify_model(model)
        faulty |= bool(faults)
        sys.stdout.write(f"{model.name}: {'; '.join(faults) or 'intact'}\n")
    if faulty:
        raise typer.Exit(1)


@app.command()
def measure(
    data: Annotated[Path, typer.Option(help="Folder that holds the scans of the model's recipe.")],
    name: Annotated[
        str | None, typer.Argument(help="Name or folder; the active model by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the model with its new card.")] = Path(
        "measured"
    ),
) -> None:
    """Measure interval and figures anew and write the model with its new card; the weights stay as they are."""
    from miqa_app.cli.progress import progress_bar, say
    from miqa_app.services.measure import remeasure

    with progress_bar("Measuring") as move:
        folder = remeasure(name, data, out, lambda stage, done, total: move(done, total, stage))
    say(f"The model with its new card is in {folder}.")
    sys.stdout.write(f"{folder}\n")


@app.command()
def recalibrate(
    ratings: Annotated[
        str,
        typer.Argument(
            help="Rated images: a CSV file of image, mos, reference, subject, or NAME=FOLDER."
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--model", help="Name or folder; the active model by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the model with its new interval.")] = Path(
        "recalibrated"
    ),
) -> None:
    """Calibrate the interval of a model on your own ratings; its weights and scores stay as they are."""
    from miqa_app.cli.progress import progress_bar, say
    from miqa_app.services.recalibrate import recalibrate as steps_of

    steps = steps_of(ratings, name, out)
    with progress_bar("Recalibrating") as move:
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                folder, words = end.value
                break
            move(done, total, "Rated images")
    say(words)
    sys.stdout.write(f"{folder}\n")
