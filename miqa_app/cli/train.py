"""`miqa train`: from a recipe to a model folder, with progress, resumable."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import metric_words, progress_bar, say

if TYPE_CHECKING:
    from miqa_app.training.progress import Progress


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe file (YAML).")],
    data: Annotated[
        Path,
        typer.Option(
            help="Folder that holds the scans the recipe names, or a file made by --pack."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for checkpoints and, at the end, the model.")
    ] = Path("runs"),
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Progress as one JSON object per line on stdout.")
    ] = False,
    go_on_from: Annotated[
        str | None,
        typer.Option(
            help="A model that this recipe trained up to some step, here or on another machine: go on from there."
        ),
    ] = None,
    imagenet: Annotated[
        Path | None,
        typer.Option(
            help="Folder with ImageNet weights as timm names them (resnet18.tv_in1k.safetensors), for a recipe with 'warm_start: imagenet'; downloaded otherwise."
        ),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(
            help="Only write the clean slices that the recipe and its evaluations need to this .npz file, to train on a machine without the scans."
        ),
    ] = None,
    freeze_index: Annotated[
        Path | None,
        typer.Option(
            help="Only fit the mapping of the quality index on the training pool and write it here."
        ),
    ] = None,
) -> None:
    """Train a model as a recipe says; run it again to go on after a stop."""
    refuse_unwritable(files=[pack, freeze_index], folders=[None if pack else out])
    from miqa_app.services.train import freeze_quality_index, pack_slices, train_model
    from miqa_app.training.recipe import read_recipe

    checked = read_recipe(recipe)
    if pack is not None:
        count = pack_slices(checked, data, pack)
        say(f"{count} slices are in {pack}, {pack.stat().st_size / 1e6:.0f} MB.")
        return
    run = out / checked.name
    run.mkdir(parents=True, exist_ok=True)
    with progress_bar("Pool") as move:

        def report(step: Progress) -> None:
            move(step.done, step.total, f"{step.stage} {metric_words(step.metrics)}".strip())
            if json_lines:
                sys.stdout.write(json.dumps(vars(step)) + "\n")
                sys.stdout.flush()

        if freeze_index is not None:
            freeze_quality_index(checked, data, run, freeze_index, report)
            return
        folder = train_model(checked, data, run, report, go_on_from, imagenet)
    say(f"The model is in {folder}; its card says how good it is.")
    sys.stdout.write(f"{folder}\n")
