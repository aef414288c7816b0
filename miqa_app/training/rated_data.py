"""Crops of rated images, in groups of two of one reference, changed in no way that changes their quality."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from miqa_app.core.foreground import object_mask
from miqa_app.networks.lariqa import squared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.loading import Planes
    from miqa_app.evaluation.rated.record import RatedSet

LEAST_OBJECT = 0.3
"""Least share of a crop that the object fills, where the image allows it (models.md 1.1.3)."""
_TRIES = 10
_GAIN = (0.9, 1.1)


class RatedCrops(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Random crops of rated images.

    Item: image (2, C, E, E) in [0, 1], where C is 3 for photographs and 1 for slices, q (2,) score 0-1, valid
    (2, 1, E, E), paired (2,) True where the two are different images of one reference, place (2,) of both in the set. Both
    members are cut at the same relative place of the same
    relative slice, flipped and turned alike, so that their order is one of quality and not of content.

    Attributes:
        edge: E in pixels.
        epoch: decides the crops.
    """

    def __init__(
        self,
        rated: RatedSet,
        planes: Planes,
        places: Sequence[int],
        edge: int,
        seed: int,
        *,
        crops: int = 1,
        fixed: bool = False,
        whole: bool = False,
    ) -> None:
        """Cut images at `places` of the set, `crops` per image and epoch.

        With `fixed` every image is taken once, and the same crop of it every time. With `whole` nothing is cut: the whole
        slice is made a square of `edge` pixels.
        """
        self._set, self._planes, self._places = rated, planes, list(places)
        self._seed, self._fixed, self._whole = seed, fixed, whole
        self._length = max(1, -(-len(self._places) * crops // 2))
        self._siblings: dict[str, list[int]] = defaultdict(list)
        for place in self._places:
            self._siblings[rated.images[place].reference].append(place)
        self.edge = edge
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of groups per epoch."""
        return self._length

    @property
    def mean_target(self) -> float:
        """Return the mean score, 0-1: the initial bias of a network that begins at random."""
        return float(np.mean([self._set.images[place].mos for place in self._places])) / 100

    def __getitem__(self, group: int) -> dict[str, torch.Tensor]:
        """Return one group, see the class."""
        epoch = 0 if self._fixed else self.epoch
        rng = np.random.default_rng([self._seed, group, epoch])
        first, second, paired = self.members(group, epoch, rng)
        images, valid = self._pair(first, second, rng)
        scores = [self._set.images[place].mos / 100 for place in (first, second)]
        return {
            "image": torch.from_numpy(images),
            "valid": torch.from_numpy(valid),
            "q": torch.tensor(scores, dtype=torch.float32),
            "paired": torch.tensor([paired, paired]),
            "place": torch.tensor([first, second]),
        }

    def members(self, group: int, epoch: int, rng: np.random.Generator) -> tuple[int, int, bool]:
        """Return the places of a group's two images, and whether they are different ones of one reference."""
        place = 2 * group + epoch
        first = self._places[place % len(self._places)]
        if self._fixed:
            return first, self._places[(place + 1) % len(self._places)], False
        return first, *self._partner(first, rng)

    def _partner(self, first: int, rng: np.random.Generator) -> tuple[int, bool]:
        """Return another image of the same reference, or where there is none any other, and whether it is of the same."""
        own = self._siblings[self._set.images[first].reference]
        pool = own if len(own) > 1 else self._places
        others = [place for place in pool if place != first] or [first]
        return int(rng.choice(others)), len(own) > 1

    def _pair(
        self, first: int, second: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        depth, turned, flips = rng.random(), rng.random() < 0.5, rng.random(2) < 0.5
        gain = 1.0 if self._fixed else rng.uniform(*_GAIN)
        planes = [self._slice(place, depth) for place in (first, second)]
        if self._whole:
            cut = [_squared(plane, self.edge) for plane in planes]
        else:
            corner = _corner(planes[0], self.edge, rng)
            cut = [_cut(plane, corner, self.edge) for plane in planes]
        arrays: list[Any] = []
        for values in (np.stack(part) for part in zip(*cut, strict=True)):
            moved = values.swapaxes(-2, -1) if turned else values
            for axis, flip in zip((-2, -1), flips, strict=True):
                moved = np.flip(moved, axis) if flip else moved
            arrays.append(np.ascontiguousarray(moved))
        return np.clip(arrays[0] * np.float32(gain), 0, 1), arrays[1]

    def _slice(self, place: int, depth: float) -> NDArray[np.float32]:
        """Return the slice at a relative depth, 0-1, of an image: (C, H, W)."""
        planes = self._planes(place)
        plane = planes[min(int(depth * len(planes)), len(planes) - 1)]
        return plane if plane.ndim == 3 else plane[None]


def _corner(plane: NDArray[np.float32], edge: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return where to cut, as shares of the free room: the first of ten draws with enough object, else the best."""
    mask = object_mask(plane.mean(axis=0))
    best, most = (0.5, 0.5), -1.0
    for _ in range(_TRIES):
        draw = (float(rng.random()), float(rng.random()))
        rows, columns = _box(mask.shape, draw, edge)
        share = float(mask[rows, columns].mean())
        if share > most:
            best, most = draw, share
        if share >= LEAST_OBJECT:
            break
    return best


def _box(shape: tuple[int, ...], corner: tuple[float, float], edge: int) -> tuple[slice, slice]:
    """Return the rows and columns of a crop; fewer than `edge` where the plane is smaller."""
    starts = [round(share * max(0, size - edge)) for share, size in zip(corner, shape, strict=True)]
    return slice(starts[0], starts[0] + edge), slice(starts[1], starts[1] + edge)


def _cut(
    plane: NDArray[np.float32], corner: tuple[float, float], edge: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a crop (C, E, E), mirrored at its lower and right side where the plane is smaller, and its real pixels."""
    part = plane[:, *_box(plane.shape[1:], corner, edge)]
    after = [(0, 0), *((0, edge - size) for size in part.shape[1:])]
    valid = np.pad(np.ones_like(part[:1], dtype=bool), after)
    return np.pad(part, after, mode="reflect"), valid


def _squared(
    plane: NDArray[np.float32], edge: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a whole slice as a square (C, E, E), and its pixels (1, E, E), all of them real."""
    values = squared(torch.from_numpy(plane)[None], edge)[0].numpy()
    return values, np.ones_like(values[:1], dtype=bool)
