"""What a branch learns from: several rated sets side by side, each with a part that is held back."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.loading import Planes
from miqa_app.training.rated_data import RatedCrops

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miqa_app.evaluation.rated.record import RatedSet

_CHUNK = 4
"""Groups of one set side by side in a batch: eight images, which the correlation in the loss needs."""
_FEWEST = 3
"""Images that are held back at least: fewer have no rank correlation."""
_BUDGET = 2 << 30
"""Bytes of planes that are kept in memory, for all sets of a branch together."""


@dataclass(frozen=True, eq=False)
class Task:
    """A rated set as one task of a branch.

    Attributes:
        name: of the set in the recipe.
        rated: the set; its scores are 0-100 on its own scale, 100 best.
        planes: its planes.
        train: places of the images to learn from.
        held_back: places of the others, of other references.
    """

    name: str
    rated: RatedSet
    planes: Planes
    train: tuple[int, ...]
    held_back: tuple[int, ...]


def tasks_of(sets: Sequence[tuple[str, RatedSet]], share: float, seed: int) -> list[Task]:
    """Return the sets as tasks, each with at least `share` of its images held back.

    Raises:
        BadRequest: a set has too few images or references.
    """
    budget = _BUDGET // len(sets)
    tasks = []
    for name, rated in sets:
        train, kept = hold_back(rated.groups("reference"), share, seed, name)
        tasks.append(Task(name, rated, Planes(rated, budget), train, kept))
    return tasks


def hold_back(
    references: Sequence[str], share: float, seed: int, name: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the places to learn from and those held back, which have no reference in common.

    References are drawn until at least `share` of the images, and three of them, are held back.

    Args:
        references: of each image.
        share: 0-1.
        seed: of the draw, which depends on the name of the set too.
        name: of the set.

    Raises:
        BadRequest: the references are too few to leave one to learn from.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    sizes = Counter(references)
    names = sorted(sizes)
    drawn: set[str] = set()
    held = 0
    for place in rng.permutation(len(names)):
        if held >= max(_FEWEST, share * len(references)):
            break
        drawn.add(names[place])
        held += sizes[names[place]]
    train, kept = (
        tuple(place for place, one in enumerate(references) if (one in drawn) == kept)
        for kept in (False, True)
    )
    if not train or len(kept) < _FEWEST:
        message = (
            f"{name} has {len(references)} images of {len(names)} references, too few to hold back {share:.0%} of whole "
            "references and learn from the others; take a larger set."
        )
        raise BadRequest(message)
    return train, kept


class BranchCrops(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """The crops of several sets one after the other; see `RatedCrops` for an item, which has the place of its set as task.

    Where one of the sets is of photographs, the slices of the others have three channels as well.

    Attributes:
        spans: number of groups of each set.
    """

    def __init__(self, parts: Sequence[RatedCrops], *, colour: bool = False) -> None:
        """Put the crops of the sets side by side; with `colour` all of them in three channels."""
        self._parts = list(parts)
        self._channels = 3 if colour else 1
        self.spans = [len(part) for part in parts]
        self._starts = np.cumsum([0, *self.spans])

    def __len__(self) -> int:
        """Return the number of groups per epoch."""
        return int(self._starts[-1])

    @property
    def epoch(self) -> int:
        """Return what decides the crops."""
        return self._parts[0].epoch

    @epoch.setter
    def epoch(self, value: int) -> None:
        for part in self._parts:
            part.epoch = value

    def __getitem__(self, group: int) -> dict[str, torch.Tensor]:
        """Return one group."""
        task = int(np.searchsorted(self._starts, group, side="right")) - 1
        item = self._parts[task][group - int(self._starts[task])]
        image = item["image"].expand(-1, self._channels, -1, -1)
        return {**item, "image": image, "task": torch.full_like(item["place"], task)}


class Chunks(torch.utils.data.Sampler[list[int]]):
    """Batches of groups: chunks of one set each, drawn from all sets, so that every image comes equally often.

    A correlation makes sense within one scale alone, and batch statistics only over what the network meets later: so a
    batch holds chunks of several sets, and each chunk eight images of one.
    """

    def __init__(self, spans: Sequence[int], batch: int) -> None:
        """Draw from sets of so many groups, `batch` images (a multiple of eight) at a time."""
        self._spans, self._chunks = list(spans), batch // 2 // _CHUNK

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return -(-sum(max(1, span // _CHUNK) for span in self._spans) // self._chunks)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the places of the groups of each batch; groups that fill no chunk wait for the next draw."""
        chunks: list[list[int]] = []
        start = 0
        for span in self._spans:
            order = (torch.randperm(span) + start).tolist()
            whole = [order[at : at + _CHUNK] for at in range(0, span - _CHUNK + 1, _CHUNK)]
            chunks += whole or [order]
            start += span
        drawn = [chunks[place] for place in torch.randperm(len(chunks)).tolist()]
        for at in range(0, len(drawn), self._chunks):
            yield [group for chunk in drawn[at : at + self._chunks] for group in chunk]


def branch_crops(tasks: Sequence[Task], edge: int, seed: int, **facts: Any) -> BranchCrops:
    """Return the crops of the images to learn from, or with `fixed` of those held back.

    Args:
        tasks: the sets.
        edge: of a crop in pixels.
        seed: of the crops.
        facts: of `RatedCrops`.
    """
    parts = []
    for task in tasks:
        places = task.held_back if facts.get("fixed") else task.train
        parts.append(RatedCrops(task.rated, task.planes, places, edge, seed, **facts))
    return BranchCrops(parts, colour=any(task.rated.photographs for task in tasks))
