"""The two pictures of a view, greys and heat, kept until something they depend on changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF

from miqa_app.core import heatmap
from miqa_app.gui.viewer import pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QImage

    from miqa_app.core.assessment import SlicePrediction
    from miqa_app.core.series import Series
    from miqa_app.core.window import Window
    from miqa_app.gui.viewer.state import Display

Patch = tuple[int, int, int, int, int, int]
"""Top, bottom, left, right of the rows and columns on screen, and the steps down and across."""


class Layers:
    """Makes pictures of a patch of a frame, only as many pixels as the screen has, and keeps the last of each."""

    def __init__(self) -> None:
        self._table = pixels.GreyTable()
        self._grey_key: tuple[object, ...] = ()
        self._heat_key: tuple[object, ...] = ()
        self._levels_key: tuple[object, ...] = ()
        self._grey: QImage | None = None
        self._heat: QImage | None = None
        self._levels: NDArray[np.uint8] | None = None
        self._memory: dict[str, object] = {}  # a QImage does not own the array it lies on

    def forget_pixels(self) -> None:
        """Make the greys anew at the next paint."""
        self._grey_key = ()

    def forget_map(self) -> None:
        """Make the heat anew at the next paint."""
        self._heat_key = self._levels_key = ()

    def grey(self, series: Series, frame: int, patch: Patch, window: Window) -> QImage:
        """Return the greys of a patch."""
        key = (frame, patch, window.level, window.width)
        if self._grey_key != key:
            top, bottom, left, right, down, across = patch
            plane = pixels.shrink(series.voxels[frame, top:bottom, left:right], down, across)
            shade = np.ascontiguousarray(self._table.greys(plane, window, series))
            self._grey, self._memory["grey"] = pixels.grey_image(shade), shade
            self._grey_key = key
        return self._grey

    def heat(
        self,
        predictions: Mapping[int, SlicePrediction],
        frame: int,
        shape: tuple[int, int],
        patch: Patch,
        display: Display,
    ) -> QImage:
        """Return the heatmap of a patch: of local scores or of attention."""
        look = (display.opacity, display.threshold)
        key = (frame, patch, look, display.attention)
        if self._heat_key != key:
            top, bottom, left, right, down, across = patch
            levels = self.levels(predictions, frame, shape, attention=display.attention)
            part = levels[top + down // 2 : bottom : down, left + across // 2 : right : across]
            self._heat, self._memory["heat"] = pixels.heat_image(
                part, pixels.heat_table_cached(*look, attention=display.attention)
            )
            self._heat_key = key
        return self._heat

    def levels(
        self,
        predictions: Mapping[int, SlicePrediction],
        frame: int,
        shape: tuple[int, int],
        *,
        attention: bool,
    ) -> NDArray[np.uint8]:
        """Return the table index of every pixel of a frame's map, linear between cells."""
        if self._levels_key != (frame, attention):
            found = predictions[frame]
            cells = heatmap.share_of_greatest(found.attention_map) if attention else found.score_map
            self._levels = pixels.heat_levels(heatmap.upsample(cells, shape))
            self._levels_key = (frame, attention)
        return self._levels


def covered(patch: Patch, picture: QImage) -> QRectF:
    """Return the rectangle in image coordinates that a picture of a patch covers."""
    top, _, left, _, down, across = patch
    return QRectF(left, top, picture.width() * across, picture.height() * down)
