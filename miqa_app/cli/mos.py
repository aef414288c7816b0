"""`miqa mos`: mean opinion scores of votes, with what is known of the observers."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from miqa_app.cli.outputs import refuse_unwritable

if TYPE_CHECKING:
    from rich.table import Table

    from miqa_app.rating.mos.methods import Method
    from miqa_app.services.mos import Evaluation
    from miqa_app.services.study_mos import StudyScores

_MOST_ROWS = 12


def mos(
    source: Annotated[
        str,
        typer.Argument(
            help="Name of a study, or a CSV file with observer, stimulus, score[, reference, repetition, session, order, seconds].",
            metavar="STUDY|VOTES.csv",
        ),
    ],
    method: Annotated[
        str,
        typer.Option(
            help="raw, zscore, bt500, p913 or p910; by default p910 from 15 observers on, bt500 below."
        ),
    ] = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the whole result there.")
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="Folder for the plots (PNG).")] = None,
    scale: Annotated[
        str, typer.Option(help="Lowest and highest score, such as 0:100; others are refused.")
    ] = "",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="OBSERVER=WHAT: leave out an observer for a technical fault; repeatable."
        ),
    ] = None,
    observers: Annotated[
        int | None,
        typer.Option(
            help="Observers that a final result needs; 15 (BT.500), or what the study says."
        ),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(help="Half width of the interval that is wanted; 5 points of 100."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="File or URL of the store of studies; your own by default."),
    ] = None,
) -> None:
    """Compute mean opinion scores with intervals, screen the observers, and say how well they agree."""
    from rich.console import Console

    from miqa_app.errors import BadRequest
    from miqa_app.services.mos import mos_of, ratings_from, write_json, write_plots

    if target is not None and target <= 0:
        raise BadRequest(f"--target {target:g} is no half width; choose a number above 0.")
    refuse_unwritable([json_file], [plots])
    how = cast("Method", method) if method else None
    faults = _faults(fault or [])
    places, breaks = None, None
    if Path(source).suffix == ".csv" or Path(source).is_file():
        ratings = ratings_from(source, _scale(scale))
        evaluation = mos_of(
            ratings, how, faults=faults, least_observers=observers or 15, target=target or 5.0
        )
    else:
        if scale or observers:
            raise BadRequest(
                "A study has its own scale and number of observers; leave out --scale and --observers."
            )
        found = _of_study(source, store, how, faults, target)
        evaluation, ratings = found.evaluation, found.ratings
        places, breaks = found.places, found.breaks
    if json_file is not None:
        write_json(evaluation, json_file)
    written = (
        write_plots(evaluation, ratings, plots, places=places, breaks=breaks)
        if plots is not None
        else []
    )
    console = Console()
    console.print(_stimuli(evaluation))
    hidden = len(evaluation.scores.stimuli) - _MOST_ROWS
    if hidden > 0:
        console.print(f"The {_MOST_ROWS} lowest; --json FILE has all {hidden + _MOST_ROWS}.")
    if said := _dmos_words(evaluation):
        console.print(said, markup=False, highlight=False, soft_wrap=True)
    console.print(_observers(evaluation))
    for line in _words(evaluation):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for path in [*([json_file] if json_file else []), *written]:
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)


def _of_study(
    name: str,
    store: str | None,
    method: Method | None,
    faults: dict[str, str],
    target: float | None,
) -> StudyScores:
    from miqa_app.services.study_mos import study_mos
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        return study_mos(archive, archive.study(name), method, faults=faults, target=target)


def _scale(text: str) -> tuple[float, float] | None:
    from miqa_app.errors import BadRequest

    if not text:
        return None
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*[:,]\s*(-?\d+(?:\.\d+)?)\s*", text)
    if match is None or not float(match[1]) < float(match[2]):
        raise BadRequest(f"--scale {text} is no scale; write LOWEST:HIGHEST, such as 0:100.")
    return float(match[1]), float(match[2])


def _faults(given: list[str]) -> dict[str, str]:
    from miqa_app.errors import BadRequest

    found = {}
    for text in given:
        observer, separator, reason = text.partition("=")
        if not separator or not reason.strip():
            raise BadRequest(f"--fault {text} names no fault; write OBSERVER=WHAT WENT WRONG.")
        found[observer.strip()] = reason.strip()
    return found


def _stimuli(evaluation: Evaluation) -> Table:
    from rich.table import Table
    from rich.text import Text

    scores = evaluation.scores
    table = Table(title=f"Mean opinion scores, {scores.method}", title_justify="left")
    table.add_column("stimulus")
    differential = _differential(evaluation) if _shows_dmos(evaluation) else {}
    for name in ["MOS", "95 % interval", "n", *(["DMOS"] if differential else [])]:
        table.add_column(name, justify="right")
    ordered = sorted(scores.stimuli, key=lambda one: (math.isnan(one.mos), one.mos))
    for one in ordered[:_MOST_ROWS]:
        interval = "–" if math.isnan(one.ci_low) else f"{one.ci_low:.1f} … {one.ci_high:.1f}"
        cells = [_number(one.mos), interval, str(one.n)]
        if differential:
            cells.append(_number(differential.get(one.stimulus, math.nan)))
        table.add_row(Text(one.stimulus), *cells)
    return table


def _differential(evaluation: Evaluation) -> dict[str, float]:
    """Return the DMOS of each stimulus that has a reference, NaN where the reference was not scored."""
    found = evaluation.differential
    return {one.stimulus: one.mos for one in found.stimuli} if found else {}


def _shows_dmos(evaluation: Evaluation) -> bool:
    """Return whether at least half of the stimuli that have a reference have a DMOS."""
    values = _differential(evaluation).values()
    return bool(values) and 2 * sum(not math.isnan(value) for value in values) >= len(values)


def _dmos_words(evaluation: Evaluation) -> str:
    """Return what DMOS is, or why the table has none, or '' where no reference was scored."""
    values = _differential(evaluation).values()
    known = sum(not math.isnan(value) for value in values)
    if not known:
        return ""
    if not _shows_dmos(evaluation):
        return f"DMOS is left out: only {known} of {len(values)} stimuli have a scored reference (--json FILE has these)."
    said = (
        "DMOS: top of the scale plus what the same observers gave the stimulus more, or less, than its reference; it "
        "exceeds the top where the stimulus got more."
    )
    return f"{said} –: its reference was not scored." if known < len(values) else said


def _observers(evaluation: Evaluation) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Observers", title_justify="left")
    table.add_column("observer")
    for name in ("bias", "inconsistency", "SROCC with the others"):
        table.add_column(name, justify="right")
    table.add_column("left out")
    for one in evaluation.scores.observers:
        rest = evaluation.agreement.against_rest.get(one.observer)
        table.add_row(
            Text(one.observer),
            _number(one.bias, sign=True),
            _number(one.inconsistency),
            _number(rest.srocc if rest else None, digits=2),
            Text(one.reason.partition(":")[0]),
        )
    return table


def _words(evaluation: Evaluation) -> list[str]:
    scores = evaluation.scores
    valid, least = scores.valid_observers, scores.least_observers
    first = (
        f"Provisional: {valid} of {least} observers."
        if scores.provisional
        else f"{valid} observers, at least {least} wanted."
    )
    lost = sum(one.rejected for one in scores.observers)
    if lost:
        first += f" {lost} left out; the result with everybody is in the JSON beside this one."
    plan = evaluation.plan.words
    reasons = [f"{one.observer}: {one.reason}." for one in scores.observers if one.rejected]
    return [
        first,
        *reasons,
        *evaluation.agreement.words,
        plan[0].upper() + plan[1:],
        *scores.notes,
    ]


def _number(value: float | None, *, sign: bool = False, digits: int = 1) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")
