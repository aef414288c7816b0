"""A model's card on a terminal: a page that says what to make of its scores, or the whole card."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console
from rich.markdown import Markdown, TableElement

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult
    from rich.markdown import MarkdownElement

    from miqa_app.registry import ModelFolder

_WIDTH = 80
_FIGURES = "## Figures"
_SHORT = ("## How good it is", "## Interval calibrated", "## Known limits")


def print_card(model: ModelFolder, *, whole: bool) -> None:
    """Print the page or the whole card, at the terminal's width or at 80 columns, and how it is told from others.

    Args:
        model: whose card.
        whole: the whole card instead of the page.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(_Markdown(model.card if whole else short_card(model.card)))
    lines = ["", f"Learnt from: {model.identity.training or 'not told'}."] if not whole else [""]
    lines += [f"Identity (SHA-256): {model.sha256}", f"Folder: {model.path}"]
    if not whole:
        lines.append(f"Data, training, every figure: miqa models show {model.name} --whole")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def short_card(card: str) -> str:
    """Return the parts of a card that say what the score is, how good it is and where it fails; the lead at least.

    Of the figures only the first table is kept, which has the headline figures with their goals.
    """
    lead, *sections = re.split(r"^(?=## )", card, flags=re.MULTILINE)
    kept = [lead]
    for section in sections:
        if section.startswith(_FIGURES):
            kept.append(_to_first_table(section))
        elif section.startswith(_SHORT):
            kept.append(section)
    return "\n".join(part.strip() + "\n" for part in kept)


def _to_first_table(section: str) -> str:
    """Return a section up to the end of its first table."""
    lines = section.splitlines()
    inside = False
    for number, line in enumerate(lines):
        if inside and not line.startswith("|"):
            return "\n".join(lines[:number])
        inside = line.startswith("|")
    return section


class _FoldingTable(TableElement):
    """A table whose long words go on in the next line instead of losing their end."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            for column in getattr(table, "columns", ()):
                column.overflow = "fold"
            yield table


class _Markdown(Markdown):
    """Markdown with tables that lose nothing."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "table_open": _FoldingTable,
    }
