"""`miqa pretrain`: the branches of LAR-IQA learn from several rated sets, before they are one network."""

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


def pretrain(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe for both branches (YAML or lariqa-branches, lariqa-branches-mri)."
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            help="A rated set of the recipe: NAME=FOLDER (as in crossvalidate), NAME=TABLE.csv for a set of any name "
            "(image, mos, reference, subject), or look-alike; repeatable."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the model.")] = Path("runs"),
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    imagenet: Annotated[
        Path | None,
        typer.Option(
            help="Folder with ImageNet weights as timm names them; downloaded where the recipe needs them otherwise."
        ),
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Progress as one JSON object per line on stdout.")
    ] = False,
) -> None:
    """Train each branch of LAR-IQA on several rated sets, a head per set; run it again to go on after a stop."""
    from miqa_app.services.branches import BranchRequest
    from miqa_app.services.branches import pretrain as run

    refuse_unwritable(folders=[out])
    request = BranchRequest(recipe, tuple(data), out, device, imagenet)
    with progress_bar("Branches") as move:

        def report(step: Progress) -> None:
            move(step.done, step.total, f"{step.stage} {metric_words(step.metrics)}".strip())
            if json_lines:
                sys.stdout.write(json.dumps(vars(step)) + "\n")
                sys.stdout.flush()

        folder = run(request, report)
    say(f"The encoders are in {folder}; name that folder as 'start' in a recipe of crossvalidate.")
    sys.stdout.write(f"{folder}\n")
