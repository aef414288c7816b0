"""What a campaign consists of: which items it has, what each is for, and how long and how precise it will be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, count
from typing import TYPE_CHECKING

from scipy.stats import t as t_distribution

from miqa_app.errors import BadRequest
from miqa_app.rating.seeded import shuffled
from miqa_app.rating.study import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.rating.protocol import Protocol
    from miqa_app.rating.study import Role, Study

USUAL_SD = 15.0
"""Standard deviation of one image's scores over observers, points of 100, where nobody knows better."""

OBSERVERS = (5, 10, 15, 20, 30)
"""Panel sizes for which a plan says what they give."""

_SECONDS_TO_DECIDE = 6.0
"""Beyond the least viewing time, for each score; an assumption that the plan names."""

_ALL_PAIRS_UP_TO = 5
"""Versions of one content of which every pair is compared; more are compared along two rings."""


@dataclass(frozen=True)
class Comparison:
    """A stimulus to judge.

    Attributes:
        test: its key.
        reference: key of what it is compared with, '' where it stands alone.
    """

    test: str
    reference: str = ""


@dataclass(frozen=True)
class Material:
    """What there is to show.

    Attributes:
        rated: what the study is for.
        training: in the order in which they teach the scale.
        anchors: examples of the ends of the scale.
    """

    rated: tuple[Comparison, ...]
    training: tuple[Comparison, ...] = ()
    anchors: tuple[Comparison, ...] = ()


def items_of(protocol: Protocol, material: Material, seed: int) -> tuple[Item, ...]:
    """Return the items of a study; the protocol's shares of repeats and reference checks are added.

    Each share gives at least one item where it is above 0. Repeats are drawn from the rated items, checks from their
    references. Keys are numbered over a shuffled list, so that they say nothing of the content.

    Args:
        protocol: of the study.
        material: what there is to show; comparisons that occur twice count once.
        seed: of the study.

    Raises:
        BadRequest: there is nothing to rate, or the protocol shows pairs and something has no reference.
    """
    rated = list(dict.fromkeys(material.rated))
    if not rated:
        message = "There is nothing to rate; give scans, and kinds and severities above 0."
        raise BadRequest(message)
    if protocol.images == "pair" and not all(pair.reference for pair in rated):
        message = (
            f"The protocol {protocol.id} compares images, but some have nothing to be compared with; choose the "
            "protocol 'single', or have them degraded."
        )
        raise BadRequest(message)
    roles: list[tuple[Role, Comparison]] = [("rated", pair) for pair in rated]
    roles += [("anchor", pair) for pair in dict.fromkeys(material.anchors)]
    if protocol.images == "pair":
        references = list(dict.fromkeys(pair.reference for pair in rated))
        checks = shuffled(references, seed, "checks")[: _share(protocol.reference_checks, rated)]
        roles += [("reference check", Comparison(key, key)) for key in checks]
    drawn = shuffled(roles, seed, "items")
    items = [
        Item(f"item-{place:03d}", pair.test, pair.reference, role)
        for place, (role, pair) in enumerate(drawn, 1)
    ]
    first = [item for item in items if item.role == "rated"]
    again = shuffled(first, seed, "repeats")[: _share(protocol.repeats, rated)]
    for item in again:
        key = f"item-{len(items) + 1:03d}"
        items.append(replace(item, key=key, role="repeat", repeats=item.key))
    for pair in material.training:
        items.append(Item(f"item-{len(items) + 1:03d}", pair.test, pair.reference, "training"))
    return tuple(items)


def _share(share: float, rated: Sequence[Comparison]) -> int:
    return max(1, round(share * len(rated))) if share > 0 else 0


def compared(versions: Sequence[str], *seed: object) -> tuple[Comparison, ...]:
    """Return which versions of one content meet in a pair comparison.

    Up to five versions each meets every other. More stand on a ring in random order, and each meets its neighbours and
    those two or more places away, four others in all: votes grow with the versions, not with their square, and one
    scale still joins them.

    Args:
        versions: keys, the clean one first; it is the reference wherever it takes part.
        seed: facts that decide the ring.
    """
    unique = list(dict.fromkeys(versions))
    if len(unique) <= _ALL_PAIRS_UP_TO:
        met = list(combinations(unique, 2))
    else:
        ring, size = shuffled(unique, *seed), len(unique)
        met = [
            (ring[place], ring[(place + away) % size])
            for away in (1, max(2, size * 3 // 8))
            for place in range(size)
        ]
    ordered = dict.fromkeys(tuple(sorted(pair, key=unique.index)) for pair in met)
    return tuple(Comparison(second, first) for first, second in ordered)


@dataclass(frozen=True)
class Plan:
    """What a study will cost and give.

    Attributes:
        counts: number of items by role.
        presentations: that one rater sees in all, training and stabilising ones included.
        minutes: for one rater, estimated.
        sessions: that these take.
        sd: standard deviation over observers that the half widths assume, in units of the vote.
        half_widths: of the 95 % interval of one item's mean, in units of the vote, by number of observers.
        least_observers: that the protocol asks for.
    """

    counts: dict[str, int]
    presentations: int
    minutes: float
    sessions: int
    sd: float
    half_widths: dict[int, float]
    least_observers: int

    def words(self) -> tuple[str, ...]:
        """Return the plan as sentences for the coordinator."""
        parts = ", ".join(f"{count} {role}" for role, count in self.counts.items() if count)
        widths = ", ".join(f"{n}: ±{width:.2g}" for n, width in self.half_widths.items())
        return (
            f"Items: {parts}; with the uncounted ones at the start of a session {self.presentations} presentations for "
            f"each rater, about {self.minutes:.0f} minutes in {self.sessions} "
            f"session{'s' if self.sessions > 1 else ''}.",
            f"Expected 95 % interval of an item's mean by number of observers, if their scores spread by "
            f"{self.sd:.3g}: {widths}.",
            f"Results count as provisional below {self.least_observers} valid observers (ITU-R BT.500 asks for at "
            "least 15).",
        )


def plan(study: Study, sd: float | None = None) -> Plan:
    """Return what a study will cost and give.

    The half width is t(0.975, n-1) · sd / √n. Where the vote is a difference of two scores the sd grows by √2; for a
    preference it is that of a coin, 0.5.

    Args:
        study: the study.
        sd: standard deviation of one image's scores over observers in units of the vote; 15 of 100 points by default.
    """
    protocol = study.protocol
    counts = {
        role: sum(item.role == role for item in study.items)
        for role in ("rated", "repeat", "reference check", "anchor", "training")
    }
    sessions = next(
        number
        for number in count(1)
        if _minutes(study, number) <= number * protocol.end_after_minutes
        or number == len(study.items)
    )
    spread = _spread(protocol, sd)
    return Plan(
        counts,
        len(study.items) + sessions * protocol.stabilising_items,
        _minutes(study, sessions),
        sessions,
        spread,
        {n: float(t_distribution.ppf(0.975, n - 1)) * spread / n**0.5 for n in OBSERVERS},
        protocol.least_observers,
    )


def _minutes(study: Study, sessions: int) -> float:
    protocol = study.protocol
    scores = 2 if protocol.asks == "both" else 1
    seconds = protocol.least_seconds + scores * _SECONDS_TO_DECIDE + protocol.pause_seconds
    return (len(study.items) + sessions * protocol.stabilising_items) * seconds / 60


def _spread(protocol: Protocol, sd: float | None) -> float:
    if protocol.asks == "preference":
        return 0.5 * (protocol.scale.high - protocol.scale.low)
    own = USUAL_SD / 100 * (protocol.scale.high - protocol.scale.low) if sd is None else sd
    return own * 2**0.5 if protocol.asks == "both" else own
