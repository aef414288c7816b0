"""Rated images as networks and measures see them: planes from 0 to 1, of photographs in colour for networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from miqa_app.core.foreground import EMPTY_SHARE
from miqa_app.core.slices import network_plane, object_share, series_scale
from miqa_app.errors import BadRequest
from miqa_app.evaluation.degradation import rescaled
from miqa_app.imaging import load
from miqa_app.networks.channels import LUMA

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.series import Series
    from miqa_app.evaluation.rated.record import RatedImage, RatedSet

sitk: Any = SimpleITK  # carries no types of its own
PICTURES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff")
_LUMA = np.array(LUMA, dtype=np.float32)
_BUDGET = 2 << 30
"""Bytes of planes that are kept in memory; sets larger than that are read again in every epoch."""


def read_planes(
    path: Path, *, photograph: bool = False, colour: bool = False, frames: int = 9
) -> list[NDArray[np.float32]]:
    """Return the planes of an image: one of a picture, at most `frames` evenly spaced ones of a scan.

    Args:
        path: see `RatedImage.path`.
        photograph: keep the grey values as stored; otherwise a picture is scaled by its own robust percentiles and a
            scan by those of its series, as both are in use.
        colour: of a photograph red, green and blue, three times the same where it is grey.
        frames: of a scan, among those slices whose object fills enough of the frame.

    Returns:
        Arrays (H, W) float32 in [0, 1], all of one size; (3, H, W) in colour.

    Raises:
        BadRequest: the picture is damaged, or the scan holds no slice with an object.
        UnreadableFile: the scan cannot be read.
    """
    if path.suffix.lower() in PICTURES:
        stored = _picture(path)
        if photograph and colour:
            return [_rgb(stored)]
        grey = _grey(stored)
        return [grey if photograph else rescaled(grey)]
    series = load(path)[0]
    return _slices(series, path, frames)


def _picture(path: Path) -> NDArray[np.float32]:
    """Return a picture, (H, W) or (H, W, samples), 0-1 over the range of its data type."""
    try:
        stored = np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(path))))
    except RuntimeError as error:
        raise BadRequest(f"{path} is a damaged picture; copy it again.") from error
    if not np.issubdtype(stored.dtype, np.integer) or stored.ndim not in (2, 3):
        message = f"{path} is no picture of whole numbers in one layer; save it as PNG again."
        raise BadRequest(message)
    values = stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max)
    return np.asarray(np.clip(values, 0, 1), dtype=np.float32)


def _grey(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (H, W): the luma of a picture in colour; transparency is left out."""
    if picture.ndim == 3:
        picture = picture[..., 0] if picture.shape[-1] < 3 else picture[..., :3] @ _LUMA
    return np.ascontiguousarray(np.clip(picture, 0, 1), dtype=np.float32)


def _rgb(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (3, H, W): red, green and blue; transparency is left out."""
    if picture.ndim == 2 or picture.shape[-1] < 3:
        return np.repeat(_grey(picture)[None], 3, axis=0)
    return np.ascontiguousarray(np.moveaxis(picture[..., :3], -1, 0))


def _slices(series: Series, path: Path, frames: int) -> list[NDArray[np.float32]]:
    scale = series_scale(series)
    planes = (network_plane(series, frame, scale) for frame in range(series.frames))
    filled = [plane for plane in planes if object_share(plane) >= EMPTY_SHARE]
    if not filled:
        message = f"{path} holds no slice with enough of an object in it; leave it out of the set."
        raise BadRequest(message)
    chosen = np.unique(
        np.linspace(0, len(filled) - 1, min(frames, len(filled))).round().astype(int)
    )
    return [filled[place] for place in chosen]


class Planes:
    """The planes of a rated set for networks, read when they are asked for and kept as far as memory allows.

    Photographs are in colour, as the networks of the papers see them; a design with views takes their grey.
    """

    def __init__(self, rated: RatedSet, budget: int = _BUDGET) -> None:
        """Keep planes of at most `budget` bytes."""
        self._set = rated
        self._kept: dict[int, list[NDArray[np.float16]]] = {}
        self._left = budget

    def __call__(self, index: int) -> list[NDArray[np.float32]]:
        """Return the planes of an image, (H, W) float32 in [0, 1], (3, H, W) of photographs; see `read_planes`."""
        if index in self._kept:
            return [plane.astype(np.float32) for plane in self._kept[index]]
        half = [plane.astype(np.float16) for plane in self._read(self._set.images[index])]
        size = sum(plane.nbytes for plane in half)
        if size <= self._left:
            self._left -= size
            self._kept[index] = half
        return [plane.astype(np.float32) for plane in half]

    def _read(self, image: RatedImage) -> list[NDArray[np.float32]]:
        photographs = self._set.photographs
        return read_planes(
            image.path, photograph=photographs, colour=photographs, frames=self._set.frames
        )
