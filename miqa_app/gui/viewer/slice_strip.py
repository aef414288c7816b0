"""The slice strip: one cell per slice in the colour of its score, to be clicked and dragged along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from miqa_app.core.score_colours import score_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.core.assessment import SlicePrediction
    from miqa_app.core.series import Series

_MARGIN = 10
_CELL_TOP, _CELL_HEIGHT, _HEIGHT = 11, 16, 36
_GREY, _HATCH, _BACKGROUND = 0xFF4A535F, 0xFF39424E, 0xFF0B0D11


class SliceStrip(QWidget):
    """A row of cells below a view: colour by score, a triangle over each of the worst slices, a frame round the present.

    Signals:
        slice_asked: the user wants this slice (index within the time point).
    """

    slice_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Slices by score")
        self._series: Series | None = None
        self._predictions: Mapping[int, SlicePrediction] = {}
        self._worst: frozenset[int] = frozenset()
        self._frame = 0
        self._picture: tuple[object, QImage | None, object] = ((), None, None)

    def show_series(
        self,
        series: Series | None,
        predictions: Mapping[int, SlicePrediction],
        worst: Sequence[int],
        frame: int,
    ) -> None:
        """Show the slices of the time point that `frame` belongs to."""
        self._series, self._predictions, self._worst, self._frame = (
            series,
            predictions,
            frozenset(worst),
            frame,
        )
        self._describe()
        self.update()

    def set_frame(self, frame: int) -> None:
        """Mark another frame as the present one."""
        self._frame = frame
        self._describe()
        self.update()

    def slice_at(self, x: float) -> int:
        """Return the slice under a horizontal position in logical pixels."""
        count = self._series.slices if self._series else 1
        share = (x - _MARGIN) / max(self.width() - 2 * _MARGIN, 1)
        return min(max(int(share * count), 0), count - 1)

    def cell(self, index: int, count: int = 1) -> QRectF:
        """Return the rectangle of `count` cells from a slice on."""
        width = (self.width() - 2 * _MARGIN) / max(self._series.slices if self._series else 1, 1)
        return QRectF(_MARGIN + index * width, _CELL_TOP, width * count, _CELL_HEIGHT)

    def words(self, index: int) -> str:
        """Return what is known about a slice."""
        frame = self._first() + index
        if not self._series.ready[frame]:
            return f"Slice {index + 1}: still being read"
        prediction = self._predictions.get(frame)
        if prediction is None:
            return f"Slice {index + 1}: not scored"
        worst = ", one of the worst" if frame in self._worst else ""
        return f"Slice {index + 1}: {prediction.score:.0f} of 100{worst}"

    def _first(self) -> int:
        return self._frame // self._series.slices * self._series.slices

    def _describe(self) -> None:
        self.setAccessibleDescription(
            self.words(self._frame - self._first()) if self._series else "No series"
        )

    def _cells(self) -> QImage:
        """Return the row of cells as one picture: hundreds of separate strokes would wait for the busy interpreter."""
        series, first = self._series, self._first()
        ready = series.ready[first : first + series.slices]
        width = max(round((self.width() - 2 * _MARGIN) * self.devicePixelRatioF()), 1)
        height = round(_CELL_HEIGHT * self.devicePixelRatioF())
        key = (series.key, first, len(self._predictions), int(ready.sum()), width, height)
        if self._picture[0] != key:
            scores = np.array(
                [
                    p.score if (p := self._predictions.get(first + k)) else np.nan
                    for k in range(series.slices)
                ]
            )
            colours = strip_colours(scores, ready, width, height)
            image = QImage(colours.data, width, height, 4 * width, QImage.Format.Format_RGB32)
            self._picture = (key, image, colours)
        return self._picture[1]

    def _paint_marks(self, painter: QPainter) -> None:
        """Paint a triangle over the worst slices and a frame with a tick round the present one."""
        first = self._first()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#e8ecf1"))
        for frame in self._worst:
            if first <= frame < first + self._series.slices:
                x = self.cell(frame - first).center().x()
                painter.drawPolygon(
                    QPolygonF([QPointF(x - 4.5, 1.5), QPointF(x + 4.5, 1.5), QPointF(x, 8.5)])
                )
        present = self.cell(self._frame - first)
        if present.width() < 5:
            present = QRectF(present.center().x() - 2.5, present.top(), 5, present.height())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor("#000000"), 4))
        painter.drawRect(present.adjusted(-1, -1, 1, 1))
        painter.setPen(QPen(QColor("#ffffff"), 2))
        painter.drawRect(present.adjusted(-1, -1, 1, 1))
        x = present.center().x()
        painter.drawLine(QPointF(x, present.bottom() + 2), QPointF(x, present.bottom() + 7))

    # ---------------------------------------------------------------- Qt

    def sizeHint(self) -> QSize:
        """Return the height the strip needs."""
        return QSize(200, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint cells and marks."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(_BACKGROUND))
            if self._series is not None:
                painter.drawImage(self.cell(0, self._series.slices), self._cells())
                self._paint_marks(painter)
            if self.hasFocus():
                painter.setPen(QPen(QColor("#63bfe0"), 1))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Jump to the slice under the pointer."""
        if self._series is not None and event.button() == Qt.MouseButton.LeftButton:
            self.slice_asked.emit(self.slice_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag along the slices, or say what lies under the pointer."""
        if self._series is None:
            return
        index = self.slice_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.slice_asked.emit(index)
        else:
            QToolTip.showText(event.globalPosition().toPoint(), self.words(index), self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrow keys."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(event.key())
        if step is None or self._series is None:
            super().keyPressEvent(event)
        else:
            index = self._frame - self._first() + step
            self.slice_asked.emit(min(max(index, 0), self._series.slices - 1))


def strip_colours(
    scores: NDArray[np.float64], ready: NDArray[np.bool_], width: int, height: int
) -> NDArray[np.uint32]:
    """Return (height, width) pixels 0xffRRGGBB of a row of cells.

    Where several slices share a pixel the lowest score wins, so that no bad slice hides. Slices without a score are
    grey, slices that are not read yet are hatched.

    Args:
        scores: (slices,) 0–100, NaN where there is none.
        ready: (slices,) True where the pixels are there.
        width: of the row in device pixels.
        height: of the row in device pixels.
    """
    count = len(scores)
    starts = np.arange(width) * count // width
    if count > width:
        low, there = np.fmin.reduceat(scores, starts), np.logical_and.reduceat(ready, starts)
    else:
        low, there = scores[starts], ready[starts]
    table = score_colours().astype(np.uint32)
    packed = 0xFF000000 | table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2]
    levels = np.clip(np.rint(np.nan_to_num(low * 2.55)), 0, 255).astype(int)
    row = np.where(np.isnan(low), np.uint32(_GREY), packed[levels])
    if width >= 4 * count:
        row[np.flatnonzero(np.diff(starts))] = _BACKGROUND  # a gap between cells
    picture = np.repeat(row[None].astype(np.uint32), height, axis=0)
    stripes = (np.arange(width) + np.arange(height)[:, None]) % 6 < 2
    picture[:, ~there] = np.where(stripes, np.uint32(_HATCH), np.uint32(_BACKGROUND))[:, ~there]
    return np.ascontiguousarray(picture)
