"""Header values that may be missing, empty or malformed, fetched without surprises."""

from __future__ import annotations

import logging
import math
import struct
import warnings
import zlib
from contextlib import contextmanager
from decimal import DecimalException
from typing import TYPE_CHECKING, Any

import pydicom.config
import pydicom.errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

# a malformed value is our business, not something to print on the user's terminal
logging.getLogger("pydicom").addHandler(logging.NullHandler())

DAMAGE = (
    ArithmeticError,
    AttributeError,
    DecimalException,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pydicom.errors.BytesLengthException,
    pydicom.errors.InvalidDicomError,
    struct.error,
    zlib.error,
)
"""What pydicom and its decoders raise on damaged input; everything else is a fault of this program."""


@contextmanager
def lenient() -> Iterator[None]:
    """Read with pydicom's warnings about malformed values silenced; never held across a yield to the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def text(dataset: Dataset, keyword: str) -> str:
    """Return a value as trimmed text, '' when it is missing; several values joined by a backslash."""
    value = _value(dataset, keyword)
    if value is None:
        return ""
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        return "\\".join(str(item).strip() for item in value)
    return str(value).replace("\0", "").strip()


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return all values of an element as upper-case text."""
    joined = text(dataset, keyword)
    return tuple(part.strip().upper() for part in joined.split("\\")) if joined else ()


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return all values of an element that are finite numbers; () when one is not."""
    value = _value(dataset, keyword)
    if value is None or value == "":
        return ()
    items = (
        value
        if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
        else [value]
    )
    try:
        result = tuple(float(item) for item in items)
    except (TypeError, ValueError):
        return ()
    return result if all(math.isfinite(item) for item in result) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of an element as a number, None when it is missing or none."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def whole(dataset: Dataset, keyword: str, default: int = 0) -> int:
    """Return the first value as an integer."""
    found = number(dataset, keyword)
    return default if found is None else int(found)


def items(dataset: Dataset | None, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, [] when it is missing or malformed."""
    value = None if dataset is None else _value(dataset, keyword)
    return list(value) if value is not None and type(value).__name__ == "Sequence" else []


def first_item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    """Return the first item of a sequence, or None."""
    found = items(dataset, keyword)
    return found[0] if found else None


def _value(dataset: Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except DAMAGE:
        return None
