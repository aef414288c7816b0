"""Words with a dark rim, drawn once and kept as a picture.

A repaint beside a busy thread waits for the interpreter at every call, so few calls matter more than few pixels.
"""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

_RIM = QColor(0, 0, 0, 200)
_AROUND = [(across, down) for across in (-1, 0, 1) for down in (-1, 0, 1) if across or down]
_PAD, _KEPT = 2, 192
_pictures: OrderedDict[tuple[object, ...], QImage] = OrderedDict()


def text(
    painter: QPainter, area: QRectF, words: str, align: Qt.AlignmentFlag, colour: QColor
) -> None:
    """Paint words in the middle of an area's height, readable on white fat and on black air."""
    if not words:
        return
    ratio = painter.device().devicePixelRatioF()
    picture = _picture(words, painter.font(), colour, align, ratio)
    width, height = picture.width() / ratio, picture.height() / ratio
    left = area.left() - _PAD
    if align & Qt.AlignmentFlag.AlignRight:
        left = area.right() - width + _PAD
    elif align & Qt.AlignmentFlag.AlignHCenter:
        left = area.center().x() - width / 2
    top = area.center().y() - height / 2
    whole = QPointF(round(left * ratio) / ratio, round(top * ratio) / ratio)
    painter.drawImage(whole, picture)


def _picture(
    words: str, font: QFont, colour: QColor, align: Qt.AlignmentFlag, ratio: float
) -> QImage:
    """Return the picture of some words, from the shelf if it has been drawn lately."""
    key = (words, font.key(), colour.rgba(), align, ratio)
    picture = _pictures.get(key)
    if picture is None:
        picture = _pictures[key] = _drawn(words, font, colour, align, ratio)
        if len(_pictures) > _KEPT:
            _pictures.popitem(last=False)
    else:
        _pictures.move_to_end(key)
    return picture


def _drawn(
    words: str, font: QFont, colour: QColor, align: Qt.AlignmentFlag, ratio: float
) -> QImage:
    """Draw words with their rim."""
    flags = int(align & Qt.AlignmentFlag.AlignHorizontal_Mask)
    room = QFontMetricsF(font).boundingRect(QRectF(0, 0, 1e4, 1e4), flags, words).size()
    area = QRectF(_PAD, _PAD, room.width() + 1, room.height())
    picture = QImage(
        round((area.width() + 2 * _PAD) * ratio),
        round((area.height() + 2 * _PAD) * ratio),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as painter:
        painter.setFont(font)
        painter.setPen(_RIM)
        for across, down in _AROUND:
            painter.drawText(area.translated(across, down), flags, words)
        painter.setPen(colour)
        painter.drawText(area, flags, words)
    return picture
