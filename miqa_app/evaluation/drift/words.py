"""Alarms and rules in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.evaluation.drift.charts import BASELINE_POINTS, FALSE_ALARMS_A_YEAR, LEAST_SCANS

if TYPE_CHECKING:
    from datetime import date

    from miqa_app.evaluation.drift.alarms import Alarm
    from miqa_app.evaluation.drift.charts import Chart, Measure

TITLES: dict[Measure, str] = {
    "score": "Median score",
    "spread": "Spread of the scores",
    "scope": "Scope distance",
    "override": "Decisions against the advice",
}
_AXES: dict[Measure, str] = {
    "score": "points of 100",
    "spread": "points",
    "scope": "distance",
    "override": "% of the decisions",
}
_MOVED: dict[tuple[str, int], str] = {
    ("score", -1): "scores fell",
    ("score", 1): "scores rose",
    ("spread", -1): "scores scatter less",
    ("spread", 1): "scores scatter more",
    ("scope", -1): "images look more like what the model was shown",
    ("scope", 1): "images look less like what the model was shown",
    ("override", -1): "people follow the advice more often",
    ("override", 1): "people decide against the advice more often",
}


def value_words(measure: Measure, value: float) -> str:
    """Return a figure for people, without its unit."""
    if measure == "override":
        return f"{value * 100:.0f}\u00a0%"
    return f"{value:.2f}" if measure == "scope" else f"{value:.0f}"


def axis_words(chart: Chart) -> str:
    """Return what the vertical axis of a chart counts."""
    words = _AXES[chart.measure]
    return f"{words.split(' of ')[0]} from usual" if chart.relative else words


def day_words(day: date) -> str:
    """Return a day such as '3 Aug 2026'."""
    return f"{day.day} {day:%b %Y}"


def headline(alarm: Alarm) -> str:
    """Return what moved and where, in one line."""
    return f"{alarm.place.words}: {_MOVED[alarm.measure, alarm.side]}"


def change(alarm: Alarm) -> str:
    """Return from what to what it moved."""
    before, after = (value_words(alarm.measure, v) for v in (alarm.before, alarm.after))
    if before == after and alarm.measure == "score":
        before, after = f"{alarm.before:.1f}", f"{alarm.after:.1f}"
    return f"{before} → {after}"


def detail(alarm: Alarm) -> str:
    """Return since when, on how many scans, and what else it explains or leaves alone."""
    weeks = (alarm.until - alarm.since).days // 7 + 1
    span = "1 week" if weeks == 1 else f"{weeks} weeks"
    until = "" if alarm.now else f", until the week of {day_words(alarm.until)}"
    parts = [f"Since the week of {day_words(alarm.since)}{until}: {alarm.scans} scans in {span}."]
    with_it = sorted({_MOVED[m, side] for _, m, side in alarm.also if m != alarm.measure})
    if with_it:
        parts.append(f"With it, {'; '.join(with_it)}.")
    parts.append(_rest(alarm))
    return " ".join(parts)


def _rest(alarm: Alarm) -> str:
    place = alarm.place
    if not (place.scanner or place.sequence or place.coil):
        return "All of the site moved together: think of the program's model or of a change to all scanners."
    if place.scanner and not (place.sequence or place.coil):
        return "The whole scanner moved, whatever the sequence and the coil."
    if place.scanner:
        return f"Nothing else on {place.scanner} moved beyond what this explains."
    return "It moved on every scanner that uses it, so think of the protocol or the coil, not of one scanner."


def rule_words(counted: int) -> str:
    """Return how the limits come about."""
    many = "1 chart" if counted == 1 else f"{counted} charts"
    year = (
        "one false alarm" if FALSE_ALARMS_A_YEAR == 1 else f"{FALSE_ALARMS_A_YEAR:g} false alarms"
    )
    return (
        f"Baseline: the first {BASELINE_POINTS} points of each chart; a point is a week, or as many weeks as it takes to have "
        f"{LEAST_SCANS['score']} scans ({LEAST_SCANS['spread']} for the spread and for decisions). An alarm is a point beyond its "
        "limits, or a moving average (weight 0.25) beyond its own. "
        f"The limits of the {many} together are set for at most about {year} a year where nothing changes."
    )
