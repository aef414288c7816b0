"""What the PDF reports are built of: paragraphs, tables of two columns, pictures, the footer, and the fonts."""

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
from reportlab.platypus import Image, Paragraph, Table, TableStyle

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN - 12
"""Of the text; reportlab keeps six points free on either side."""

_INK, _DIM, LINE = HexColor("#18202b"), HexColor("#4d5867"), HexColor("#d5dbe2")


def fitted_picture(png: bytes) -> Image:
    """Return a picture as wide as the text, at most 120 mm high."""
    picture = Image(io.BytesIO(png))
    scale = min(WIDTH / picture.imageWidth, 120 * mm / picture.imageHeight)
    picture.drawWidth, picture.drawHeight = (
        picture.imageWidth * scale,
        picture.imageHeight * scale,
    )
    return picture


def paragraph(
    words: str, *, size: float = 9.5, bold: bool = False, dim: bool = False, colour: str = ""
) -> Paragraph:
    """Return words as a paragraph; nothing in them is taken for markup."""
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


def rows_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Return names and values in two columns."""
    cells = [
        [paragraph(name, size=8.5, dim=True), paragraph(str(value), size=8.5)]
        for name, value in rows
    ]
    table = Table(cells, colWidths=[WIDTH * 0.32, WIDTH * 0.68], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return table


def page_footer(version: str) -> Any:
    """Return what draws the foot of a page."""

    def draw(canvas: Any, document: Any) -> None:
        canvas.setFont("Report", 7.5)
        canvas.setFillColor(_DIM)
        canvas.drawString(
            MARGIN,
            10 * mm,
            f"miqa_app {version} · advisory, not a certified medical device",
        )
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"page {document.page}")

    return draw


@cache
def register_fonts() -> None:
    """Register DejaVu Sans, which matplotlib brings: Latin, Greek and Cyrillic, and the verdict shapes."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pdfmetrics.registerFont(TTFont("Report", folder / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont("Report-Bold", folder / "DejaVuSans-Bold.ttf"))
