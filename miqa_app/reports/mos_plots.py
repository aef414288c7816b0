"""Pictures of a rating study: scores by artefact and severity, the observers, and how their sessions went."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from miqa_app.rating.mos.panel import (
    LITERATURE_RADIOLOGISTS,
    LITERATURE_SROCC,
    PanelAgreement,
    residuals,
)
from miqa_app.reports.plot_style import COLOURS, DIM, DPI, INK, LINE, MARKERS, quiet, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from miqa_app.rating.mos.ratings import Ratings
    from miqa_app.rating.mos.result import OpinionScores, StimulusScore

    Place = tuple[str, float, str]
    """Artefact, severity, reference of a stimulus."""

_MOST_COLUMNS = 4
_MOST_NAMED = 45
"""Beyond this many stimuli their names cannot be read."""

_MOST_LEGEND = 12
_WINDOW = 9
_LONGEST_NAME = 34
_MOST_STEPS = 12
"""Beyond this many severities each stands at its own place on a line, not in a band with others of the same."""

_BAND = 0.62
"""How much of its band a severity takes."""


def scores_plot(scores: OpinionScores, places: Mapping[str, Place] | None = None) -> Figure:
    """Return MOS with 95 % intervals: by artefact and severity where they are known, otherwise in order of MOS.

    Args:
        scores: of one method.
        places: artefact, severity and reference by stimulus; stimuli that it lacks are drawn apart as 'other'.
    """
    known = [one for one in scores.stimuli if not math.isnan(one.mos)]
    title = f"Mean opinion scores, {scores.method}"
    if scores.provisional:
        title += f" · provisional: {scores.valid_observers} of {scores.least_observers} observers"
    if not places or not any(one.stimulus in places for one in known):
        return _in_order(known, title)
    by_artefact: dict[str, list[StimulusScore]] = {}
    for one in known:
        by_artefact.setdefault(places.get(one.stimulus, ("other", 0.0, ""))[0], []).append(one)
    names = sorted(by_artefact, key=lambda name: (name == "other", name))
    columns = min(_MOST_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = _figure(2.6 * columns + 1.2, 2.3 * rows + 0.9)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    references = sorted({places[one.stimulus][2] for one in known if one.stimulus in places})
    for axis, name in zip(axes.flat, names, strict=False):
        _artefact(axis, name, by_artefact[name], places, references)
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    for row in axes:
        row[0].set_ylabel("MOS, 95 % interval", fontsize=9, color=INK)
    drawn = {
        label: handle
        for axis in axes.flat
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    handles = {name: drawn[name] for name in references if name in drawn}
    if 1 < len(handles) <= _MOST_LEGEND:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=min(6, len(handles)),
            fontsize=8, frameon=False, labelcolor=INK, handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip
    figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left")
    return figure


def observers_plot(scores: OpinionScores, agreement: PanelAgreement) -> Figure:
    """Return each observer's bias and inconsistency, where the method has them, and agreement with the others."""
    observers = sorted(scores.observers, key=lambda one: one.observer)
    panels = [
        ("bias", "Bias, points"),
        ("inconsistency", "Inconsistency, points"),
        ("srocc", "SROCC with the mean of the others"),
    ]
    values = {
        "bias": [math.nan if one.bias is None else one.bias for one in observers],
        "inconsistency": [
            math.nan if one.inconsistency is None else one.inconsistency for one in observers
        ],
        "srocc": [
            agreement.against_rest[one.observer].srocc
            if one.observer in agreement.against_rest
            else math.nan
            for one in observers
        ],
    }
    drawn = [panel for panel in panels if np.isfinite(values[panel[0]]).any()]
    figure = _figure(2.2 + 2.9 * max(1, len(drawn)), 1.6 + 0.27 * len(observers))
    axes = figure.subplots(1, max(1, len(drawn)), squeeze=False, sharey=True)[0]
    place = np.arange(len(observers))
    for axis, (key, label) in zip(axes, drawn, strict=False):
        here = np.array(values[key])
        for row, one in enumerate(observers):
            colour = COLOURS[1] if one.rejected else COLOURS[0]
            axis.plot([0, here[row]], [row, row], color=colour, linewidth=1.6, alpha=0.5)
            axis.plot(here[row], row, "X" if one.rejected else "o", color=colour, markersize=6)
        axis.axvline(0, color=DIM, linewidth=0.9)
        _named(axis, label)
    axes[0].set_yticks(
        place, [f"{one.observer}{' ×' if one.rejected else ''}" for one in observers]
    )
    axes[0].set_ylim(len(observers) - 0.4, -0.6)
    if drawn and drawn[-1][0] == "srocc":
        axis = axes[len(drawn) - 1]
        axis.axvline(LITERATURE_SROCC, color=DIM, linewidth=1.1, linestyle=(0, (4, 2)))
        axis.set_xlim(right=1.02)
        axis.set_title(
            f"dashed: {LITERATURE_RADIOLOGISTS} radiologists, {LITERATURE_SROCC:.2f}",
            fontsize=8, color=DIM, loc="left",
        )  # fmt: skip
    lost = sum(one.rejected for one in observers)
    words = f"Observers, {scores.method}"
    figure.suptitle(
        f"{words} · ×: left out ({lost})" if lost else words,
        fontsize=11, color=INK, x=0.01, ha="left",
    )  # fmt: skip
    return figure


def sessions_plot(
    ratings: Ratings,
    agreement: PanelAgreement,
    breaks: Mapping[str, Sequence[tuple[str, float]]] | None = None,
) -> Figure | None:
    """Return residuals and viewing times over the order of presentation, or None where no order is known.

    A residual is the score without the stimulus' mean and the observer's bias; the curve is a running median.

    Args:
        ratings: the votes.
        agreement: of the same votes, for the drift.
        breaks: by observer, the session and the place in it before which a break was taken.
    """
    known = ~np.isnan(ratings.orders)
    names = sorted({name for name, there in zip(ratings.observers, known, strict=True) if there})
    if not names:
        return None
    rest = residuals(ratings)
    timed = bool(np.isfinite(ratings.seconds).any())
    figure = _figure(9.9, 1.0 + 1.15 * len(names))
    axes = figure.subplots(len(names), 2 if timed else 1, squeeze=False, sharex="col", sharey="col")
    reach = float(np.nanquantile(np.abs(rest), 0.99)) * 1.1 if np.isfinite(rest).any() else 1.0
    for row, name in zip(axes, names, strict=True):
        own = known & np.array([observer == name for observer in ratings.observers])
        across, starts = _along(ratings, own)
        marks = [
            starts[session] + place - 0.5
            for session, place in (breaks or {}).get(name, ())
            if session in starts
        ]
        _line(row[0], across, rest[own], starts, marks)
        row[0].axhline(0, color=DIM, linewidth=0.8)
        row[0].set_ylim(-reach, reach)
        drift = agreement.drifts.get(name)
        words = name
        if drift is not None:
            certain = drift.p * len(agreement.drifts) < 0.05
            words += (
                f" · drift {drift.change:+.1f} points{'' if certain else ', not certain'}".replace(
                    "-", "−"
                )
            )
        row[0].set_title(words, fontsize=8, color=INK, loc="left", pad=2)
        if timed:
            _line(row[1], across, ratings.seconds[own], starts, marks)
            row[1].set_ylim(0, float(np.nanquantile(ratings.seconds, 0.98)) * 1.1)
    axes[0][0].set_ylabel("residual", fontsize=8, color=INK)
    axes[-1][0].set_xlabel("presentation", fontsize=9, color=INK)
    if timed:
        axes[0][1].set_ylabel("seconds", fontsize=8, color=INK)
        axes[-1][1].set_xlabel("presentation", fontsize=9, color=INK)
    marked = "" if not breaks else ", dashed: a break"
    figure.suptitle(
        f"Sessions: residual of the score, points{', and viewing time' if timed else ''}"
        f" · upright line: a new session{marked}",
        fontsize=11, color=INK, x=0.01, ha="left",
    )  # fmt: skip
    return figure


def _in_order(known: Sequence[StimulusScore], title: str) -> Figure:
    ordered = sorted(known, key=lambda one: one.mos)
    figure = _figure(9.9, 4.6)
    axis = figure.subplots()
    axis.errorbar(
        range(len(ordered)), [one.mos for one in ordered], _arms(ordered), fmt="o",
        color=COLOURS[0], markersize=4.5, ecolor=COLOURS[0], elinewidth=1.1, capsize=2,
    )  # fmt: skip
    if len(ordered) <= _MOST_NAMED:
        names, begin = told_apart([one.stimulus for one in ordered])
        axis.set_xticks(range(len(ordered)), names)
        axis.tick_params(axis="x", rotation=90)
        if begin:
            axis.set_xlabel(f"all names begin with {begin}", fontsize=9, color=INK)
    else:
        axis.set_xticks([])
        axis.set_xlabel(f"{len(ordered)} stimuli in order of their MOS", fontsize=9, color=INK)
    axis.set_ylabel("MOS, 95 % interval", fontsize=9, color=INK)
    axis.grid(axis="y", color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    quiet(axis)
    figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left")
    return figure


def _artefact(
    axis: Axes,
    name: str,
    scores: Sequence[StimulusScore],
    places: Mapping[str, Place],
    references: Sequence[str],
) -> None:
    """Draw one artefact: a band for each severity, in it one colour and marker for each reference, side by side."""
    own = [places.get(one.stimulus, ("", 0.0, "")) for one in scores]
    severities = sorted({severity for _, severity, _ in own})
    here = [name for name in references or [""] if any(place[2] == name for place in own)]
    banded = len(severities) <= _MOST_STEPS
    for number, reference in enumerate(here):
        mine = sorted((place[1], row) for row, place in enumerate(own) if place[2] == reference)
        shift = (number - (len(here) - 1) / 2) * _BAND / max(2, len(here)) if banded else 0.0
        across = [(severities.index(at) if banded else at) + shift for at, _ in mine]
        shown = [scores[row] for _, row in mine]
        known = references.index(reference) if reference in references else 0
        axis.errorbar(
            across,
            [one.mos for one in shown], _arms(shown), linestyle="-", linewidth=0.8, alpha=0.85,
            marker=MARKERS[known % len(MARKERS)], markersize=4.5, elinewidth=1.0, capsize=1.8,
            color=COLOURS[known % len(COLOURS)], label=reference or None,
        )  # fmt: skip
    axis.set_title(shortened(name.replace("_", " ")), fontsize=9, color=INK, loc="left")
    _named(axis, "severity" if severities != [0.0] else "")
    if banded:
        for place in range(0, len(severities), 2):
            axis.axvspan(place - 0.5, place + 0.5, color=LINE, alpha=0.35, linewidth=0, zorder=0)
        axis.set_xlim(-0.5, len(severities) - 0.5)
        axis.set_xticks(
            range(len(severities)), [f"{value:g}" if value else "unchanged" for value in severities]
        )
        axis.tick_params(axis="x", length=0)
        axis.grid(visible=False, axis="x")


def told_apart(names: Sequence[str]) -> tuple[list[str], str]:
    """Return names short enough for a plot that still differ, and with what all of them began, or ''.

    Where they are too long, the words that all begin with are left out, then the middle of each.
    """
    if max(map(len, names), default=0) <= _LONGEST_NAME:
        return list(names), ""
    begin = "".join(_words_of(os.path.commonprefix(list(names)))[:-1]) if len(names) > 1 else ""
    rest = [name.removeprefix(begin) for name in names]
    half = _LONGEST_NAME // 2
    short = [one if len(one) <= _LONGEST_NAME else f"{one[:half]}…{one[-half:]}" for one in rest]
    return (short if len(set(short)) == len(set(names)) else rest), begin


def _words_of(name: str) -> list[str]:
    """Return the parts of a name, each with what follows it."""
    return re.split(r"(?<=[-_/ .])", name)


def _line(
    axis: Axes,
    across: NDArray[np.float64],
    up: NDArray[np.float64],
    starts: Mapping[str, float],
    marks: Sequence[float],
) -> None:
    """Draw values over the order with a running median, sessions parted by lines, breaks by dashes."""
    order = np.argsort(across, kind="stable")
    across, up = across[order], up[order]
    there = np.isfinite(up)
    across, up = across[there], up[there]
    axis.plot(across, up, "o", color=COLOURS[0], markersize=2.6, alpha=0.55, markeredgewidth=0)
    if len(up) >= _WINDOW:
        windows = np.lib.stride_tricks.sliding_window_view(up, _WINDOW)
        half = _WINDOW // 2
        axis.plot(
            across[half:-half], np.median(windows, axis=1), color=COLOURS[1], linewidth=1.3
        )  # fmt: skip
    for start in list(starts.values())[1:]:
        axis.axvline(start - 0.5, color=DIM, linewidth=1.0)
    for mark in marks:
        axis.axvline(mark, color=DIM, linewidth=0.9, linestyle=(0, (3, 2)))
    axis.grid(axis="y", color=LINE, linewidth=0.5)
    axis.set_axisbelow(True)
    axis.yaxis.set_major_locator(MaxNLocator(3))
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    quiet(axis)


def _along(
    ratings: Ratings, own: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return places of an observer's votes with the sessions one after another, and where each begins."""
    sessions = np.array(ratings.sessions)[own]
    orders = ratings.orders[own]
    starts: dict[str, float] = {}
    across, end = np.zeros(len(orders)), 0.0
    for session in sorted(set(sessions.tolist()), key=lambda name: (len(name), name)):
        rows = sessions == session
        starts[session] = end
        across[rows] = end + orders[rows]
        end += float(orders[rows].max()) + 1
    return across, starts


def _arms(scores: Sequence[StimulusScore]) -> NDArray[np.float64]:
    """Return (2, N) lengths of the error bars, 0 where there is no interval."""
    low = [one.mos - one.ci_low for one in scores]
    high = [one.ci_high - one.mos for one in scores]
    return np.asarray(np.nan_to_num(np.array([low, high])))


def _named(axis: Axes, across: str) -> None:
    axis.set_xlabel(across, fontsize=9, color=INK)
    axis.grid(color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    quiet(axis)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
