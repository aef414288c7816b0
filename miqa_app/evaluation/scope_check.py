"""How often the scope check refuses what it must and lets pass what it may, on a frozen list of scans and pictures.

Every case goes through `assess`, as in use. Files are judged as they are read, and once more as a NIfTI copy, which has
no header that could help: there the pixels alone decide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from miqa_app.artefacts import degrade
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.assessment import ModelIdentity
from miqa_app.core.series import Series
from miqa_app.core.slices import network_plane, object_share, series_scale
from miqa_app.errors import BadRecipe
from miqa_app.evaluation.pictures import PICTURES
from miqa_app.imaging import load, load_with_problems
from miqa_app.imaging.write import write_nifti
from miqa_app.paths import bundled
from miqa_app.scoring.assess import assess
from miqa_app.scoring.interval import Calibration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from miqa_app.core.assessment import Assessment
    from miqa_app.scoring.prediction import PlaneEngine
    from miqa_app.scoring.scope import ScopeModel

Expected = Literal["refuse", "accept", "either"]
WAYS = ("as read", "pixels only", "lone slice", "degraded", "generated")
"""How a case came to the check: the file itself, its NIfTI copy, one slice by itself, a damaged stack, a picture made here."""


class Listed(BaseModel):
    """A file or folder of the list: what it shows, and what must become of it; `scan` joins copies of one scan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    category: str
    expected: Expected
    scan: str = ""


class DegradedPart(BaseModel):
    """Accepted scans that are damaged by every kind of artefact: evenly spaced slices of the first series of each path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severities: list[float]
    slices: int
    paths: list[str]


class ScopeList(BaseModel):
    """A frozen list of cases.

    Attributes:
        name: its name, on every table.
        seed: of all draws.
        generated: pictures of every kind of `pictures.PICTURES`.
        lone_slices: slices of every accepted series that are judged by themselves.
        degraded: what must stay in scope although it is bad.
        items: files and folders.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    seed: int
    generated: int
    lone_slices: int
    degraded: DegradedPart
    items: list[Listed]


@dataclass(frozen=True, eq=False)
class Case:
    """One thing to judge.

    Attributes:
        category: for the table.
        expected: what must become of it.
        way: one of `WAYS`.
        name: where it came from.
        scan: joins several encodings of one image.
        series: None where the reader refused the file.
    """

    category: str
    expected: Expected
    way: str
    name: str
    scan: str
    series: Series | None


@dataclass(frozen=True)
class Judged:
    """What became of a case.

    Attributes:
        category: see `Case`.
        expected: see `Case`.
        way: see `Case`.
        name: see `Case`.
        scan: see `Case`.
        by: what refused it: 'reader', 'header', 'values' (below zero), 'scope', 'unfit' (no object, too small), or ''
            where it was scored.
        distance: of the scope check, in units of its threshold, or None.
        reason: in words.
    """

    category: str
    expected: Expected
    way: str
    name: str
    scan: str
    by: str
    distance: float | None
    reason: str

    @property
    def refused(self) -> bool:
        """Return whether it got no score."""
        return bool(self.by)

    @property
    def right(self) -> bool:
        """Return whether became of it what was expected; an accepted scan is wronged only by a judgement on its scope."""
        if self.expected == "refuse":
            return self.refused
        return self.by in ("", "unfit")


def load_scope_list(name: str = "scope-1") -> ScopeList:
    """Return the frozen list of a name.

    Raises:
        BadRecipe: there is none, or it is damaged.
    """
    path = bundled("resources") / "evaluation" / f"{name}.yaml"
    try:
        return ScopeList(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError, TypeError) as error:
        message = f"The list '{name}' cannot be read from {path}: {error}."
        raise BadRecipe(message) from error


def check_scope(
    listed: ScopeList, data: Path, engine: PlaneEngine, scope: ScopeModel | None
) -> Iterator[Judged]:
    """Yield the judgement on every case of the list, in order.

    Raises:
        BadRecipe: a path is missing.
    """
    for case in cases(listed, data):
        yield _judged(case, engine, scope)


def cases(listed: ScopeList, data: Path) -> Iterator[Case]:
    """Yield all cases: listed files with their NIfTI copies, lone slices, damaged stacks, generated pictures."""
    for item in listed.items:
        path = data / item.path
        if not path.exists():
            message = f"The list names {item.path}, which is not in {data}; give the data folder with --data."
            raise BadRecipe(message)
        yield from _of_item(item, path, listed)
    for place in listed.degraded.paths:
        yield from _degraded(place, load(data / place)[0], listed)
    lone = [network(load(data / place)[0], 1)[0] for place in listed.degraded.paths]
    for number, (kind, make) in enumerate(PICTURES.items()):
        for count in range(listed.generated):
            rng = np.random.default_rng([listed.seed, number, count])
            image = make(count, lone[count % len(lone)], rng)
            # from zero, as files store phase and noise: the sign must not give it away
            image = image - image.min()
            series = _series(f"{kind} {count + 1}", image[None])
            yield Case(kind, "refuse", "generated", series.source, series.source, series)


def network(series: Series, count: int) -> list[NDArray[np.float32]]:
    """Return at most `count` network planes of a series, evenly spaced over the slices that show enough of an object."""
    scale = series_scale(series)
    planes = [network_plane(series, frame, scale) for frame in range(series.frames)]
    full = [plane for plane in planes if object_share(plane) >= 0.1] or planes
    places = (
        np.linspace(0, len(full) - 1, count + 2)[1:-1] if count < len(full) else range(len(full))
    )
    return [full[round(float(place))] for place in places]


def _of_item(item: Listed, path: Path, listed: ScopeList) -> Iterator[Case]:
    found, problems = load_with_problems(path)
    scan = item.scan or item.path
    if not found:
        yield Case(item.category, item.expected, "as read", item.path, scan, None)
    for number, series in enumerate(found):
        name = f"{item.path} #{number + 1}" if len(found) > 1 else item.path
        own = item.scan or name
        yield Case(item.category, item.expected, "as read", name, own, series)
        with TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.nii"
            write_nifti(_placeless(series), _values(series), copy, "")
            yield Case(item.category, item.expected, "pixels only", name, own, load(copy)[0])
        if item.expected == "accept":
            for place, plane in enumerate(network(series, listed.lone_slices)):
                alone = _series(f"{name}, slice {place + 1}", plane[None])
                yield Case(item.category, "accept", "lone slice", alone.source, own, alone)


def _degraded(place: str, series: Series, listed: ScopeList) -> Iterator[Case]:
    part = listed.degraded
    planes = network(series, part.slices)
    for number, kind in enumerate(KEYS):
        for severity in part.severities:
            damaged = [
                np.maximum(degrade(plane, kind, severity, listed.seed + number).image, 0)
                for plane in planes
            ]
            made = _series(f"{place}, {kind} {severity:g}", np.stack(damaged))
            yield Case(kind, "accept", "degraded", made.source, made.source, made)


def _series(name: str, voxels: NDArray[np.floating]) -> Series:
    return Series(key=name, source=name, voxels=np.asarray(voxels, dtype=np.float32))


def _values(series: Series) -> NDArray[np.float32]:
    return np.stack([series.values(frame) for frame in range(series.frames)])


def _placeless(series: Series) -> Series:
    """Return the series without its place in space, so that its copy is cut into the same slices."""
    return replace(series, geometry=None, time_points=1)


def _judged(case: Case, engine: PlaneEngine, scope: ScopeModel | None) -> Judged:
    def outcome(by: str, distance: float | None, reason: str) -> Judged:
        return Judged(
            case.category, case.expected, case.way, case.name, case.scan, by, distance, reason
        )

    if case.series is None:
        return outcome("reader", None, "the reader refuses the file")
    result = _assessed(case.series, engine, scope)
    if result.scored:
        return outcome("", result.scope.distance, "")
    if result.scope.distance is not None:
        return outcome("scope", result.scope.distance, result.reason)
    if case.series.refusal or (case.series.uid and result.scope.in_scope is False):
        return outcome("header", None, result.reason)
    by = "values" if result.scope.in_scope is False else "unfit"
    return outcome(by, None, result.reason)


def _assessed(series: Series, engine: PlaneEngine, scope: ScopeModel | None) -> Assessment:
    steps = assess(series, engine, ModelIdentity("", "", ""), Calibration(1.0), scope=scope)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Assessment = end.value
            return result


def rates(judgements: Sequence[Judged]) -> dict[str, Any]:
    """Return counts and shares per way and category, and pooled.

    'pooled' holds, per way, the share refused of what must be and the share wrongly refused of what may pass; with one
    count per series, and one per scan (a scan is wronged when any of its encodings is).
    """
    rows = []
    for way in WAYS:
        own = [item for item in judgements if item.way == way]
        for expected, category in sorted({(i.expected, i.category) for i in own}):
            group = [i for i in own if (i.expected, i.category) == (expected, category)]
            rows.append(_row(way, expected, category, group))
    pooled = {
        f"{way}, {expected}": _row(
            way, expected, "", [i for i in judgements if i.way == way and i.expected == expected]
        )
        for way in WAYS
        for expected in ("refuse", "accept")
        if any(i.way == way and i.expected == expected for i in judgements)
    }
    wrong = [
        {"name": i.name, "way": i.way, "category": i.category, "distance": i.distance}
        for i in judgements
        if i.expected != "either" and not i.right
    ]
    return {"rows": rows, "pooled": pooled, "wrong": wrong}


def _row(way: str, expected: str, category: str, group: Sequence[Judged]) -> dict[str, Any]:
    distances = [item.distance for item in group if item.distance is not None]
    refused = sum(
        item.refused if expected == "refuse" else item.by not in ("", "unfit") for item in group
    )
    scans = {item.scan for item in group}
    wronged = {item.scan for item in group if not item.right}
    return {
        "way": way,
        "expected": expected,
        "category": category,
        "series": len(group),
        "refused": refused,
        "share": refused / len(group),
        "scans": len(scans),
        "scans_wrong": len(wronged),
        "by": dict(Counter(item.by or "scored" for item in group)),
        "median_distance": float(np.median(distances)) if distances else None,
    }


def as_table(values: dict[str, Any]) -> str:
    """Return the rates as a table in Markdown."""
    lines = [
        "| way | expected | category | refused | share | by | median distance |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in [*values["rows"], *values["pooled"].values()]:
        distance = row["median_distance"]
        by = ", ".join(f"{key} {count}" for key, count in sorted(row["by"].items()))
        lines.append(
            f"| {row['way']} | {row['expected']} | {row['category'] or '**all**'} | {row['refused']} of {row['series']} "
            f"| {row['share']:.1%} | {by} | {'' if distance is None else f'{distance:.2f}'} |"
        )
    return "\n".join(lines)
