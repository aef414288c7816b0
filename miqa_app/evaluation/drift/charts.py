"""Weekly figures of every scanner, sequence and coil, alone and together, each on its control chart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from miqa_app.evaluation.drift.grouping import Gathered, nodes_of
from miqa_app.statistics.control_chart import (
    Dispersion,
    Judged,
    Reference,
    SpreadReference,
    dispersion,
    judge,
    log_spread,
    median,
    pooled,
    share_deviations,
    share_limits,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from miqa_app.evaluation.drift.observations import Observation, Place

Measure = Literal["score", "spread", "scope", "override"]
"""Median score, interquartile range of the scores, median scope distance, share of decisions against the advice."""

MEASURES: tuple[Measure, ...] = ("score", "spread", "scope", "override")

LEAST_SCANS: dict[Measure, int] = {"score": 4, "spread": 8, "scope": 4, "override": 8}
"""Scans that one point needs; weeks with fewer are put together with the next ones."""

BASELINE_POINTS = 8
"""The first so many points say what is normal."""

FALSE_ALARMS_A_YEAR = 1.0
"""That a site whose scanners never change may have, all charts together; the limits follow from it."""

_WEEKS_A_YEAR, _RULES = 52, 2


@dataclass(frozen=True, eq=False)
class Segment:
    """A stretch of a chart with one baseline.

    Attributes:
        points: of the chart that belong to it.
        baseline: (points,) which of them say what is normal; none before there are enough.
        deviations: (points,) from what is expected, in standard deviations; NaN without a baseline.
        pool: (scans,) values of the baseline; none without one.
        usual: figure of the baseline.
        judged: what the rules say, or None without a baseline.
    """

    points: slice
    baseline: NDArray[np.bool_]
    deviations: NDArray[np.float64]
    pool: NDArray[np.float64]
    usual: float = float("nan")
    judged: Judged | None = None


@dataclass(frozen=True, eq=False)
class Chart:
    """One figure of one place over time.

    Attributes:
        place: what is left open in it is put together, each stream measured from its own baseline.
        measure: which figure.
        weeks: (points,) Monday of the last week of each point.
        first: (points,) Monday of its first week.
        scans: (points,) scans in it.
        values: (points,) the figure.
        low: (points,) lower limit, NaN without a baseline.
        high: (points,) upper limit.
        side: (points,) −1, 0, +1 as `Judged.side`.
        segments: stretches with a baseline of their own.
        members: (points) places of each point's scans among all observations.
    """

    place: Place
    measure: Measure
    weeks: tuple[date, ...]
    first: tuple[date, ...]
    scans: NDArray[np.int64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    side: NDArray[np.int8]
    segments: tuple[Segment, ...]
    members: tuple[NDArray[np.int64], ...] = field(default=(), repr=False)

    @property
    def relative(self) -> bool:
        """Return whether the values are differences from what is usual in each stream."""
        return not self.place.whole and self.measure in ("score", "scope")

    @property
    def ready(self) -> bool:
        """Return whether the newest stretch has its baseline."""
        return bool(self.segments) and bool(self.segments[-1].baseline.any())

    @property
    def lacking(self) -> int:
        """Return how many points the newest baseline still needs."""
        if not self.segments or self.ready:
            return 0 if self.segments else BASELINE_POINTS
        part = self.segments[-1].points
        return BASELINE_POINTS - int(part.stop - part.start)


@dataclass(frozen=True, eq=False)
class Charts:
    """All charts of a site.

    Attributes:
        by_place: charts by place and measure; places that are whole come first.
        alpha: chance of a false call per point and rule.
        counted: charts that are judged.
        table: values of all observations, from which figures are made.
    """

    by_place: Mapping[tuple[Place, Measure], Chart]
    alpha: float
    counted: int
    table: Gathered


def charts_of(
    observed: Sequence[Observation],
    restarts: Sequence[tuple[Place, date]] = (),
) -> Charts:
    """Return the charts of all places that the observations show.

    Args:
        observed: all scans.
        restarts: places whose baselines begin anew with the week of a day.
    """
    table = Gathered(observed)
    nodes = nodes_of(table)
    drafts: dict[tuple[Place, Measure], Chart] = {}
    for measure in MEASURES:
        whole = {p: _draft(table, p, m, measure, restarts) for p, m in nodes if p.whole}
        for chart in whole.values():
            _tell_usual(table, chart)
        drafts |= {(place, measure): chart for place, chart in whole.items()}
        for place, members in nodes:
            if not place.whole:
                drafts[place, measure] = _draft(table, place, members, measure, restarts)
    counted = sum(chart.ready for chart in drafts.values())
    alpha = FALSE_ALARMS_A_YEAR / (_WEEKS_A_YEAR * _RULES * max(counted, 1))
    kinds: dict[tuple[Measure, tuple[bool, ...]], list[Chart]] = {}
    for chart in drafts.values():
        kinds.setdefault(_kind(chart), []).append(chart)
    sites = {kind: _site(own) for kind, own in kinds.items()}
    judged = {key: _judged(chart, alpha, sites[_kind(chart)]) for key, chart in drafts.items()}
    return Charts(judged, alpha, counted, table)


def figure(measure: Measure, values: NDArray[np.float64]) -> float:
    """Return the figure of some scans, as it is shown."""
    if measure == "spread":
        return float(np.exp(log_spread(values)))
    return float(values.mean()) if measure == "override" else median(values)


def deviations_of(
    measure: Measure, pool: NDArray[np.float64], parts: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return (points,) deviations from what as many scans drawn from the pool give, in standard deviations."""
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    if measure == "override":
        hits = np.array([part.sum() for part in parts])
        return share_deviations(hits, sizes.astype(float), usual_share(pool))
    values = np.array([figure(measure, part) for part in parts])
    if measure == "spread":
        return SpreadReference(pool).deviations(np.log(values), sizes)
    return Reference(pool).deviations(values, sizes)


def limits_of(
    measure: Measure, pool: NDArray[np.float64], sizes: NDArray[np.int64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (points,) the figures whose deviations are `low` and `high`."""
    if measure == "override":
        return share_limits(sizes.astype(float), usual_share(pool), low, high)
    if measure == "spread":
        lows, highs = SpreadReference(pool).limits(sizes, low, high)
        return np.exp(lows), np.exp(highs)
    return Reference(pool).limits(sizes, low, high)


def usual_share(pool: NDArray[np.float64]) -> float:
    """Return the share of a baseline, one hit and one miss added, so that none is taken for impossible."""
    return float((pool.sum() + 1) / (len(pool) + 2))


def _draft(
    table: Gathered,
    place: Place,
    members: NDArray[np.int64],
    measure: Measure,
    marks: Sequence[tuple[Place, date]],
) -> Chart:
    """Return a chart whose points are made but not judged yet."""
    values = table.values(measure, relative=not place.whole)
    members = members[np.isfinite(values[members])]
    # a wider place holds scans of the new level as well
    starts = sorted({week for other, week in marks if place.meets(other)})
    points: list[NDArray[np.int64]] = []
    segments: list[Segment] = []
    for part in _split(table, members, starts):
        own = _points(table.weeks[part], part, LEAST_SCANS[measure])
        if own:
            here = slice(len(points), len(points) + len(own))
            segments.append(_segment(measure, here, [values[one] for one in own]))
            points += own
    count = len(points)
    shown = [figure(measure, values[one]) for one in points]
    return Chart(
        place=place,
        measure=measure,
        weeks=tuple(table.monday(one.max()) for one in (table.weeks[p] for p in points)),
        first=tuple(table.monday(one.min()) for one in (table.weeks[p] for p in points)),
        scans=np.array([len(one) for one in points], dtype=np.int64),
        values=np.array(shown, dtype=np.float64),
        low=np.full(count, np.nan),
        high=np.full(count, np.nan),
        side=np.zeros(count, np.int8),
        segments=tuple(segments),
        members=tuple(points),
    )


def _split(
    table: Gathered, members: NDArray[np.int64], starts: Sequence[date]
) -> list[NDArray[np.int64]]:
    """Return the scans, in the order of their weeks, cut where a baseline begins anew."""
    ordered = members[np.argsort(table.weeks[members], kind="stable")]
    cuts = np.searchsorted(table.weeks[ordered], [table.week(start) for start in starts])
    return list(np.split(ordered, cuts))


def _points(
    weeks: NDArray[np.int64], members: NDArray[np.int64], least: int
) -> list[NDArray[np.int64]]:
    """Return the scans of each point: those of a week, or of as many weeks as it takes to have enough."""
    if not len(members):
        return []
    ends = [*(np.flatnonzero(np.diff(weeks)) + 1), len(members)]
    found, begin = [], 0
    for end in ends:
        if end - begin >= least:
            found.append(members[begin:end])
            begin = end
    return found


def _segment(measure: Measure, here: slice, parts: Sequence[NDArray[np.float64]]) -> Segment:
    baseline = np.arange(len(parts)) < BASELINE_POINTS
    if len(parts) < BASELINE_POINTS:
        return Segment(here, baseline & False, np.full(len(parts), np.nan), np.zeros(0))
    pool = np.concatenate(parts[:BASELINE_POINTS])
    found = deviations_of(measure, pool, parts)
    return Segment(here, baseline, found, pool, figure(measure, pool))


def _tell_usual(table: Gathered, chart: Chart) -> None:
    """Let wider places measure the scans of each stretch from its own baseline."""
    for part in chart.segments:
        if part.baseline.any():
            members = np.concatenate(chart.members[part.points])
            table.set_usual(chart.measure, members, part.usual, part.pool)


def _kind(chart: Chart) -> tuple[Measure, tuple[bool, ...]]:
    """Return the figure and what is left open: what moves all sequences of a week shows where they are put together."""
    place = chart.place
    return chart.measure, (place.scanner == "", place.sequence == "", place.coil == "")


def _site(charts: Sequence[Chart]) -> Dispersion:
    parts = [part for chart in charts for part in chart.segments if part.baseline.any()]
    return pooled([dispersion(part.deviations, part.baseline) for part in parts])


def _judged(chart: Chart, alpha: float, site: Dispersion) -> Chart:
    low, high, side = chart.low.copy(), chart.high.copy(), chart.side.copy()
    segments = []
    for part in chart.segments:
        if not part.baseline.any():
            segments.append(part)
            continue
        said = judge(part.deviations, part.baseline, alpha, site)
        reach = said.limit * said.error
        low[part.points], high[part.points] = limits_of(
            chart.measure,
            part.pool,
            chart.scans[part.points],
            said.centre - reach,
            said.centre + reach,
        )
        side[part.points] = said.side
        segments.append(
            Segment(part.points, part.baseline, part.deviations, part.pool, part.usual, said)
        )
    return Chart(
        chart.place, chart.measure, chart.weeks, chart.first, chart.scans, chart.values,
        low, high, side, tuple(segments), chart.members,
    )  # fmt: skip
