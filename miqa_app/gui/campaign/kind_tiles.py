"""Artefact kinds to choose from, each with a picture of what it does to the chosen scan."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from miqa_app.core.artefact_kinds import ARTEFACT_KINDS, ArtefactKind
from miqa_app.gui.campaign.rows import paint_tick
from miqa_app.gui.viewer.pixels import grey_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miqa_app.gui.campaign.work import Picture
    from miqa_app.gui.theme import Theme

LARGE = 320
"""Longest side of a picture that is looked at closely, pixels."""

_COLUMNS, _GAP, _WORDS, _LEAST, _MOST = 7, 6, 30, 66, 132


class KindTiles(QWidget):
    """A grid of tiles, of which any number can be on; arrow keys go from one to the next.

    Signals:
        chosen: the keys of all kinds that are on now.
        pointed: the key of the kind under the mouse or with the keyboard.
    """

    chosen = Signal(object)
    pointed = Signal(str)

    def __init__(self, theme: Theme, on: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Artefacts"))
        self.tiles = {kind.key: _Tile(theme, kind) for kind in ARTEFACT_KINDS}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(_GAP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for place, (key, tile) in enumerate(self.tiles.items()):
            tile.setChecked(key in on)
            tile.toggled.connect(self._toggled)
            tile.pointed.connect(self.pointed)
            grid.addWidget(tile, place // _COLUMNS, place % _COLUMNS)

    @property
    def on(self) -> tuple[str, ...]:
        """Return the kinds that are on."""
        return tuple(key for key, tile in self.tiles.items() if tile.isChecked())

    def forget(self) -> None:
        """Take the pictures away."""
        for tile in self.tiles.values():
            tile.drawing = False
            tile.show_picture(None, None)

    def say_drawing(self) -> None:
        """Say on each tile without a picture that it is being drawn."""
        for tile in self.tiles.values():
            tile.drawing = tile.picture is None
            tile.update()

    def show_pictures(self, clean: Picture, picture: Picture) -> None:
        """Show one artefact; its tool tip shows it large beside the scan as acquired."""
        self.tiles[picture.kind].show_picture(picture, clean)

    def _toggled(self, _on: bool) -> None:
        self.chosen.emit(self.on)

    # ---------------------------------------------------------------- Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the pictures square."""
        side = (event.size().width() - _GAP * (_COLUMNS - 1)) // _COLUMNS
        for tile in self.tiles.values():
            tile.setFixedHeight(min(max(side, _LEAST), _MOST) + _WORDS)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to another tile with the arrow keys."""
        tiles = list(self.tiles.values())
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -_COLUMNS,
            Qt.Key.Key_Down: _COLUMNS,
        }
        focused = [place for place, tile in enumerate(tiles) if tile.hasFocus()]
        step = steps.get(event.key())
        if step is None or not focused or not 0 <= focused[0] + step < len(tiles):
            event.ignore()
        else:
            tiles[focused[0] + step].setFocus(Qt.FocusReason.TabFocusReason)


class _Tile(QAbstractButton):
    """One kind: picture, tick, name."""

    pointed = Signal(str)

    def __init__(self, theme: Theme, kind: ArtefactKind) -> None:
        super().__init__()
        self._theme, self._kind, self._name = theme, kind, kind.name.partition(" (")[0]
        self.picture: QImage | None = None
        self.drawing = False
        self.setCheckable(True)
        self.setAccessibleName(kind.name)
        self.setToolTip(kind.name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(_LEAST)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def show_picture(self, picture: Picture | None, clean: Picture | None) -> None:
        """Show what the artefact looks like, or nothing yet."""
        self.picture = None if picture is None else image_of(picture, LARGE)
        self.drawing = self.drawing and picture is None
        self.setToolTip(
            self._kind.name
            if self.picture is None
            else f"<b>{self._kind.name}</b><br>{_html(image_of(clean, LARGE))} {_html(self.picture)}"
        )
        self.update()

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return the size of a tile."""
        return QSize(92, 92 + _WORDS)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Say that the mouse is here."""
        super().enterEvent(event)
        self.pointed.emit(self._kind.key)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Say that the keyboard is here."""
        super().focusInEvent(event)
        self.pointed.emit(self._kind.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the arrow keys to the grid."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture with its frame, tick and name."""
        theme, on = self._theme, self.isChecked()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            side = min(self.width(), self.height() - _WORDS)
            frame = QRectF((self.width() - side) / 2, 0, side, side)
            painter.fillRect(frame.adjusted(1, 1, -1, -1), QColor("black"))
            if self.picture is not None:
                scale = (side - 4) / max(self.picture.width(), self.picture.height())
                size = self.picture.size().toSizeF() * scale
                target = QRectF(0, 0, size.width(), size.height())
                target.moveCenter(frame.center())
                painter.setOpacity(1 if on else 0.62)
                ratio = self.devicePixelRatioF()
                small = self.picture.scaled(
                    (target.size() * ratio).toSize(),
                    Qt.AspectRatioMode.IgnoreAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
                painter.drawImage(target, small)
                painter.setOpacity(1)
            elif self.drawing:
                painter.setPen(QColor("#b8b8b8"))
                painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self.tr("drawing…"))
            edge = (
                theme.text
                if self.hasFocus()
                else theme.accent
                if on or self.underMouse()
                else theme.line
            )
            painter.setPen(QPen(QColor(edge), 2 if on or self.hasFocus() else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.adjusted(1, 1, -1, -1), 4, 4)
            paint_tick(painter, QRectF(frame.left() + 5, 5, 15, 15), theme, on)
            font = self.font()
            font.setPointSizeF(8.5)
            font.setBold(on)
            painter.setFont(font)
            painter.setPen(QColor(theme.text if on else theme.dim))
            place = QRectF(0, side + 1, self.width(), _WORDS)
            centred = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(place, int(centred) | int(Qt.TextFlag.TextWordWrap), self._name)


def image_of(picture: Picture, longest: int) -> QImage:
    """Return a picture at true proportions, at most `longest` pixels on its long side."""
    greys = np.ascontiguousarray(picture.greys)
    rows, columns = greys.shape
    scale = longest / max(rows * picture.aspect, columns)
    return grey_image(greys).scaled(
        max(1, round(columns * scale)),
        max(1, round(rows * picture.aspect * scale)),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def _html(image: QImage) -> str:
    """Return an image as the tool tip can show it."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    QPixmap.fromImage(image).save(buffer, "PNG")
    code = base64.b64encode(bytes(buffer.data())).decode()
    return f'<img src="data:image/png;base64,{code}">'
