"""`miqa crossvalidate`: rated images scored by methods that never saw their reference."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say

if TYPE_CHECKING:
    from miqa_app.training.progress import Progress


def crossvalidate(
    data: Annotated[
        str,
        typer.Option(
            help="The rated set: NAME=FOLDER (rad-iqmri, live, tid2013, kadid10k, koniq10k, mr-art, abide), the path of "
            "a .csv table (image, mos, reference, subject), look-alike for the synthetic set, or held-out-1=SCANS or "
            "held-out-2=SCANS for simulated artefacts on subjects that no bundled model learnt from."
        ),
    ],
    folds: Annotated[int, typer.Option(help="Number of folds.")] = 8,
    by: Annotated[
        str, typer.Option(help="What is never parted: reference or subject.")
    ] = "reference",
    configs: Annotated[
        str,
        typer.Option(
            help="A list of rows (YAML or table-2, table-3, table-4, table-6, quick); the recipe alone by default."
        ),
    ] = "",
    recipe: Annotated[
        str,
        typer.Option(
            help="A recipe (YAML or ridge, frozen, rad-iqmri, three-stage, quick, mr-art, abide, …)."
        ),
    ] = "ridge",
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("runs"),
    seeds: Annotated[int, typer.Option(help="Runs of each method that begins at random.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    imagenet: Annotated[
        Path | None,
        typer.Option(
            help="Folder with ImageNet weights as timm names them (resnet34.tv_in1k.safetensors); downloaded where a recipe needs them otherwise."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(help="A set that the recipe learns from first, as NAME=FOLDER; repeatable."),
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Progress as one JSON object per line on stdout.")
    ] = False,
) -> None:
    """Cross-validate methods on a rated set; run it again to go on after a stop."""
    refuse_unwritable(folders=[out])
    from miqa_app.services.crossvalidate import Request
    from miqa_app.services.crossvalidate import crossvalidate as run

    request = Request(
        data, folds, by, recipe, configs, out, seeds, device, imagenet, tuple(also or ())
    )
    with progress_bar("Folds") as move:

        def report(step: Progress) -> None:
            words = " ".join(
                f"{name.split('/')[-1]} {value:.3f}"
                for name, value in sorted(step.metrics.items())
                if name in ("srocc", "plcc", "validation/srocc", "train/loss")
            )
            move(step.done, step.total, f"{step.stage} {words}".strip())
            if json_lines:
                sys.stdout.write(json.dumps(vars(step)) + "\n")
                sys.stdout.flush()

        folder = run(request, report)
    if not json_lines:
        sys.stdout.write((folder / "table.md").read_text(encoding="utf-8"))
    say(f"Predictions, tables and the record are in {folder}.")
    sys.stdout.write(f"{folder}\n")
