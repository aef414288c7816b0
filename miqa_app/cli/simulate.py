"""`miqa simulate`: degrade a scan with one artefact, or look at all of them on one sheet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say
from miqa_app.core.artefact_kinds import KEYS

if TYPE_CHECKING:
    from miqa_app.core.series import Problem


def simulate(
    source: Annotated[Path, typer.Argument(help="File or folder of one series.", metavar="IN")],
    out: Annotated[
        Path, typer.Argument(help="A .nii.gz file, a folder for DICOM, or with --sheet a PNG.")
    ],
    artefact: Annotated[str, typer.Option(help=f"One of {', '.join(KEYS)}.")] = "motion",
    severity: Annotated[float, typer.Option(help="0 (unchanged) to 1 (useless).")] = 0.5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same artefact.")] = 0,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Write a contact sheet of all kinds and severities.")
    ] = False,
) -> None:
    """Degrade a scan with one artefact."""
    from miqa_app.cli.score import drained, refuse_missing
    from miqa_app.services.simulate import contact_sheet
    from miqa_app.services.simulate import simulate as steps

    refuse_missing([source])
    if sheet or out.name.endswith((".nii", ".nii.gz")):
        refuse_unwritable([out])
    else:
        refuse_unwritable(folders=[out])
    with progress_bar("Degrading") as move:

        def show(step: Problem | tuple[int, int]) -> None:
            if isinstance(step, tuple):
                move(*step, "Degrading")
            else:
                say(f"{step.source}: {step.reason}.")

        drained(
            contact_sheet(source, out, seed)
            if sheet
            else steps(source, out, artefact, severity, seed),
            show,
        )
    sys.stdout.write(f"{out}\n")
