"""Random choices that the same facts decide in the same way, on every machine and after every update."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")


def number(*facts: object) -> int:
    """Return a whole number of 256 bits, the SHA-256 of the facts."""
    return int.from_bytes(hashlib.sha256("|".join(map(str, facts)).encode()).digest(), "big")


def shuffled(things: Sequence[_T], *facts: object) -> list[_T]:
    """Return the things in an order that the facts decide, all orders equally likely.

    NumPy keeps the raw output of a bit generator the same in all its versions, which it does not promise for
    permutations (NEP 19); a rater must find the same order after an update.
    """
    generator = np.random.Generator(np.random.PCG64(number(*facts)))
    keys = np.atleast_1d(generator.bit_generator.random_raw(len(things)))
    return [things[place] for place in np.argsort(keys, kind="stable")]
