"""A study in outline: as many items as it will have, before a pixel is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.rating.campaign import Comparison, Material, compared, items_of
from miqa_app.rating.study import Study
from miqa_app.services.study_stimuli import places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miqa_app.rating.design import Design
    from miqa_app.rating.protocol import Protocol


def outline(
    protocol: Protocol,
    design: Design,
    scans: Sequence[Sequence[int]],
    seed: int,
    poor: Sequence[int] = (),
) -> Study:
    """Return a study without stimuli whose items are as many, and for the same ends, as those of the real one.

    Args:
        protocol: how it is shown.
        design: what is made of the scans.
        scans: for each scan the frames that can be judged; poor scans that were repeated are left out.
        seed: of the study.
        poor: for each scan how many poor scans it repeats; none by default.

    Raises:
        BadRequest: there is nothing to rate.
    """
    rated = [
        comparison
        for number, (full, worse) in enumerate(zip(scans, poor or [0] * len(scans), strict=True))
        for frames in places(full, design.slices, design.stack)[0]
        for comparison in _at(f"scan {number}, frames {frames}", worse, protocol, design, seed)
    ]
    lessons = [Comparison(f"lesson {n}", "clean") for n in range(protocol.training_items)]
    anchors = [Comparison(f"anchor {n}") for n in range(2 if protocol.images == "single" else 0)]
    items = items_of(protocol, Material(tuple(rated), tuple(lessons), tuple(anchors)), seed)
    return Study("0" * 32, "outline", "", protocol, seed, items, ())


def _at(
    place: str, worse: int, protocol: Protocol, design: Design, seed: int
) -> Iterator[Comparison]:
    """Give the comparisons of one place."""
    versions = [
        place,
        *(f"{place}, poor scan {number}" for number in range(worse)),
        *(f"{place}, {one.kind} {one.severity}" for one in design.changes(seed, place)),
    ]
    if protocol.images == "single":
        yield from (Comparison(version) for version in versions)
    elif protocol.asks == "preference":
        yield from compared(versions, seed, place)
    else:
        yield from (Comparison(version, place) for version in versions[1:])
