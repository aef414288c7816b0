"""The drift report: what moved, on which scanner, since when; as HTML, PDF and JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miqa_app import __version__
from miqa_app.evaluation.drift.charts import MEASURES
from miqa_app.evaluation.drift.record import place_of
from miqa_app.evaluation.drift.words import TITLES, day_words, value_words
from miqa_app.reports.drift_plots import control_chart, overview
from miqa_app.reports.html import rendered
from miqa_app.reports.study import ADVISORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.evaluation.drift.charts import Chart, Measure
    from miqa_app.evaluation.drift.record import Drift, Stated
    from miqa_app.store import DriftAct

SCHEMA = "miqa.drift/1"
_STATES = {"open": "Open", "owned": "In hand", "snoozed": "Snoozed"}
_STEPS = {"own": "seen to", "snooze": "snoozed", "new level": "accepted as the new level"}


@dataclass(frozen=True, eq=False)
class Row:
    """One scanner, sequence and coil in the table.

    Attributes:
        place: in words.
        scans: so many in all.
        figures: newest value of each measure with its usual one, in words; '–' where there is no chart.
        moved: whether one of its charts is out of control now.
    """

    place: str
    scans: int
    figures: tuple[str, ...]
    moved: bool


@dataclass(frozen=True, eq=False)
class DriftPage:
    """What the report says.

    Attributes:
        title: of the page.
        headline: the state of the site in one line.
        calm: whether nothing moves.
        facts: name and value of what it was made from.
        alarms: each with a picture of its chart.
        past: alarms that are over, in words.
        overview: picture of all scores, or None while there is none.
        columns: headings of the table.
        rows: all combinations.
        notes: what must be known.
        rule: how the limits come about.
        acts: what people did.
        advisory: stands on every report.
    """

    title: str
    headline: str
    calm: bool
    facts: tuple[tuple[str, str], ...]
    alarms: tuple[tuple[Stated, str, bytes], ...]
    past: tuple[str, ...]
    overview: bytes | None
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    rule: str
    acts: tuple[str, ...]
    advisory: str = ADVISORY


def drift_page(state: Drift) -> DriftPage:
    """Return the report of a site."""
    whole = whole_charts(state)
    return DriftPage(
        title="Drift of image quality",
        headline=state.headline,
        calm=not state.present,
        facts=_facts(state),
        alarms=tuple(
            (one, _STATES[one.state], control_chart(chart_of(state, one), one.alarm.since))
            for one in state.present
        ),
        past=tuple(one.words for one in state.alarms if not one.alarm.now),
        overview=overview(state) if whole else None,
        columns=("Scanner, sequence, coil", "Scans", *(TITLES[measure] for measure in MEASURES)),
        rows=tuple(_row(state, charts) for charts in whole),
        notes=state.notes,
        rule=state.rule,
        acts=tuple(map(act_words, state.acts)),
    )


def as_drift_html(state: Drift) -> str:
    """Return one self-contained page."""
    return rendered("drift.html.j2", page=drift_page(state))


def as_drift_pdf(state: Drift) -> bytes:
    """Return the same as PDF with searchable text."""
    from miqa_app.reports.drift_pdf import drift_pdf

    return drift_pdf(drift_page(state))


def as_drift_document(state: Drift) -> dict[str, Any]:
    """Return the state of a site as JSON can hold it."""
    return {
        "schema": SCHEMA,
        "app": __version__,
        "headline": state.headline,
        "model": {"name": state.model.name, "sha256": state.model.sha256} if state.model else None,
        "scans": state.scans,
        "first_week": state.first.isoformat() if state.first else None,
        "last_week": state.last.isoformat() if state.last else None,
        "alarms": [_alarm_row(one) for one in state.alarms],
        "charts": [_chart_row(chart) for charts in whole_charts(state) for chart in charts],
        "notes": list(state.notes),
        "rule": state.rule,
    }


def whole_charts(state: Drift) -> list[tuple[Chart, ...]]:
    """Return the charts of each scanner, sequence and coil, one per measure, in the order of their words."""
    places = sorted({p for p, _ in state.charts.by_place if p.whole}, key=lambda p: p.words.lower())
    return [tuple(state.charts.by_place[place, m] for m in MEASURES) for place in places]


def chart_of(state: Drift, one: Stated) -> Chart:
    """Return the chart of an alarm."""
    return state.charts.by_place[one.alarm.place, one.alarm.measure]


def act_words(act: DriftAct) -> str:
    """Return what somebody did about an alarm, as a sentence."""
    measure: Measure = act.measure  # type: ignore[assignment]
    until = f" until {act.until}" if act.until else ""
    return (
        f"{act.recorded[:10]}, {act.by}: {TITLES[measure].lower()} of {place_of(act).words} "
        f"since {act.since} {_STEPS[act.step]}{until}: {act.reason}."
    )


def _facts(state: Drift) -> tuple[tuple[str, str], ...]:
    if state.model is None or state.first is None or state.last is None:
        return (("Scans", "0"),)
    return (
        ("Scans", str(state.scans)),
        ("Weeks", f"{day_words(state.first)} to the week of {day_words(state.last)}"),
        ("Model", f"{state.model.name} {state.model.sha256[:12]}"),
        ("Charts", str(state.charts.counted)),
        ("miqa_app", __version__),
    )


def _row(state: Drift, charts: Sequence[Chart]) -> Row:
    place = charts[0].place
    moved = any(
        place.within(one.alarm.place) and one.alarm.now and one.alarm.measure == chart.measure
        for one in state.alarms
        for chart in charts
    )
    return Row(place.words, int(charts[0].scans.sum()), tuple(map(_newest, charts)), moved)


def _newest(chart: Chart) -> str:
    if not len(chart.values):
        return "–"
    value = value_words(chart.measure, float(chart.values[-1]))
    if not chart.ready:
        lacking = chart.lacking
        return f"{value} (no baseline yet, {lacking} {'point' if lacking == 1 else 'points'} to go)"
    usual = value_words(chart.measure, chart.segments[-1].usual)
    return f"{value} (usually\u00a0{usual})"


def _alarm_row(one: Stated) -> dict[str, Any]:
    alarm = one.alarm
    return {
        "words": one.words,
        "state": one.state,
        "now": alarm.now,
        "measure": alarm.measure,
        "place": alarm.place.form(),
        "side": "fell" if alarm.side < 0 else "rose",
        "since": alarm.since.isoformat(),
        "called": alarm.called.isoformat(),
        "until": alarm.until.isoformat(),
        "before": _rounded(alarm.before),
        "after": _rounded(alarm.after),
        "scans": alarm.scans,
        "strength": _rounded(alarm.strength),
    }


def _chart_row(chart: Chart) -> dict[str, Any]:
    return {
        "place": chart.place.form(),
        "measure": chart.measure,
        "ready": chart.ready,
        "usual": _rounded(chart.segments[-1].usual) if chart.segments else None,
        "points": [
            {
                "first_week": first.isoformat(),
                "week": week.isoformat(),
                "scans": int(scans),
                "value": _rounded(float(value)),
                "low": _rounded(float(low)),
                "high": _rounded(float(high)),
                "out": ("below", "", "above")[int(side) + 1],
            }
            for first, week, scans, value, low, high, side in zip(
                chart.first, chart.weeks, chart.scans, chart.values, chart.low, chart.high, chart.side,
                strict=True,
            )
        ],
    }  # fmt: skip


def _rounded(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
