"""Words on the image: corner texts, sides of the patient, colour bar, notices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from miqa_app.core.geometry import direction_letters
from miqa_app.core.score_colours import attention_colours, score_colours
from miqa_app.gui.viewer.labels import text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.core.series import Series
    from miqa_app.core.window import Window
    from miqa_app.gui.viewer.state import Display

LIGHT = QColor("#e8ecf1")
SOFT = QColor("#b9c3cf")
AMBER = QColor("#f4bf57")
MARGIN = 12.0
# what a radiographer looks for first; the rest is in the report
_FACTS = (
    "Field strength",
    "Sequence type",
    "TR",
    "TE",
    "TI",
    "Flip angle",
    "Slice thickness",
    "Averages",
    "Matrix",
    "Spacing",
)
_NO_COLOUR = 70
_ROOMY, _SLIM, _FULL, _MIDDLE, _LEAST = 520, 480, 380, 240, 110


@dataclass(frozen=True)
class Corners:
    """Lines of text for the four corners and the middle of the top and the bottom edge."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()
    bottom: str = ""
    notice: str = ""


def corners(
    series: Series,
    frame: int,
    window: Window,
    scale: float,
    display: Display,
    side: float,
    lowest: float | None = None,
) -> Corners:
    """Return the texts for a view; the smaller the view (`side`, logical pixels), the fewer.

    `lowest` is the lowest local score of the slice, None where it has not been scored: a slice without a weak area
    shows no colour, and words must say that this is so.
    """
    if side < _LEAST:
        return Corners()
    notice = _notice(series, display, brief=side < _FULL)
    place = _place(series, frame)
    if side < _MIDDLE or not display.texts:
        return Corners(bottom_left=place[:1], notice=notice if side >= _MIDDLE else "")
    level = f"W {_number(window.width)}  L {_number(window.level)}"
    if side < _FULL:
        return Corners(
            top_left=(series.description,),
            bottom_left=place[:1],
            bottom_right=(level,),
            notice=notice,
        )
    who = (
        (series.study_description, *(f"{value}" for value in series.identity.values()))
        if display.identity
        else ()
    )
    view = f"Zoom {scale * 100:.0f} %, {'linear' if display.smooth else 'nearest'}"
    if display.heat:
        name = "Attention" if display.attention else "Score"
        view = f"{name} map linear, 8-pixel cells\n{view}"
        if lowest is not None and not display.attention:
            calm = "No weak area: lowest" if lowest >= _NO_COLOUR else "Lowest"
            view = f"{calm} local score {lowest:.0f}\n{view}"
    return Corners(
        top_left=(
            series.description or "Series",
            *list(filter(None, who))[:7],
        ),
        top_right=tuple(f"{name} {series.facts[name]}" for name in _FACTS if name in series.facts)[
            : 7 if side >= _ROOMY else 4
        ],
        bottom_left=place,
        bottom_right=(*filter(None, (window.name,)), level, *view.splitlines()),
        bottom=_convention(display) if series.geometry else "",
        notice=notice,
    )


def paint(
    painter: QPainter, area: QRectF, texts: Corners, letters: dict[str, str], *, bar: bool
) -> None:
    """Paint the corner texts and the side letters inside an area; `bar` keeps room for the colour bar."""
    inner = area.adjusted(MARGIN, MARGIN - 2, -MARGIN, -MARGIN + 2)
    small = _font(9)
    painter.setFont(small)
    flag = Qt.AlignmentFlag
    width = inner.width() * 0.46
    _block(painter, inner, texts.top_left, flag.AlignLeft | flag.AlignTop, width, first=LIGHT)
    _block(painter, inner, texts.top_right, flag.AlignRight | flag.AlignTop, width)
    _block(painter, inner, texts.bottom_left, flag.AlignLeft | flag.AlignBottom, width, first=LIGHT)
    _block(painter, inner, texts.bottom_right, flag.AlignRight | flag.AlignBottom, width)
    if texts.bottom and area.width() > 560:
        middle = flag.AlignHCenter | flag.AlignBottom
        _block(painter, inner, (texts.bottom,), middle, inner.width(), first=LIGHT)
    if texts.notice:
        strip = inner.adjusted(0, 22 if texts.top_left else 0, 0, 0)
        _block(
            painter,
            strip,
            (texts.notice,),
            flag.AlignHCenter | flag.AlignTop,
            inner.width(),
            first=AMBER,
        )
    if min(area.width(), area.height()) >= _LEAST:
        _letters(painter, area, letters, bar=bar, low=not (texts.bottom and area.width() > 560))


def paint_bar(painter: QPainter, area: QRectF, display: Display, *, has_map: bool) -> None:
    """Paint the colour bar with its scale, the same for every slice and every case; a slim one beside small images."""
    if min(area.width(), area.height()) < _MIDDLE:
        return
    painter.setFont(_font(8.5))
    if not has_map:
        place = QRectF(area.right() - 212, area.center().y() + 16, 200, 18)
        text(painter, place, "No map of this slice", Qt.AlignmentFlag.AlignRight, SOFT)
        return
    slim = area.width() < _SLIM
    height = min(area.height() * (0.42 if area.height() >= _ROOMY else 0.36), 240.0)
    left, width = (area.right() - 40, 8) if slim else (area.right() - 64, 14)
    bar = QRectF(left, area.center().y() - height / 2, width, height)
    if not slim:
        painter.fillRect(bar.adjusted(-8, -34, 46, 26), QColor(0, 0, 0, 150))
        title, end = (
            ("Attention", "100 = most") if display.attention else ("Local score", "100 = best")
        )
        for words, y, colour in ((title, bar.top() - 32, LIGHT), (end, bar.bottom() + 8, SOFT)):
            place = QRectF(bar.left() - 8, y, 62, 16)
            text(painter, place, words, Qt.AlignmentFlag.AlignLeft, colour)
    colours = attention_colours() if display.attention else score_colours()
    _scale(painter, bar, colours, (0, 50, 100) if slim else (0, 25, 50, 75, 100))
    if display.threshold < 100 and not display.attention:
        y = bar.bottom() - height * display.threshold / 100
        painter.fillRect(
            QRectF(bar.left(), bar.top(), bar.width(), y - bar.top()), QColor(20, 24, 30, 200)
        )
        painter.setPen(QPen(AMBER, 2))
        painter.drawLine(QPointF(bar.left() - 5, y), QPointF(bar.right() + 4, y))


def _scale(
    painter: QPainter, bar: QRectF, colours: NDArray[np.uint8], ticks: tuple[int, ...]
) -> None:
    """Paint the colours of the bar and its ticks."""
    rgba = np.ascontiguousarray(
        np.dstack([colours[::-1].reshape(256, 1, 3), np.full((256, 1, 1), 255, np.uint8)])
    )
    painter.drawImage(bar, QImage(rgba.data, 1, 256, 4, QImage.Format.Format_RGBA8888))
    painter.setPen(QPen(QColor("#8a94a1"), 1))
    painter.drawRect(bar)
    for tick in ticks:
        y = bar.bottom() - bar.height() * tick / 100
        painter.setPen(QPen(LIGHT, 1))
        painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + 4, y))
        place = QRectF(bar.right() + 7, y - 8, 40, 16)
        text(painter, place, str(tick), Qt.AlignmentFlag.AlignLeft, LIGHT)


def paint_message(painter: QPainter, area: QRectF, title: str, detail: str = "") -> None:
    """Paint one calm sentence in the middle of an empty view."""
    painter.setFont(_font(13))
    text(painter, area.translated(0, -14), title, Qt.AlignmentFlag.AlignCenter, LIGHT)
    painter.setFont(_font(10))
    text(painter, area.translated(0, 16), detail, Qt.AlignmentFlag.AlignCenter, SOFT)


def _block(
    painter: QPainter,
    area: QRectF,
    lines: tuple[str, ...],
    align: Qt.AlignmentFlag,
    width: float,
    first: QColor = SOFT,
) -> None:
    """Paint lines of text in a corner, each cut to the width with an ellipsis."""
    if not lines:
        return
    metrics = QFontMetricsF(painter.font())
    cut = [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]
    step = metrics.lineSpacing()
    at_bottom = bool(align & Qt.AlignmentFlag.AlignBottom)
    top = area.bottom() - step * len(cut) if at_bottom else area.top()
    side = align & Qt.AlignmentFlag.AlignHorizontal_Mask
    text(painter, QRectF(area.left(), top, area.width(), step), cut[0], side, first)
    if cut[1:]:
        rest = QRectF(area.left(), top + step, area.width(), step * len(cut[1:]))
        text(painter, rest, "\n".join(cut[1:]), side, SOFT)


def _letters(
    painter: QPainter, area: QRectF, letters: dict[str, str], *, bar: bool, low: bool
) -> None:
    """Paint the letters of the patient's sides at the middle of each edge."""
    painter.setFont(_font(12, bold=True))
    flag = Qt.AlignmentFlag
    room = (46.0 if area.width() < _SLIM else 92.0) if bar else MARGIN
    middle = QRectF(area.left() + MARGIN, area.center().y() - 12, area.width() - MARGIN - room, 24)
    across = QRectF(area.left(), area.top() + MARGIN - 4, area.width(), 22)
    bottom = across.translated(0, area.height() - 2 * MARGIN - (14 if low else 32))
    places = {
        "left": (middle, flag.AlignLeft),
        "right": (middle, flag.AlignRight),
        "top": (across, flag.AlignHCenter),
        "bottom": (bottom, flag.AlignHCenter),
    }
    for edge, letter in letters.items():
        rectangle, align = places[edge]
        text(painter, rectangle, letter, align, LIGHT)


def _place(series: Series, frame: int) -> tuple[str, ...]:
    """Return slice, time point and position of a frame as words."""
    where = [f"Slice {frame % series.slices + 1} / {series.slices}"]
    if series.time_points > 1:
        where.append(f"Time {frame // series.slices + 1} / {series.time_points}")
    if series.geometry is not None and frame < len(series.geometry.origins):
        normal = series.geometry.normal
        axis = int(np.argmax(np.abs(normal)))
        direction = np.zeros(3)
        direction[axis] = np.sign(series.geometry.origins[frame][axis]) or 1.0
        where.append(
            f"{direction_letters(direction)} {abs(series.geometry.origins[frame][axis]):.1f} mm"
        )
    return tuple(where)


def _notice(series: Series, display: Display, *, brief: bool) -> str:
    """Return what must not be overlooked about map and source, in words that suit the room."""
    words = []
    if display.heat and display.attention:
        words.append("Attention map" if brief else "Attention: where the model looked")
    if series.geometry is None:
        why = "" if brief else ": the file does not say how the patient lay"
        words.append(f"Sides unknown{why}")
    if series.lossy:
        words.append("Lossy source" if brief else "Lossy source: compression changed the pixels")
    return "  ·  ".join(words)


def _convention(display: Display) -> str:
    """Return the convention in force as words."""
    return "Neurological convention" if display.neurological else "Radiological convention"


def _number(value: float) -> str:
    """Return a window value with as many digits as it needs."""
    return f"{value:.0f}" if abs(value) >= 20 else f"{value:.3g}"


@cache
def _font(size: float, *, bold: bool = False) -> QFont:
    """Return the interface font at a size in points."""
    font = QFont()
    font.setPointSizeF(size)
    font.setBold(bold)
    return font
