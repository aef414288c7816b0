"""A benchmark as a folder: one HTML page, the same as Markdown, every table as CSV, every plot as PNG."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from miqa_app import __version__
from miqa_app.errors import BadRequest
from miqa_app.reports import benchmark_plots as plots
from miqa_app.reports.benchmark_examples import examples, examples_table
from miqa_app.reports.benchmark_tables import Table, as_csv, as_markdown, file_name, tables
from miqa_app.reports.html import rendered

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from miqa_app.evaluation.method_table import MethodTable
    from miqa_app.evaluation.predictions import Predictions

PAGE, TEXT, TABLES, PLOTS = "benchmark.html", "benchmark.md", "tables", "plots"
_OURS = {PAGE, TEXT, TABLES, PLOTS}


@dataclass(frozen=True)
class Wishes:
    """What the caller decides about a benchmark report.

    Attributes:
        title: heading of the page.
        target: what the targets are, for the axes.
        against: method the significance column compares with and the examples show; '' for the largest |SROCC|.
        details: further columns of the first table by method, see `benchmark_tables.tables`.
        thumbnail: gives the picture of an image, (H, W) in [0, 1], or None; None for names only.
    """

    title: str = "Benchmark"
    target: str = "Target"
    against: str = ""
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    thumbnail: plots.Thumbnail | None = None


@dataclass(frozen=True)
class Picture:
    """One plot: its file name without extension, its caption and its PNG."""

    stem: str
    caption: str
    png: bytes


def write_benchmark(
    predictions: Predictions, table: MethodTable, folder: Path, wishes: Wishes | None = None
) -> Generator[str, None, Path]:
    """Yield a sentence per step while the folder is made, and return its page.

    The folder appears whole or not at all; an earlier benchmark there is replaced, anything else is left alone.

    Args:
        predictions: what was judged.
        table: its figures.
        folder: new, empty, or an earlier benchmark.
        wishes: what the caller decides.

    Raises:
        BadRequest: the folder holds other files, or a method named in the wishes does not exist.
    """
    wishes = wishes or Wishes()
    check_folder(folder)
    _check_names(predictions, wishes)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        (building / TABLES).mkdir(parents=True)
        (building / PLOTS).mkdir()
        yield from _build(predictions, table, building, wishes)
        _put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder / PAGE


def check_folder(folder: Path) -> None:
    """Refuse a place that holds anything but an earlier benchmark, so that nothing else is ever replaced.

    Raises:
        BadRequest: it is a file or holds other files.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BadRequest(f"{folder} is not a folder; name a new or an empty one.")
    others = sorted({item.name for item in folder.iterdir()} - _OURS) if folder.exists() else []
    if others:
        raise BadRequest(
            f"{folder} holds other files ({others[0]}); name a new or an empty folder."
        )


def _check_names(predictions: Predictions, wishes: Wishes) -> None:
    for name in (*([wishes.against] if wishes.against else []), *wishes.details):
        if name not in predictions.methods:
            known = ", ".join(predictions.methods)
            raise BadRequest(f"There is no method '{name}'; choose one of {known}.")


def _build(
    predictions: Predictions, table: MethodTable, folder: Path, wishes: Wishes
) -> Generator[str, None, None]:
    """Write all files of the benchmark into an empty folder."""
    chosen = next((row for row in table.rows if row.name == wishes.against), table.best)
    found = examples(predictions, chosen)
    written = (
        *tables(predictions, table, against=chosen.name, details=wishes.details),
        examples_table(chosen.name, found),
    )
    pictures = [Picture("overview", "Every method with its 95 % intervals.", plots.overview(table))]
    for number, row in enumerate(table.rows, 1):
        yield f"Drawing the plots of {row.name}"
        png = plots.method_plots(predictions, row, wishes.target)
        caption = f"{row.name}: predicted against target with the fitted curves (dotted: equal), residuals, and calibration with 95 % intervals."
        pictures.append(Picture(f"{number}-{file_name(row.name)}", caption, png))
    if wishes.thumbnail is not None:
        yield f"Drawing examples of {chosen.name}"
        caption = f"Best, worst and most wrong images of {chosen.name}, on the scale of the target."
        png = plots.example_pictures(found, wishes.thumbnail)
        pictures.append(Picture("examples", caption, png))
    yield "Writing the tables"
    for item in written:
        (folder / TABLES / f"{item.stem}.csv").write_bytes(as_csv(item).encode("utf-8-sig"))
    for picture in pictures:
        (folder / PLOTS / f"{picture.stem}.png").write_bytes(picture.png)
    facts = _facts(predictions)
    (folder / TEXT).write_text(_markdown(wishes, facts, written, pictures), encoding="utf-8")
    (folder / PAGE).write_text(_page(wishes, facts, written, pictures), encoding="utf-8")


def _put_in_place(building: Path, folder: Path) -> None:
    """Move the finished folder to its place; an earlier one goes only when the new one stands there."""
    if not folder.exists():
        building.replace(folder)
        return
    check_folder(folder)
    old = building.with_suffix(".old")
    folder.replace(old)
    try:
        building.replace(folder)
    except OSError:
        old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _facts(predictions: Predictions) -> tuple[tuple[str, str], ...]:
    return (
        ("Images", f"{len(predictions)}"),
        ("References", f"{len(set(predictions.references))}"),
        ("Methods", ", ".join(predictions.methods)),
        ("Interval of the raters", "yes" if predictions.intervals is not None else "not given"),
        ("miqa_app", __version__),
        ("Report written", f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"),
    )


def _markdown(
    wishes: Wishes,
    facts: tuple[tuple[str, str], ...],
    written: tuple[Table, ...],
    pictures: list[Picture],
) -> str:
    lines = [f"# {wishes.title}", "", *(f"- {name}: {value}" for name, value in facts), ""]
    lines += [as_markdown(item) for item in written]
    lines += ["## Plots", ""]
    for picture in pictures:
        lines += [f"![{picture.caption}]({PLOTS}/{picture.stem}.png)", "", picture.caption, ""]
    return "\n".join(lines)


def _page(
    wishes: Wishes,
    facts: tuple[tuple[str, str], ...],
    written: tuple[Table, ...],
    pictures: list[Picture],
) -> str:
    """Return the page; pictures are inside, nothing is fetched, every value is escaped."""
    return rendered(
        "benchmark.html.j2",
        title=wishes.title,
        target=wishes.target,
        facts=facts,
        tables=written,
        overview=pictures[0],
        pictures=pictures[1:],
    )
