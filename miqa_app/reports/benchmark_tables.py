"""The tables of a benchmark: cells with a value for CSV and words for people."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.artefact_kinds import BY_KEY
from miqa_app.evaluation.method_table import FEWEST_REFERENCES
from miqa_app.statistics.bootstrap import Interval
from miqa_app.statistics.significance import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from miqa_app.evaluation.method_table import Figures, MethodTable
    from miqa_app.evaluation.predictions import Predictions

NOTHING = "–"
"""Stands where there is no number."""

_TESTED = (
    "Tests take the residuals after the 4-parameter logistic where there are enough images for it, and the "
    "predictions as they are otherwise. All p-values are corrected by Holm over all pairs. HT_P1401 and HT_Res take "
    "the two methods as independent samples although both saw the same images; the paired columns do not."
)


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        value: as CSV gets it: a number, or text.
        words: as people read it.
        interval: its 95 % interval; two more columns in CSV.
        best: the best of its column.
        bounds: the interval as people read it, '' where there is none.
    """

    value: float | str
    words: str
    interval: Interval | None = None
    best: bool = False
    bounds: str = ""


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        stem: its file name without extension.
        title: its heading.
        columns: names of the columns; the first names the row.
        rows: one cell per column.
        note: what a reader has to know, '' for nothing.
        long: folded away on the page.
    """

    stem: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    long: bool = False

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Return which columns hold numbers."""
        return tuple(
            any(not isinstance(row[place].value, str) for row in self.rows)
            for place in range(len(self.columns))
        )


def text(words: str) -> Cell:
    """Return a cell of plain text."""
    return Cell(words, words)


def number(value: float, digits: int = 3, interval: Interval | None = None) -> Cell:
    """Return a cell of a number, with its interval where there is one."""
    if not math.isfinite(value):
        return Cell("", NOTHING, interval)
    bounds = ""
    if interval is not None and math.isfinite(interval.low):
        bounds = f"[{_rounded(interval.low, digits)}, {_rounded(interval.high, digits)}]"
    return Cell(value, _rounded(value, digits), interval, bounds=bounds)


def chance(p: float) -> Cell:
    """Return a cell of a p-value."""
    return Cell(p, "< 0.001") if p < 0.001 else number(p)


def tables(
    predictions: Predictions,
    table: MethodTable,
    *,
    against: str,
    details: Mapping[str, Mapping[str, str]],
) -> tuple[Table, ...]:
    """Return all tables, the paper's Table III first.

    Args:
        predictions: what was judged.
        table: its figures.
        against: method the significance column of the first table compares with.
        details: further columns of the first table by method, such as 'Type' (Table II), a tick per component
            (Table IV), or time and parameters (Table VI).
    """
    found = [_performance(table, against, details), _pooled(table)]
    if any(row.spread for row in table.rows):
        found.append(_folds(table))
    if table.comparisons:
        found += [_matrix(table), _pairs(table)]
    for group in predictions.groups:
        found += [_group_matrix(table, group), _group(table, group)]
    return tuple(_with_own_stems(found))


def file_name(name: str) -> str:
    """Return a name that every file system and every page anchor takes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60] or "unnamed"


def as_csv(table: Table) -> str:
    """Return a table as CSV with unrounded numbers; an interval takes two more columns, 'low' and 'high'."""
    wide = [
        any(row[place].interval is not None for row in table.rows)
        for place in range(len(table.columns))
    ]
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(
        [
            name
            for column, more in zip(table.columns, wide, strict=True)
            for name in ((column, f"{column} low", f"{column} high") if more else (column,))
        ]
    )
    for row in table.rows:
        writer.writerow(
            [v for cell, more in zip(row, wide, strict=True) for v in _csv_cells(cell, more=more)]
        )
    return lines.getvalue()


def _csv_cells(cell: Cell, *, more: bool) -> Iterator[float | str]:
    yield cell.value
    if more:
        ends = (cell.interval.low, cell.interval.high) if cell.interval else (math.nan, math.nan)
        yield from (end if math.isfinite(end) else "" for end in ends)


def as_markdown(table: Table) -> str:
    """Return a table as Markdown with its heading and note; the best of a column is bold."""
    lines = [f"## {table.title}", "", _line(table.columns), _line(["---"] * len(table.columns))]
    lines += [_line(_marked_down(cell) for cell in row) for row in table.rows]
    return "\n".join([*lines, "", table.note, ""] if table.note else [*lines, ""])


def _marked_down(cell: Cell) -> str:
    words = f"**{cell.words}**" if cell.best else cell.words
    return f"{words} {cell.bounds}".rstrip()


def value_name(group: str, value: str) -> str:
    """Return what a person calls a value of a group: artefact kinds by name, '' as clean or none."""
    if group == "kind":
        return BY_KEY[value].name if value in BY_KEY else value or "Clean"
    return value or "(none)"


def _with_own_stems(found: Iterable[Table]) -> Iterator[Table]:
    """Yield the tables with clean stems, each once; groups may be called anything."""
    taken: set[str] = set()
    for table in found:
        stem = file_name(table.stem)
        while stem in taken:
            stem += "-2"
        taken.add(stem)
        yield replace(table, stem=stem)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rounded(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _performance(
    table: MethodTable, against: str, details: Mapping[str, Mapping[str, str]]
) -> Table:
    more = tuple(dict.fromkeys(name for columns in details.values() for name in columns))
    rows = []
    for row in table.rows:
        code = "-" if row.name == against else _seen_from(table, row.name, against)
        rows.append(
            (
                text(row.name),
                *(text(details.get(row.name, {}).get(name, "-")) for name in more),
                number(row.pooled.plcc, 4),
                number(row.pooled.srocc, 4),
                text(code),
            )
        )
    columns = ("Method", *more, "PLCC", "SROCC", f"Significance (vs {against})")
    note = (
        "PLCC without a mapping. Significance as HT_P1401-HT_Res: 1 where the difference is significant "
        f"(p < {ALPHA:g} after Holm's correction over all pairs), 0 where it is not; ▲ better and ▼ worse than the "
        "method compared with. A negative correlation belongs to a measure where lower is better."
    )
    marked = _marked(rows, {len(more) + 1: True, len(more) + 2: True})
    return Table("performance", "Performance and significance", columns, marked, note)


def _pooled(table: MethodTable) -> Table:
    rows = [
        (
            text(row.name),
            number(row.pooled.srocc, 3, row.pooled.srocc_interval),
            number(row.pooled.krocc),
            number(row.pooled.plcc, 3, row.pooled.plcc_interval),
            number(row.plcc4),
            number(row.plcc5),
            number(row.pooled.rmse, 2),
            number(row.rmse4, 2),
            number(row.pooled.mae, 2),
            number(row.pooled.outlier_ratio),
            number(row.rmse4_star, 2),
        )
        for row in table.rows
    ]
    columns = ("Method", "SROCC", "KROCC", "PLCC", "PLCC 4PL", "PLCC 5PL", "RMSE", "RMSE 4PL", "MAE", "Outlier ratio", "rmse* 4PL")  # fmt: skip
    better = {1: True, 2: True, 3: True, 4: True, 5: True} | dict.fromkeys(range(6, 11), False)
    bent = [row.name for row in table.rows if row.logistic5 and not row.logistic5.monotone]
    first = table.rows[0].pooled
    note = (
        f"{first.images} images of {first.references} references, all folds together. In brackets: 95 % intervals of "
        f"{table.draws} bootstrap draws of whole references (seed {table.seed}), expanded for their number. "
        "4PL and 5PL: after the 4- and 5-parameter logistic fitted on these very images, only with 40 and 50 images or "
        "more; RMSE divides by N − d (ITU-T P.1401 7.5.1). RMSE, MAE and outlier ratio take the predictions as they "
        "are and mean nothing for a measure on another scale."
    )
    if bent:
        note += f" Not monotone over its data: the 5PL of {', '.join(bent)}."
    return Table("pooled", "Pooled figures", columns, _marked(rows, better), note)


def _folds(table: MethodTable) -> Table:
    rows = [
        (
            text(row.name),
            number(row.spread.folds, 0),
            number(row.spread.srocc[0]),
            number(row.spread.srocc[1]),
            number(row.spread.plcc[0]),
            number(row.spread.plcc[1]),
        )
        for row in table.rows
        if row.spread
    ]
    columns = ("Method", "Folds", "SROCC mean", "SROCC ± sd", "PLCC mean", "PLCC ± sd")
    note = "Raw correlations only: a logistic fitted inside a small fold lifts |PLCC| of pure noise to about 0.5."
    return Table("folds", "Mean and standard deviation over the folds", columns, tuple(rows), note)


def _matrix(table: MethodTable) -> Table:
    names = [row.name for row in table.rows]
    rows = tuple(
        (
            text(name),
            *(text("-" if name == other else _seen_from(table, name, other)) for other in names),
        )
        for name in names
    )
    note = (
        "Row against column as HT_P1401-HT_Res: 1 significant, 0 not; ▲ the row has the smaller RMSE, ▼ the larger, "
        "where at least one test is significant. " + _TESTED
    )
    return Table("significance", "Significance of every pair", ("Method", *names), rows, note)


def _seen_from(table: MethodTable, name: str, other: str) -> str:
    """Return the code of a pair with an arrow for the method it is seen from."""
    pair = table.between(name, other)
    if "1" not in pair.code:
        return pair.code
    return f"{pair.code} {'▲' if pair.rmse_better == name else '▼'}"


def _pairs(table: MethodTable) -> Table:
    rows = tuple(
        (
            text(f"{pair.first} – {pair.second}"),
            text(pair.code),
            number(pair.rmse.ratio, 2),
            number(pair.rmse.critical, 2),
            chance(pair.rmse_holm),
            text(pair.residual.test),
            chance(pair.residual_holm),
            number(pair.residual.effect, 2),
            chance(pair.paired_holm),
            number(pair.paired.effect, 2),
            chance(pair.correlation_holm),
            number(pair.difference.value, 2, pair.difference.interval),
        )
        for pair in table.comparisons
    )
    columns = ("Pair", "Code", "F ratio", "F critical", "p HT_P1401", "Test of HT_Res", "p HT_Res", "Cliff's δ", "p Wilcoxon", "Rank-biserial r", "p PLCC", "RMSE difference")  # fmt: skip
    note = (
        "F ratio: larger RMSE squared over the smaller squared (P.1401 7.6.4). Cliff's δ and r: negative where the "
        "first method has the smaller errors; 0.15, 0.33 and 0.47 are often called small, medium and large. p PLCC: "
        "Meng's z for two correlations with one target. RMSE difference: first minus second in points, bootstrap by "
        "reference. " + _TESTED
    )
    return Table("pairs", "Every pair in numbers", columns, rows, note, long=True)


def _group_matrix(table: MethodTable, group: str) -> Table:
    values = table.rows[0].groups[group]
    rows = []
    for value, first in values.items():
        found = [row.groups[group][value] for row in table.rows]
        rows.append(
            (
                text(value_name(group, value)),
                number(first.images, 0),
                number(first.references, 0),
                *(number(item.srocc, 3, item.srocc_interval) for item in found),
            )
        )
    columns = (group.capitalize(), "Images", "References", *(row.name for row in table.rows))
    note = f"SROCC within each value of '{group}' with its 95 % interval, from {FEWEST_REFERENCES} references on."
    return Table(f"srocc-by-{group}", f"SROCC by {group}", columns, tuple(rows), note)


def _group(table: MethodTable, group: str) -> Table:
    rows = tuple(
        (text(value_name(group, value)), text(row.name), *_figure_cells(figures))
        for value in table.rows[0].groups[group]
        for row in table.rows
        for figures in (row.groups[group][value],)
    )
    columns = (group.capitalize(), "Method", "Images", "References", "SROCC", "KROCC", "PLCC", "RMSE", "MAE", "Outlier ratio")  # fmt: skip
    return Table(f"by-{group}", f"All figures by {group}", columns, rows, long=True)


def _figure_cells(figures: Figures) -> tuple[Cell, ...]:
    return (
        number(figures.images, 0),
        number(figures.references, 0),
        number(figures.srocc, 3, figures.srocc_interval),
        number(figures.krocc),
        number(figures.plcc, 3, figures.plcc_interval),
        number(figures.rmse, 2),
        number(figures.mae, 2),
        number(figures.outlier_ratio),
    )


def _marked(
    rows: Sequence[tuple[Cell, ...]], better: Mapping[int, bool]
) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows with the best cell of each column marked; `better` tells the columns where more is better."""
    if len(rows) < 2:
        return tuple(rows)
    best: dict[int, float] = {}
    for place, upward in better.items():
        values = [abs(float(row[place].value)) for row in rows if row[place].value != ""]
        if values:
            best[place] = float(np.max(values) if upward else np.min(values))
    return tuple(
        tuple(
            replace(cell, best=True)
            if place in best and cell.value != "" and abs(float(cell.value)) == best[place]
            else cell
            for place, cell in enumerate(row)
        )
        for row in rows
    )
