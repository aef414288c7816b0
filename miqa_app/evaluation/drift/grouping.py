"""All scans of a site as one table, and the places that can be looked at together."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.evaluation.drift.observations import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.drift.observations import Observation

_FIRST_MONDAY = date(1900, 1, 1)
_IQR = 1.349
"""Interquartile range of a normal distribution in its standard deviations."""

_MOST, _LEAST_SCALE = 4.0, 1e-3


class Gathered:
    """The scans as columns.

    Attributes:
        weeks: (scans,) number of the week.
        places: of each scan.
    """

    def __init__(self, observed: Sequence[Observation]) -> None:
        self.places = [one.place for one in observed]
        self.weeks = np.array([self.week(one.week) for one in observed], dtype=np.int64)
        self._columns = {
            "score": np.array([one.score for one in observed], dtype=np.float64),
            "scope": np.array([_number(one.distance) for one in observed], dtype=np.float64),
            "override": np.array([_number(one.override) for one in observed], dtype=np.float64),
        }
        self._usual = {
            name: np.full(len(observed), np.nan if name != "override" else 0.0)
            for name in self._columns
        }
        self._weight = {
            name: np.full(len(observed), np.nan)
            for name in ("score", "spread", "scope", "override")
        }

    @staticmethod
    def week(day: date) -> int:
        """Return the number of the week of a day."""
        return (day - _FIRST_MONDAY).days // 7

    @staticmethod
    def monday(week: int) -> date:
        """Return the Monday of a week."""
        return _FIRST_MONDAY + timedelta(weeks=int(week))

    def values(self, measure: str, *, relative: bool) -> NDArray[np.float64]:
        """Return (scans,) what a figure is made of; NaN where it is not known.

        Args:
            measure: 'score', 'spread', 'scope' or 'override'.
            relative: measured from what is usual in each stream, so that streams can be put together; NaN where that is
                not known yet. Shares are as they are.
        """
        column = "score" if measure == "spread" else measure
        return self._columns[column] - (self._usual[column] if relative else 0.0)

    def set_usual(
        self, measure: str, members: NDArray[np.int64], usual: float, pool: NDArray[np.float64]
    ) -> None:
        """Say what is usual in the stream of some scans.

        Args:
            measure: of the chart that they are on.
            members: the scans.
            usual: middle of the baseline.
            pool: values of the baseline.
        """
        if measure in ("score", "scope"):
            self._usual[measure][members] = usual
        scale = max(float(np.subtract(*np.percentile(pool, (75, 25)))) / _IQR, _LEAST_SCALE)
        middle = float(np.median(pool))
        normal = _told(measure, pool, middle, scale)
        values = self.values(measure, relative=False)[members]
        apart = _told(measure, values, middle, scale) - normal.mean()
        self._weight[measure][members] = apart / max(float(normal.std()), _LEAST_SCALE)

    def evidence(self, measure: str, members: NDArray[np.int64]) -> float:
        """Return how much some scans together say that a figure rose (or fell, below 0), in standard deviations.

        Means of what single scans say, not medians: they tell a place all of whose scans moved from a wider one where a part
        did. Scans of streams without a baseline say nothing.
        """
        said = self._weight[measure][members]
        said = said[np.isfinite(said)]
        return float(said.sum() / np.sqrt(len(said))) if len(said) else 0.0


def _told(
    measure: str, values: NDArray[np.float64], middle: float, scale: float
) -> NDArray[np.float64]:
    """Return what each scan says about a figure; one scan never says more than four standard deviations."""
    if measure == "override":
        return values
    found = np.clip((values - middle) / scale, -_MOST, _MOST)
    return np.abs(found) if measure == "spread" else found


def nodes_of(table: Gathered) -> list[tuple[Place, NDArray[np.int64]]]:
    """Return every place with its scans: whole ones first, then what several of them have in common.

    A wider place that holds no other scans than one before it is left out.
    """
    found: dict[Place, list[int]] = {}
    streams: dict[Place, list[int]] = {}
    for number, place in enumerate(table.places):
        streams.setdefault(place, []).append(number)
    # from whole places to the whole site: the fewer are left open, the earlier
    masks = sorted(product((True, False), repeat=3), key=lambda mask: -sum(mask))
    for mask in masks:
        for place, members in sorted(streams.items(), key=lambda item: item[0].words):
            parts = (place.scanner, place.sequence, place.coil)
            wide = Place(*(part if keep else "" for part, keep in zip(parts, mask, strict=True)))
            found.setdefault(wide, []).extend(members)
    nodes, seen = [], set()
    for place, members in found.items():
        own = np.array(sorted(members), dtype=np.int64)
        if own.tobytes() not in seen:
            seen.add(own.tobytes())
            nodes.append((place, own))
    return nodes


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
