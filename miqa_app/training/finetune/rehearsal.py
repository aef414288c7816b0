"""Simulated degradations beside the ratings, so that what the raters never saw is not forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts import degrade
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.foreground import object_mask
from miqa_app.evaluation.degradation import Applied, rescaled
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.record import RatedSet

_PHANTOM = "bundled phantom"
_PHANTOM_SHARE = 0.15
"""Share of the groups that come from the phantom where the set has clean images of its own."""
_FRAMES = 12
_HELD_EVERY = 4
_CLEAN = 0.2
_SAME_KIND = 0.5


@dataclass(frozen=True, eq=False)
class RehearsalPool:
    """Degraded slices in groups of two of one clean slice.

    Attributes:
        planes: (H, W) float32 in [0, 1]; two neighbours form a group.
        held: (N,) True for the groups that measure forgetting and are never trained on.
        sources: (N,) the clean image each slice comes from, None for the bundled phantom.
        words: where the clean slices come from, one clause.
    """

    planes: list[NDArray[np.float32]]
    held: NDArray[np.bool_]
    sources: tuple[Path | None, ...]
    words: str

    def restricted(self, rated: RatedSet, train: Sequence[int]) -> RehearsalPool:
        """Return the slices that come from the clean images of some places, and those of the phantom.

        So the folds of a cross-validation share a pool, and what is computed from it, without seeing what they hold out.
        """
        own = {rated.images[place].clean for place in train} | {None}
        kept = [number for number, source in enumerate(self.sources) if source in own]
        sources = tuple(self.sources[number] for number in kept)
        planes = [self.planes[number] for number in kept]
        return RehearsalPool(planes, self.held[kept], sources, _words(sources))


def rehearsal_size(images: int) -> int:
    """Return how many simulated slices suit a number of rated images: as many, 400 to 600."""
    return min(600, max(400, images // 2 * 2))


def make_rehearsal(
    rated: RatedSet,
    train: Sequence[int],
    size: int,
    seed: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> RehearsalPool:
    """Return a pool from the clean images of the training part and the bundled phantom.

    Only references of `train` are used, so that nothing held out is seen. A quarter of the clean slices is set aside to
    measure forgetting.

    Args:
        rated: the set.
        train: places of the images to learn from.
        size: slices, an even number; about a quarter is held back.
        seed: of all draws.
        report: called with slices done and in all.

    Raises:
        BadRequest: a clean image is damaged.
        UnreadableFile: a clean scan cannot be read.
    """
    own = sorted({clean for place in train if (clean := rated.images[place].clean)})
    rng = np.random.default_rng(seed)
    planes: list[NDArray[np.float32]] = []
    held: list[bool] = []
    sources: list[Path | None] = []
    for group in range(size // 2):
        back = group % _HELD_EVERY == _HELD_EVERY - 1
        part = [path for number, path in enumerate(own) if _set_aside(number) == back]
        slice_, source = _slice(part, rated, back, rng)
        planes += [_degraded(slice_, artefacts) for artefacts in _draw(group, rng)]
        held += [back, back]
        sources += [source, source]
        report(len(planes), size)
    return RehearsalPool(planes, np.array(held), tuple(sources), _words(sources))


def _words(sources: Sequence[Path | None]) -> str:
    """Return where slices come from."""
    own = len(set(sources) - {None})
    where = f"{own} clean images of the set and the {_PHANTOM}" if own else f"the {_PHANTOM}"
    return f"{len(sources)} simulated slices of {where}"


def _set_aside(number: int) -> bool:
    return number % _HELD_EVERY == _HELD_EVERY - 1


def _slice(
    own: Sequence[Path], rated: RatedSet, back: bool, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Path | None]:
    """Return a slice and the clean image it comes from; sometimes, or where there is none, of the phantom and None."""
    source = None
    if own and rng.random() >= _PHANTOM_SHARE:
        source = own[int(rng.integers(len(own)))]
        slices: Sequence[NDArray[np.float32]] = read_planes(
            source, photograph=rated.photographs, frames=rated.frames
        )
    else:
        slices = [plane for n, plane in enumerate(_phantom()) if _set_aside(n) == back]
    return slices[int(rng.integers(len(slices)))], source


def _degraded(clean: NDArray[np.float32], artefacts: Sequence[Applied]) -> NDArray[np.float32]:
    """Return the slice with the artefacts, scaled as a lone slice is in use."""
    image, mask = clean, object_mask(clean)
    for item in artefacts:
        done = degrade(image, item.kind, item.severity, item.seed, mask=mask)
        image = np.asarray(done.image, dtype=np.float32)
    return rescaled(image)


@lru_cache(maxsize=1)
def _phantom() -> tuple[NDArray[np.float32], ...]:
    """Return slices of the bundled phantom."""
    path = bundled("resources") / "phantom" / "clean.nii.gz"
    return tuple(read_planes(path, frames=_FRAMES))


def _draw(group: int, rng: np.random.Generator) -> tuple[tuple[Applied, ...], tuple[Applied, ...]]:
    """Return what is applied to the two members of a group: all kinds take turns as the first."""
    kind = KEYS[group % len(KEYS)]
    other = kind if rng.random() < _SAME_KIND else str(rng.choice(KEYS))
    kinds = (kind, other)
    one, two = (
        Applied(name, float(rng.uniform(0.05, 1)), int(rng.integers(2**31))) for name in kinds
    )
    return (one,), (() if rng.random() < _CLEAN else (two,))
