"""`miqa audit`: whether the store of the rating studies is as it was written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.progress import progress_bar

if TYPE_CHECKING:
    from miqa_app.store.soundness import Verdict

app = typer.Typer(no_args_is_help=True, help="Check the audit log, or print its head to keep.")

Store = Annotated[
    str | None,
    typer.Option(help="File or URL; the variable MIQA_STORE, or the usual place, by default."),
]


@app.command()
def verify(
    head: Annotated[
        str | None, typer.Option(help="A head printed earlier; shows whether the end was cut off.")
    ] = None,
    store: Store = None,
) -> None:
    """Check the store against its audit log: exit code 0 when sound, 1 when not."""
    from miqa_app.cli.score import drained
    from miqa_app.services.audit import verify as steps

    with progress_bar("Checking") as move:
        verdict: Verdict = drained(
            steps(store, head), lambda step: move(step[0], step[1], "Checking")
        )
    if verdict.faults:
        more = f" (and {len(verdict.faults) - 1} more)" if len(verdict.faults) > 1 else ""
        sys.stdout.write(f"Not sound{more}: {verdict.faults[0]}\n")
        for fault in verdict.faults[1:]:
            sys.stderr.write(f"{fault}\n")
        raise typer.Exit(1)
    end = "" if head else "; a cut end shows only with --head"
    count = verdict.head.sequence
    sys.stdout.write(f"Sound: {count} {'entry' if count == 1 else 'entries'}{end}.\n")


@app.command("head")
def head_command(store: Store = None) -> None:
    """Print number and hash of the last entry; keep it outside the store for `miqa audit verify --head`."""
    from miqa_app.services.audit import head

    sys.stdout.write(f"{head(store)}\n")
