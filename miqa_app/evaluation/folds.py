"""Folds that keep all images of one reference (or subject) together, and the check that they did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest, MiqaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Fold:
    """One split, as places in the set.

    Attributes:
        number: 0 and up.
        train: what the network learns from.
        validation: an inner part for choosing the epoch, empty for a fixed number of epochs; never of the test part.
        test: what is predicted.
    """

    number: int
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    def refuse_leak(self, groups: Sequence[str]) -> None:
        """Raise when a group stands in more than one part.

        Raises:
            MiqaError: it does; the message names the group.
        """
        parts = {
            name: {groups[index] for index in getattr(self, name)}
            for name in ("train", "validation", "test")
        }
        for one, other in (("train", "test"), ("validation", "test"), ("train", "validation")):
            both = sorted(parts[one] & parts[other])
            if both:
                message = (
                    f"Fold {self.number + 1} is refused: {both[0]} stands in {one} and in {other}."
                )
                raise MiqaError(message)


def grouped_folds(groups: Sequence[str], folds: int, *, validation: bool = False) -> list[Fold]:
    """Return folds of about equal size that never part a group (models.md 2.3).

    Groups are dealt out from the largest to the smallest, each to the fold that is smallest so far; equal sizes go by
    name, so that the same groups always give the same folds. With as many folds as groups each fold leaves one out.

    Args:
        groups: label of each image.
        folds: how many, at least 2.
        validation: take one further group of each training part as its inner validation: the one that follows the
            test groups in the order of names.

    Raises:
        BadRequest: there are fewer groups than folds, or none would be left to train on.
    """
    sizes = Counter(groups)
    if not 2 <= folds <= len(sizes):
        message = (
            f"{len(sizes)} groups cannot make {folds} folds; choose --folds from 2 to {len(sizes)}."
        )
        raise BadRequest(message)
    parts: list[set[str]] = [set() for _ in range(folds)]
    for group in sorted(sizes, key=lambda name: (-sizes[name], name)):
        min(parts, key=lambda part: sum(sizes[name] for name in part)).add(group)
    made = [
        _fold(number, groups, part, _following(part, sizes) if validation else "")
        for number, part in enumerate(parts)
    ]
    if not all(fold.train for fold in made):
        message = f"{len(sizes)} groups leave none to train on beside test and inner validation; use fixed epochs."
        raise BadRequest(message)
    for fold in made:
        fold.refuse_leak(groups)
    return made


def _following(part: Iterable[str], sizes: Iterable[str]) -> str:
    """Return the group after the last of `part` in the order of names, from the start again where it ends."""
    names = sorted(sizes)
    held, start = set(part), names.index(max(part))
    turned = names[start + 1 :] + names[:start]
    return next(name for name in turned if name not in held)


def _fold(number: int, groups: Sequence[str], test: set[str], validation: str) -> Fold:
    inner = {validation} if validation else set()
    return Fold(
        number,
        _places(groups, set(groups) - test - inner),
        _places(groups, inner),
        _places(groups, test),
    )


def _places(groups: Sequence[str], wanted: set[str]) -> tuple[int, ...]:
    return tuple(index for index, group in enumerate(groups) if group in wanted)
