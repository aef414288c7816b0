"""Control charts as pictures for the drift report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import matplotlib.dates
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from miqa_app.evaluation.drift.observations import Place
from miqa_app.evaluation.drift.words import TITLES, axis_words
from miqa_app.reports.plot_style import COLOURS, DIM, DPI, INK, LINE, png, quiet, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from matplotlib.axes import Axes

    from miqa_app.evaluation.drift.charts import Chart
    from miqa_app.evaluation.drift.record import Drift

_Name = TypeVar("_Name", str, tuple[str, str])

dates: Any = matplotlib.dates  # carries no types

OUT = COLOURS[1]
_CALM = COLOURS[0]


def control_chart(chart: Chart, since: date | None = None) -> bytes:
    """Return a PNG of one chart: the figure, its limits, its baseline, and what is out of control.

    Args:
        chart: with at least one point.
        since: Monday from which an alarm counts its scans; marked where it is given.
    """
    figure = Figure(figsize=(9.9, 2.7), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    draw_chart(axis, chart, since)
    return png(figure)


def draw_chart(axis: Axes, chart: Chart, since: date | None) -> None:
    """Draw one chart into axes."""
    scale = 100.0 if chart.measure == "override" else 1.0
    weeks = dates.date2num(chart.weeks)
    values = chart.values * scale
    axis.plot(weeks, values, color=LINE, linewidth=1.2, zorder=2)
    for part in chart.segments:
        here = part.points
        if part.judged is not None:
            low, high = chart.low[here] * scale, chart.high[here] * scale
            axis.fill_between(
                weeks[here], low, high, step="mid", color=_CALM, alpha=0.12, linewidth=0
            )
            usual = part.usual * scale
            axis.plot(weeks[here][[0, -1]], [usual, usual], color=_CALM, linewidth=0.9)
        learnt = weeks[here][part.baseline]
        if len(learnt):
            axis.axvspan(learnt[0] - 3.5, learnt[-1] + 3.5, color=LINE, alpha=0.35, linewidth=0)
    calm, out = chart.side == 0, chart.side != 0
    axis.plot(weeks[calm], values[calm], "o", color=_CALM, markersize=4, zorder=3)
    axis.plot(weeks[out], values[out], "D", color=OUT, markersize=5.5, zorder=4)
    if since is not None:
        axis.axvline(
            float(dates.date2num(since)) - 3.5, color=OUT, linewidth=1, linestyle=(0, (4, 3))
        )
    _finish(axis, chart, values)


def _finish(axis: Axes, chart: Chart, values: np.ndarray) -> None:
    low, high = float(np.min(values)), float(np.max(values))
    least = {"score": 3.0, "spread": 1.0, "scope": 0.03}.get(chart.measure, 3.0)
    room = max(0.15 * (high - low), least)
    axis.set_ylim(low - room if chart.relative else max(0.0, low - room), high + room)
    axis.xaxis.set_major_locator(dates.AutoDateLocator(minticks=4, maxticks=9))
    axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(axis.xaxis.get_major_locator()))
    axis.set_ylabel(axis_words(chart), fontsize=8, color=DIM)
    axis.set_title(
        f"{TITLES[chart.measure]} · {chart.place.words}", fontsize=9, color=INK, loc="left"
    )
    quiet(axis)


MOST_ROWS, MOST_COLUMNS = 24, 7
_LEAST_SPAN = 16.0


def overview(state: Drift) -> bytes:
    """Return a PNG with a small chart of the median score for each scanner and coil (rows) and sequence (columns).

    The charts of a sequence have one scale. Of very many, those with an alarm and those with the most scans are shown.
    """
    charts = {p: c for (p, m), c in state.charts.by_place.items() if m == "score" and p.whole}
    rows = _most([(p.scanner, p.coil) for p in charts], charts, state, MOST_ROWS)
    columns = _most([p.sequence for p in charts], charts, state, MOST_COLUMNS)
    tight: Any = ConstrainedLayoutEngine(h_pad=0.02, w_pad=0.02)
    figure = Figure(figsize=(9.9, 0.72 * len(rows) + 0.6), dpi=DPI, layout=tight)
    axes = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey="col")
    for row, (scanner, coil) in enumerate(rows):
        for column, sequence in enumerate(columns):
            axis = axes[row, column]
            chart = charts.get(Place(scanner, sequence, coil))
            _spark(axis, chart, moved(state, chart))
            if row == 0:
                axis.set_ylim(*_span([c for p, c in charts.items() if p.sequence == sequence]))
                axis.set_title(shortened(sequence, 22), fontsize=8, color=INK)
        axes[row, 0].set_ylabel(
            f"{shortened(scanner, 20)}\n{shortened(coil, 20)}", fontsize=7.5, color=INK, rotation=0,
            ha="right", va="center",
        )  # fmt: skip
    return png(figure)


def _span(charts: Sequence[Chart]) -> tuple[float, float]:
    """Return a scale on which single odd weeks do not flatten all others."""
    parts = [chart.values for chart in charts if len(chart.values)]
    if not parts:
        return 0.0, 100.0
    low, high = np.percentile(np.concatenate(parts), (2, 98))
    room = max(_LEAST_SPAN - (high - low), 0.0) / 2 + 2
    return float(low - room), float(high + room)


def moved(state: Drift, chart: Chart | None) -> bool:
    """Return whether an alarm that lasts says that this chart's figure moved."""
    return chart is not None and any(
        one.alarm.measure == chart.measure and chart.place.within(one.alarm.place)
        for one in state.present
    )


def _most(
    names: Sequence[_Name], charts: Mapping[Place, Chart], state: Drift, most: int
) -> list[_Name]:
    """Return each name once, in order; of too many those with alarms and scans."""
    weight: dict[_Name, tuple[bool, int]] = {}
    for name, chart in zip(names, charts.values(), strict=True):
        alarm, scans = weight.get(name, (False, 0))
        weight[name] = (alarm or moved(state, chart), scans + int(chart.scans.sum()))
    return sorted(sorted(weight, key=lambda name: weight[name], reverse=True)[:most])


def _spark(axis: Axes, chart: Chart | None, out: bool) -> None:
    axis.set_xticks([])
    axis.tick_params(labelsize=6.5, colors=DIM, length=2)
    for side in ("top", "right", "bottom", "left"):
        axis.spines[side].set_visible(out)
        axis.spines[side].set_color(OUT)
    if chart is None or not len(chart.values):
        axis.text(0.5, 0.5, "–", transform=axis.transAxes, ha="center", va="center", color=DIM)
        axis.set_yticks([])
        return
    weeks = dates.date2num(chart.weeks)
    if chart.ready:
        axis.axhline(chart.segments[-1].usual, color=LINE, linewidth=0.8)
    axis.plot(weeks, chart.values, color=OUT if out else _CALM, linewidth=1.2)
    axis.text(
        1.01, 0.5, f"{chart.values[-1]:.0f}", transform=axis.transAxes, ha="left", va="center",
        fontsize=8, color=OUT if out else INK, fontweight="bold" if out else "normal",
    )  # fmt: skip
