"""`miqa models`: what is installed, what a model says of itself, whether it is intact."""

from __future__ import annotations

import json
import sys
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
