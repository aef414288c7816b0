"""From scans to the material of a study: what is rated, what teaches the scale, and where each image came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import BadRequest
from miqa_app.imaging.deidentify import hashed, relative_source
from miqa_app.rating.campaign import Comparison, Material, compared
from miqa_app.rating.design import Change
from miqa_app.rating.seeded import number
from miqa_app.rating.stimulus import packed
from miqa_app.rating.study import StimulusInfo
from miqa_app.services.study_scans import person
from miqa_app.services.study_stimuli import full_slices, places, stimuli_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from miqa_app.core.series import Series
    from miqa_app.rating.design import Design
    from miqa_app.rating.protocol import Protocol
    from miqa_app.rating.stimulus import Stimulus
    from miqa_app.services.study_repeats import Repeat

_BAD = "ghosting"
"""Kind of the example of a bad image: its energy is set exactly, so that no seed makes it mild."""

_POOR = "poor first scan"
"""Kind of an image that was acquired as poor as it is, and repeated for that."""

_FACTS = {"anatomy": "Body part", "sequence": "Protocol", "vendor": "Manufacturer"}


@dataclass(frozen=True, eq=False)
class Place:
    """A place in a scan, with the poorer scans of it where there are some."""

    series: Series
    frames: tuple[int, ...]
    repeats: tuple[Repeat, ...] = ()


@dataclass(eq=False)
class Gathered:
    """What has been made so far.

    Attributes:
        rated: see `Material`.
        training: the same.
        anchors: the same.
        infos: what is known of the stimuli, by key.
        contents: packed stimuli, by key.
        remarks: sentences for the coordinator.
    """

    rated: list[Comparison] = field(default_factory=list)
    training: list[Comparison] = field(default_factory=list)
    anchors: list[Comparison] = field(default_factory=list)
    infos: dict[str, StimulusInfo] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    remarks: dict[str, None] = field(default_factory=dict)

    @property
    def material(self) -> Material:
        """Return it in the form from which items are made."""
        return Material(tuple(self.rated), tuple(self.training), tuple(self.anchors))

    def keep(self, stimulus: Stimulus, provenance: Mapping[str, str | float | int]) -> str:
        """Take a stimulus in and return its key."""
        key = stimulus.key
        if key not in self.infos:
            self.infos[key] = StimulusInfo(key, dict(provenance))
            self.contents[key] = packed(stimulus)
        return key


def gathered(
    protocol: Protocol,
    series: Sequence[Series],
    repeats: Sequence[Repeat],
    design: Design,
    seed: int,
    roots: Sequence[str | Path],
) -> Generator[tuple[int, int], None, Gathered]:
    """Make all stimuli of a study, yielding how many places are done of how many.

    Args:
        protocol: of the study.
        series: scans, not refused.
        repeats: pairs among them that are rated against one another; the good scan of a pair is also degraded where
            the design names artefacts, the poor one never.
        design: what is made of the scans.
        seed: of the study.
        roots: what the coordinator named; sources are told relative to it.

    Raises:
        BadRequest: a scan without signal.
    """
    result, maker = Gathered(), _Maker(protocol, design, seed, series, roots)
    rated, spare = _cut(series, repeats, design)
    lessons = _lessons(protocol, design)
    anchors = 2 if protocol.images == "single" else 0
    further = _interleaved(spare)
    if len(further) < len(lessons) + anchors:
        result.remarks[
            "The scans have few slices beside the rated ones, so training shows some more than once."
        ] = None
    pool = further or rated
    total = len(rated) + anchors + len(lessons)
    for done, place in enumerate(rated, 1):
        maker.rate(place, result)
        yield done, total
    for turn, severity in enumerate((0.0, 1.0)[:anchors]):
        place = pool[turn % len(pool)]
        result.anchors.append(maker.lesson(place, _BAD, severity, result))
        yield len(rated) + turn + 1, total
    for turn, (kind, severity) in enumerate(lessons, anchors):
        place = pool[turn % len(pool)]
        result.training.append(maker.lesson(place, kind, severity, result))
        yield len(rated) + turn + 1, total
    return result


def _cut(
    series: Sequence[Series], repeats: Sequence[Repeat], design: Design
) -> tuple[list[Place], list[list[Place]]]:
    """Return the places that are rated, and by scan those that are left over; poor scans of a repeat teach nothing."""
    rated: list[Place] = []
    spare: list[list[Place]] = []
    poor = [repeat.first for repeat in repeats]
    good = list(dict.fromkeys(repeat.second for repeat in repeats))
    for one in (*good, *(other for other in series if other not in good and other not in poor)):
        chosen, rest = places(_full(one), design.slices, design.stack)
        beside = tuple(repeat for repeat in repeats if repeat.second is one)
        rated += [Place(one, frames, beside) for frames in chosen]
        spare.append([Place(one, frames) for frames in rest])
    return rated, spare


def _full(series: Series) -> list[int]:
    """Return the frames that can be judged.

    Raises:
        BadRequest: there is none.
    """
    full = full_slices(series)
    if not full:
        message = f"{series.description or series.source} shows nothing that could be rated; leave it out."
        raise BadRequest(message)
    return full


def _interleaved(spare: Sequence[Sequence[Place]]) -> list[Place]:
    """Return the places scan after scan in turn, those of a scan from its middle outwards."""
    ranked: list[tuple[int, int, Place]] = []
    for scan, rest in enumerate(spare):
        off_middle = [abs(2 * n - len(rest) + 1) for n in range(len(rest))]
        middle_first = sorted(range(len(rest)), key=off_middle.__getitem__)
        ranked += [(turn, scan, rest[n]) for turn, n in enumerate(middle_first)]
    return [place for _, _, place in sorted(ranked, key=lambda entry: entry[:2])]


def _lessons(protocol: Protocol, design: Design) -> list[tuple[str, float]]:
    """Return kind and severity of the training items: both ends of the scale first, then what lies between.

    Kinds that are not rated come first, so that nobody learns the rated ones by heart; among them those lead the list
    whose energy is set exactly, so that the worst example is bad.
    """
    count = protocol.training_items
    severities = [round(n / max(1, count - 1), 3) for n in range(count)]
    taught = [severities.pop(0 if turn % 2 == 0 else -1) for turn in range(count)]
    kinds = [*(kind for kind in KEYS if kind not in design.kinds), *design.kinds]
    return [(kinds[turn % len(kinds)], severity) for turn, severity in enumerate(taught)]


class _Maker:
    """Makes stimuli with what is to be known of each."""

    def __init__(
        self,
        protocol: Protocol,
        design: Design,
        seed: int,
        series: Sequence[Series],
        roots: Sequence[str | Path],
    ) -> None:
        self._protocol, self._design, self._seed = protocol, design, seed
        self._roots = roots
        self._scans = {one.key: nth for nth, one in enumerate(series, 1)}
        people = list(dict.fromkeys(person(one) or one.source for one in series))
        self._subjects = {one.key: people.index(person(one) or one.source) + 1 for one in series}

    def rate(self, place: Place, result: Gathered) -> None:
        """Add what is rated of one place: as it is in poor scans, and degraded."""
        changes = self._design.changes(self._seed, self._content(place))
        versions = self._versions(place, changes, result)
        clean, *others = versions
        if self._protocol.images == "single":
            result.rated += [Comparison(key) for key in versions]
        elif self._protocol.asks == "preference":
            result.rated += compared(versions, self._seed, self._content(place))
        else:
            result.rated += [Comparison(key, clean) for key in others if key != clean]

    def lesson(self, place: Place, kind: str, severity: float, result: Gathered) -> Comparison:
        """Return one example of an artefact; severity 0 is the clean image itself."""
        seed = number(self._seed, "lesson", self._content(place), kind) % 2**31
        changes = [Change(kind, severity, seed)] if severity else []
        keys = self._versions(place, changes, result)
        return Comparison(keys[-1], "" if self._protocol.images == "single" else keys[0])

    def _versions(self, place: Place, changes: Sequence[Change], result: Gathered) -> list[str]:
        """Return the keys of a place as acquired, as in its poor scans, and with each change, on one grey scale."""
        poor = [(one.first, one.frames_beside(place.frames)) for one in place.repeats]
        stimuli, remark = stimuli_of(place.series, place.frames, changes, repeats=poor)
        if remark:
            result.remarks[remark] = None
        content = self._content(place)
        about = self._about(place.series, place.frames, content)
        facts = [{"made": "as acquired", **about}]
        for scan, frames in poor:
            other = self._about(scan, frames, content)
            facts.append({"made": "as acquired", **other, "kind": _POOR})
        facts += [{"made": "simulated", **about, **vars(change)} for change in changes]
        return [result.keep(*made) for made in zip(stimuli, facts, strict=True)]

    def _content(self, place: Place) -> str:
        return f"scan {self._scans[place.series.key]}, slice {_slices(place.frames)}"

    def _about(
        self, series: Series, frames: tuple[int, ...], content: str
    ) -> dict[str, str | float | int]:
        """Return where a stimulus comes from; a DICOM series by its name, for its folders may carry a patient's."""
        source = series.description if series.uid else relative_source(series.source, self._roots)
        about: dict[str, str | float | int] = {
            "source": source or f"scan {self._scans[series.key]}",
            "frames": _slices(frames),
            "content": content,
            "subject": f"subject {self._subjects[series.key]}",
        }
        if series.uid:
            about["series"] = hashed(series.uid)
        return about | {name: series.facts[fact] for name, fact in _FACTS.items() if fact in series.facts}  # fmt: skip


def _slices(frames: tuple[int, ...]) -> str:
    """Return frame numbers as people count them, from 1."""
    first, last = frames[0] + 1, frames[-1] + 1
    return str(first) if first == last else f"{first}-{last}"
