"""The report as one self-contained HTML page, and an index of several."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.reports.study import StudyReport

SHAPES = {
    "good": "verdict_accept",
    "advised": "verdict_advised",
    "check": "verdict_check",
    "rescan": "verdict_rescan",
    "none": "verdict_none",
}
"""The icon of each tone."""


def as_html(report: StudyReport) -> str:
    """Return the page of a study; pictures and icons are inside, nothing is fetched, every value is escaped."""
    return rendered("report.html.j2", report=report)


def as_index(
    studies: Sequence[tuple[str, StudyReport]], problems: Sequence[tuple[str, str]]
) -> str:
    """Return a page that leads to the reports of several studies.

    Args:
        studies: file name without extension and report of each study.
        problems: (file, reason) of what could not be read.
    """
    return rendered("index.html.j2", studies=studies, problems=problems)


def rendered(template: str, **values: Any) -> str:
    """Return a page of resources/report: nothing is fetched, every value is escaped, `data_uri` puts pictures inside."""
    environment = Environment(
        loader=FileSystemLoader(bundled("resources") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    icons = bundled("resources") / "icons"
    shapes = {
        tone: Markup((icons / f"{name}.svg").read_text(encoding="utf-8"))
        for tone, name in SHAPES.items()
    }
    return environment.get_template(template).render(shapes=shapes, **values)


def _data_uri(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
