"""`miqa assessments`: what was kept, what people decided, and the same judgement once more."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from miqa_app.cli.progress import progress_bar

if TYPE_CHECKING:
    from miqa_app.store import Archive, Decision, KeptAssessment

app = typer.Typer(no_args_is_help=True, help="List, show and recompute kept assessments.")

Store = Annotated[
    str | None,
    typer.Option(help="File or URL; the variable MIQA_STORE, or the usual place, by default."),
]
Key = Annotated[str, typer.Argument(help="Key of the assessment, or its first digits.")]


@app.command("list")
def list_command(
    last: Annotated[int, typer.Option(help="So many of the newest; 0 lists all.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    store: Store = None,
) -> None:
    """List kept assessments with the decision that stands."""
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        kept = archive.assessments(last or None)
        decisions = _by_assessment(archive)
    rows = [_row(one, decisions[one.key]) for one in kept]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("key", "scanned", "scanner", "series", "score", "verdict", "decision", "model"):
        table.add_column(name)
    for row in rows:
        score = "–" if row["score"] is None else f"{row['score']:.0f}"
        decision = row["decision"] + (f" ({row['reason']})" if row["reason"] else "")
        scanned = row["acquired"] or f"unknown, judged {row['day']}"
        cells = (row["key"][:8], scanned, row["scanner"], row["title"], score, row["verdict"], decision, row["model"])  # fmt: skip
        table.add_row(*(cell.replace("[", "\\[") for cell in cells))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@app.command()
def show(
    key: Key,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    store: Store = None,
) -> None:
    """Show one assessment, all decisions about it, and what a model on trial said."""
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive:
        kept = archive.assessment(key)
        decisions = archive.decisions(kept.key)
        shadows = [asdict(one) for one in archive.shadows() if one.assessment == kept.key]
    whole = {
        **asdict(kept),
        "decisions": [asdict(one) for one in decisions],
        "shadows": shadows,
    }
    if as_json:
        sys.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
        return
    for name, value in _lines(kept):
        sys.stdout.write(f"{name:<12} {value}\n")
    for one in decisions:
        reason = f" ({one.reason})" if one.reason else ""
        after = "" if one.seconds is None else f", {one.seconds:.1f} s after the result"
        sys.stdout.write(
            f"{'decision':<12} {one.recorded[:19]} {one.by}: {one.decision}{reason}{after}\n"
        )
    for shadow in shadows:
        score = "–" if shadow["score"] is None else f"{shadow['score']:.1f}"
        sys.stdout.write(f"{'on trial':<12} {shadow['model']['name']}: {score}\n")


@app.command()
def recompute(
    key: Key,
    scan: Annotated[
        Path | None, typer.Option(help="Where the scan lies now, if it was moved.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    store: Store = None,
) -> None:
    """Judge the scan once more with the model of then: exit code 0 when the score is the same, 1 when not."""
    from miqa_app.cli.score import Shower, drained
    from miqa_app.services.assessments import recompute as steps
    from miqa_app.store import Archive

    with Archive(store, create=False) as archive, progress_bar("Reading") as move:
        result = drained(steps(archive, key, scan, device), Shower(move))
    sys.stdout.write(f"{result.words}\n")
    if not result.same:
        raise typer.Exit(1)


def _by_assessment(archive: Archive) -> dict[str, list[Decision]]:
    found: dict[str, list[Decision]] = defaultdict(list)
    for decision in archive.decisions():
        found[decision.assessment].append(decision)
    return found


def _row(kept: KeptAssessment, history: list[Decision]) -> dict[str, Any]:
    from miqa_app.store.decisions import standing

    left = standing(history)
    context = kept.context
    return {
        "key": kept.key,
        "recorded": kept.recorded,
        "day": kept.day,
        "acquired": context.acquired,
        "title": kept.title,
        "scanner": context.model or context.manufacturer,
        "sequence": context.sequence,
        "coil": context.coil,
        "score": kept.score,
        "interval": kept.interval,
        "verdict": kept.verdict.value,
        "suspected": kept.suspected,
        "decision": left[-1].decision if left else "",
        "reason": left[-1].reason if left else "",
        "by": left[-1].by if left else "",
        "model": kept.model.name if kept.model else "",
        "model_sha256": kept.model.sha256 if kept.model else "",
    }


def _lines(kept: KeptAssessment) -> list[tuple[str, str]]:
    low, high = kept.interval or (0.0, 0.0)
    score = (
        f"not assessed: {kept.reason}"
        if kept.score is None
        else f"{kept.score:.1f} of 100 (90 % interval {low:.0f}–{high:.0f})"
    )
    context = ", ".join(value for value in kept.context.form().values() if value)
    model = f"{kept.model.name} {kept.model.sha256[:12]}" if kept.model else "none was run"
    engine = f", {kept.engine.backend} {kept.engine.device}" if kept.engine else ""
    return [
        ("key", kept.key),
        ("recorded", kept.recorded),
        ("series", f"{kept.title} ({kept.frames} images)"),
        ("scan", kept.source),
        ("pixels", kept.series[:16]),
        ("score", score),
        ("verdict", kept.verdict.words),
        ("model", model + engine),
        ("from", context or "the header does not say"),
    ]
