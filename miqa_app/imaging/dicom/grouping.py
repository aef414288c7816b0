"""From a heap of slices to sorted stacks: by series, orientation, echo, image type and time point."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miqa_app.imaging.dicom.frame import Frame

_SAME_DIRECTION = 5e-3
_SAME_PLACE_MM = 0.05
_TIME_KEYS = (
    "TemporalPositionIndex",
    "TemporalPositionIdentifier",
    "DiffusionBValue",
    "AcquisitionNumber",
    "FrameAcquisitionNumber",
    "NominalCardiacTriggerDelayTime",
    "TriggerTime",
    "FrameAcquisitionDateTime",
    "AcquisitionTime",
    "ContentTime",
)


@dataclass(eq=False)
class Group:
    """Slices of one stack in display order: time point by time point, each along the normal."""

    frames: list[Frame]
    time_points: int
    notes: list[str]


def group_frames(frames: Iterable[Frame]) -> list[Group]:
    """Return the stacks, in the order of series number and first instance."""
    series: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        series[_identity(frame)].append(frame)
    groups = []
    for members in series.values():
        unique, note = _without_copies(members)
        for parallel in _by_direction(unique):
            found = _by_time(parallel)
            if note:
                found[0].notes.insert(0, note)
            groups.extend(found)
    return sorted(groups, key=_order)


def _order(group: Group) -> tuple[object, ...]:
    first = min(group.frames, key=lambda frame: frame.instance)
    return (
        first.study,
        first.series_number,
        first.series,
        first.echo,
        first.component,
        first.instance,
    )


def _identity(frame: Frame) -> tuple[object, ...]:
    """Return what all slices of a stack share."""
    return (
        frame.series or frame.layout.shown,
        frame.modality,
        frame.rows,
        frame.columns,
        frame.echo,
        frame.component,
        frame.image_type,
        frame.layout.colour,
        frame.refusal,
    )


def _without_copies(frames: list[Frame]) -> tuple[list[Frame], str]:
    """Drop slices that are the same SOP instance as one before, and say how many."""
    seen, unique = set(), []
    for frame in frames:
        tile = (frame.tile.row, frame.tile.column) if frame.tile else None
        mark = (frame.sop or frame.layout.shown, frame.index, tile)
        if mark not in seen:
            seen.add(mark)
            unique.append(frame)
    copies = len(frames) - len(unique)
    if not copies:
        return unique, ""
    counted = "1 image is" if copies == 1 else f"{copies} images are"
    return unique, f"{counted} there twice (same instance) and used once."


def _by_direction(frames: list[Frame]) -> list[list[Frame]]:
    """Split into sets of parallel slices; slices without orientation stay together."""
    clusters: list[tuple[tuple[float, ...], list[Frame]]] = []
    for frame in frames:
        for direction, members in clusters:
            if len(direction) == len(frame.orientation) and np.allclose(
                direction, frame.orientation, rtol=0, atol=_SAME_DIRECTION
            ):
                members.append(frame)
                break
        else:
            clusters.append((frame.orientation, [frame]))
    return [members for _, members in clusters]


def _by_time(frames: list[Frame]) -> list[Group]:
    """Sort along the normal; where places repeat, split into time points, or into stacks where that fails."""
    if any(frame.along_normal is None for frame in frames):
        return [_without_places(frames)]
    frames = sorted(frames, key=lambda frame: (frame.along_normal, frame.instance))
    places = _places(frames)
    if len(set(places)) == len(frames):
        return [Group(frames, 1, [])]
    for keyword in _TIME_KEYS:
        split = _split_by(frames, places, keyword)
        if split:
            return split
    return _occurrences(frames, places)


def _places(frames: list[Frame]) -> list[int]:
    """Return a place number per sorted slice; slices at the same position share it."""
    along = np.array([frame.along_normal for frame in frames])
    offsets = np.array([frame.position for frame in frames])
    moved = np.diff(along) > _SAME_PLACE_MM
    # parallel slices side by side (spine blocks, knees) lie at one depth but not at one place
    moved |= np.linalg.norm(np.diff(offsets, axis=0), axis=1) > _SAME_PLACE_MM * 2
    return [0, *np.cumsum(moved).tolist()]


def _split_by(frames: list[Frame], places: list[int], keyword: str) -> list[Group]:
    """Return time points by one attribute, [] where it does not tell the repeats apart."""
    points: dict[float, list[tuple[int, Frame]]] = defaultdict(list)
    for place, frame in zip(places, frames, strict=True):
        if keyword not in frame.times:
            return []
        points[frame.times[keyword]].append((place, frame))
    if len(points) < 2:
        return []
    sets = {value: tuple(place for place, _ in members) for value, members in points.items()}
    if any(len(set(members)) != len(members) for members in sets.values()):
        return []
    full = max(sets.values(), key=len)
    whole = sorted(value for value in points if sets[value] == full)
    if len(whole) < 2 or len(full) < len(set(places)):
        return []
    groups = [Group([f for value in whole for _, f in points[value]], len(whole), [])]
    for value in sorted(set(points) - set(whole)):
        note = "This time point does not have the slices of the others and is shown on its own."
        groups.append(Group([frame for _, frame in points[value]], 1, [note]))
    return groups


def _occurrences(frames: list[Frame], places: list[int]) -> list[Group]:
    """Split repeats that nothing in the header explains: the first at each place, the second, and so on."""
    stacks: dict[int, list[Frame]] = defaultdict(list)
    count: dict[int, int] = defaultdict(int)
    for place, frame in zip(places, frames, strict=True):
        stacks[count[place]].append(frame)
        count[place] += 1
    repeated = sum(1 for times in count.values() if times > 1)
    where = "1 position holds" if repeated == 1 else f"{repeated} positions hold"
    note = f"{where} several images that the header does not tell apart; they are shown as {len(stacks)} stacks."
    return [Group(members, 1, [note]) for members in stacks.values()]


def _without_places(frames: list[Frame]) -> Group:
    """Order slices of unknown position by slice location, or else by instance number."""
    if all(frame.slice_location is not None for frame in frames):
        ordered = sorted(frames, key=lambda frame: (frame.slice_location, frame.instance))
        by = "slice location"
    else:
        ordered = sorted(
            frames, key=lambda frame: (frame.instance, frame.layout.shown, frame.index)
        )
        by = "image number"
    note = "The file does not say where the slices lie"
    note += f"; they are in the order of their {by}." if len(frames) > 1 else "."
    return Group(ordered, 1, [note])
