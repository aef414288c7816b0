"""The report on real artefacts: tables in Markdown, each with what it does not prove, and small plots."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from miqa_app.evaluation.real_artefacts import (
    ACCEPTABLE,
    EchoPair,
    FetalSlice,
    PatientSlice,
    PhantomImage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from miqa_app.evaluation.real_artefacts import Row


def as_table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown, each part with what it does not prove."""
    tables: dict[str, Callable[[Any], list[str]]] = {
        "fetal": _fetal_table,
        "knee": _knee_table,
        "phantoms": _phantom_table,
        "b_values": _b_value_table,
    }
    lines = ["# Real artefacts, as they are", "", "No target; nothing was tuned on these scans."]
    for part, table in tables.items():
        lines += [
            "",
            *(table(values[part]) if values[part] else [f"The scans of '{part}' are not there."]),
        ]
    return "\n".join(lines)


def _fetal_table(stacks: list[dict[str, Any]]) -> list[str]:
    names = [name for name in stacks[0] if name not in ("stack", "slices", "above_1")]
    total = {name: float(np.nanmean([stack[name] for stack in stacks])) for name in names}
    counts = {name: sum(s[name] for s in stacks) for name in ("slices", "above_1")}
    rows = [*stacks, {"stack": "mean", **counts, **total}]
    return [
        "## Fetal stacks with real motion",
        "",
        "Within each stack: the score against how far a slice stands out of the line of its neighbours, measured without",
        "the model (above 1 the neighbours are more like one another than like the slice). No ground truth: nobody rated",
        "these slices, anatomy that comes and goes stands out as well, and a slice can lie in the wrong place and yet be",
        "sharp, which a model of single slices cannot see. Moved: the quarter of the slices that stands out most; still:",
        "the half that does least. A negative SROCC would be the right sign.",
        "",
        "| stack | slices | above 1 | SROCC, out of line | SROCC, darkening | AUC, moved from still | mean, still | mean, moved |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {r['stack']} | {r['slices']} | {r['above_1']} | {r['srocc_out_of_line']:.3f} | {r['srocc_darkening']:.3f} "
            f"| {r['auc_moved']:.3f} | {r['mean_still']:.1f} | {r['mean_moved']:.1f} |"
            for r in rows
        ),
    ]


def _knee_table(echoes: list[dict[str, Any]]) -> list[str]:
    return [
        "## Knee, later against first echo",
        "",
        "The same slices of the same scan. The later echo has less signal over the same noise, but also another contrast,",
        "and both were scaled on their own: a difference is not noise alone. One subject: p says nothing about others.",
        "",
        "| echo | slices | mean, first | mean, later | share lower | p, Wilcoxon | SNR, first | SNR, later |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {e['echo']} | {e['slices']} | {e['mean_first']:.1f} | {e['mean_late']:.1f} | {e['share_late_lower']:.3f} "
            f"| {e['p_wilcoxon']:.2g} | {e['snr_first']:.1f} | {e['snr_late']:.1f} |"
            for e in echoes
        ),
    ]


def _phantom_table(found: dict[str, Any]) -> list[str]:
    return [
        "## Phantoms",
        "",
        "Out of the scope of the model: the program refuses them, the network was asked directly. Shape and vendor differ",
        "from image to image, so the correlations say little.",
        "",
        "| image | test | score | ghost ratio, % | SNR | by |",
        "|---|---|---|---|---|---|",
        *(
            f"| {i['name']} | {i['test']} | {i['score']:.1f} | {i['ghost_ratio']:.3f} | {i['snr']:.0f} | {i['method']} |"
            for i in found["images"]
        ),
        "",
        f"SROCC of the score over {len(found['images'])} images: {found['srocc_ghost_ratio']:.3f} with the ghost ratio "
        f"(negative is right), {found['srocc_snr']:.3f} with the SNR (positive is right).",
    ]


def _b_value_table(series: list[dict[str, Any]]) -> list[str]:
    return [
        "## Calculated b-value images",
        "",
        "Extrapolated by the scanner, not acquired, and refused by the program; the network was asked directly. Below",
        "them T2 images of the same patient, on whom the bundled models were trained.",
        "",
        "| series | slices | mean | lowest | highest | share below 70 | likeliest kind |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {s['series']} | {s['slices']} | {s['mean']:.1f} | {s['lowest']:.1f} | {s['highest']:.1f} "
            f"| {s['below_acceptable']:.3f} | {s['likeliest_kind']} |"
            for s in series
        ),
    ]


def write_rows(rows: Sequence[tuple[str, Row]], folder: Path) -> list[Path]:
    """Write one CSV per part that has rows, a line per image, and return the files; the folder is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for part in dict.fromkeys(name for name, _ in rows):
        own = [vars(row) for name, row in rows if name == part]
        written.append(folder / f"real_{part}.csv")
        with written[-1].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(own[0]))
            writer.writeheader()
            writer.writerows(own)
    return written


def write_plots(rows: Sequence[tuple[str, Row]], folder: Path) -> list[Path]:
    """Write one PNG per part that has rows, and return the files; the folder is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    painters: Mapping[str, Callable[[Axes, Any], None]] = {
        "fetal": _plot_fetal,
        "knee": _plot_knee,
        "phantoms": _plot_phantoms,
        "b_values": _plot_b_values,
    }
    written = []
    for part, paint in painters.items():
        own = [row for name, row in rows if name == part]
        if own:
            figure = Figure(figsize=(6.4, 4.2), layout="constrained")
            axes = figure.add_subplot()
            paint(axes, own)
            axes.set_ylim(0, 100)
            axes.axhline(ACCEPTABLE, color="0.7", linewidth=0.8)
            written.append(folder / f"real_{part}.png")
            figure.savefig(written[-1], dpi=150)
    return written


def _plot_fetal(axes: Axes, rows: Sequence[FetalSlice]) -> None:
    for stack in dict.fromkeys(row.stack for row in rows):
        own = [row for row in rows if row.stack == stack]
        name = stack.rsplit("/", 1)[-1].split(".")[0]
        axes.scatter([r.out_of_line for r in own], [r.score for r in own], s=14, label=name)
    axes.axvline(1, color="0.7", linewidth=0.8)
    axes.set(
        title="Fetal stacks: no ground truth",
        xlabel="how far the slice stands out of the line of its neighbours",
        ylabel="score",
    )
    axes.legend(fontsize=7)


def _plot_knee(axes: Axes, rows: Sequence[EchoPair]) -> None:
    for echo in dict.fromkeys(row.echo for row in rows):
        own = [row for row in rows if row.echo == echo]
        axes.scatter([r.first for r in own], [r.late for r in own], s=14, label=f"echo {echo}")
    axes.plot([0, 100], [0, 100], color="0.7", linewidth=0.8)
    axes.set(
        title="Knee: the contrast differs as well",
        xlabel="score of the first echo",
        ylabel="score of the later echo",
        xlim=(0, 100),
    )
    axes.legend(fontsize=7)


def _plot_phantoms(axes: Axes, rows: Sequence[PhantomImage]) -> None:
    for method, mark in (("NEMA 1, two images", "o"), ("NEMA 4, one image", "s")):
        own = [row for row in rows if row.method == method and np.isfinite(row.snr)]
        axes.scatter([r.snr for r in own], [r.score for r in own], s=24, marker=mark, label=method)
    axes.set(title="Phantoms: out of scope", xlabel="signal-to-noise ratio", ylabel="score")
    axes.legend(fontsize=7)


def _plot_b_values(axes: Axes, rows: Sequence[PatientSlice]) -> None:
    for series in dict.fromkeys(row.series for row in rows):
        own = [row for row in rows if row.series == series]
        axes.plot([r.slice + 1 for r in own], [r.score for r in own], marker=".", label=series)
    axes.set(title="Calculated b-value images: out of scope", xlabel="slice", ylabel="score")
    axes.legend(fontsize=7)
