"""The state of a site: charts, alarms in words, and what people have done about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from miqa_app.evaluation.drift.alarms import Alarm, alarms_of
from miqa_app.evaluation.drift.charts import Charts, charts_of
from miqa_app.evaluation.drift.observations import Place, observations, present_model
from miqa_app.evaluation.drift.words import change, day_words, detail, headline, rule_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.core.assessment import ModelIdentity
    from miqa_app.store import Decided, DriftAct, KeptAssessment, ShadowScore

State = Literal["open", "owned", "snoozed"]

_SAME_ALARM_WEEKS = 6
"""The estimated beginning of an alarm moves a little as scans come in; an act still belongs to it."""


@dataclass(frozen=True, eq=False)
class Stated:
    """An alarm in words.

    Attributes:
        alarm: what moved.
        headline: what and where.
        change: from what to what.
        detail: since when, and what it explains.
        state: 'open', 'owned' by somebody, or 'snoozed' until a day.
        act: what was done about it last, or None.
    """

    alarm: Alarm
    headline: str
    change: str
    detail: str
    state: State = "open"
    act: DriftAct | None = None

    @property
    def words(self) -> str:
        """Return all of it in one line."""
        done = ""
        if self.act and self.state == "owned":
            done = f" {self.act.by} sees to it: {self.act.reason}."
        elif self.act and self.state == "snoozed":
            done = f" Snoozed by {self.act.by} until {self.act.until}: {self.act.reason}."
        return f"{self.headline} ({self.change}). {self.detail}{done}"


@dataclass(frozen=True, eq=False)
class Drift:
    """What the control charts of a site say.

    Attributes:
        model: whose scores are shown; None while nothing was kept.
        scans: that were scored by it.
        first: Monday of the first week, or None.
        last: Monday of the last week, or None.
        charts: of all places and figures.
        alarms: in the weeks that are looked at, those that last first.
        acts: what people did about alarms, the newest first.
        notes: sentences that must be known beside it.
        rule: how the limits come about.
    """

    model: ModelIdentity | None
    scans: int
    first: date | None
    last: date | None
    charts: Charts
    alarms: tuple[Stated, ...]
    acts: tuple[DriftAct, ...]
    notes: tuple[str, ...]
    rule: str

    @property
    def present(self) -> tuple[Stated, ...]:
        """Return the alarms that last."""
        return tuple(one for one in self.alarms if one.alarm.now)

    @property
    def open(self) -> tuple[Stated, ...]:
        """Return the alarms that last and that nobody has taken on."""
        return tuple(one for one in self.present if one.state == "open")

    @property
    def headline(self) -> str:
        """Return the state of the site in one line."""
        if self.model is None:
            return "No assessment has been kept yet."
        present, waiting = self.present, self.open
        if not present:
            return "Nothing moves." if self.charts.counted else "The baselines are not whole yet."
        count = "1 alarm" if len(present) == 1 else f"{len(present)} alarms"
        seen = len(present) - len(waiting)
        return f"{count}{f', {seen} in hand' if seen else ''}: {present[0].headline}"


def drift_of(
    kept: Sequence[KeptAssessment],
    shadows: Sequence[ShadowScore],
    decided: Sequence[Decided],
    acts: Sequence[DriftAct],
    *,
    weeks: int,
    today: date,
) -> Drift:
    """Return the state of a site.

    Args:
        kept: assessments in the order in which they were stored.
        shadows: what models on trial said.
        decided: decisions that stand.
        acts: what was done about alarms, in its order.
        weeks: alarms that ended longer ago are left out; charts always begin with their baseline.
        today: snoozed alarms whose day has come are open again.
    """
    model = present_model(kept)
    observed = observations(kept, shadows, decided, model.sha256) if model else []
    charts = charts_of(observed, _restarts(acts, model.sha256 if model else ""))
    mondays = sorted(one.week for one in observed)
    last = mondays[-1] if mondays else None
    earliest = last - timedelta(weeks=weeks - 1) if last else None
    alarms = [one for one in alarms_of(charts) if earliest and one.until >= earliest]
    return Drift(
        model=model,
        scans=len(observed),
        first=mondays[0] if mondays else None,
        last=last,
        charts=charts,
        alarms=tuple(_stated(one, acts, model.sha256 if model else "", today) for one in alarms),
        acts=tuple(reversed(acts)),
        notes=_notes(kept, model, charts),
        rule=rule_words(charts.counted),
    )


def place_of(act: DriftAct) -> Place:
    """Return the place of an act."""
    where = act.place
    return Place(where.get("scanner", ""), where.get("sequence", ""), where.get("coil", ""))


def _restarts(acts: Sequence[DriftAct], model: str) -> list[tuple[Place, date]]:
    """Return where and when baselines begin anew."""
    return [
        (place_of(act), date.fromisoformat(act.since))
        for act in acts
        if act.step == "new level" and act.model == model
    ]


def _stated(alarm: Alarm, acts: Sequence[DriftAct], model: str, today: date) -> Stated:
    state: State = "open"
    last = None
    for act in acts:
        near = abs((date.fromisoformat(act.since) - alarm.since).days) <= 7 * _SAME_ALARM_WEEKS
        same = (act.measure, act.model, place_of(act)) == (alarm.measure, model, alarm.place)
        if near and same and act.step != "new level":
            last = act
    if last is not None and last.step == "own":
        state = "owned"
    elif last is not None and last.until > today.isoformat():
        state = "snoozed"
    return Stated(alarm, headline(alarm), change(alarm), detail(alarm), state, last)


def _notes(
    kept: Sequence[KeptAssessment], model: ModelIdentity | None, charts: Charts
) -> tuple[str, ...]:
    """Return what the reader must know: another model before, and charts that are still learning."""
    notes = []
    others = [one for one in kept if model and one.model and one.model.sha256 != model.sha256]
    if model and others:
        last = max(date.fromisoformat(one.day) for one in others)
        notes.append(
            f"Up to {day_words(last)} another model was active ({others[-1].model.name if others[-1].model else ''}). "
            "Scores of two models are not compared: the charts show the present one only, "
            "its time on trial included."
        )
    whole = [c for c in charts.by_place.values() if c.place.whole and c.measure == "score"]
    young = sum(not chart.ready for chart in whole)
    if young:
        notes.append(
            f"{young} of {len(whole)} combinations of scanner, sequence and coil have no baseline yet; "
            "they are judged once they have one."
        )
    return tuple(notes)
