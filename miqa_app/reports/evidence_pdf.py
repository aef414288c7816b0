"""The page of evidence as PDF: one A4 sheet with searchable text and lines to sign on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch, mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Image, KeepInFrame, Paragraph, Table, TableStyle

from miqa_app.reports.pdf_parts import register_fonts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.reports.evidence_sheet import Cell, Line, Sheet

_LEFT = 13 * mm
_WIDTH = A4[0] - 2 * _LEFT
_GUTTER = 4 * mm
_BOTTOM = 8 * mm
_INK, _DIM, _LINE = "#18202b", "#4d5867", "#d5dbe2"
_TONES = {
    "good": ("#17642f", "#e6f2ea", "✔"),
    "check": ("#7a4b00", "#fdf2dc", "▲"),
    "rescan": ("#a12f12", "#fbe9e4", "✖"),
}


def evidence_pdf(sheet: Sheet) -> bytes:
    """Return the PDF of one page; what is too long for its place is set smaller, never carried over to a second page."""
    register_fonts()
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setTitle(f"Acceptance evidence: {sheet.candidate}")
    canvas.setAuthor("miqa_app")
    top = A4[1] - 10 * mm
    top = _head(canvas, sheet, top)
    top = _verdict(canvas, sheet, top) - 3 * mm
    facts, figures = 0.41 * _WIDTH, 0.59 * _WIDTH - _GUTTER
    height = 49 * mm
    _placed(canvas, [_facts(sheet, facts)], _LEFT, top, facts, height)
    _placed(canvas, [_figures(sheet, figures)], _LEFT + facts + _GUTTER, top, figures, height)
    top -= height + 2 * mm
    top = _pictures(canvas, sheet, top) - 2.5 * mm
    _lower(canvas, sheet, top, _BOTTOM + 36 * mm)
    _signatures(canvas, sheet, _BOTTOM + 34 * mm)
    notes = [_text(sheet.notes, 5.6, dim=True)]
    _placed(canvas, notes, _LEFT, _BOTTOM + 6.5 * mm, _WIDTH, 7 * mm)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _head(canvas: Canvas, sheet: Sheet, top: float) -> float:
    canvas.setFillColor(HexColor(_INK))
    canvas.setFont("Report-Bold", 16)
    canvas.drawString(_LEFT, top - 13, "Acceptance evidence")
    canvas.setFont("Report", 7)
    canvas.setFillColor(HexColor(_DIM))
    canvas.drawRightString(_LEFT + _WIDTH, top - 6, f"made {sheet.made}")
    canvas.drawRightString(_LEFT + _WIDTH, top - 15, f"miqa_app {sheet.program}")
    name = [_text(sheet.candidate, 9.5, colour=_DIM)]
    _placed(canvas, name, _LEFT, top - 17, _WIDTH * 0.8, 14)
    return top - 34


def _verdict(canvas: Canvas, sheet: Sheet, top: float) -> float:
    colour, ground, shape = _TONES[sheet.tone]
    height: float = 13 * mm
    canvas.setFillColor(HexColor(ground))
    canvas.roundRect(_LEFT, top - height, _WIDTH, height, 4, stroke=0, fill=1)
    canvas.setFillColor(HexColor(colour))
    canvas.rect(_LEFT, top - height, 3, height, stroke=0, fill=1)
    headline = [
        _text(f"{shape}  {sheet.headline}", 13, bold=True, colour=colour),
        _text(sheet.verdict, 7.6),
    ]
    _placed(canvas, headline, _LEFT + 10, top - 2, _WIDTH - 18, height - 4)
    return top - height


def _facts(sheet: Sheet, width: float) -> Table:
    rows = [[_text(name, 6.6, dim=True), _text(words, 6.6)] for name, words in sheet.facts]
    return _ruled(rows, [0.2 * width, 0.8 * width])


def _figures(sheet: Sheet, width: float) -> Table:
    count = len(sheet.columns)
    first = 0.27 * width if count == 4 else 0.19 * width
    rest = (width - first) / (count - 1)
    size = 7.6 if count == 4 else 6.2
    head = [_text(words, 6.3, dim=True, bold=True) for words in sheet.columns]
    rows = [
        [_text(name, 6.6, dim=True), *(_cell(cell, size) for cell in cells)]
        for name, cells in sheet.rows
    ]
    return _ruled([head, *rows], [first, *[rest] * (count - 1)], head=True)


def _cell(cell: Cell, size: float) -> Paragraph:
    words = (
        f'<font name="Report-Bold">{escape(cell.words)}</font>'
        if cell.strong
        else escape(cell.words)
    )
    if cell.bounds:
        words += f'<br/><font size="{size * 0.72:.1f}" color="{_DIM}">{escape(cell.bounds)}</font>'
    return Paragraph(words, _style(size, leading=size * 1.05))


def _pictures(canvas: Canvas, sheet: Sheet, top: float) -> float:
    height: float = 2.2 * inch
    _picture(canvas, sheet.pictures.get("before and after"), _LEFT, top, 4.5 * inch, height)
    width = 2.55 * inch
    _picture(canvas, sheet.pictures.get("learning"), _LEFT + _WIDTH - width, top, width, height)
    return top - height


def _lower(canvas: Canvas, sheet: Sheet, top: float, bottom: float) -> None:
    """Place the criteria, and beside them the strata where there are any."""
    drawn = sheet.pictures.get("strata")
    beside = 2.95 * inch if drawn else 0.0
    width = _WIDTH - beside - (_GUTTER if drawn else 0)
    _placed(canvas, _criteria(sheet.lines, width), _LEFT, top, width, top - bottom)
    heading = [_text("Gain over the active model, by stratum", 7.6, bold=True)]
    if drawn:
        left = _LEFT + _WIDTH - beside
        _placed(canvas, heading, left, top, beside, 12)
        _picture(canvas, drawn, left, top - 11, beside, top - 11 - bottom)


def _criteria(lines: Sequence[Line], width: float) -> list[Any]:
    rows = []
    for line in lines:
        colour, _, shape = _TONES[line.tone]
        words = (
            f'<font name="Report-Bold" color="{colour}">{escape(line.title)}</font> · {escape(line.outcome)}<br/>'
            f"{escape(line.words)}"
        )
        rows.append(
            [_text(shape, 8, bold=True, colour=colour), Paragraph(words, _style(6.5, leading=8.2))]
        )
    return [_text("The gate", 7.6, bold=True), _ruled(rows, [5 * mm, width - 5 * mm])]


def _signatures(canvas: Canvas, sheet: Sheet, top: float) -> None:
    canvas.setStrokeColor(HexColor(_INK))
    canvas.setLineWidth(0.8)
    canvas.line(_LEFT, top, _LEFT + _WIDTH, top)
    words = [_text(sheet.promise, 7.4, bold=True)]
    _placed(canvas, words, _LEFT, top - 2, _WIDTH, 12)
    across = _LEFT
    canvas.setFont("Report", 7.2)
    canvas.setFillColor(HexColor(_INK))
    for choice in sheet.choices:
        canvas.setLineWidth(0.6)
        canvas.rect(across, top - 23.5, 6.5, 6.5)
        canvas.drawString(across + 10, top - 23, choice)
        across += 10 + canvas.stringWidth(choice, "Report", 7.2) + 18
    half = (_WIDTH - _GUTTER) / 2
    for place, who in enumerate(("Physicist", "Second person, where the site asks for one")):
        left = _LEFT + place * (half + _GUTTER)
        canvas.setFont("Report-Bold", 6.6)
        canvas.drawString(left, top - 36, who)
        canvas.setLineWidth(0.4)
        canvas.setFont("Report", 5.8)
        for start, end, words_below in ((0, 0.4, "name"), (0.43, 0.6, "date"), (0.63, 1, "signature")):  # fmt: skip
            canvas.setStrokeColor(HexColor(_DIM))
            canvas.line(left + start * half, top - 66, left + end * half, top - 66)
            canvas.drawString(left + start * half, top - 73, words_below)


def _picture(
    canvas: Canvas, png: bytes | None, left: float, top: float, width: float, height: float
) -> None:
    """Draw a picture as large as its place allows, from the upper left corner."""
    if png is None:
        return
    picture = Image(io.BytesIO(png))
    scale = min(width / picture.imageWidth, height / picture.imageHeight)
    picture.drawWidth, picture.drawHeight = picture.imageWidth * scale, picture.imageHeight * scale
    picture.drawOn(canvas, left, top - picture.drawHeight)


def _placed(
    canvas: Canvas, story: list[Any], left: float, top: float, width: float, height: float
) -> None:
    """Draw text from the upper left corner of a place; where it is too long it is shrunk."""
    box = KeepInFrame(width, height, story, mode="shrink", vAlign="TOP")
    _, used = box.wrapOn(canvas, width, height)
    box.drawOn(canvas, left, top - used)


def _ruled(rows: list[list[Any]], widths: list[float], *, head: bool = False) -> Table:
    table = Table(rows, colWidths=widths, hAlign="LEFT")
    style: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor(_LINE)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6),
    ]
    if head:
        style.append(("LINEBELOW", (0, 0), (-1, 0), 0.8, HexColor(_INK)))
    table.setStyle(TableStyle(style))
    return table


def _text(
    words: str, size: float, *, bold: bool = False, dim: bool = False, colour: str = ""
) -> Paragraph:
    return Paragraph(
        escape(words), _style(size, bold=bold, colour=colour or (_DIM if dim else _INK))
    )


def _style(
    size: float, *, bold: bool = False, colour: str = _INK, leading: float = 0
) -> ParagraphStyle:
    return ParagraphStyle(
        "text",
        fontName="Report-Bold" if bold else "Report",
        fontSize=size,
        leading=leading or size * 1.25,
        textColor=HexColor(colour),
        splitLongWords=True,
    )
