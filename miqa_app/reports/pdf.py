"""The report as PDF with searchable text."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import matplotlib
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Image,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.reports.study import Page, StudyReport

_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12  # reportlab keeps six points free on either side
_INK, _DIM, _LINE = HexColor("#18202b"), HexColor("#4d5867"), HexColor("#d5dbe2")
_TONES = {
    "advised": ("#075f66", "○"),
    "good": ("#17642f", "✔"),
    "check": ("#7a4b00", "▲"),
    "rescan": ("#a12f12", "✖"),
    "none": ("#4d5867", "–"),
}


def as_pdf(report: StudyReport) -> bytes:
    """Return the PDF, A4: a page or more per series, then problems and what made the report."""
    _fonts()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN,
        bottomMargin=_MARGIN, title=report.title, author="miqa_app",
    )  # fmt: skip
    story: list[Any] = [_text(report.title, size=17, bold=True), _text(report.advisory, dim=True)]
    if report.identity:
        story += [_table(report.identity), Spacer(1, 4 * mm)]
    for number, page in enumerate(report.pages):
        if number:
            story.append(PageBreak())
        story += _series(page)
    if report.problems:
        story += [_text("Could not be read", size=13, bold=True), _table(report.problems)]
    story.append(
        KeepTogether(
            [
                _text("Made by", size=13, bold=True),
                _table(
                    (
                        ("miqa_app", report.version),
                        ("Report written", report.written),
                        *report.model,
                    )
                ),
            ]
        )
    )
    footer = _footer(report.version)
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def _series(page: Page) -> list[Any]:
    colour, shape = _TONES[page.tone]
    parts: list[Any] = [
        _text(page.title, size=13, bold=True),
        _text(f"{shape}  {page.verdict}", size=16, bold=True, colour=colour),
    ]
    parts += [_text(words) for words in (page.score, page.cause) if words]
    parts += [_text(note, colour="#7a4b00") for note in page.notes]
    for caption, picture in page.pictures:
        parts.append(KeepTogether([_picture(picture), _text(caption, dim=True)]))
    if page.kinds:
        parts.append(_text("Likeliest artefacts", bold=True))
        parts.append(_table([(name, f"{percent} %") for name, percent in page.kinds]))
    parts.append(_text("Acquisition", bold=True))
    parts.append(_table(page.facts))
    return parts


def _picture(png: bytes) -> Image:
    picture = Image(io.BytesIO(png))
    scale = min(_WIDTH / picture.imageWidth, 120 * mm / picture.imageHeight)
    picture.drawWidth, picture.drawHeight = (
        picture.imageWidth * scale,
        picture.imageHeight * scale,
    )
    return picture


def _text(
    words: str, *, size: float = 9.5, bold: bool = False, dim: bool = False, colour: str = ""
) -> Paragraph:
    style = ParagraphStyle(
        "text",
        fontName="Report-Bold" if bold else "Report",
        fontSize=size,
        leading=size * 1.4,
        textColor=HexColor(colour) if colour else (_DIM if dim else _INK),
        spaceBefore=size * 0.3,
        spaceAfter=size * 0.4,
        splitLongWords=True,
    )
    return Paragraph(escape(words), style)


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [[_text(name, size=8.5, dim=True), _text(str(value), size=8.5)] for name, value in rows]
    table = Table(cells, colWidths=[_WIDTH * 0.32, _WIDTH * 0.68], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return table


def _footer(version: str) -> Any:
    def draw(canvas: Any, document: Any) -> None:
        canvas.setFont("Report", 7.5)
        canvas.setFillColor(_DIM)
        canvas.drawString(
            _MARGIN,
            10 * mm,
            f"miqa_app {version} · advisory, not a certified medical device",
        )
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"page {document.page}")

    return draw


@cache
def _fonts() -> None:
    """Register DejaVu Sans, which matplotlib brings: Latin, Greek and Cyrillic, and the verdict shapes."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pdfmetrics.registerFont(TTFont("Report", folder / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont("Report-Bold", folder / "DejaVuSans-Bold.ttf"))
