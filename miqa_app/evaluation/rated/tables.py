"""Tables of ratings: CSV, TSV and text files, with one clear sentence for each fault."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_table(path: Path, needed: Sequence[str], of: str) -> list[dict[str, str]]:
    """Return the rows of a CSV (or, by its ending, TSV) file with a header, cells without outer blanks.

    Args:
        path: the file, UTF-8.
        needed: columns that must be there; names are compared in lower case, and keys come back in lower case.
        of: the set, for messages.

    Raises:
        BadRequest: the file is missing, no text table, or lacks a column or a cell.
    """
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [row for row in csv.reader(stream, delimiter=delimiter) if any(row)]
    except FileNotFoundError:
        message = f"{path} is missing; it is the table of ratings of {of}, so check the folder."
        raise BadRequest(message) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"{path} cannot be read as a table: {error}; save it as UTF-8.") from error
    if not lines:
        raise BadRequest(f"{path} is empty; copy the table of {of} again.")
    header = [cell.strip().lower() for cell in lines[0]]
    missing = [name for name in needed if name not in header]
    if missing:
        message = f"{path} has no column '{missing[0]}'; {of} needs {', '.join(needed)}."
        raise BadRequest(message)
    return [_row(path, number, header, cells) for number, cells in enumerate(lines[1:], 2)]


def _row(path: Path, number: int, header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(header):
        message = f"{path}, row {number}: {len(cells)} cells where the header names {len(header)}; repair the row."
        raise BadRequest(message)
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True)}


def number(path: Path, row: dict[str, str], column: str, low: float, high: float) -> float:
    """Return a cell as a number within its scale.

    Raises:
        BadRequest: it is no finite number, or lies outside `low`…`high`; a wrong scale must not pass as a bad score.
    """
    text = row[column]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    first = next(iter(row.values()))
    if not math.isfinite(value):
        message = f"{path}: '{text}' in the column '{column}' of {first} is not a number; repair the cell."
        raise BadRequest(message)
    if not low <= value <= high:
        message = f"{path}: {column} of {first} is {value:g}, but the scale is {low:g}-{high:g}; check the scale."
        raise BadRequest(message)
    return value


def folder(path: Path, of: str) -> Path:
    """Return the folder.

    Raises:
        BadRequest: it is no folder.
    """
    if not path.is_dir():
        message = f"There is no folder {path}; give the folder into which {of} was unpacked."
        raise BadRequest(message)
    return path


def by_name(place: Path, of: str) -> dict[str, Path]:
    """Return the files of a folder by their name in small letters; old sets mix capitals and small letters.

    Raises:
        BadRequest: it is no folder.
    """
    return {item.name.lower(): item for item in folder(place, of).iterdir()}
