"""Which rated sets there are, and how a command line names one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.evaluation.rated.lookalike import write_lookalike
from miqa_app.evaluation.rated.photographs import (
    read_kadid10k,
    read_koniq10k,
    read_live,
    read_tid2013,
)
from miqa_app.evaluation.rated.scans import read_abide, read_csv, read_mr_art, read_rad_iqmri

if TYPE_CHECKING:
    from collections.abc import Callable

    from miqa_app.evaluation.rated.record import RatedSet

LOOKALIKE = "look-alike"

READERS: dict[str, Callable[[Path], RatedSet]] = {
    "rad-iqmri": read_rad_iqmri,
    "live": read_live,
    "tid2013": read_tid2013,
    "kadid10k": read_kadid10k,
    "koniq10k": read_koniq10k,
    "mr-art": read_mr_art,
    "abide": read_abide,
    "csv": read_csv,
}
"""Readers by the name of the set; each takes the folder of the set, 'csv' takes the table."""


def read_rated_set(words: str, cache: Path) -> RatedSet:
    """Return the set that a user names.

    Args:
        words: 'NAME=FOLDER' with a key of `READERS`, a path that ends in .csv, or 'look-alike' for the synthetic set.
        cache: folder in which the synthetic set is made once.

    Raises:
        BadRequest: the name is unknown or no place is given; or what the reader finds wrong.
    """
    if words == LOOKALIKE:
        folder = cache / "look-alike-1"
        if not (folder / "mos.csv").exists():
            write_lookalike(folder)
        return read_rad_iqmri(folder)
    name, equals, place = words.partition("=")
    if not equals and words.lower().endswith((".csv", ".tsv")):
        return read_csv(Path(words))
    if name not in READERS or not place:
        message = (
            f"'{words}' names no rated set; write NAME=FOLDER with one of {', '.join(READERS)}, "
            f"or the path of a .csv table, or {LOOKALIKE}."
        )
        raise BadRequest(message)
    return READERS[name](Path(place))
