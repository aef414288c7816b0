"""Votes from a CSV file, as we write them or as a spreadsheet does."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.ratings import Ratings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NEEDED = ("observer", "stimulus", "score")
OPTIONAL = ("reference", "repetition", "session", "order", "seconds", "reference_score")
"""`order` is the place of the presentation in the observer's session, `seconds` its viewing time, `reference_score`
what the reference got beside it; see `Ratings`."""

_ABSENT = frozenset({"", "na", "n/a", "nan", "none", "cannot judge", "cannot-judge"})
_SEPARATORS = (";", "\t", ",")
_MOST_NAMED = 4


def read_ratings(path: Path, scale: tuple[float, float] | None = None) -> Ratings:
    """Return the votes of a CSV file with the columns observer, stimulus, score and perhaps those of `OPTIONAL`.

    Comma, semicolon or tab may part the cells, and where it is not the comma, a decimal comma is understood. An empty
    score (or n/a, or 'cannot judge') is a vote without score. Columns of other names are left out and named in the
    notes.

    Args:
        path: UTF-8 with or without byte-order mark, or Windows-1252.
        scale: lowest and highest possible score, where known.

    Raises:
        BadRequest: the file cannot be read, lacks a column, or a line makes no sense; the sentence names the file, the
            line, and what to do.
    """
    lines = _lines(path)
    header = [cell.strip().lower() for cell in lines.pop(min(lines))] if lines else []
    if not header:
        raise BadRequest(f"{path} is empty; it needs a header line {','.join(NEEDED)} and votes.")
    _check_header(path, header)
    if not lines:
        raise BadRequest(f"{path} holds a header but no votes; add one line for each vote.")
    rows = {number: _row(path, number, header, cells) for number, cells in lines.items()}
    _check_once(path, rows)
    numbers = {
        name: np.array([_number(path, n, name, row.get(name, "")) for n, row in rows.items()])
        for name in ("score", "order", "seconds", "reference_score")
    }
    if scale is not None:
        _check_scale(path, list(rows), scale, numbers["score"])
    unused = [name for name in header if name and name not in NEEDED + OPTIONAL]
    return Ratings(
        observers=tuple(row["observer"] for row in rows.values()),
        stimuli=tuple(row["stimulus"] for row in rows.values()),
        scores=numbers["score"],
        references=tuple(row.get("reference", "") for row in rows.values()),
        repetitions=np.array([_repetition(path, n, row) for n, row in rows.items()]),
        sessions=tuple(row.get("session", "") for row in rows.values()),
        orders=numbers["order"],
        seconds=numbers["seconds"],
        reference_scores=numbers["reference_score"],
        scale=scale,
        notes=(f"Columns not used: {', '.join(unused)}.",) if unused else (),
    )


def _lines(path: Path) -> dict[int, list[str]]:
    """Return the cells of each line that is not blank, by line number from 1."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror or error}.") from error
    if b"\0" in content:
        raise BadRequest(f"{path} is not a CSV file; save the table as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # what a spreadsheet on Windows writes where names carry accents; every byte has a meaning there
        text = content.decode("cp1252", errors="replace")
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    if first.lower().startswith("sep=") and len(first.strip()) <= 5:
        # a line that spreadsheets write and read to name the separator
        separator = first[4:5] or "\t"
        lines[lines.index(first)] = ""
    reader = csv.reader(lines, delimiter=separator)
    try:
        numbered = ((reader.line_num, row) for row in reader)
        return {number: row for number, row in numbered if any(cell.strip() for cell in row)}
    except csv.Error as error:
        raise BadRequest(
            f"{path}, line {reader.line_num}: {error}; save the table anew as CSV."
        ) from error


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadRequest(
            f"{path}, line 1: the column '{missing[0]}' is missing; the header must name {', '.join(NEEDED)}."
        )
    for name in NEEDED + OPTIONAL:
        if header.count(name) > 1:
            raise BadRequest(
                f"{path}, line 1: the column '{name}' stands there twice; remove one of them."
            )


def _row(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header) and any(cell.strip() for cell in cells[len(header) :]):
        raise BadRequest(
            f"{path}, line {number}: {len(cells)} cells where the header names {len(header)}; a score with a decimal "
            "comma needs semicolons between the cells."
        )
    if len(cells) < len(header):
        cells = cells + [""] * (len(header) - len(cells))
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    for name in ("observer", "stimulus"):
        if not row[name]:
            raise BadRequest(
                f"{path}, line {number}: the {name} is missing; fill it in or remove the line."
            )
    return row


def _number(path: Path, number: int, name: str, cell: str) -> float:
    """Return the number of a cell, NaN where it is absent."""
    if cell.lower() in _ABSENT:
        return math.nan
    try:
        value = float(cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise BadRequest(
            f"{path}, line {number}: '{cell}' in the column '{name}' is not a number; correct it, or leave it empty "
            "where the observer could not judge."
        )
    return value


def _repetition(path: Path, number: int, row: Mapping[str, str]) -> int:
    cell = row.get("repetition", "") or "0"
    try:
        return int(cell)
    except ValueError:
        raise BadRequest(
            f"{path}, line {number}: the repetition '{cell}' is not a whole number; number the votes 0, 1, 2."
        ) from None


def _check_once(path: Path, rows: Mapping[int, Mapping[str, str]]) -> None:
    """Refuse two votes of one observer on one stimulus that nothing tells apart."""
    seen: dict[tuple[str, str, int], int] = {}
    for number, row in rows.items():
        key = (row["observer"], row["stimulus"], _repetition(path, number, row))
        if key in seen:
            raise BadRequest(
                f"{path}, line {number}: observer '{key[0]}' has already scored '{key[1]}' in line {seen[key]}; remove "
                "one of them, or tell repeats apart in the column 'repetition'."
            )
        seen[key] = number


def _check_scale(
    path: Path, lines: list[int], scale: tuple[float, float], scores: np.ndarray
) -> None:
    wrong = np.flatnonzero((scores < scale[0]) | (scores > scale[1]))
    if len(wrong):
        places = ", ".join(str(lines[row]) for row in wrong[:_MOST_NAMED])
        more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
        raise BadRequest(
            f"{path}, line {places}{more}: {scores[wrong[0]]:g} lies outside the scale {scale[0]:g} to {scale[1]:g}; "
            "correct the score or the scale."
        )
