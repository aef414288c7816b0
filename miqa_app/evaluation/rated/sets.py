"""Which rated sets there are, and how a command line names one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from miqa_app.errors import BadRequest
from miqa_app.evaluation.held_out import load_evaluation
from miqa_app.evaluation.rated.lookalike import write_lookalike
from miqa_app.evaluation.rated.photographs import (
    read_kadid10k,
    read_koniq10k,
    read_live,
    read_tid2013,
)
from miqa_app.evaluation.rated.scans import (
    read_abide,
    read_csv,
    read_mr_art,
    read_rad_iqmri,
    read_synthetic,
)
from miqa_app.evaluation.rated.synthetic import ABOUT
from miqa_app.evaluation.rated.unseen import EVALUATIONS, folder_of, forget_old, write_unseen

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


def read_rated_set(
    words: str, cache: Path, tell: Callable[[int, int], None] = lambda done, most: None
) -> RatedSet:
    """Return the set that a user names.

    Args:
        words: 'NAME=FOLDER' with a key of `READERS`; a name of `EVALUATIONS` with the folder of the scans; a path that
            ends in .csv; or 'look-alike' for the synthetic set.
        cache: folder in which synthetic sets are made once.
        tell: called with the images made and their number at most while a frozen evaluation is written.

    Raises:
        BadRequest: the name is unknown or no place is given; or what the reader finds wrong.
        BadRecipe: a scan that an evaluation names is missing.
    """
    if words == LOOKALIKE:
        folder = cache / "look-alike-1"
        if not (folder / "mos.csv").exists():
            write_lookalike(folder)
        return read_rad_iqmri(folder)
    name, equals, place = words.partition("=")
    if not equals and words.lower().endswith((".csv", ".tsv")):
        return read_csv(Path(words))
    if name in EVALUATIONS and place:
        return _unseen(name, Path(place), cache, tell)
    if name not in READERS or not place:
        message = (
            f"'{words}' names no rated set; write NAME=FOLDER with one of {', '.join((*READERS, *EVALUATIONS))}, "
            f"or the path of a .csv table, or {LOOKALIKE}."
        )
        raise BadRequest(message)
    return READERS[name](Path(place))


def _unseen(name: str, data: Path, cache: Path, tell: Callable[[int, int], None]) -> RatedSet:
    """Return the degraded images of a frozen evaluation, made at the first call for these scans."""
    recipe = load_evaluation(name)
    folder = folder_of(recipe, data, cache)
    if not (folder / ABOUT).exists():
        write_unseen(recipe, data, folder, tell)
        forget_old(recipe, cache)
    return read_synthetic(folder)
