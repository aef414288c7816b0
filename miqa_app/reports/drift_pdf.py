"""The drift report as PDF, A4."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reportlab.lib.pagesizes import A4
from reportlab.platypus import KeepTogether, SimpleDocTemplate, Table, TableStyle

from miqa_app import __version__
from miqa_app.reports import pdf_parts as pdf

if TYPE_CHECKING:
    from miqa_app.reports.drift import DriftPage

_ALARM = "#a12f12"


def drift_pdf(page: DriftPage) -> bytes:
    """Return the PDF of a page."""
    pdf.register_fonts()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=pdf.MARGIN, rightMargin=pdf.MARGIN, topMargin=pdf.MARGIN,
        bottomMargin=pdf.MARGIN, title=page.title, author="miqa_app",
    )  # fmt: skip
    story: list[Any] = [
        pdf.paragraph(page.title, size=17, bold=True),
        pdf.paragraph(page.headline, size=13, bold=True, colour="" if page.calm else _ALARM),
        pdf.paragraph(page.advisory, dim=True),
        pdf.rows_table(page.facts),
    ]
    story += [pdf.paragraph(note, colour="#7a4b00") for note in page.notes]
    for one, state, picture in page.alarms:
        story.append(
            KeepTogether(
                [
                    pdf.paragraph(f"◆  {one.headline}", size=11, bold=True, colour=_ALARM),
                    pdf.paragraph(f"{one.change}   ·   {state}", size=13, bold=True),
                    pdf.paragraph(one.detail, dim=True),
                    pdf.fitted_picture(picture),
                ]
            )
        )
    if page.overview:
        story.append(
            KeepTogether(
                [
                    pdf.paragraph("Median score, week by week", size=12, bold=True),
                    pdf.fitted_picture(page.overview),
                ]
            )
        )
    if page.rows:
        story += [
            pdf.paragraph("All charts, the newest point of each", size=12, bold=True),
            _grid(page),
        ]
    for title, lines in (("Alarms that are over", page.past), ("What was done", page.acts)):
        if lines:
            story += [
                pdf.paragraph(title, size=12, bold=True),
                *(pdf.paragraph(line) for line in lines),
            ]
    story += [
        pdf.paragraph("How the limits come about", size=12, bold=True),
        pdf.paragraph(page.rule),
    ]
    footer = pdf.page_footer(__version__)
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def _grid(page: DriftPage) -> Table:
    head = [pdf.paragraph(name, size=7.5, dim=True) for name in page.columns]
    body = [
        [
            pdf.paragraph(row.place, size=7.5, bold=row.moved, colour=_ALARM if row.moved else ""),
            pdf.paragraph(str(row.scans), size=7.5),
            *(pdf.paragraph(words, size=7.5) for words in row.figures),
        ]
        for row in page.rows
    ]
    shares = (0.30, 0.08, 0.155, 0.155, 0.155, 0.155)
    table = Table(
        [head, *body], colWidths=[pdf.WIDTH * s for s in shares], hAlign="LEFT", repeatRows=1
    )
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, pdf.LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return table
