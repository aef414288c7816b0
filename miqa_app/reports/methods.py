"""Many methods side by side: one CSV with a row per method, and one page for a reviewer."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.reports.benchmark import Picture
from miqa_app.reports.benchmark_tables import Cell, Table, as_markdown, chance, number, text
from miqa_app.reports.html import rendered
from miqa_app.reports.methods_plots import against_time, intervals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miqa_app.evaluation.method_figures import MethodFigures, Versus

PAGE, TEXT, TABLE, PLOTS = "index.html", "methods.md", "methods.csv", "plots"

_TESTED = (
    "All figures are of the predictions after the 4-parameter logistic, fitted once on all images; intervals are 95 %, from "
    "2000 draws of whole references, with the mapping kept. 'Within reference' is the mean over references of the SROCC among "
    "the images of one. Measures are turned so that larger is better. "
    "'vs {against}' is HT_P1401-HT_Res as in the paper's Table III, 1 where significant, with the direction by the RMSE; all p are corrected by Holm over "
    "these comparisons. Both tests take the methods as independent samples although all saw the same images; 'p paired' "
    "(Wilcoxon on the absolute errors) does not. Milliseconds are medians of single slices, one method at a time: CPU time where one thread works, wall time otherwise."
)


@dataclass(frozen=True, eq=False)
class MethodLine:
    """One method as the page shows it.

    Attributes:
        label: its name.
        type: a key of `methods_plots.TYPES`.
        status: 'done', 'missing', 'failed' or 'GPU'.
        reason: why it is not done.
        provider: who computes it: 'piq', 'own' of a measure written here, or the start of a network.
        figures: of the first seed; None unless it was judged.
        srocc: mean over seeds; NaN without figures.
        plcc: mean over seeds.
        krocc: mean over seeds.
        rmse: mean over seeds.
        seeds: how many.
        srocc_deviation: standard deviation over seeds; NaN with one.
        versus: against the method that the page names; None of that method itself.
        milliseconds: of a slice, CPU time where one thread works; None where it was not timed.
        wall_milliseconds: wall time in either case.
        weights: of a network, None of a measure.
        macs: multiply-accumulates of a slice of 224×224 pixels.
        seconds: mean time of a fold, training and prediction; NaN unless it was run.
    """

    label: str
    type: str
    status: str
    reason: str = ""
    provider: str = ""
    figures: MethodFigures | None = None
    srocc: float = math.nan
    plcc: float = math.nan
    krocc: float = math.nan
    rmse: float = math.nan
    seeds: int = 0
    srocc_deviation: float = math.nan
    versus: Versus | None = None
    milliseconds: float | None = None
    wall_milliseconds: float | None = None
    weights: int | None = None
    macs: int | None = None
    seconds: float = math.nan


def write_methods(
    folder: Path,
    title: str,
    target: str,
    lines: Sequence[MethodLine],
    against: str,
    facts: Sequence[tuple[str, str]],
) -> Path:
    """Write methods.csv, methods.md, plots/ and index.html, each whole or not at all, and return the page.

    Args:
        folder: where to.
        title: heading.
        target: what the targets are.
        lines: in the order of the list.
        against: label of the method that the others are compared with, '' where none was judged.
        facts: name and words of what the page was made from.
    """
    judged = [line for line in lines if line.figures is not None]
    tables = [
        table
        for table in (_performance(judged, against), _costs(lines), _left_out(lines))
        if table.rows
    ]
    pictures = _pictures(judged)
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        _replace(folder / PLOTS / f"{picture.stem}.png", picture.png)
    _replace(folder / TABLE, _csv(lines).encode("utf-8-sig"))
    _replace(folder / TEXT, _markdown(title, facts, tables, pictures).encode())
    page = rendered(
        "methods.html.j2", title=title, target=target, facts=facts, tables=tables, pictures=pictures
    )
    _replace(folder / PAGE, page.encode())
    return folder / PAGE


def _pictures(judged: Sequence[MethodLine]) -> list[Picture]:
    timed = [line for line in judged if line.milliseconds is not None]
    pictures = []
    if judged:
        caption = "Rank correlation of every method with its 95 % interval, by type, best first."
        pictures.append(Picture("srocc", caption, intervals(judged)))
    if timed:
        caption = (
            "Rank correlation against the time of a slice. The dashed line joins those that no other method without a clean "
            "image beats in no more time; bars are 95 % intervals. Full-reference measures need the clean image, which a "
            "scanner does not give."
        )
        pictures.append(Picture("time", caption, against_time(timed)))
    return pictures


def _performance(judged: Sequence[MethodLine], against: str) -> Table:
    versus = f"vs {against}" if against else "vs"
    columns = (
        "Method", "Type", "PLCC", "SROCC", "within reference", "KROCC", "RMSE", versus, "p HT_P1401", "p HT_Res", "p paired", "ms per slice",
        "weights, M",
    )  # fmt: skip
    best = max((line.srocc for line in judged if math.isfinite(line.srocc)), default=math.nan)
    rows = []
    for line in judged:
        assert line.figures is not None  # judged lines have them
        own, pair = line.figures, line.versus
        srocc = number(line.srocc, 3, own.srocc_interval)
        rows.append(
            (
                text(line.label),
                text(line.type),
                number(line.plcc, 3, own.plcc_interval),
                Cell(srocc.value, srocc.words, srocc.interval, line.srocc == best, srocc.bounds),
                number(own.srocc_within, 3),
                number(line.krocc, 3, own.krocc_interval),
                number(line.rmse, 2, own.rmse_interval),
                Cell(pair.code, _direction(pair)) if pair else text(""),
                *(
                    chance(p) if math.isfinite(p) else number(math.nan)
                    for p in (
                        (pair.rmse_p, pair.residual_p, pair.paired_p) if pair else (math.nan,) * 3
                    )
                ),
                number(line.milliseconds if line.milliseconds is not None else math.nan, 1),
                number(line.weights / 1e6 if line.weights is not None else math.nan, 2),
            )
        )
    several = max((line.seeds for line in judged), default=0) > 1
    note = _TESTED.format(against=against or "…")
    if several:
        note += " Figures of methods that begin at random are means over seeds; intervals are those of the first."
    return Table("performance", "Performance", columns, tuple(rows), note)


def _direction(pair: Versus) -> str:
    """Return the code, and where it says that something is significant, in which direction."""
    way = " better" if pair.better else " worse"
    return pair.code + (way if "1" in pair.code else "")


def _costs(lines: Sequence[MethodLine]) -> Table:
    columns = (
        "Method", "Type", "weights, M", "GMACs at 224×224", "ms per slice", "wall ms per slice", "s per fold", "From",
    )  # fmt: skip
    rows = tuple(
        (
            text(line.label),
            text(line.type),
            number(line.weights / 1e6 if line.weights is not None else math.nan, 2),
            number(line.macs / 1e9 if line.macs is not None else math.nan, 2),
            number(line.milliseconds if line.milliseconds is not None else math.nan, 1),
            number(line.wall_milliseconds if line.wall_milliseconds is not None else math.nan, 1),
            number(line.seconds, 1),
            text(line.provider),
        )
        for line in lines
        if line.milliseconds is not None or line.weights is not None
    )
    note = (
        "Weights and operations are counted on the network itself, operations on a slice of 224×224 pixels without a margin. "
        "Times are of slices of this set, with the margin that scoring adds; what is too heavy for a CPU was not timed on one."
    )
    return Table("costs", "What the methods cost", columns, rows, note, long=len(rows) > 25)


def _left_out(lines: Sequence[MethodLine]) -> Table:
    rows = tuple(
        (text(line.label), text(line.type), text(line.status), text(line.reason))
        for line in lines
        if line.status != "done"
    )
    note = (
        "'missing': this program or this site does not have the method or what it learns from; 'failed': it ended with an "
        "error; 'GPU': it learns for long on a CPU and was left to a machine with a GPU."
    )
    return Table(
        "left-out", "Methods that are not in the table", ("Method", "Type", "Status", "Reason"), rows, note
    )  # fmt: skip


_HEADER = (
    "method", "type", "status", "reason", "provider", "plcc_raw", "plcc", "plcc_low", "plcc_high", "srocc", "srocc_low",
    "srocc_high", "krocc", "krocc_low", "krocc_high", "rmse", "rmse_low", "rmse_high", "srocc_within_reference", "seeds", "srocc_seed_sd",
    "significance", "smaller_rmse", "p_ht_p1401", "p_ht_res", "p_paired", "ms_per_slice", "wall_ms_per_slice", "weights", "macs",
    "seconds_per_fold",
)  # fmt: skip


def _csv(lines: Sequence[MethodLine]) -> str:
    """Return a row per method with unrounded numbers; what is not there is empty."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_HEADER)
    writer.writerows([_blank(value) for value in _values(line)] for line in lines)
    return stream.getvalue()


def _values(line: MethodLine) -> list[object]:
    own, pair = line.figures, line.versus
    bounds = (
        (own.plcc_interval, own.srocc_interval, own.krocc_interval, own.rmse_interval)
        if own
        else (None,) * 4
    )
    figures = [
        cell
        for value, span in zip((line.plcc, line.srocc, line.krocc, line.rmse), bounds, strict=True)
        for cell in (value, span.low if span else "", span.high if span else "")
    ]
    return [
        line.label, line.type, line.status, line.reason, line.provider,
        own.plcc_raw if own else "", *figures, own.srocc_within if own else "", line.seeds or "", line.srocc_deviation,
        pair.code if pair else "", ("yes" if pair.better else "no") if pair else "",
        *((pair.rmse_p, pair.residual_p, pair.paired_p) if pair else ("",) * 3),
        line.milliseconds, line.wall_milliseconds, line.weights, line.macs, line.seconds,
    ]  # fmt: skip


def _blank(value: object) -> object:
    empty = value is None or (isinstance(value, float) and not math.isfinite(value))
    return "" if empty else value


def _markdown(
    title: str,
    facts: Sequence[tuple[str, str]],
    tables: Sequence[Table],
    pictures: Sequence[Picture],
) -> str:
    lines = [f"# {title}", "", *(f"- {name}: {words}" for name, words in facts), ""]
    lines += [as_markdown(table) for table in tables]
    for picture in pictures:
        lines += [f"![{picture.caption}]({PLOTS}/{picture.stem}.png)", "", picture.caption, ""]
    return "\n".join(lines)


def _replace(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(path)
