"""`miqa audit`: what was done, and whether the store is as it was written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miqa_app.cli.progress import progress_bar

if TYPE_CHECKING:
    from miqa_app.store.soundness import Verdict

app = typer.Typer(no_args_is_help=True, help="Read and check the audit log; back the store up.")

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


@app.command("log")
def log_command(
    last: Annotated[int, typer.Option(help="How many of the newest entries.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    store: Store = None,
) -> None:
    """Print who did what and when, newest last."""
    from miqa_app.services.audit import log

    entries = log(store, last)
    if as_json:
        sys.stdout.write(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
        return
    for entry in entries:
        detail = json.dumps(entry["detail"], ensure_ascii=False) if entry["detail"] else ""
        sys.stdout.write(
            f"{entry['sequence']:>6}  {entry['recorded']}  {entry['actor']}  {entry['action']}  {detail}".rstrip()
            + "\n"
        )


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    store: Store = None,
) -> None:
    """Copy the store into one file, also while windows are open; a plain copy would miss the newest votes."""
    from miqa_app.services.audit import back_up

    back_up(store, file)
    sys.stdout.write(f"{file}\n")
