"""`miqa models`: what is installed, which model scores and who decided so, and models between sites."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from miqa_app.cli import model_changes, model_forms, thresholds
from miqa_app.cli.model_tables import model_table, network_table
from miqa_app.cli.outputs import refuse_unwritable

if TYPE_CHECKING:
    from miqa_app.services.models import ModelRow, NetworkRow, RegistryStatus

app = typer.Typer(
    no_args_is_help=True, help="List, verify, promote, roll back, export and import models."
)
app.command("promote")(model_changes.promote)
app.command("rollback")(model_changes.rollback)
app.command("shadow")(model_changes.shadow)
app.command("export")(model_forms.export)
app.command("import")(model_changes.import_)
app.command("prepare")(model_forms.prepare)
app.add_typer(thresholds.app, name="thresholds")


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models, which have weights and score, with what each is to the site: bundled, candidate, shadow, active or retired; then the networks, designs of which `miqa train` makes a model.

    As JSON: a row per model, then one in state 'not trained' per network of which no model is installed.
    """
    from miqa_app.services.models import models, networks

    sizes = {network.name: network for network in networks()}
    installed = models()
    rows: list[dict[str, Any]] = [
        {
            "name": model.name,
            "active": model.state == "active",
            "state": str(model.state),
            "verdict": model.verdict,
            "sha256": model.sha256,
            "training": model.training,
            "path": str(model.path),
            "network": model.network,
            "family": model.family,
            "judges": model.judges,
            "srocc": model.srocc,
            **_counts(sizes.get(model.network)),
        }
        for model in installed
    ]
    known = {model.network for model in installed}
    rows += [
        {
            "name": name,
            "active": False,
            "state": "not trained",
            "verdict": "",
            "sha256": None,
            "training": "",
            "path": None,
            "network": name,
            "family": network.family,
            "judges": False,
            "srocc": None,
            **_counts(network),
        }
        for name, network in sizes.items()
        if name not in known
    ]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    console = Console(width=None if sys.stdout.isatty() else 160)
    heading = "Models: they have weights and score. SROCC: how they rank simulated artefacts in scans they never saw."
    console.print(heading, style="bold", highlight=False)
    console.print(model_table([row for row in rows if row["sha256"]]))
    console.print(
        "\nNetworks: designs; a training makes models of them.", style="bold", highlight=False
    )
    console.print(network_table(list(sizes.values()), installed))


def _counts(network: NetworkRow | None) -> dict[str, int | None]:
    """Return weights and multiply-accumulates at 224 × 224 of a network; None for one that is not in the table."""
    return {
        "weights": network.weights if network else None,
        "macs": network.operations if network else None,
    }


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name or folder of the model.")],
    whole: Annotated[
        bool,
        typer.Option("--whole", help="The whole card: data, training, every figure, scope, maps."),
    ] = False,
) -> None:
    """Say what a model is, what its score means, how good it is and where it fails."""
    from miqa_app.cli.model_card import print_card
    from miqa_app.registry import find_model

    print_card(find_model(name), whole=whole)


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
    engine: Annotated[
        str,
        typer.Option(help="auto (the fastest exact one that is ready), torch or openvino."),
    ] = "auto",
) -> None:
    """Measure interval and figures anew and write the model with its new card; the weights stay as they are.

    It takes up to an hour and more; after a stop, the same command goes on behind the last part that was done.
    """
    refuse_unwritable(folders=[out])
    from miqa_app.cli.progress import progress_bar, say
    from miqa_app.services.measure import remeasure

    with progress_bar("Measuring") as move:
        folder = remeasure(
            name, data, out, engine, lambda stage, done, total: move(done, total, stage)
        )
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
    refuse_unwritable(folders=[out])
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


@app.command()
def state(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which model is active, which one is in its shadow, with which thresholds, and what changed: exit code 1 where no sound model is active."""
    from miqa_app.services.models import status

    now = status()
    if as_json:
        document = {
            "active": _brief(now.active),
            "problem": now.problem,
            "shadow": _brief(now.shadow),
            "thresholds": asdict(now.thresholds),
            "interrupted": now.interrupted,
            "unaudited": now.unaudited,
            "history": [change.model_dump() for change in now.history],
        }
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in _state_lines(now):
            sys.stdout.write(f"{line}\n")
    if now.active is None:
        raise typer.Exit(1)


@app.command()
def evidence(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Print where the evidence of a model lies."""
    from miqa_app.services.models import evidence_page

    sys.stdout.write(f"{evidence_page(name)}\n")


def _brief(model: ModelRow | None) -> dict[str, Any] | None:
    if model is None:
        return None
    return {
        "name": model.name,
        "sha256": model.sha256,
        "since": model.since,
        "by": list(model.by),
        "verdict": model.verdict,
        "evidence": str(model.evidence) if model.evidence else None,
    }


def _state_lines(now: RegistryStatus) -> list[str]:
    lines = [
        f"Active: {_placed(now.active)}" if now.active else f"No sound active model. {now.problem}"
    ]
    if now.active and now.problem:
        lines.append(f"Shadow: {now.problem}")
    if now.shadow:
        lines.append(f"Shadow: {_placed(now.shadow)}")
    known = "" if now.thresholds.calibrated else " (uncalibrated)"
    lines.append(
        f"Thresholds: accept from {now.thresholds.accept:.0f}, consider a rescan below {now.thresholds.rescan:.0f}{known}"
    )
    if now.interrupted:
        lines.append(f"Attention: {now.interrupted}.")
    if now.unaudited:
        lines.append(
            f"Attention: the audit log lacks {now.unaudited} changes; its store was out of reach."
        )
    lines += [
        f"{change.when}  {change.what}: {change.name}, by {' and '.join(change.by)}"
        for change in now.history
    ]
    return lines


def _placed(model: ModelRow) -> str:
    since = f", since {model.since} by {' and '.join(model.by)}" if model.since else ""
    return f"{model.name} (SHA-256 {model.sha256[:12]}…{since})"
