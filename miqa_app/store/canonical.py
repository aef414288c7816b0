"""One text for one value, so that a hash of it means something."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def canonical(value: object) -> str:
    """Return JSON with sorted keys, no blanks and ASCII only.

    Raises:
        ValueError: it holds a number that is not finite.
        TypeError: it holds something that JSON cannot.
    """
    # number keys become text on the first way, and are sorted as that on the second
    settled = json.loads(json.dumps(value, allow_nan=False))
    return json.dumps(settled, sort_keys=True, separators=(",", ":"), allow_nan=False)


def parsed(text: str) -> object:
    """Return the value of a JSON text, or the text itself where it is none.

    Only a hand past the program can have put such a text there; `miqa audit verify` must live to tell.
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def sha256(value: object) -> str:
    """Return the SHA-256 of the canonical text, hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def row_digest(table: str, values: Mapping[str, object]) -> str:
    """Return the SHA-256 of a row.

    Empty columns are left out, so that a column that a later schema adds does not change the digests of old rows.
    """
    return sha256([table, {name: value for name, value in values.items() if value is not None}])
