"""Clean slices in one file, for a machine that does not hold the scans: as many bits as they need, no more.

A training machine gets the file instead of the data folder. Planes are kept with 12 bits, finer than the noise of any
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
_LEVELS = 4095


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
    """Return each pixel less its left neighbour, modulo 2¹⁶: smaller numbers compress better."""
    return np.diff(plane, axis=1, prepend=np.uint16(0))


def _summed(differences: np.ndarray) -> np.ndarray:
    return np.cumsum(differences, axis=1, dtype=np.uint16)
