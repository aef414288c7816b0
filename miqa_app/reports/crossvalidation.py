"""Tables of a cross-validation in the form of the paper's Tables II, III, IV and VI, as Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from miqa_app.evaluation.comparison import Comparison
    from miqa_app.evaluation.method_table import MethodRow, MethodTable


@dataclass(frozen=True)
class Line:
    """One row of the table.

    Attributes:
        label: its name.
        methods: names of its predictions, one per seed.
        design: encoders, AP, number of weights in millions and so on, empty for a measure.
        seconds: mean time of a fold, training and prediction.
    """

    label: str
    methods: tuple[str, ...]
    design: Mapping[str, Any]
    seconds: float


def write_tables(
    folder: Path,
    title: str,
    lines: Sequence[Line],
    figures: MethodTable,
    ours: str,
    notes: Sequence[str],
) -> list[dict[str, Any]]:
    """Write table.md and table.csv, and return the rows as they stand in them.

    Args:
        folder: where to.
        title: heading.
        lines: rows in their order.
        figures: of all methods that the rows name.
        ours: label of the row against which the others are tested.
        notes: sentences for the reader.
    """
    rows = {row.name: row for row in figures.rows}
    against = next(line for line in lines if line.label == ours)
    table = [
        _row(line, [rows[name] for name in line.methods], _versus(line, against, figures))
        for line in lines
    ]
    _replace(folder / "table.md", _markdown(title, table, ours, notes))
    _replace(folder / "table.csv", _csv(table))
    return table


def _versus(line: Line, against: Line, figures: MethodTable) -> Comparison | None:
    """Return the comparison of the first seeds of two rows; None of a row with itself."""
    if line.label == against.label:
        return None
    return figures.between(line.methods[0], against.methods[0])


def _row(line: Line, rows: Sequence[MethodRow], versus: Comparison | None) -> dict[str, Any]:
    """Return the cells of a row: figures are means over seeds, 'seed sd' is their spread."""
    design = line.design
    first = rows[0].pooled
    return {
        "Method": line.label,
        "CNN": design.get("cnn", "-"),
        "Transformer": design.get("transformer", "-"),
        "AP": design.get("ap", "-"),
        "PLCC": _mean(rows, lambda row: row.pooled.plcc),
        "PLCC 5PL": _mean(rows, lambda row: row.plcc5),
        "SROCC": _mean(rows, lambda row: row.pooled.srocc),
        "SROCC low": first.srocc_interval.low,
        "SROCC high": first.srocc_interval.high,
        "KROCC": _mean(rows, lambda row: row.pooled.krocc),
        "RMSE": _mean(rows, lambda row: row.pooled.rmse),
        "RMSE 4PL": _mean(rows, lambda row: row.rmse4),
        "seeds": len(rows),
        "SROCC seed sd": _deviation([row.pooled.srocc for row in rows]),
        "fold SROCC": _mean(rows, lambda row: row.spread.srocc[0] if row.spread else math.nan),
        "fold SROCC sd": _mean(rows, lambda row: row.spread.srocc[1] if row.spread else math.nan),
        "fold PLCC": _mean(rows, lambda row: row.spread.plcc[0] if row.spread else math.nan),
        "fold PLCC sd": _mean(rows, lambda row: row.spread.plcc[1] if row.spread else math.nan),
        "significance": versus.code if versus else "",
        "p HT_P1401": versus.rmse_holm if versus else math.nan,
        "p HT_Res": versus.residual_holm if versus else math.nan,
        "p paired": versus.paired_holm if versus else math.nan,
        "weights, M": design.get("parameters", math.nan),
        "s per fold": line.seconds,
    }


def _mean(rows: Sequence[MethodRow], value: Callable[[MethodRow], float]) -> float:
    return float(np.mean([value(row) for row in rows]))


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _markdown(
    title: str, table: Sequence[Mapping[str, Any]], ours: str, notes: Sequence[str]
) -> str:
    """Return the table for people: intervals and spreads in one cell with their figure."""
    heads = (
        "Method", "CNN", "Transformer", "AP", "PLCC", "PLCC 5PL", "SROCC [95 %]", "KROCC", "RMSE", "SROCC per fold",
        "PLCC per fold", "vs ours", "p", "weights, M", "s per fold",
    )  # fmt: skip
    lines = [f"# {title}", "", *(f"- {note}" for note in notes)]
    lines += [
        f"- vs ours: HT_P1401-HT_Res against '{ours}', 1 is significant; p as HT_P1401 / HT_Res / paired Wilcoxon on the "
        "absolute errors, corrected over all pairs by Holm. The two tests take the samples as independent, while all "
        "methods see the same images.",
        "- RMSE and the tests of rows that are measures are after the 4-parameter logistic, as for all others in the "
        "tests; plain RMSE means something only for a method on the scale of the target.",
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in table]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    over = "" if row["seeds"] == 1 else f" ± {row['SROCC seed sd']:.3f} over {row['seeds']} seeds"
    span = "" if math.isnan(row["SROCC low"]) else f" [{row['SROCC low']:.3f}, {row['SROCC high']:.3f}]"  # fmt: skip
    tests = [row[name] for name in ("p HT_P1401", "p HT_Res", "p paired")]
    # a measure has another unit than the target
    error = row["RMSE"] if not math.isnan(row["weights, M"]) else math.nan
    return [
        str(row["Method"]),
        str(row["CNN"]),
        str(row["Transformer"]),
        str(row["AP"]),
        _number(row["PLCC"]),
        _number(row["PLCC 5PL"]),
        _number(row["SROCC"]) + over + span,
        _number(row["KROCC"]),
        _number(error, 2),
        f"{_number(row['fold SROCC'])} ± {_number(row['fold SROCC sd'])}",
        f"{_number(row['fold PLCC'])} ± {_number(row['fold PLCC sd'])}",
        row["significance"] or "-",
        "-" if all(math.isnan(p) for p in tests) else " / ".join(_number(p, 3) for p in tests),
        _number(row["weights, M"], 2),
        _number(row["s per fold"], 1),
    ]


def _number(value: float, digits: int = 4) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _csv(table: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(table[0]))
    writer.writeheader()
    for row in table:
        writer.writerow(
            {name: "" if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}
        )
    return stream.getvalue()


def _replace(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_bytes(text.encode())
    partial.replace(path)
