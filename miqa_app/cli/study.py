"""`miqa study`: rating studies from the scans to the export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.progress import progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.rating.mos.methods import Method
    from miqa_app.rating.study import Study
    from miqa_app.services.study_create import Step
    from miqa_app.store import Archive

app = typer.Typer(
    no_args_is_help=True, help="Rating studies: create, rate, status, next, export, list."
)

Store = Annotated[
    str | None,
    typer.Option(help="File or URL; the variable MIQA_STORE, or the usual place, by default."),
]
Name = Annotated[str, typer.Argument(help="Name of the study.", metavar="STUDY")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the study is called.", metavar="NAME")],
    scans: Annotated[list[Path], typer.Argument(help="Files, folders, zips or DICOMDIRs.")],
    protocol: Annotated[
        str, typer.Option(help="A preset (see `miqa study protocols`) or the .yaml of your own.")
    ] = "sds",
    kinds: Annotated[
        str | None,
        typer.Option(
            help="Artefact kinds, parted by commas, or none for the scans as they are. By default motion, ghosting, "
            "white_noise, blur; none with --pairs auto."
        ),
    ] = None,
    severities: Annotated[
        str, typer.Option(help="Of each kind, above 0 (unchanged) up to 1 (useless).")
    ] = "0.2,0.5,0.8",
    slices: Annotated[int, typer.Option(help="Places in each scan.")] = 2,
    stack: Annotated[int, typer.Option(help="Neighbouring slices shown as one stack.")] = 1,
    pairs: Annotated[
        str, typer.Option(help="auto: rate scans that were repeated in the exam; none.")
    ] = "none",
    seed: Annotated[int, typer.Option(help="Decides artefacts, orders and sides.")] = 1,
    informative: Annotated[
        bool,
        typer.Option(
            "--informative",
            help="Ask the active model how unsure it is of each item, and show first what teaches it most.",
        ),
    ] = False,
    sd: Annotated[
        float | None,
        typer.Option(help="Spread over observers for the estimate of precision; 15 of 100."),
    ] = None,
    store: Store = None,
) -> None:
    """Make a study from scans: degraded images beside the originals, repeated scans, or single scans."""
    from miqa_app.cli.score import drained, refuse_missing
    from miqa_app.errors import BadRequest
    from miqa_app.rating.campaign import plan
    from miqa_app.rating.copies import chosen_protocol
    from miqa_app.rating.design import KINDS, Design
    from miqa_app.services.study_create import create as steps
    from miqa_app.store import Archive

    refuse_missing(scans)
    if pairs not in ("auto", "none"):
        raise BadRequest(f"--pairs {pairs} makes no sense; write auto or none.")
    if sd is not None and sd <= 0:
        raise BadRequest(f"--sd {sd:g} is no spread; choose a number above 0.")
    chosen, remark = chosen_protocol(protocol)
    if remark:
        say(remark)
    usual = () if pairs == "auto" else KINDS
    design = Design(
        usual if kinds is None else _words(kinds),
        _numbers(severities),
        slices,
        stack,
        pairs == "auto",
    )
    with Archive(store) as archive, progress_bar("Reading") as move:
        study = drained(
            steps(archive, name, chosen, scans, design, seed=seed, informative=informative),
            _shower(move),
        )
    for words in plan(study, sd).words():
        say(words)
    sys.stdout.write(f"{study.name}\n")


@app.command()
def rate(
    ctx: typer.Context,
    study: Name,
    rater: Annotated[str, typer.Option(help="Pseudonym of the rater, not a name.")] = "",
    store: Store = None,
) -> None:
    """Open the rating window."""
    from miqa_app.services.rating_room import pseudonym_in
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        found = archive.study(study)  # what is wrong is told before the window opens
        name = pseudonym_in(archive, found, rater) if rater else ""
        before = len(archive.votes(found.key, name or None, history=True))
    code = ctx.obj.rate(found.name, name, store)
    with Archive(store, create=False) as archive:
        say(_how_left(archive, found, name, before))
    raise typer.Exit(code)


@app.command()
def status(
    study: Name,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all of it there; '-' writes to stdout.")
    ] = None,
    store: Store = None,
) -> None:
    """Show how far the raters are, the votes on each item, and how many more raters it takes."""
    from rich.console import Console

    from miqa_app.cli.study_tables import MOST_ROWS, items_table, raters_table
    from miqa_app.reports.result_json import write_whole
    from miqa_app.services.study_status import status as found
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        state = found(archive, archive.study(study))
    text = json.dumps(state.as_json(), indent=2, ensure_ascii=False) + "\n"
    if str(json_file) == "-":
        sys.stdout.write(text)
        return
    if json_file is not None:
        write_whole(json_file, text.encode())
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(raters_table(state))
    console.print(items_table(state))
    if len(state.items) > MOST_ROWS:
        console.print(f"The {MOST_ROWS} widest of {len(state.items)}; --json FILE has all.")
    console.print(state.words, markup=False, highlight=False, soft_wrap=True)


@app.command("next")
def next_command(study: Name, store: Store = None) -> None:
    """Show which items would gain most from more votes, and why."""
    from rich.console import Console

    from miqa_app.cli.study_tables import MOST_NEXT, next_table
    from miqa_app.services.study_next import most_telling
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        found = archive.study(study)
        items = most_telling(archive, found)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(next_table(found.name, items))
    if len(items) > MOST_NEXT:
        console.print(f"The first {MOST_NEXT} of {len(items)}.")
    order = (
        "Raters of this study see such items first (it was made with --informative)."
        if found.model_uncertainty
        else "By votes and intervals alone; a study made with --informative also asks the model, and shows such items "
        "first. Here raters keep the balanced order by chance."
    )
    console.print(order, markup=False, highlight=False, soft_wrap=True)


@app.command()
def export(
    study: Name,
    folder: Annotated[
        Path | None, typer.Argument(help="New or empty folder; STUDY-export by default.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="How MOS are made, see `miqa mos`; chosen by the panel's size.")
    ] = "",
    store: Store = None,
) -> None:
    """Write votes, record, MOS, data sets and the methods paragraph to a folder."""
    from miqa_app.cli.score import drained
    from miqa_app.services.study_export import export as steps
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive, progress_bar("Writing") as move:
        found = archive.study(study)
        place = folder or Path(f"{_harmless(found.name)}-export")
        refuse_unwritable(folders=[place])
        files: list[Path] = drained(
            steps(archive, found, place, cast("Method", method) if method else None),
            lambda step: move(step[0], step[1], "Writing"),
        )
    say(f"{len(files)} files; the votes are in {place / 'votes.csv'}, the data set in "
        f"{place / 'dataset' / 'mos.csv'}.")  # fmt: skip
    sys.stdout.write(f"{place}\n")


@app.command("list")
def list_command(
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the list there; '-' writes to stdout.")
    ] = None,
    store: Store = None,
) -> None:
    """List the studies, the newest first."""
    from rich.console import Console
    from rich.table import Table

    from miqa_app.cli.study_tables import plain
    from miqa_app.reports.result_json import write_whole
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        rows = [
            {
                "name": one.name,
                "created": one.created,
                "protocol": f"{one.protocol.id} {one.protocol.version}",
                "items": sum(item.counted for item in one.items),
                "raters": len(archive.raters(one.key)),
            }
            for one in archive.studies()
        ]
    text = json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    if str(json_file) == "-":
        sys.stdout.write(text)
        return
    if json_file is not None:
        write_whole(json_file, text.encode())
    table = Table(box=None, pad_edge=False)
    for column in ("name", "created", "protocol", "items", "raters"):
        table.add_column(column)
    for row in rows:
        table.add_row(*plain(str(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


@app.command()
def protocols(
    copy: Annotated[
        tuple[str, Path] | None,
        typer.Option(help="Write a copy of a preset for changing.", metavar="PRESET FILE.yaml"),
    ] = None,
) -> None:
    """List the protocol presets, or copy one to change it."""
    from rich.console import Console
    from rich.table import Table

    from miqa_app.cli.study_tables import plain
    from miqa_app.rating.copies import write_copy
    from miqa_app.rating.protocol import presets

    if copy is not None:
        own = write_copy(*copy)
        say(f"The copy calls itself '{own.id}'; change it and give it as --protocol {copy[1]}.")
        sys.stdout.write(f"{copy[1]}\n")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("protocol", "version", "title", "source"):
        table.add_column(column, overflow="fold", no_wrap=column == "protocol")
    for one in presets():
        table.add_row(*plain((one.id, str(one.version), one.title, one.source)))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _how_left(archive: Archive, study: Study, rater: str, before: int) -> str:
    """Return what to tell a rater whose window has closed."""
    if len(archive.votes(study.key, rater or None, history=True)) == before:
        return "No vote was given; run the same command to begin or to go on."
    votes = archive.votes(study.key, rater or None)
    done = sum(vote.presentation.part == "main" for vote in votes)
    if rater and done >= sum(item.counted for item in study.items):
        return "Stored; everything is rated."
    return "Stored; run the same command to go on."


def _shower(move: Callable[[int, int, str], None]) -> Callable[[Step], None]:
    def show(step: Step) -> None:
        if step.remark:
            say(step.remark)
        else:
            move(step.done, step.total, step.words)

    return show


def _words(text: str) -> tuple[str, ...]:
    if text.strip().lower() == "none":
        return ()
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[float, ...]:
    from miqa_app.errors import BadRequest

    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > 1 and "0" in words and all(word.isdigit() for word in words):
        message = (
            f"--severities {text}: write a point in a decimal number, such as 0.5; commas part one severity from the "
            "next, as in 0.2,0.5,0.8."
        )
        raise BadRequest(message)
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        message = f"--severities {text} makes no sense; write numbers such as 0.2,0.5,0.8."
        raise BadRequest(message) from None


def _harmless(name: str) -> str:
    """Return a name that every file system takes."""
    return "".join(c if c.isalnum() or c in " ._-" else "-" for c in name).strip(" .") or "study"
