"""Clean slices in one file, for a machine that does not hold the scans: as many bits as they need, no more.

A training machine gets the file instead of the data folder. Planes are kept with 10 bits, finer than the noise of any
scan, and every source's facts beside them, so that no slice can be taken for one of another source.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.errors import BadRecipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from miqa_app.evaluation.sources import CleanSlice, Source

SUFFIX = ".npz"
_LEVELS = 1023


def pack(slices: Iterable[CleanSlice], path: Path) -> int:
    """Write the slices to a .npz file, whole or not at all, and return their number."""
    arrays: dict[str, np.ndarray] = {}
    facts = []
    for number, item in enumerate(slices):
        arrays[f"plane-{number}"] = _differences(np.rint(item.plane * _LEVELS).astype(np.uint16))
        facts.append(
            {
                "source": item.source.model_dump(),
                "series": item.series,
                "frame": item.frame,
                "sequence": item.sequence,
            }
        )
    arrays["facts"] = np.array(json.dumps(facts))
    partial = path.with_name(f"{path.name}.part.npz")
    np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]
    os.replace(partial, path)
    return len(facts)


def packed_slices(source: Source, path: Path) -> Iterator[CleanSlice]:
    """Yield the slices of one source from a file of `pack`.

    Raises:
        BadRecipe: the file cannot be read, or holds no slice of this source.
    """
    from miqa_app.evaluation.sources import CleanSlice

    try:
        with np.load(path) as arrays:
            facts = json.loads(str(arrays["facts"]))
            own = [n for n, fact in enumerate(facts) if _same(fact["source"], source)]
            planes = [_summed(arrays[f"plane-{number}"]) for number in own]
    except (OSError, ValueError, KeyError) as error:
        message = f"{path} is no file of packed slices: {error}; write it with 'miqa train --pack'."
        raise BadRecipe(message) from error
    if not own:
        message = f"The recipe names {source.path}, of which {path} holds no slice; pack the slices of this recipe."
        raise BadRecipe(message)
    for number, plane in zip(own, planes, strict=True):
        fact = facts[number]
        grey = plane.astype(np.float32) / np.float32(_LEVELS)
        yield CleanSlice(grey, source, fact["series"], fact["frame"], fact["sequence"])


def _same(fact: dict[str, object], source: Source) -> bool:
    """Return whether the packed slices are those of the source: same scan, same choice of slices."""
    keys = ("name", "subject", "path", "every", "frames", "stacks")
    return all(fact[key] == getattr(source, key) for key in keys)


def _differences(plane: np.ndarray) -> np.ndarray:
    """Return (2, H, W) uint8: each pixel less its left neighbour, the sign in the last bit, low and high bytes apart.

    Most differences are small, so the high bytes are nearly all zero and the low ones compress well.
    """
    steps = np.diff(plane.astype(np.int32), axis=1, prepend=0)
    folded = np.where(steps < 0, -2 * steps - 1, 2 * steps)
    return np.stack([folded & 255, folded >> 8]).astype(np.uint8)


def _summed(parts: np.ndarray) -> np.ndarray:
    """Return the plane (H, W) of which `_differences` made the parts."""
    folded = parts[0].astype(np.int32) + 256 * parts[1].astype(np.int32)
    steps = np.where(folded & 1, -(folded + 1) // 2, folded // 2)
    return np.cumsum(steps, axis=1)
