"""Targets and predictions of the same images by one or more methods, and their CSV file."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_GROUP, _METHOD = "group:", "method:"
_NEEDED = ("image", "reference", "target")
_INTERVAL = "ci"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Targets and predictions of the same images by one or more methods, scores 0-100 (100 best).

    Attributes:
        images: N names.
        references: N names of the clean image or subject each belongs to; images of one reference are not independent.
        targets: (N,) float64, mean opinion score or quality index, finite.
        methods: (N,) float64 by method, finite; at least one method.
        groups: N labels by group, such as 'kind', 'source', 'fold', 'anatomy'.
        intervals: (N,) float64, half width of the 95 % interval of the target, where raters gave one.

    Raises:
        ValueError: there is no image or no method, lengths differ, or a number is not finite.
    """

    images: tuple[str, ...]
    references: tuple[str, ...]
    targets: NDArray[np.float64]
    methods: Mapping[str, NDArray[np.float64]]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    intervals: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check the whole and take plain copies."""
        keep = object.__setattr__
        keep(self, "images", tuple(self.images))
        keep(self, "references", tuple(self.references))
        if not self.images or not self.methods:
            raise ValueError("predictions need at least one image and one method")
        self._check_length("references", len(self.references))
        keep(self, "targets", self._numbers("targets", self.targets))
        methods = {name: self._numbers(f"method '{name}'", v) for name, v in self.methods.items()}
        keep(self, "methods", methods)
        keep(self, "groups", {name: tuple(labels) for name, labels in self.groups.items()})
        for name, labels in self.groups.items():
            self._check_length(f"group '{name}'", len(labels))
        if self.intervals is not None:
            keep(self, "intervals", self._numbers("intervals", self.intervals))
            if self.intervals.min() < 0:
                raise ValueError("intervals are half widths and must not be negative")

    def __len__(self) -> int:
        return len(self.images)

    def _numbers(self, name: str, values: object) -> NDArray[np.float64]:
        """Return a copy as (N,) float64, checked."""
        array = np.array(values, dtype=np.float64)
        if array.ndim != 1:
            raise ValueError(f"{name}: one number per image is needed, not shape {array.shape}")
        self._check_length(name, len(array))
        wrong = np.flatnonzero(~np.isfinite(array))
        if len(wrong):
            image = self.images[wrong[0]]
            raise ValueError(f"{name}: image '{image}' has {array[wrong[0]]}, not a finite number")
        return array

    def _check_length(self, name: str, length: int) -> None:
        if length != len(self.images):
            raise ValueError(f"{name}: {length} entries for {len(self.images)} images")


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write image, reference, target[, ci], group:NAME…, method:NAME… as UTF-8 CSV, whole or not at all.

    Numbers are written so that reading gives the same float64 back; the folder is made if missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(_table(predictions))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _table(predictions: Predictions) -> Iterator[Sequence[str]]:
    """Yield the header and one row per image."""
    columns: dict[str, Sequence[str]] = {
        "image": predictions.images,
        "reference": predictions.references,
        "target": _words(predictions.targets),
    }
    if predictions.intervals is not None:
        columns[_INTERVAL] = _words(predictions.intervals)
    columns |= {_GROUP + name: labels for name, labels in predictions.groups.items()}
    columns |= {_METHOD + name: _words(values) for name, values in predictions.methods.items()}
    yield list(columns)
    yield from zip(*columns.values(), strict=True)


def _words(values: NDArray[np.float64]) -> list[str]:
    return [repr(float(value)) for value in values]


def read_predictions(path: Path) -> Predictions:
    """Return the predictions of a CSV file as `write_predictions` writes it; columns may stand in any order.

    Raises:
        BadRequest: the file cannot be read, lacks a column, or holds a cell that makes no sense; the sentence names
            the file, the row and the reason.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = {number: row for number, row in enumerate(csv.reader(stream), 1) if row}
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"{path} is not a CSV file in UTF-8: {error}.") from error
    header = lines.pop(min(lines), []) if lines else []
    _check_header(path, header)
    if not lines:
        raise BadRequest(f"{path} holds a header but no images.")
    for number, row in lines.items():
        if len(row) != len(header):
            raise BadRequest(
                f"{path}, row {number}: {len(row)} cells where the header names {len(header)}."
            )
    columns = dict(zip(header, zip(*lines.values(), strict=True), strict=True))
    numbers = {
        name: np.array(
            [_number(path, name, row, cell) for row, cell in zip(lines, cells, strict=True)]
        )
        for name, cells in columns.items()
        if name in ("target", _INTERVAL) or name.startswith(_METHOD)
    }
    return Predictions(
        images=columns["image"],
        references=columns["reference"],
        targets=numbers["target"],
        methods={n.removeprefix(_METHOD): v for n, v in numbers.items() if n.startswith(_METHOD)},
        groups={n.removeprefix(_GROUP): v for n, v in columns.items() if n.startswith(_GROUP)},
        intervals=numbers.get(_INTERVAL),
    )


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise BadRequest(f"{path}, row 1: the column '{missing[0]}' is missing.")
    if not any(name.startswith(_METHOD) for name in header):
        raise BadRequest(
            f"{path}, row 1: no column 'method:NAME' holds the predictions of a method."
        )
    known = (*_NEEDED, _INTERVAL)
    for name in header:
        if header.count(name) > 1:
            raise BadRequest(f"{path}, row 1: the column '{name}' stands there twice.")
        if name not in known and not name.startswith((_GROUP, _METHOD)):
            raise BadRequest(
                f"{path}, row 1: the column '{name}' is none of image, reference, target, ci, group:NAME, method:NAME."
            )


def _number(path: Path, name: str, row: int, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadRequest(f"{path}, row {row}: '{cell}' in the column '{name}' is not a number.")
    if name == _INTERVAL and value < 0:
        raise BadRequest(f"{path}, row {row}: the half width {cell} in 'ci' is negative.")
    return value
