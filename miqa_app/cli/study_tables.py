"""How `miqa study status` shows a study: a table of raters and one of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from miqa_app.services.study_next import Telling
    from miqa_app.services.study_status import RaterStatus, StudyStatus

MOST_ROWS = 15
"""Items in the table, those first that need votes most; the JSON has all."""

MOST_NEXT = 10
"""Items of which `miqa study next` says why they need votes."""


def raters_table(state: StudyStatus) -> Table:
    """Return a row for each rater."""
    table = Table(title=f"Raters of {state.study} ({state.protocol})", title_justify="left")
    for name in ("rater", "votes", "cannot judge", "not counted", "sessions", "last session"):
        table.add_column(name)
    for one in state.raters:
        cells = (
            one.pseudonym,
            f"{one.done} of {one.total}",
            str(one.cannot_judge),
            _not_counted(one),
            str(one.sessions),
            one.last or "–",
        )
        table.add_row(*plain(cells))
    return table


def _not_counted(one: RaterStatus) -> str:
    """Return how many votes do not count, and why."""
    parts = [f"practice {one.practice} of {one.practice_total}"] if one.practice_total else []
    if one.settling_in:
        parts.append(f"settling in {one.settling_in}")
    return ", ".join(parts) or "–"


def next_table(study: str, items: Sequence[Telling]) -> Table:
    """Return a row for each of the first items, the one whose next vote is worth most on top."""
    table = Table(title=f"Most worth a vote in {study}", title_justify="left")
    table.add_column("", justify="right")
    table.add_column("stimulus", overflow="fold")
    table.add_column("why", overflow="fold")
    for place, one in enumerate(items[:MOST_NEXT], 1):
        table.add_row(*plain((str(place), one.stimulus, one.reason)))
    return table


def items_table(state: StudyStatus) -> Table:
    """Return a row for each of the items with the fewest votes and the widest intervals."""
    table = Table(title="Items", title_justify="left")
    table.add_column("stimulus")
    table.add_column("role")
    names = ("votes", "cannot judge", "mean", "± 95 %", f"more raters for ±{state.target:g}")
    for name in names:
        table.add_column(name, justify="right")
    widest = sorted(state.items, key=lambda one: (one.votes, -(one.half_width or 0.0)))
    for one in widest[:MOST_ROWS]:
        more = "–" if one.more_raters is None else str(one.more_raters)
        cells = (
            one.stimulus,
            one.role,
            str(one.votes),
            str(one.cannot_judge),
            _number(one.mos),
            _number(one.half_width),
            more,
        )
        table.add_row(*plain(cells))
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}".replace("-", "−")


def plain(cells: Iterable[str]) -> Iterator[str]:
    """Return cells in which nothing is taken for markup."""
    return (escape(cell) for cell in cells)
