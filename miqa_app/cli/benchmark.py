"""`miqa benchmark`: figures of a model on scans that training never saw."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from miqa_app.cli.outputs import refuse_unwritable
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
    out: Annotated[
        Path | None, typer.Option(help="Also write every image's target and scores as a CSV file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the figures of a frozen evaluation, with reference-free measures beside the model."""
    refuse_unwritable([out])
    from miqa_app.evaluation.figure_tables import as_table
    from miqa_app.evaluation.predictions import write_predictions
    from miqa_app.services.measure import evaluate

    with progress_bar("Evaluation") as move:
        figures, predictions = evaluate(
            model, evaluation, data, lambda stage, done, total: move(done, total, stage)
        )
    if out is not None:
        write_predictions(predictions, out)
    sys.stdout.write((json.dumps(figures, indent=2) if as_json else as_table(figures)) + "\n")


@app.command("real")
def real(
    data: Annotated[Path, typer.Option(help="Folder that holds the scans with real artefacts.")],
    model: Annotated[
        str | None, typer.Option(help="Name or folder of the model; the active one by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the table, the rows as CSV and plots here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a model makes of real artefacts: fetal motion, late echoes, phantoms, calculated images."""
    refuse_unwritable(folders=[out])
    from miqa_app.evaluation.real_artefact_report import as_table
    from miqa_app.services.checks import check_real_artefacts

    with progress_bar("Real artefacts") as move:
        figures = check_real_artefacts(model, data, move, out)
    sys.stdout.write((json.dumps(figures, indent=2) if as_json else as_table(figures)) + "\n")


@app.command("explanations")
def explanations(
    data: Annotated[Path, typer.Option(help="Folder that holds the scans of the evaluation.")],
    model: Annotated[
        str | None, typer.Option(help="Name or folder of the model; the active one by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the score maps: against random weights, by repairing the worst region, and with pasted artefacts."""
    from miqa_app.evaluation.explanations import as_table
    from miqa_app.services.checks import check_explanations

    with progress_bar("Explanations") as move:
        figures = check_explanations(model, data, move)
    sys.stdout.write((json.dumps(figures, indent=2) if as_json else as_table(figures)) + "\n")


@app.command("scope")
def scope(
    data: Annotated[Path, typer.Option(help="Folder that holds the scans the list names.")],
    model: Annotated[
        str | None, typer.Option(help="Name or folder of the model; the active one by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how often the scope check refuses what it must, and what it must not, per category with counts."""
    from miqa_app.evaluation.scope_check import as_table
    from miqa_app.services.scope import check

    with progress_bar("Scope") as move:
        figures = check(model, data, lambda done: move(done, 0, "Scope"))
    sys.stdout.write((json.dumps(figures, indent=2) if as_json else as_table(figures)) + "\n")


@app.command("report")
def report(
    predictions: Annotated[
        Path,
        typer.Argument(help="CSV of image, reference, target[, ci], group:NAME…, method:NAME…."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the report: new, empty, or an earlier one.")],
    against: Annotated[
        str, typer.Option(help="Method the others are compared with; the best one by default.")
    ] = "",
    details: Annotated[
        Path | None, typer.Option(help="CSV of a column 'method' and further columns to show.")
    ] = None,
    target: Annotated[str, typer.Option(help="What the targets are, for the axes.")] = "Target",
    title: Annotated[str, typer.Option(help="Heading of the report.")] = "Benchmark",
) -> None:
    """Write tables, significance tests and plots of any methods' predictions as HTML, Markdown and CSV."""
    refuse_unwritable(folders=[out])
    from miqa_app.reports.benchmark import Wishes
    from miqa_app.services.benchmark import benchmark_report

    wishes = Wishes(title=title, target=target, against=against)
    steps = benchmark_report(predictions, out, wishes, details)
    with progress_bar("Benchmark") as move:
        while True:
            try:
                move(0, 0, next(steps))
            except StopIteration as end:
                page = end.value
                break
    sys.stdout.write(f"{page}\n")


@app.command()
def ablation(
    variants: Annotated[Path, typer.Argument(help="A list of variants of a recipe (YAML).")],
    data: Annotated[Path, typer.Option(help="Folder that holds the scans the recipe names.")],
    out: Annotated[Path, typer.Option(help="Folder for the runs and the table.")] = Path(
        "ablation"
    ),
) -> None:
    """Train each variant for a short time and print what it is worth; run it again to go on after a stop."""
    refuse_unwritable(folders=[out])
    from miqa_app.services.ablate import ablate, as_markdown

    with progress_bar("Ablation") as move:
        table = ablate(variants, data, out, lambda step: move(step.done, step.total, step.stage))
    sys.stdout.write(as_markdown(table) + "\n")


@app.command("methods")
def methods(
    data: Annotated[
        str,
        typer.Option(
            help="The rated set: NAME=FOLDER (rad-iqmri, live, tid2013, kadid10k, koniq10k, mr-art, abide), the path of "
            "a .csv table, look-alike for the synthetic set, or held-out-1=SCANS or held-out-2=SCANS for simulated "
            "artefacts on subjects that no bundled model learnt from (with --by subject)."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of the results; an earlier run in it goes on.")
    ] = Path("benchmark"),
    methods: Annotated[
        str, typer.Option(help="Some methods of the list, by name with commas; all by default.")
    ] = "",
    table: Annotated[
        str,
        typer.Option(
            "--list",
            help="A list of methods (YAML or methods, table-5, cross-data-set, table-2, table-3, table-4, table-6).",
        ),
    ] = "methods",
    folds: Annotated[int, typer.Option(help="Number of folds at most.")] = 8,
    by: Annotated[
        str, typer.Option(help="What is never parted: reference or subject.")
    ] = "reference",
    seeds: Annotated[int, typer.Option(help="Runs of each method that begins at random.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    imagenet: Annotated[
        Path | None,
        typer.Option(
            help="Folder with ImageNet weights as timm names them; downloaded where a recipe needs them otherwise."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(help="A set that recipes learn from first, as NAME=FOLDER; repeatable."),
    ] = None,
    large: Annotated[
        bool, typer.Option("--large", help="Train on a CPU what takes hours there.")
    ] = False,
) -> None:
    """Put methods for image quality side by side on one set: figures, significance, time, weights; run again to go on."""
    refuse_unwritable(folders=[out])
    from miqa_app.services.methods import MethodsRequest, compare_methods

    names = tuple(name for name in methods.split(",") if name.strip())
    request = MethodsRequest(
        data, out, names, table, folds, by, seeds, device, imagenet, tuple(also or ()), large
    )
    with progress_bar("Methods") as move:
        page = compare_methods(request, lambda step: move(step.done, step.total, step.stage))
    sys.stdout.write((out / "methods.md").read_text(encoding="utf-8"))
    sys.stdout.write(f"{page}\n")
