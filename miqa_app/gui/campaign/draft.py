"""The study in the making: what the coordinator has chosen so far."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from miqa_app.rating.design import KINDS, SEVERITIES, Design
from miqa_app.services.study_scans import is_localizer, person, unfit_by_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miqa_app.core.series import Series
    from miqa_app.rating.protocol import Protocol
    from miqa_app.services.study_repeats import Repeat

Doubt = Literal["", "localizer", "another patient"]
"""Why a scan is not ticked until the coordinator does."""

Way = Literal["degraded", "repeats", "as acquired"]
"""How scans become items."""

_SEEDS = 999_999


@dataclass(eq=False)
class Scan:
    """A scan that can be chosen.

    Attributes:
        series: whole.
        paths: what is read again when the study is made.
        left_out: why it cannot be rated, or ''.
        looked_at: its pixels have been asked too.
        ticked: the coordinator wants it.
        doubt: why it was not ticked at first, or ''.
        full: frames with enough of the object to be judged; None until somebody has looked.
    """

    series: Series
    paths: tuple[Path, ...]
    left_out: str = ""
    looked_at: bool = False
    ticked: bool = True
    doubt: Doubt = ""
    full: list[int] | None = None

    @property
    def name(self) -> str:
        """Return what the scan is called."""
        return self.series.description or Path(self.series.source).name

    @property
    def chosen(self) -> bool:
        """Return whether it goes into the study."""
        return self.ticked and not self.left_out


@dataclass(eq=False)
class Suggestion:
    """A scan and its repeat, and whether they are wanted."""

    repeat: Repeat
    ticked: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from others."""
        return self.repeat.first.key, self.repeat.second.key


@dataclass(eq=False)
class Draft:
    """What the coordinator has chosen so far; what is left alone keeps a sensible value.

    Attributes:
        protocol: how it is shown.
        name: of the study.
        way: how scans become items.
        degrade_too: beside poor scans and their repeats, good scans are degraded.
        informative: show first what teaches the active model most.
        scans: all that were offered, in the order in which they came.
        suggestions: scans that were probably taken twice.
        kinds: artefacts, see `Design`.
        severities: the same.
        slices: the same.
        stack: the same.
        seed: of artefacts, orders and sides.
    """

    protocol: Protocol
    name: str = ""
    way: Way = "degraded"
    degrade_too: bool = False
    informative: bool = False
    scans: list[Scan] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    kinds: tuple[str, ...] = KINDS
    severities: tuple[float, ...] = SEVERITIES
    slices: int = 2
    stack: int = 1
    seed: int = field(default_factory=lambda: drawn_seed())

    @property
    def chosen(self) -> list[Scan]:
        """Return the scans that go into the study."""
        if self.way != "repeats" or self.degrade_too:
            return [scan for scan in self.scans if scan.chosen]
        wanted = {key for pair in self.pairs for key in pair}
        return [scan for scan in self.scans if scan.chosen and scan.series.key in wanted]

    @property
    def design(self) -> Design:
        """Return what is made of the scans."""
        repeats = self.way == "repeats"
        degraded = self.way == "degraded" or (repeats and self.degrade_too)
        kinds = self.kinds if degraded else ()
        return Design(kinds, self.severities, self.slices, self.stack, repeats)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return keys of first and second scan of the repeats that are wanted."""
        return [one.key for one in self.suggestions if one.ticked]

    @property
    def sources(self) -> list[Path]:
        """Return the files to read, each once."""
        return list(dict.fromkeys(path for scan in self.chosen for path in scan.paths))

    def add(self, series: Series, doubt: Doubt = "") -> Scan | None:
        """Offer one more scan; return it, or None where it is there already.

        It is ticked unless it is a localizer or there is another doubt; scans out of one file go together.
        """
        if any(scan.series.key == series.key for scan in self.scans):
            return None
        scan = Scan(series, paths_of(series), unfit_by_header(series))
        scan.doubt = "localizer" if is_localizer(series) else doubt
        together = [one for one in self.scans if set(one.paths) & set(scan.paths)]
        self.scans.append(scan)
        self.tick(scan, not scan.doubt or any(one.ticked for one in together))
        return scan

    def add_open(self, series: Sequence[Series]) -> None:
        """Offer scans that happen to be open: those of the first one's patient are ticked."""
        fit = [one for one in series if not (is_localizer(one) or unfit_by_header(one))]
        for one in series:
            same = not fit or person(one) == person(fit[0])
            self.add(one, "" if same else "another patient")

    def tick(self, scan: Scan, on: bool) -> None:
        """Choose a scan or leave it; scans that come out of the same file go together."""
        for other in self.scans:
            if other is scan or set(other.paths) & set(scan.paths):
                other.ticked = on

    def suggest(self, repeats: Iterable[Repeat]) -> None:
        """Take suggestions; those that were there keep their tick."""
        known = {one.key: one.ticked for one in self.suggestions}
        fresh = [Suggestion(repeat) for repeat in repeats]
        for one in fresh:
            one.ticked = known.get(one.key, True)
        self.suggestions = fresh


def drawn_seed() -> int:
    """Return a seed by chance, short enough to be read out."""
    return 1 + secrets.randbelow(_SEEDS)


def paths_of(series: Series) -> tuple[Path, ...]:
    """Return the files of a series; of one that came out of an archive, the archive."""
    files = tuple(dict.fromkeys(Path(file) for file in series.files or (series.source,)))
    if all(file.exists() for file in files):
        return files
    source = Path(series.source)
    return (next((place for place in source.parents if place.is_file()), source),)
