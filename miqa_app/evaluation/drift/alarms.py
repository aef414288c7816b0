"""Alarms: what moved, where, since when, and by how much, each named once and by the narrowest place that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.drift.charts import LEAST_SCANS, MEASURES, deviations_of, figure
from miqa_app.statistics.control_chart import sides

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from miqa_app.evaluation.drift.charts import Chart, Charts, Measure, Segment
    from miqa_app.evaluation.drift.grouping import Gathered
    from miqa_app.evaluation.drift.observations import Place

_QUIET = 2
"""So many points in control end an alarm."""

_RECENT_WEEKS = 4
"""An alarm is over where its place has had no scan for so long."""


@dataclass(frozen=True, eq=False)
class Alarm:
    """Something that moved.

    Attributes:
        place: where; what is left open moved as a whole.
        measure: which figure.
        side: −1 fell, +1 rose.
        since: Monday of the week in which it most likely began.
        called: Monday of the week in which the chart first said so.
        until: Monday of the last week in which it was out of control.
        now: whether it still is.
        before: the figure in the baseline.
        after: the figure since it began.
        scans: since it began.
        strength: of the evidence, in standard deviations.
        also: what moved with it and does not move without its scans: place, figure and side.
    """

    place: Place
    measure: Measure
    side: int
    since: date
    called: date
    until: date
    now: bool
    before: float
    after: float
    scans: int
    strength: float
    also: tuple[tuple[Place, Measure, int], ...] = ()


@dataclass(frozen=True, eq=False)
class _Episode:
    """A run of points out of control on one side."""

    chart: Chart
    part: Segment
    begin: int
    called: int
    end: int
    side: int
    strength: float

    @property
    def members(self) -> NDArray[np.int64]:
        return np.concatenate(self.chart.members[self.begin : self.end + 1])

    @property
    def weeks(self) -> tuple[date, date]:
        return self.chart.first[self.begin], self.chart.weeks[self.end]


def alarms_of(charts: Charts) -> list[Alarm]:
    """Return all alarms, those that last first, then the strongest."""
    last = max((c.weeks[-1] for c in charts.by_place.values() if c.weeks), default=None)
    if last is None:
        return []
    episodes = [one for chart in charts.by_place.values() for one in _episodes(chart, charts.table)]
    found = _named(episodes, charts.table, last)
    return sorted(
        found, key=lambda alarm: (not alarm.now, -alarm.until.toordinal(), -alarm.strength)
    )


def _episodes(chart: Chart, table: Gathered) -> list[_Episode]:
    """Return the runs of points out of control; single points back in control do not end one."""
    found = []
    for part in chart.segments:
        if part.judged is None:
            continue
        side = chart.side[part.points]
        run: list[int] = []
        for place in [*np.flatnonzero(side), len(side) + _QUIET]:
            ended = run and (
                place - run[-1] > _QUIET or place >= len(side) or side[place] != side[run[0]]
            )
            if ended:
                found.append(_episode(chart, part, run, int(side[run[0]]), table))
                run = []
            run.append(int(place))
    return found


def _episode(
    chart: Chart, part: Segment, run: Sequence[int], side: int, table: Gathered
) -> _Episode:
    """Return a run with the week in which the change most likely began, before the chart could know."""
    standard = _standard(part)
    end = run[-1]
    first = int(part.baseline.sum())
    begins = range(first, run[0] + 1)
    # the most likely moment of a step: where the sum since then stands out most
    sums = [side * standard[begin : end + 1].sum() / np.sqrt(end + 1 - begin) for begin in begins]
    begin = first + int(np.argmax(sums))
    offset = part.points.start
    begin, end = begin + offset, end + offset
    strength = side * table.evidence(chart.measure, np.concatenate(chart.members[begin : end + 1]))
    return _Episode(chart, part, begin, run[0] + offset, end, side, strength)


def _standard(part: Segment) -> NDArray[np.float64]:
    assert part.judged is not None  # noqa: S101 - only judged segments have episodes
    return (part.deviations - part.judged.centre) / part.judged.error


def _named(episodes: Sequence[_Episode], table: Gathered, last: date) -> list[Alarm]:
    """Return one alarm for each thing that moved.

    Falls and rises of the score come first, for the other figures move with it where a part of the scans does. Then the
    strongest evidence names the place: a wider one dilutes what moved with what did not, and a narrower one has fewer scans
    to show it. What is left of others beside it without these scans must still be out of control to be named as well.
    """
    left = sorted(episodes, key=lambda one: (MEASURES.index(one.chart.measure), -one.strength))
    found = []
    while left:
        strongest = left.pop(0)
        taken = strongest.members
        explained, remaining = [], []
        for other in left:
            part = other.chart.place.within(strongest.chart.place)
            if not _meet(strongest, other) or (not part and _still_out(other, taken, table)):
                remaining.append(other)
            else:
                explained.append(other)
        found.append(_alarm(strongest, table, last, explained))
        left = remaining
    return found


def _meet(one: _Episode, other: _Episode) -> bool:
    """Return whether two runs share time and scans."""
    overlap = one.weeks[0] <= other.weeks[1] and other.weeks[0] <= one.weeks[1]
    return overlap and bool(np.isin(other.members, one.members, assume_unique=True).any())


def _still_out(episode: _Episode, taken: NDArray[np.int64], table: Gathered) -> bool:
    """Return whether the same rules still call a run out of control without some scans."""
    chart, part, judged = episode.chart, episode.part, episode.part.judged
    assert judged is not None  # noqa: S101
    values = table.values(chart.measure, relative=not chart.place.whole)
    start = part.points.start + int(part.baseline.sum())
    left = [one[~np.isin(one, taken)] for one in chart.members[start : part.points.stop]]
    kept = [
        (place, values[one])
        for place, one in enumerate(left, start)
        if len(one) >= LEAST_SCANS[chart.measure]
    ]
    if not kept:
        return False
    found = sides(judged, deviations_of(chart.measure, part.pool, [one for _, one in kept]))
    here = np.array([episode.begin <= place <= episode.end for place, _ in kept])
    return bool((found[here] == episode.side).any())


def _baseline(chart: Chart, part: Segment) -> list[NDArray[np.int64]]:
    start = part.points.start
    return list(chart.members[start : start + int(part.baseline.sum())])


def _alarm(episode: _Episode, table: Gathered, last: date, explained: Sequence[_Episode]) -> Alarm:
    chart = episode.chart
    before, after = _figures(episode, table)
    together = (episode, *explained)
    return Alarm(
        place=chart.place,
        measure=chart.measure,
        side=episode.side,
        since=chart.first[episode.begin],
        called=min(
            one.chart.weeks[one.called] for one in together if one.chart.place == chart.place
        ),
        until=max(one.weeks[1] for one in together),
        now=any(_lasts(one, last) for one in together),
        before=before,
        after=after,
        scans=len(episode.members),
        strength=episode.strength,
        also=tuple((one.chart.place, one.chart.measure, one.side) for one in explained),
    )


def _lasts(episode: _Episode, last: date) -> bool:
    """Return whether a run goes on: not enough points in control since, and scans until now."""
    chart = episode.chart
    newest = episode.part is chart.segments[-1] and len(chart.weeks) - 1 - episode.end < _QUIET
    return newest and (last - chart.weeks[-1]).days <= 7 * _RECENT_WEEKS


def _figures(episode: _Episode, table: Gathered) -> tuple[float, float]:
    """Return the figure before and since; of several streams together, in scores and not in differences."""
    chart = episode.chart
    baseline = np.concatenate(_baseline(chart, episode.part))
    raw = table.values(chart.measure, relative=False)
    own = table.values(chart.measure, relative=not chart.place.whole)
    if chart.measure in ("score", "scope"):
        before = float(np.median(raw[baseline]))
        return before, before + float(np.median(own[episode.members]) - np.median(own[baseline]))
    return figure(chart.measure, own[baseline]), figure(chart.measure, own[episode.members])
