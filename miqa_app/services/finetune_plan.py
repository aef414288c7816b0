"""Who learns from what: parts and folds in which no reference and no subject stands on two sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miqa_app.errors import BadRequest
from miqa_app.evaluation.folds import Fold, grouped_folds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miqa_app.services.finetune_data import SiteData

NESTED_BELOW = 40
"""References below which every one is needed for learning, so that the test goes round instead of standing aside."""

FEWEST_GROUPS = 3
"""One to learn from, one to choose the epoch, one to test on."""

_TEST_SHARE = 0.3
_VALIDATION_SHARE = 0.2
_MOST_FOLDS = 5


@dataclass(frozen=True)
class Plan:
    """What is trained and what is tested; all in places of the set.

    Attributes:
        candidate: the training of the candidate itself; its test part is empty where the test goes round.
        folds: trainings whose only purpose is to predict images that they never saw; empty with a test part aside.
        groups: label of each image that no split parts, see `SiteData.components`.
        given: True where the table itself said the split.
    """

    candidate: Fold
    folds: tuple[Fold, ...]
    groups: tuple[str, ...]
    given: bool = False

    @property
    def nested(self) -> bool:
        """Return whether the test goes round."""
        return bool(self.folds)

    @property
    def tested(self) -> tuple[int, ...]:
        """Return the places of all images that are predicted by a network which never saw their content."""
        return tuple(sorted(place for fold in self._testing for place in fold.test))

    @property
    def trainings(self) -> tuple[Fold, ...]:
        """Return every training in order, the candidate's last."""
        return (*self.folds, self.candidate)

    @property
    def _testing(self) -> tuple[Fold, ...]:
        return self.folds or (self.candidate,)

    def refuse_leak(self) -> None:
        """Raise when any split parts a group, or when an image is tested twice.

        Raises:
            MiqaError: it does; the message names the group.
        """
        for fold in self.trainings:
            fold.refuse_leak(self.groups)
        tested = Counter(place for fold in self._testing for place in fold.test)
        double = [place for place, times in tested.items() if times > 1]
        if double:
            raise BadRequest(f"The split tests image {double[0] + 1} of the table twice.")

    def words(self, data: SiteData) -> str:
        """Return the split in one or two sentences."""
        parts = {
            name: f"{len(places)} images of {_count(data.count('reference', places), 'reference')}"
            for name in ("train", "validation", "test")
            if (places := getattr(self.candidate, name))
        }
        if not self.nested:
            source = "The table's own split" if self.given else "Split by subject and reference"
            return (
                f"{source}: learns from {parts['train']}, chooses the epoch on {parts['validation']}, "
                f"is tested on {parts['test']} that it never sees."
            )
        return (
            f"With {_count(data.count('reference'), 'reference')} the test goes round: {len(self.folds)} trial models, each "
            f"tested on references and subjects that it never saw, so that every image is tested once. The candidate itself "
            f"learns from {parts['train']} and chooses the epoch on {parts['validation']}."
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values for the record of a run."""
        return {
            "given": self.given,
            "groups": list(self.groups),
            "trainings": [
                {name: list(getattr(fold, name)) for name in ("train", "validation", "test")}
                for fold in self.trainings
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Plan:
        """Return the plan that `as_json` described."""
        made = [
            Fold(number, tuple(one["train"]), tuple(one["validation"]), tuple(one["test"]))
            for number, one in enumerate(stored["trainings"])
        ]
        return cls(made[-1], tuple(made[:-1]), tuple(stored["groups"]), bool(stored["given"]))


def planned(data: SiteData) -> Plan:
    """Return the split of the data: the table's own where it gives one, else by connected components.

    From `NESTED_BELOW` references on, about 30 % are kept aside for the test. With fewer, the test goes round in up to
    five folds. About 20 % of what is left choose the epoch. The same data always give the same split.

    Raises:
        BadRequest: the data fall into fewer than three groups, or the table's split leaves a part empty.
        MiqaError: a reference, subject or image stands on both sides of the table's split.
    """
    plan = _given(data) if any(data.parts) else _made(data)
    plan.refuse_leak()
    return plan


def _given(data: SiteData) -> Plan:
    places = {
        part: tuple(place for place, own in enumerate(data.parts) if own == part)
        for part in ("train", "validation", "test")
    }
    missing = next((part for part in ("train", "test") if not places[part]), "")
    if missing:
        message = f"{data.table}: the column split names no image for '{missing}'; add some, or leave the column out."
        raise BadRequest(message)
    if places["validation"]:
        fold = Fold(0, places["train"], places["validation"], places["test"])
    else:
        train, validation = _parted(data.components, places["train"], _VALIDATION_SHARE)
        fold = Fold(0, train, validation, places["test"])
    return Plan(fold, (), data.components, given=True)


def _made(data: SiteData) -> Plan:
    groups = data.components
    everything = tuple(range(len(groups)))
    count = len(set(groups))
    if count < FEWEST_GROUPS:
        message = (
            f"The images come from {_count(count, 'subject or reference', 'subjects or references')} that share nothing; "
            f"at least {FEWEST_GROUPS} are needed to learn from, to choose the epoch and to test on. Rate images of more people."
        )
        raise BadRequest(message)
    if data.count("reference") >= NESTED_BELOW and count >= NESTED_BELOW // 2:
        rest, test = _parted(groups, everything, _TEST_SHARE)
        train, validation = _parted(groups, rest, _VALIDATION_SHARE)
        return Plan(Fold(0, train, validation, test), (), groups)
    folds = []
    for outer in grouped_folds(groups, min(_MOST_FOLDS, count)):
        train, validation = _parted(groups, outer.train, _VALIDATION_SHARE)
        folds.append(Fold(outer.number, train, validation, outer.test))
    train, validation = _parted(groups, everything, _VALIDATION_SHARE)
    return Plan(Fold(len(folds), train, validation, ()), tuple(folds), groups)


def _parted(
    groups: Sequence[str], places: Sequence[int], share: float
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the places without and with about a share of them, whole groups only, at least one group on each side.

    Groups may be of very unequal size: the part that comes closest to the share is taken.

    Raises:
        BadRequest: there is only one group.
    """
    own = [groups[place] for place in places]
    if len(set(own)) < 2:
        message = f"All images to learn from belong to one subject or reference ({own[0]}); keep some of another for choosing the epoch."
        raise BadRequest(message)
    wanted = share * len(own)
    folds = grouped_folds(own, min(len(set(own)), round(1 / share)))
    fold = min(folds, key=lambda one: abs(len(one.test) - wanted))
    return (
        tuple(places[place] for place in fold.train),
        tuple(places[place] for place in fold.test),
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
