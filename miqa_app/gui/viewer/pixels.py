"""From stored values to pictures: greys by table, heat by a table of premultiplied colours."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.ma  # noqa: F401  np.percentile brings it at its first call: better before the window is up than while scans come in
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from miqa_app.core.score_colours import attention_table, heat_table
from miqa_app.core.window import Window, from_percentiles, greys, lookup_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miqa_app.core.series import Series

_MEAN_LIMIT = 2048 * 2048


class GreyTable:
    """Greys of stored values; the table of 16-bit types is kept until window or type change."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._table: NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)

    def greys(
        self, pixels: NDArray[np.generic], window: Window, series: Series
    ) -> NDArray[np.uint8]:
        """Return (rows, columns) greys; padding is black whatever the window says."""
        kind = pixels.dtype
        if kind.kind not in "iu" or kind.itemsize > 2:
            shade = greys(pixels, window, inverted=series.inverted)
            return _without_padding(shade, pixels, series.padding)
        if not kind.isnative:
            pixels = pixels.astype(kind.newbyteorder("="))
        self._prepare(pixels.dtype, window, series)
        index = pixels.view(np.uint16 if kind.itemsize == 2 else np.uint8)
        return np.take(self._table, index)

    def _prepare(self, kind: np.dtype[np.generic], window: Window, series: Series) -> None:
        key = (kind, window.level, window.width, series.inverted, series.padding)
        if key == self._key:
            return
        limits = np.iinfo(kind)
        table = lookup_table(limits.min, limits.max, window, inverted=series.inverted)
        table = _without_padding(table, np.arange(limits.min, limits.max + 1), series.padding)
        self._key, self._table = (
            key,
            np.roll(table, limits.min),
        )  # negative values sit behind as their unsigned twins


def shrink(plane: NDArray[np.generic], down: int, across: int) -> NDArray[np.generic]:
    """Return the plane at a coarser step, the mean of each block where that is affordable.

    Means keep fine lines from aliasing; very large planes are strided, taking the middle of each block.
    """
    if down == 1 and across == 1:
        return plane
    rows, columns = plane.shape[0] // down, plane.shape[1] // across
    if plane.size > _MEAN_LIMIT or rows == 0 or columns == 0:
        return plane[down // 2 :: down, across // 2 :: across]
    kind = np.int32 if plane.dtype.kind in "iu" and plane.dtype.itemsize <= 2 else np.float32
    total = np.zeros((rows, columns), dtype=kind)
    for row in range(down):
        for column in range(across):
            total += plane[row : rows * down : down, column : columns * across : across]
    return (total // (down * across) if kind is np.int32 else total / (down * across)).astype(
        plane.dtype
    )


def grey_image(shade: NDArray[np.uint8]) -> QImage:
    """Return a QImage on the array's memory; the caller keeps the array alive."""
    return QImage(
        shade.data,
        shade.shape[1],
        shade.shape[0],
        shade.strides[0],
        QImage.Format.Format_Grayscale8,
    )


def heat_levels(scores: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return table indices of local scores or attention, 0–100."""
    return np.clip(np.rint(scores * 2.55), 0, 255).astype(np.uint8)


def heat_image(
    levels: NDArray[np.uint8], table: NDArray[np.uint32]
) -> tuple[QImage, NDArray[np.uint32]]:
    """Return a premultiplied RGBA image and the memory it lies on."""
    colours = np.take(table, levels)
    image = QImage(
        colours.data,
        colours.shape[1],
        colours.shape[0],
        colours.strides[0],
        QImage.Format.Format_RGBA8888_Premultiplied,
    )
    return image, colours


@lru_cache(maxsize=4)
def heat_table_cached(opacity: float, threshold: float, *, attention: bool) -> NDArray[np.uint32]:
    """Return the colours of a map by level, see `heat_table` and `attention_table`."""
    return attention_table(opacity) if attention else heat_table(opacity, threshold)


def frame_window(series: Series, frame: int) -> Window:
    """Return the default window, or while the reader still works a provisional one from a sample of one frame."""
    if series.windows:
        return series.windows[0]
    plane = series.voxels[frame]
    step = max(1, int(np.sqrt(plane.size / 40_000)))
    return from_percentiles(plane[::step, ::step])


def presets(series: Series, frame: int) -> tuple[Window, ...]:
    """Return up to nine windows: those of the file, then wide, narrow, and one that shows ghosts and noise in the air."""
    base = frame_window(series, frame)
    low, _ = base.limits
    made = (
        Window(base.level, base.width * 1.6, "wide"),
        Window(base.level, max(base.width * 0.6, 1e-6), "narrow"),
        Window(low + base.width * 0.08, base.width * 0.16, "air: ghosts and noise"),
    )
    return ((series.windows or (base,)) + made)[:9]


def thumbnail(series: Series, frame: int, size: int) -> QImage:
    """Return a frame as a small picture at true proportions, at most `size` device pixels on its long side."""
    rows, columns = series.shape
    aspect = series.geometry.aspect if series.geometry else 1.0
    step = max(1, min(rows, columns) // size)
    shade = GreyTable().greys(
        shrink(series.voxels[frame], step, step), frame_window(series, frame), series
    )
    scale = size / max(rows * aspect, columns)
    width, height = max(1, round(columns * scale)), max(1, round(rows * aspect * scale))
    picture = grey_image(np.ascontiguousarray(shade))
    return picture.scaled(
        width,
        height,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def _without_padding(
    shade: NDArray[np.uint8], values: NDArray[np.generic], padding: tuple[float, float] | None
) -> NDArray[np.uint8]:
    """Return greys with values that were never acquired in black."""
    if padding is not None:
        shade[(values >= padding[0]) & (values <= padding[1])] = 0
    return shade
