"""`miqa models thresholds`: accept, check and rescan as the site's own decisions draw the lines."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Fit, promote and show the thresholds of a model.")

Model = Annotated[
    str | None, typer.Option("--model", help="Name of the model; the active one by default.")
]


@app.command()
def fit(
    decisions: Annotated[
        str,
        typer.Argument(
            help="CSV file of score, decision (accept, check or rescan) and optionally group; 'store' takes the decisions kept by the window."
        ),
    ] = "store",
    model: Model = None,
    sensitivity: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Wished for both cuts; by default sensitivity and specificity weigh alike.",
        ),
    ] = None,
) -> None:
    """Fit thresholds to decisions and propose them; they count from `promote` on."""
    from miqa_app.services.thresholds import fit as fitted
    from miqa_app.services.thresholds import words_of

    proposal = fitted(None if decisions == "store" else decisions, model, sensitivity)
    for line in words_of(proposal):
        sys.stdout.write(f"{line}\n")


@app.command()
def promote(
    by: Annotated[
        str, typer.Option("--by", help="Who decides: a person's name, for the audit log.")
    ],
    second: Annotated[
        str | None, typer.Option(help="A second person, where the site asks for two.")
    ] = None,
    model: Model = None,
) -> None:
    """Put the thresholds last fitted for a model in force."""
    from miqa_app.services.thresholds import promote as put_in_force

    sys.stdout.write(f"{put_in_force(by, second, model)}\n")


@app.command()
def show() -> None:
    """Print the thresholds of the active model with their figures, and what waits to be promoted."""
    from miqa_app.services.thresholds import show as shown
    from miqa_app.services.thresholds import words_of

    now = shown()
    known = "" if now.thresholds.calibrated else " (uncalibrated)"
    sys.stdout.write(
        f"Accept from {now.thresholds.accept:.0f}, consider a rescan below {now.thresholds.rescan:.0f}{known}.\n"
    )
    if now.fitted:
        who = " and ".join(now.fitted.by)
        sys.stdout.write(f"Version {now.fitted.version}, since {now.fitted.since} by {who}.\n")
    for line in words_of(now.proposal) if now.proposal else ():
        sys.stdout.write(f"{line}\n")
    if now.waiting:
        sys.stdout.write("Not in force yet:\n")
        for line in words_of(now.waiting):
            sys.stdout.write(f"{line}\n")
