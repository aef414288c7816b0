"""What is painted of one presentation: both images at one scale, made ready before they are needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from collections.abc import Generator

    from miqa_app.rating.stimulus import Stimulus
    from miqa_app.services.sitting_pictures import Pictures

_LEAST_SHARE = 0.8
"""Of the room that a whole-numbered enlargement must fill to be preferred to the exact fit."""
_KEPT = 24


@dataclass(eq=False)
class Shown:
    """The images of one presentation with the one scale they share, as pictures of device pixels.

    Attributes:
        place: of the presentation in the session.
        stimuli: one or two.
        scale: device pixels per image column, the same for all.
    """

    place: int
    stimuli: tuple[Stimulus, ...]
    scale: float
    _pictures: dict[tuple[int, int], QImage] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        """Return how many slices can be scrolled through."""
        return max(len(stimulus.frames) for stimulus in self.stimuli)

    def fitted(self, room: QSize) -> Shown:
        """Return the same images for another room."""
        scale = common_scale(self.stimuli, room)
        return self if scale == self.scale else Shown(self.place, self.stimuli, scale)

    def size(self, side: int) -> QSize:
        """Return the size of an image in device pixels."""
        return _size(self.stimuli[side], self.scale)

    def picture(self, side: int, frame: int) -> QImage:
        """Return one image; the last few are kept."""
        stimulus = self.stimuli[side]
        frame = min(frame, len(stimulus.frames) - 1)
        if (side, frame) not in self._pictures:
            while len(self._pictures) >= _KEPT:
                self._pictures.pop(next(iter(self._pictures)))
            self._pictures[side, frame] = _picture(stimulus, frame, self.size(side))
        return self._pictures[side, frame]


def prepared(
    loading: Generator[None, None, Pictures | None], room: QSize, first: int | None = None
) -> Generator[None, None, Shown | None]:
    """Read and scale the images of a presentation; for a worker.

    Args:
        loading: of `Sitting.loading`.
        room: device pixels that each image may take.
        first: the slice that will be seen first, the middle one by default.
    """
    found = yield from loading
    if found is None:
        return None
    stimuli = (found.left,) if found.right is None else (found.left, found.right)
    shown = Shown(found.place, stimuli, common_scale(stimuli, room))
    for side in range(len(stimuli)):
        yield
        shown.picture(side, shown.slices // 2 if first is None else first)
    return shown


def common_scale(stimuli: tuple[Stimulus, ...], room: QSize) -> float:
    """Return device pixels per image column that let every image fit, a whole number where that wastes little.

    At a whole number every image pixel takes the same number of screen pixels.
    """
    fits = [
        min(
            room.width() / stimulus.frames.shape[2],
            room.height() / (stimulus.frames.shape[1] * stimulus.aspect),
        )
        for stimulus in stimuli
    ]
    fit = max(min(fits), 0.01)
    whole = math.floor(fit)
    return float(whole) if whole >= 1 and whole / fit >= _LEAST_SHARE else fit


def _size(stimulus: Stimulus, scale: float) -> QSize:
    _, rows, columns = stimulus.frames.shape
    return QSize(max(1, round(columns * scale)), max(1, round(rows * stimulus.aspect * scale)))


def _picture(stimulus: Stimulus, frame: int, size: QSize) -> QImage:
    """Return a frame at its size on the screen, linear between pixels."""
    greys = np.ascontiguousarray(stimulus.greys(frame))
    rows, columns = greys.shape
    image = QImage(greys.data, columns, rows, greys.strides[0], QImage.Format.Format_Grayscale8)
    return image.scaled(
        size,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    ).convertToFormat(QImage.Format.Format_RGB32)
