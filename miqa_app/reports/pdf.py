"""The report as PDF with searchable text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, PageBreak, SimpleDocTemplate, Spacer

from miqa_app.reports.pdf_parts import (
    MARGIN,
    fitted_picture,
    page_footer,
    paragraph,
    register_fonts,
    rows_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.reports.study import Page, StudyReport

_TONES = {
    "advised": ("#075f66", "○"),
    "good": ("#17642f", "✔"),
    "check": ("#7a4b00", "▲"),
    "rescan": ("#a12f12", "✖"),
    "none": ("#4d5867", "–"),
}


def as_pdf(report: StudyReport) -> bytes:
    """Return the PDF, A4: a page or more per series, then problems and what made the report."""
    register_fonts()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN,
        bottomMargin=MARGIN, title=report.title, author="miqa_app",
    )  # fmt: skip
    story: list[Any] = [
        paragraph(report.title, size=17, bold=True),
        paragraph(report.advisory, dim=True),
    ]
    if report.identity:
        story += [rows_table(report.identity), Spacer(1, 4 * mm)]
    for number, page in enumerate(report.pages):
        if number:
            story.append(PageBreak())
        story += _series(page)
    if report.problems:
        story += [paragraph("Could not be read", size=13, bold=True), rows_table(report.problems)]
    story.append(
        KeepTogether(
            [
                paragraph("Made by", size=13, bold=True),
                rows_table(
                    (
                        ("miqa_app", report.version),
                        ("Report written", report.written),
                        *report.model,
                    )
                ),
            ]
        )
    )
    footer = page_footer(report.version)
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def _series(page: Page) -> list[Any]:
    colour, shape = _TONES[page.tone]
    parts: list[Any] = [
        paragraph(page.title, size=13, bold=True),
        paragraph(f"{shape}  {page.verdict}", size=16, bold=True, colour=colour),
    ]
    parts += [paragraph(words) for words in (page.score, page.cause) if words]
    parts += [paragraph(note, colour="#7a4b00") for note in page.notes]
    for caption, picture in page.pictures:
        parts.append(KeepTogether([fitted_picture(picture), paragraph(caption, dim=True)]))
    if page.kinds:
        kinds = [(name, f"{percent} %") for name, percent in page.kinds]
        parts.append(_table("Likeliest artefacts", kinds))
    parts.append(_table("Acquisition", page.facts))
    return parts


def _table(heading: str, rows: Sequence[tuple[str, str]]) -> KeepTogether:
    """Return a table under its heading, both on one page."""
    return KeepTogether([paragraph(heading, bold=True), rows_table(rows)])
