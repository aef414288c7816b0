"""Pictures of many methods: rank correlation with its interval, and rank correlation against the time of a slice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from miqa_app.reports.plot_style import COLOURS, DIM, DPI, INK, LINE, MARKERS, png, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

    from miqa_app.reports.methods import MethodLine

TYPES = {
    "ours": "networks of this program",
    "DL-FT": "networks that learnt from the set",
    "DL-NFT": "networks that did not",
    "T-FR": "full-reference measures",
    "T-NR": "no-reference measures",
    "MRI": "reference-free MRI measures",
    "": "other methods",
}
"""The types of the paper's Table II for people; the keys stand in the table."""

NEEDS_CLEAN = "T-FR"
"""The type that compares with a clean image, which a scanner does not give."""

_LOOKS = {kind: (COLOURS[place], MARKERS[place]) for place, kind in enumerate(TYPES)}
"""Colour and marker of each type, the same on every page."""

_ROW = 0.26
"""Inches per method."""


def intervals(lines: Sequence[MethodLine]) -> bytes:
    """Return a PNG of the SROCC of every method with its 95 % interval, best first within each type.

    Args:
        lines: those that have figures.
    """
    ordered = [
        line
        for kind in TYPES
        for line in sorted((one for one in lines if one.type == kind), key=lambda one: -_srocc(one))
    ]
    figure = Figure(figsize=(9.9, 1.1 + _ROW * len(ordered)), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    seen: set[str] = set()
    for place, line in enumerate(ordered):
        assert line.figures is not None  # the caller gives none without
        colour, marker = _LOOKS[line.type]
        bounds = line.figures.srocc_interval
        if math.isfinite(bounds.low):
            axis.plot([bounds.low, bounds.high], [place] * 2, color=colour, linewidth=2, alpha=0.5)
        name = None if line.type in seen else TYPES[line.type]
        seen.add(line.type)
        axis.plot(_srocc(line), place, marker, color=colour, markersize=5.5, label=name)
    axis.set_yticks(range(len(ordered)), [line.label for line in ordered])
    axis.set_ylim(len(ordered) - 0.4, -0.6)
    axis.axvline(0, color=DIM, linewidth=0.8)
    axis.set_xlim(right=1.0)
    axis.set_xlabel(
        "SROCC with the target, 95 % interval drawn by reference", fontsize=9, color=INK
    )
    axis.grid(axis="x", color=LINE, linewidth=0.7)
    figure.legend(loc="outside upper right", ncols=3, fontsize=8, frameon=False, labelcolor=INK)
    quiet(axis)
    return png(figure)


def against_time(lines: Sequence[MethodLine]) -> bytes:
    """Return a PNG of SROCC against the milliseconds of a slice, with the best for their time among those without a clean image.

    Args:
        lines: those that have figures and a time.
    """
    figure = Figure(figsize=(9.9, 6.4), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    alone = [line for line in lines if line.type != NEEDS_CLEAN]
    front = best_for_their_time(alone)
    if len(front) > 1:
        axis.step(
            [_time(line) for line in front], [_srocc(line) for line in front], where="post",
            color=DIM, linewidth=0.9, linestyle=(0, (3, 2)), label="best for its time, without a clean image",
        )  # fmt: skip
    for kind, name in TYPES.items():
        own = [line for line in lines if line.type == kind]
        colour, marker = _LOOKS[kind]
        for place, line in enumerate(own):
            assert line.figures is not None  # the caller gives none without
            bounds = line.figures.srocc_interval
            if line in alone and math.isfinite(bounds.low):
                axis.plot([_time(line)] * 2, [bounds.low, bounds.high], color=colour, alpha=0.35)
            axis.plot(
                _time(line), _srocc(line), marker, color=colour, markersize=7,
                markeredgecolor="white", markeredgewidth=0.6, label=None if place else name,
            )  # fmt: skip
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel(
        "milliseconds per slice (median; CPU time of one thread, wall time otherwise)",
        fontsize=9,
        color=INK,
    )
    axis.set_ylabel("SROCC with the target", fontsize=9, color=INK)
    axis.margins(x=0.08)
    axis.grid(color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    figure.legend(loc="outside upper right", ncols=3, fontsize=8, frameon=False, labelcolor=INK)
    quiet(axis)
    _label(figure, axis, lines)
    return png(figure)


def best_for_their_time(lines: Sequence[MethodLine]) -> list[MethodLine]:
    """Return those that no method beats in no more time, the fastest first."""
    front: list[MethodLine] = []
    for line in sorted(lines, key=lambda one: (_time(one), -_srocc(one))):
        if not front or _srocc(line) > _srocc(front[-1]):
            front.append(line)
    return front


def _label(figure: Figure, axis: Axes, lines: Sequence[MethodLine]) -> None:
    """Write the names beside their points, those without a clean image first, each where no other name stands yet."""
    figure.draw_without_rendering()
    low, high = axis.get_window_extent().intervalx
    taken: list[Bbox] = []
    for line in sorted(lines, key=lambda one: (one.type == NEEDS_CLEAN, -_srocc(one))):
        large = line.type != NEEDS_CLEAN
        late = axis.transData.transform((_time(line), 0))[0] > (low + high) / 2
        words = axis.annotate(
            line.label, (_time(line), _srocc(line)), (6, 3), textcoords="offset points", fontsize=7 if large else 6,
            color=INK if large else DIM, ha="right" if late else "left",
        )  # fmt: skip
        for down in (3, -9, 13, -18, 22):
            words.set_position((-6 if late else 6, down))
            box = words.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def _srocc(line: MethodLine) -> float:
    return line.srocc if math.isfinite(line.srocc) else -1.0


def _time(line: MethodLine) -> float:
    return line.milliseconds if line.milliseconds is not None else math.nan
