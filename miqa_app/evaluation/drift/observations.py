"""What the record of assessments says of each scan: when, where, how good, how usual, and what a person decided."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miqa_app.core.assessment import ModelIdentity
    from miqa_app.store import Context, Decided, KeptAssessment, ShadowScore

UNKNOWN = {
    "scanner": "Scanner not stated",
    "sequence": "Sequence not stated",
    "coil": "Coil not stated",
}
"""What stands for what the header does not say."""


@dataclass(frozen=True)
class Place:
    """A scanner, a sequence and a coil; '' leaves one of them open.

    Attributes:
        scanner: name in this site.
        sequence: protocol name.
        coil: receive coil.
    """

    scanner: str = ""
    sequence: str = ""
    coil: str = ""

    @property
    def words(self) -> str:
        """Return it for people, such as 'Skyra, t2_tse_tra, coil HeadNeck_20'."""
        coil = self.coil
        if coil and coil != UNKNOWN["coil"] and "coil" not in coil.lower():
            coil = f"coil {coil}"
        parts = [part for part in (self.scanner, self.sequence, coil) if part]
        return ", ".join(parts) or "All scanners"

    @property
    def whole(self) -> bool:
        """Return whether nothing is left open."""
        return bool(self.scanner and self.sequence and self.coil)

    def form(self) -> dict[str, str]:
        """Return it as JSON can hold it, without what is left open."""
        given = {"scanner": self.scanner, "sequence": self.sequence, "coil": self.coil}
        return {name: value for name, value in given.items() if value}

    def within(self, other: Place) -> bool:
        """Return whether the other place holds all of this one."""
        return all(wide in ("", mine) for mine, wide in self._pairs(other))

    def meets(self, other: Place) -> bool:
        """Return whether a scan can belong to both."""
        return all(mine == theirs or "" in (mine, theirs) for mine, theirs in self._pairs(other))

    def _pairs(self, other: Place) -> tuple[tuple[str, str], ...]:
        return (
            (self.scanner, other.scanner),
            (self.sequence, other.sequence),
            (self.coil, other.coil),
        )


@dataclass(frozen=True)
class Observation:
    """One scan.

    Attributes:
        week: Monday of the week in which it was acquired, or judged where the scan does not say.
        place: all three of it.
        score: 0–100.
        distance: from what the model was shown, see `core.assessment.Scope`, or None.
        override: whether a person decided against the advice; None where nobody has decided.
    """

    week: date
    place: Place
    score: float
    distance: float | None
    override: bool | None


def monday(day: str) -> date:
    """Return the Monday of the week of a day in ISO 8601."""
    given = date.fromisoformat(day[:10])
    return given - timedelta(days=given.weekday())


def present_model(kept: Sequence[KeptAssessment]) -> ModelIdentity | None:
    """Return the model of the newest assessment that has one."""
    return next((one.model for one in reversed(kept) if one.model is not None), None)


def observations(
    kept: Sequence[KeptAssessment],
    shadows: Iterable[ShadowScore],
    decided: Iterable[Decided],
    model: str,
) -> list[Observation]:
    """Return what one model says of all scans, each counted once.

    Scores from the time when the model was on trial count as well, so that its baseline need not begin with its promotion.
    Decisions count where this model gave the advice.

    Args:
        kept: assessments in the order in which they were stored.
        shadows: what models on trial said.
        decided: decisions that stand.
        model: SHA-256 of the model.
    """
    scanners = _scanners([one.context for one in kept])
    overridden = {one.assessment.key: one.override for one in decided}
    trial = {one.assessment: one for one in shadows if one.model.sha256 == model}
    sequences = _spelling((one.context.sequence for one in kept), UNKNOWN["sequence"])
    coils = _spelling((one.context.coil for one in kept), UNKNOWN["coil"])
    found: dict[str, Observation] = {}
    for one in kept:
        own = one.model is not None and one.model.sha256 == model
        shadow = trial.get(one.key)
        score = one.score if own else shadow.score if shadow else None
        if score is None:
            continue
        context = one.context
        place = Place(
            scanners[context.manufacturer, context.model, context.station],
            sequences[context.sequence.lower()],
            coils[context.coil.lower()],
        )
        distance = one.scope.distance if own else shadow.distance if shadow else None
        override = overridden.get(one.key) if own else None
        found[one.series] = Observation(monday(one.day), place, score, distance, override)
    return list(found.values())


def _scanners(contexts: Iterable[Context]) -> dict[tuple[str, str, str], str]:
    """Return names of scanners; those of one model are numbered in the order in which they came."""
    by_name: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for context in contexts:
        scanner = (context.manufacturer, context.model, context.station)
        name = context.model or context.manufacturer or UNKNOWN["scanner"]
        if scanner not in by_name[name]:
            by_name[name].append(scanner)
    return {
        scanner: name if len(own) == 1 else f"{name} {number}"
        for name, own in by_name.items()
        for number, scanner in enumerate(own, 1)
    }


def _spelling(names: Iterable[str], unknown: str) -> dict[str, str]:
    """Return the first spelling of each name; scanners do not agree on capitals."""
    found = {"": unknown}
    for name in names:
        found.setdefault(name.lower(), name)
    return found
