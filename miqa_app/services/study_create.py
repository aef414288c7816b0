"""Build a rating study from scans, and keep it only when all of it has been made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from miqa_app.errors import BadRequest
from miqa_app.rating.campaign import items_of
from miqa_app.rating.design import Design
from miqa_app.rating.study import Study
from miqa_app.services.study_material import gathered
from miqa_app.services.study_repeats import suggest_repeats
from miqa_app.services.study_scans import scans_for

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from miqa_app.core.series import Series
    from miqa_app.rating.protocol import Protocol
    from miqa_app.rating.study import Item
    from miqa_app.services.study_repeats import Repeat
    from miqa_app.store import Archive


@dataclass(frozen=True)
class Step:
    """How far the work is.

    Attributes:
        done: places done.
        total: of how many, 0 while that is not known.
        words: what is being done.
        remark: sentence for the coordinator, '' for a mere step.
    """

    done: int
    total: int
    words: str
    remark: str = ""


def create(
    archive: Archive,
    name: str,
    protocol: Protocol,
    sources: Sequence[Path],
    design: Design | None = None,
    *,
    seed: int = 1,
    informative: bool = False,
    pairs: Collection[tuple[str, str]] | None = None,
) -> Generator[Step, None, Study]:
    """Make a study and store it; stopped or failed on the way, it leaves nothing behind.

    With a double-stimulus protocol every degraded place stands beside the place as acquired; with a single-stimulus one
    both are shown alone, and two further slices become illustrated anchors; with pair comparison the versions of a place
    meet one another. Scans that were taken twice are rated one against the other where the design says so; where it
    names artefacts too, the good ones of them are degraded like all others, and the poor ones are not. What each image
    is tells its provenance.

    Args:
        archive: where it goes.
        name: unique in the archive.
        protocol: how it is shown.
        sources: files, folders, zips or DICOMDIRs.
        design: what is made of the scans.
        seed: of artefacts, orders and sides.
        informative: keep how unsure the active model is of each item, so that those whose votes teach it most come
            first (see `study_next`).
        pairs: keys of the first and the second scan of those repeats that are wanted; all that are found by default.

    Raises:
        BadRequest: the name is taken or empty, the design does not check out, or there is nothing to rate.
        UnreadableFile: no scan could be read.
    """
    design = design or Design()
    design.check()
    if not name.strip() or name != name.strip():
        raise BadRequest("A study needs a name without blanks around it.")
    if any(study.name == name for study in archive.studies()):
        raise BadRequest(f"There is a study '{name}' already; choose another name.")
    _check_design(protocol, design)
    yield Step(0, 0, "Reading")
    usable = yield from _read(sources)
    repeats = suggest_repeats(usable) if design.repeats else ()
    if pairs is not None:
        repeats = tuple(one for one in repeats if (one.first.key, one.second.key) in pairs)
    yield from (Step(0, 0, "Reading", repeat.why) for repeat in repeats)
    chosen = yield from _chosen(usable, repeats, protocol, design)
    steps = gathered(protocol, chosen, repeats, design, seed, sources)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            made = end.value
            break
        yield Step(done, total, "Degrading" if design.kinds else "Cutting")
    yield from (Step(1, 1, "Storing", remark) for remark in made.remarks)
    items = items_of(protocol, made.material, seed)
    unsure = (yield from _unsure(items, made.contents)) if informative else {}
    shown = {key for item in items for key in (item.test, item.reference)}
    study = Study(
        key=uuid4().hex,
        name=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        protocol=protocol,
        seed=seed,
        items=items,
        stimuli=tuple(info for key, info in made.infos.items() if key in shown),
        model_uncertainty=unsure,
    )
    archive.add_study(study, {key: made.contents[key] for key in made.infos if key in shown})
    return study


def _read(sources: Sequence[Path]) -> Generator[Step, None, list[Series]]:
    steps = scans_for(sources)
    while True:
        try:
            yield Step(0, 0, "Reading", next(steps))
        except StopIteration as end:
            return list(end.value)


def _unsure(
    items: Sequence[Item], contents: Mapping[str, bytes]
) -> Generator[Step, None, dict[str, float]]:
    from miqa_app.services.study_uncertainty import model_uncertainty  # brings torch

    steps = model_uncertainty([item for item in items if item.counted], contents)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return dict(end.value)
        yield Step(done, total, "Asking the model")


def _check_design(protocol: Protocol, design: Design) -> None:
    if protocol.images == "pair" and not design.kinds and not design.repeats:
        message = (
            f"The protocol {protocol.id} compares two images: give artefact kinds, rate repeated scans, or choose the "
            "protocol 'single'."
        )
        raise BadRequest(message)


def _chosen(
    usable: Sequence[Series], repeats: Sequence[Repeat], protocol: Protocol, design: Design
) -> Generator[Step, None, list[Series]]:
    """Return the scans of the study: all, or only the repeated ones where nothing is degraded.

    Raises:
        BadRequest: repeats were wanted, there are none, and there is nothing else to rate.
    """
    if design.repeats and not repeats:
        lack = (
            f"None of the {len(usable)} scans looks like a repeat of another (same exam, name, parameters and "
            "place)"
        )
        if not design.kinds:
            raise BadRequest(f"{lack}; give the whole exam, or artefact kinds.")
        yield Step(0, 0, "Reading", f"{lack}; the study has degraded images alone.")
    if design.kinds or (protocol.images == "single" and not design.repeats):
        return list(usable)
    return list(_members(repeats))


def _members(repeats: Sequence[Repeat]) -> Iterator[Series]:
    seen = set()
    for repeat in repeats:
        for one in (repeat.first, repeat.second):
            if id(one) not in seen:
                seen.add(id(one))
                yield one
