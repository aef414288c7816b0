"""Pictures of evidence, drawn at the size at which they stand on the page: before and after, learning curve, strata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from miqa_app.reports.plot_style import COLOURS, DIM, INK, LINE, MARKERS, png, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from miqa_app.evaluation.evidence import Evidence, LocalEvidence
    from miqa_app.evaluation.evidence.record import Calibration, Estimate, Method, Stratum

_DPI = 260
_SMALL, _TINY = 6.5, 5.8
_FAILED, _OPEN, _FINE = "#a12f12", "#b07a10", COLOURS[0]
_MOST_STRATA = 26
_MOST_BARS = 150
"""Beyond this many images the bars of the rater intervals hide the points."""


def before_and_after(evidence: Evidence, local: LocalEvidence | None) -> bytes:
    """Return a PNG of opinion against score, active model beside candidate, with reliability curves and diagonal.

    Args:
        evidence: what was found.
        local: predictions image by image; without them only the curves are drawn.
    """
    figure = Figure(figsize=(4.5, 2.2), dpi=_DPI, layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    sides: tuple[tuple[Axes, Method, str, str], ...] = (
        (axes[0], "active", f"Active: {evidence.active.name}", DIM),
        (axes[1], "candidate", "Candidate", COLOURS[0]),
    )
    for axis, method, title, colour in sides:
        axis.plot([0, 100], [0, 100], color=INK, linewidth=0.7, linestyle=(0, (1, 2)))
        if local is not None:
            _cloud(axis, local, method, colour)
        _curve(axis, evidence.calibration[method])
        figures = evidence.held_out.methods[method]
        words = f"SROCC {_number(figures.srocc.value, 3)}\nRMSE {_number(figures.rmse.value, 1)}"
        axis.text(
            0.03, 0.98, words, transform=axis.transAxes, fontsize=_SMALL, va="top", color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.2},
        )  # fmt: skip
        axis.set_title(_shortened(title), fontsize=7.5, color=INK, loc="left", pad=3)
        axis.set_xlabel("score", fontsize=_SMALL, color=INK, labelpad=1)
        axis.set_aspect("equal")
        axis.set_xlim(0, 100)
        axis.set_ylim(0, 100)
        axis.set_xticks([0, 25, 50, 75, 100])
        axis.set_yticks([0, 25, 50, 75, 100])
        _finish(axis)
    axes[0].set_ylabel("opinion of the raters (100 best)", fontsize=_SMALL, color=INK, labelpad=1)
    return png(figure)


def learning_curves(evidence: Evidence) -> bytes | None:
    """Return a PNG of SROCC and RMSE on the validation part by epoch, a line per seed; None without a curve."""
    curve = evidence.learning.curve
    if not curve:
        return None
    figure = Figure(figsize=(2.55, 2.2), dpi=_DPI, layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    seeds = sorted({point.seed for point in curve})
    for axis, name, words in (
        (axes[0], "srocc", "SROCC"),
        (axes[1], "rmse", "RMSE"),
    ):
        for place, seed in enumerate(seeds):
            points = sorted((p for p in curve if p.seed == seed), key=lambda p: p.epoch)
            known = [(p.epoch, getattr(p, name)) for p in points if getattr(p, name) is not None]
            axis.plot(
                [epoch for epoch, _ in known], [value for _, value in known], linewidth=1,
                marker=MARKERS[place % len(MARKERS)], markersize=1.8, alpha=0.9,
                color=COLOURS[place % len(COLOURS)], label=f"seed {seed}",
            )  # fmt: skip
        axis.set_ylabel(words, fontsize=_SMALL, color=INK, labelpad=1)
        axis.yaxis.set_major_locator(MaxNLocator(4))
        _finish(axis)
    axes[1].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes[1].set_xlabel("epoch", fontsize=_SMALL, color=INK, labelpad=1)
    axes[0].set_title("Learning, validation part", fontsize=7.5, color=INK, loc="left", pad=3)
    if 1 < len(seeds) <= 5:
        axes[0].legend(
            fontsize=_TINY, frameon=False, labelcolor=INK, loc="lower right", handlelength=1.4,
            labelspacing=0.2, borderaxespad=0.1,
        )  # fmt: skip
    return png(figure)


def forest(evidence: Evidence, names: Sequence[str], height: float) -> bytes | None:
    """Return a PNG of the gain over the active model by stratum, right is better; None without strata.

    Args:
        evidence: what was found.
        names: what each stratum is called, in the order of `shown_strata`.
        height: of the picture, inches.
    """
    shown = shown_strata(evidence)
    if not shown:
        return None
    figure = Figure(figsize=(2.95, height), dpi=_DPI, layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    ruling = evidence.verdict.of("strata")
    places, heads = _places(shown)
    overall = {
        "srocc": evidence.held_out.difference("srocc"),
        "rmse": evidence.held_out.difference("rmse_mapped"),
    }
    for axis, measure, sign, words in (
        (axes[0], "srocc", 1, "SROCC gained"),
        (axes[1], "rmse", -1, "RMSE less, mapped"),
    ):
        axis.axvline(0, color=INK, linewidth=0.7)
        gap = overall[measure]
        _bar(axis, 0, gap.value, gap.low, gap.high, sign, INK, "D")
        for place, one in zip(places, shown, strict=True):
            estimate: Estimate = getattr(one, measure)
            named = one.name in ruling.strata
            colour = (
                (_FAILED if ruling.outcome == "failed" else _OPEN)
                if named
                else (_FINE if estimate.low is not None else DIM)
            )
            marker = "X" if named and ruling.outcome == "failed" else "o"
            _bar(axis, place, estimate.value, estimate.low, estimate.high, sign, colour, marker)
        _reach(axis, shown, measure, sign)
        axis.set_xlabel(words, fontsize=_SMALL, color=INK, labelpad=1)
        axis.xaxis.set_major_locator(MaxNLocator(3))
        _finish(axis)
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    labels = [(0.0, f"all ({evidence.held_out.images})")]
    labels += [(place, _shortened(name, 21)) for place, name in zip(places, names, strict=True)]
    labels += heads
    axes[0].set_yticks([place for place, _ in labels], [words for _, words in labels])
    for tick, (place, words) in zip(axes[0].get_yticklabels(), labels, strict=True):
        head = (place, words) in heads or place == 0
        tick.set(fontsize=_TINY, fontweight="bold" if head else "normal", color=INK)
    axes[0].set_ylim(max(places) + 0.7, -0.7)
    return png(figure)


def shown_strata(evidence: Evidence) -> list[Stratum]:
    """Return the strata of the picture: all, or the largest ones and those named by the gate where they are too many."""
    named = set(evidence.verdict.of("strata").strata)
    ordered = sorted(evidence.strata, key=lambda one: (one.name not in named, -one.images))
    kept = {one.name for one in ordered[:_MOST_STRATA]}
    return [one for one in evidence.strata if one.name in kept]


def _places(shown: Sequence[Stratum]) -> tuple[list[float], list[tuple[float, str]]]:
    """Return the height of each stratum, and the headings of the groups with theirs."""
    places: list[float] = []
    heads: list[tuple[float, str]] = []
    row, group = 0.4, ""
    for one in shown:
        if one.group != group:
            group = one.group
            row += 1.15
            heads.append((row, group))
        row += 1
        places.append(row)
    return places, heads


def _bar(
    axis: Axes,
    place: float,
    value: float | None,
    low: float | None,
    high: float | None,
    sign: int,
    colour: str,
    marker: str,
) -> None:
    if value is None:
        return
    if low is not None and high is not None:
        axis.plot([sign * low, sign * high], [place, place], color=colour, linewidth=1.1, alpha=0.7)
    filled = colour if low is not None else "white"
    axis.plot(
        sign * value, place, marker, color=colour, markerfacecolor=filled, markersize=3,
        markeredgewidth=0.7,
    )  # fmt: skip


def _reach(axis: Axes, shown: Sequence[Stratum], measure: str, sign: int) -> None:
    """Keep a stratum of few references from squeezing all others: its bar may run out of the picture."""
    gaps: list[Estimate] = [getattr(one, measure) for one in shown]
    values = [sign * gap.value for gap in gaps if gap.value is not None]
    ends = [sign * end for gap in gaps for end in (gap.low, gap.high) if end is not None]
    if not values:
        return
    low, high = np.quantile(ends, [0.05, 0.95]) if ends else (0.0, 0.0)
    low, high = min(0.0, low, *values), max(0.0, high, *values)
    space = 0.06 * (high - low) or 1.0
    axis.set_xlim(low - space, high + space)


def _cloud(axis: Axes, local: LocalEvidence, method: str, colour: str) -> None:
    score, opinion = local.held_out.methods[method], local.held_out.targets
    many = len(opinion)
    alpha = float(np.clip(1.1 - 0.28 * np.log10(many), 0.25, 0.8))
    if local.held_out.intervals is not None and many <= _MOST_BARS:
        axis.errorbar(
            score, opinion, local.held_out.intervals, fmt="none", ecolor=colour, elinewidth=0.4,
            alpha=alpha * 0.5,
        )  # fmt: skip
    size = float(np.clip(5.2 - np.log10(many), 1.8, 4))
    axis.plot(score, opinion, "o", color=colour, markersize=size, markeredgewidth=0, alpha=alpha)


def _curve(axis: Axes, calibration: Calibration) -> None:
    points = calibration.points
    axis.errorbar(
        [p.predicted for p in points], [p.target for p in points], [p.reach for p in points],
        fmt="o-", color=INK, markersize=2.6, linewidth=1, elinewidth=0.8, capsize=1.5,
    )  # fmt: skip


def _finish(axis: Axes) -> None:
    axis.grid(color=LINE, linewidth=0.4)
    axis.set_axisbelow(True)
    quiet(axis)
    axis.tick_params(labelsize=_TINY, length=2, width=0.5, pad=1.5)
    for side in ("left", "bottom"):
        axis.spines[side].set_linewidth(0.5)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _shortened(name: str, length: int = 32) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
