"""One or two images on neutral grey: same window, same scale, same slice; nothing about them can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from miqa_app.gui.rating.look import INK, LINE, SURROUND

if TYPE_CHECKING:
    from miqa_app.gui.rating.pictures import Shown

_GAP = 36
_WHEEL_NOTCH = 120


class PairView(QWidget):
    """Paints both images of a presentation in one stroke, or nothing but grey.

    The wheel scrolls the slices of both; there is no zoom, no pan, no grey window.

    Signals:
        painted: the images of a new presentation have been painted for the first time.
        resized: the room for an image has changed.
    """

    painted = Signal()
    resized = Signal()

    def __init__(self, images: int) -> None:
        """Make the view.

        Args:
            images: one or two.
        """
        super().__init__()
        self._images = images
        self._shown: Shown | None = None
        self._new = False
        self._wheel = 0
        self.frame = 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 120)
        self.setAccessibleName(
            self.tr("Images to judge") if images == 2 else self.tr("Image to judge")
        )

    @property
    def shown(self) -> Shown | None:
        """Return what is on the screen."""
        return self._shown

    def room(self) -> QSize:
        """Return the device pixels that each image may take."""
        ratio = self.devicePixelRatioF()
        bar = _GAP if self._images == 1 else 0
        width = (self.width() - _GAP * (self._images - 1) - 2 * bar) / self._images
        return QSize(max(1, int(width * ratio)), max(1, int(self.height() * ratio)))

    def show_pair(self, shown: Shown | None) -> None:
        """Swap the images, or show grey; stacks begin in the middle."""
        self._new = shown is not None
        self._shown = shown
        self.frame = 0 if shown is None else shown.slices // 2
        self._describe()
        self.update()

    def fit(self, shown: Shown) -> None:
        """Take the same images at another scale, after the room has changed."""
        self._shown = shown
        self.update()

    def step(self, slices: int) -> None:
        """Scroll both stacks."""
        if self._shown is not None:
            frame = min(max(self.frame + slices, 0), self._shown.slices - 1)
            if frame != self.frame:
                self.frame = frame
                self._describe()
                self.update()

    def places(self) -> list[QRectF]:
        """Return where the images lie, logical pixels; whole device pixels, so that nothing is resampled again."""
        if self._shown is None:
            return []
        ratio = self.devicePixelRatioF()
        half = (self.width() - _GAP * (self._images - 1)) / self._images
        found = []
        for side in range(len(self._shown.stimuli)):
            size = self._shown.size(side)
            left = side * (half + _GAP) + (half - size.width() / ratio) / 2
            top = (self.height() - size.height() / ratio) / 2
            corner = QPointF(round(left * ratio) / ratio, round(top * ratio) / ratio)
            found.append(QRectF(corner, size.toSizeF() / ratio))
        return found

    def _describe(self) -> None:
        if self._shown is not None and self._shown.slices > 1:
            words = self.tr("Slice {n} of {total}")
            self.setAccessibleDescription(words.format(n=self.frame + 1, total=self._shown.slices))
        else:
            self.setAccessibleDescription("")

    def _paint_slices(self, painter: QPainter) -> None:
        """Paint the one indicator that both stacks share."""
        if self._shown is None or self._shown.slices < 2:
            return
        spans = self.places()
        x = self.width() / 2 if self._images == 2 else spans[0].right() + _GAP / 2
        high = min(self.height() * 0.5, 260.0)
        top = (self.height() - high) / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(LINE))
        painter.drawRoundedRect(QRectF(x - 1.5, top, 3, high), 1.5, 1.5)
        painter.setBrush(QColor(INK))
        y = top + high * self.frame / (self._shown.slices - 1)
        painter.drawRoundedRect(QRectF(x - 4, y - 7, 8, 14), 3, 3)
        painter.setPen(QColor(INK))
        font = painter.font()
        font.setPointSizeF(9)
        painter.setFont(font)
        centre = Qt.AlignmentFlag.AlignCenter
        painter.drawText(QRectF(x - 18, top - 34, 36, 18), centre, str(self.frame + 1))
        painter.drawText(QRectF(x - 18, top + high + 14, 36, 18), centre, str(self._shown.slices))

    # ---------------------------------------------------------------- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint grey, then both images."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(SURROUND))
            for side, place in enumerate(self.places()):
                picture = self._shown.picture(side, self.frame)
                painter.drawImage(place, picture, QRectF(picture.rect()))
            self._paint_slices(painter)
        if self._new:
            self._new = False
            self.painted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell that the images need another scale."""
        self.resized.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll both stacks; with any key held too, for there is no zoom."""
        self._wheel += event.angleDelta().y()
        notches = int(self._wheel / _WHEEL_NOTCH)
        self._wheel -= notches * _WHEEL_NOTCH
        self.step(-notches)
        event.accept()
