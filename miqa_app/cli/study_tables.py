"""How `miqa study status` shows a study: a table of raters and one of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from miqa_app.services.study_status import StudyStatus

MOST_ROWS = 15
"""Items in the table, those first that need votes most; the JSON has all."""


def raters_table(state: StudyStatus) -> Table:
    """Return a row for each rater."""
    table = Table(title=f"Raters of {state.study} ({state.protocol})", title_justify="left")
    for name in ("rater", "votes", "cannot judge", "training", "sessions", "last session"):
        table.add_column(name)
    for one in state.raters:
        cells = (
            one.pseudonym,
            f"{one.done} of {one.total}",
            str(one.cannot_judge),
            "done" if one.trained else "open",
            str(one.sessions),
            one.last or "–",
        )
        table.add_row(*plain(cells))
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
