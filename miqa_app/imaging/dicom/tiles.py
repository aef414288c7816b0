"""Many slices in one image: Siemens mosaics and United Imaging tiles, unfolded."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from miqa_app.imaging.dicom.classic import vector
from miqa_app.imaging.dicom.frame import Frame, Tile
from miqa_app.imaging.dicom.values import number

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NOT_UNFOLDED = "{} that cannot be unfolded: {}"


def mosaic_frames(dataset: Dataset, frame: Frame) -> list[Frame]:
    """Return the slices of a tiled image, or the image itself, refused with the reason where it cannot be unfolded."""
    if "MOSAIC" in frame.image_type:
        return _siemens(dataset, frame)
    if "VFRAME" in frame.image_type or (0x0065, 0x1050) in dataset:
        return _united(dataset, frame)
    return [frame]


def _siemens(dataset: Dataset, frame: Frame) -> list[Frame]:
    """Unfold a Siemens mosaic.

    The stored position is that of a full-size image around the same centre; the first tile lies half the difference of
    the two sizes further in. Slices follow one another along the normal of the CSA header.
    """
    csa = csa_values(_private(dataset, 0x0029, 0x1010))
    count = _count(_private(dataset, 0x0019, 0x100A)) or _count(csa.get("NumberOfImagesInMosaic"))
    if not count:
        return [_refused(frame, "mosaic", "the header does not say how many slices it holds")]
    tiles = _tiles(frame, count)
    if not tiles:
        return [_refused(frame, "mosaic", f"{count} slices do not fit the image")]
    distance = number(dataset, "SpacingBetweenSlices") or number(dataset, "SliceThickness")
    if (
        len(frame.orientation) != 6
        or len(frame.position) != 3
        or len(frame.spacing) != 2
        or not distance
    ):
        return [_placed(frame, tile, ()) for tile in tiles]
    columns_way, rows_way = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    normal = np.cross(columns_way, rows_way)
    stated = _floats(csa.get("SliceNormalVector"))
    if len(stated) == 3 and float(np.dot(stated, normal)) < 0:
        normal = -normal
    corner = (
        np.array(frame.position)
        + columns_way * frame.spacing[1] * (frame.columns - tiles[0].columns) / 2
        + rows_way * frame.spacing[0] * (frame.rows - tiles[0].rows) / 2
    )
    return [
        _placed(frame, tile, tuple(float(v) for v in corner + normal * distance * n))
        for n, tile in enumerate(tiles)
    ]


def _united(dataset: Dataset, frame: Frame) -> list[Frame]:
    """Unfold a United Imaging tiled image, whose private sequence holds the place of every tile."""
    count = _count(_private(dataset, 0x0065, 0x1050))
    places = _private(dataset, 0x0065, 0x1051)
    listed = list(places) if type(places).__name__ == "Sequence" else []
    if not count or len(listed) < count:
        return [_refused(frame, "tiled image", "the header does not place its slices")]
    tiles = _tiles(frame, count)
    positions = [vector(item, "ImagePositionPatient", 3) for item in listed[:count]]
    if not tiles or not all(positions):
        return [_refused(frame, "tiled image", "the header does not place its slices")]
    return [_placed(frame, tile, place) for tile, place in zip(tiles, positions, strict=True)]


def _tiles(frame: Frame, count: int) -> list[Tile]:
    """Return the tiles of a square grid, row by row, or [] where the image does not divide into it."""
    edge = math.ceil(math.sqrt(count))
    rows, columns = frame.layout.rows // edge, frame.layout.columns // edge
    if count > 4096 or rows * edge != frame.layout.rows or columns * edge != frame.layout.columns:
        return []
    return [Tile(n // edge * rows, n % edge * columns, rows, columns) for n in range(count)]


def _placed(frame: Frame, tile: Tile, position: tuple[float, ...]) -> Frame:
    return replace(frame, tile=tile, position=position, slice_location=None)


def _refused(frame: Frame, what: str, reason: str) -> Frame:
    return replace(frame, refusal=frame.refusal or _NOT_UNFOLDED.format(what, reason), position=())


def _private(dataset: Dataset, group: int, element: int) -> Any:
    return dataset[group, element].value if (group, element) in dataset else None


def _count(value: object) -> int:
    """Return a positive whole number from an integer, a text or a list of one; 0 otherwise."""
    if isinstance(value, bytes) and len(value) == 2:
        return int(struct.unpack("<H", value)[0])
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        return max(0, int(float(value.decode() if isinstance(value, bytes) else str(value))))
    except ValueError:
        return 0


def _floats(value: object) -> tuple[float, ...]:
    try:
        return tuple(float(item) for item in value) if isinstance(value, list) else ()
    except ValueError:
        return ()


def csa_values(blob: object) -> dict[str, list[str]]:
    """Return the elements of a Siemens CSA header (0029,1010) as lists of text; {} where it is none.

    Format: number of elements, then per element a 64-byte name, multiplicity, VR, number of items, and each item as
    four integers and its text padded to four bytes; version 2 starts with 'SV10'.
    """
    if not isinstance(blob, bytes) or len(blob) < 16:
        return {}
    version_2 = blob[:4] == b"SV10"
    start = 8 if version_2 else 0
    found: dict[str, list[str]] = {}
    at, surplus = start + 8, None
    try:
        (elements,) = struct.unpack_from("<I", blob, start)
        for _ in range(min(elements, 1024)):
            name = blob[at : at + 64].split(b"\0")[0].decode("latin-1")
            (count,) = struct.unpack_from("<i", blob, at + 76)
            # version 1 adds the number of items of its first element to every length
            surplus = count if surplus is None else surplus
            found[name], at = _csa_items(blob, at + 84, count, None if version_2 else surplus)
    except (struct.error, ValueError):
        return found
    return found


def _csa_items(blob: bytes, at: int, count: int, surplus: int | None) -> tuple[list[str], int]:
    """Return the texts of one element and where the next element begins."""
    values = []
    for _ in range(count if 0 <= count <= 4096 else 0):
        first, second, _, _ = struct.unpack_from("<4i", blob, at)
        length = second if surplus is None else first - surplus
        at += 16
        if not 0 <= length <= len(blob) - at:
            message = "not a CSA header"
            raise ValueError(message)
        text = blob[at : at + length].split(b"\0")[0].decode("latin-1").strip()
        if text:
            values.append(text)
        at += (length + 3) // 4 * 4
    return values, at
