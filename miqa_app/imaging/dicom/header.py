"""Reads the header of one DICOM file and returns its slices, without touching a pixel."""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import pydicom
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from miqa_app.errors import UnreadableFile
from miqa_app.imaging.dicom.classic import classic_frame
from miqa_app.imaging.dicom.enhanced import enhanced_frames
from miqa_app.imaging.dicom.frame import Frame, Layout
from miqa_app.imaging.dicom.tiles import mosaic_frames
from miqa_app.imaging.dicom.values import DAMAGE, items, lenient, text, whole
from miqa_app.imaging.limits import LARGEST_IMAGE, readable_size

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

_PIXELS = {0x7FE00010: False, 0x7FE00009: True, 0x7FE00008: True}
_UNDEFINED = 0xFFFFFFFF
_SEND_AGAIN = "send it again from the scanner"


def scan(path: Path, shown: str) -> tuple[list[Frame], str]:
    """Return the slices of a DICOM file and a sentence on what is missing of them, or ''.

    Raises:
        UnreadableFile: no slice of it can be used.
    """
    try:
        with lenient(), path.open("rb") as file:
            _refuse_inflation(path, shown)
            dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
            layout, available, lacking = _layout(dataset, file, path, shown)
            if layout.offset is not None:
                lacking = lacking or _shortage(layout, available)
            return _frames(dataset, layout, available), lacking
    except MemoryError as error:
        raise UnreadableFile(shown, "needs more memory than there is") from error
    except DAMAGE as error:
        raise UnreadableFile(
            shown, f"is a damaged DICOM file ({_clause(error)}); {_SEND_AGAIN}"
        ) from error


def read_dataset(path: Path) -> Dataset:
    """Return the header of a file that `scan` has accepted."""
    with lenient(), path.open("rb") as file:
        return pydicom.dcmread(file, stop_before_pixels=True, force=True)


def _frames(dataset: Dataset, layout: Layout, available: int) -> list[Frame]:
    whole_frames = layout.frames
    if layout.offset is not None:
        whole_frames = min(layout.frames, available // max(layout.frame_bytes, 1))
    if items(dataset, "PerFrameFunctionalGroupsSequence"):
        found = enhanced_frames(dataset, layout)
    else:
        found = [classic_frame(dataset, layout, index) for index in range(layout.frames)]
    found = found[:whole_frames]
    return [tile for frame in found for tile in mosaic_frames(dataset, frame)]


def _layout(dataset: Dataset, file: BinaryIO, path: Path, shown: str) -> tuple[Layout, int, str]:
    """Return how the pixels are stored, how many bytes of plain pixels are there, and a warning or ''."""
    _refuse_other_objects(dataset, shown)
    syntax = text(dataset.file_meta, "TransferSyntaxUID") if hasattr(dataset, "file_meta") else ""
    deflated = syntax == DeflatedExplicitVRLittleEndian
    start = None if deflated else _pixel_element(dataset, file)
    if start is None and not deflated:
        raise UnreadableFile(shown, f"ends before its pixels begin or has none; {_SEND_AGAIN}")
    offset, length, floating = start or (0, _UNDEFINED, False)
    plain = length != _UNDEFINED and not (syntax and UID(syntax).is_encapsulated)
    allocated = whole(dataset, "BitsAllocated", 16)
    stored = whole(dataset, "BitsStored", allocated)
    photometric = text(dataset, "PhotometricInterpretation") or "MONOCHROME2"
    samples = whole(dataset, "SamplesPerPixel", 1)
    direct = plain and samples == 1 and photometric.startswith("MONOCHROME")
    layout = Layout(
        path=path,
        shown=shown,
        rows=whole(dataset, "Rows"),
        columns=whole(dataset, "Columns"),
        frames=max(1, whole(dataset, "NumberOfFrames", 1)),
        allocated=allocated,
        stored=stored,
        high=whole(dataset, "HighBit", stored - 1),
        signed=whole(dataset, "PixelRepresentation") == 1,
        floating=floating,
        samples=samples,
        photometric=photometric,
        offset=offset if direct and allocated in (8, 16, 32, 64) else None,
        big_endian=not dataset.original_encoding[1],
    )
    size = os.fstat(file.fileno()).st_size
    available = min(length, size - offset) if plain else size - offset
    _refuse_absurd(layout, available, shown, plain=plain, deflated=deflated)
    return layout, available, ""


def _pixel_element(dataset: Dataset, file: BinaryIO) -> tuple[int, int, bool] | None:
    """Return offset and length of the pixel data value that the file stands before, and whether it is floating."""
    implicit, little = dataset.original_encoding
    order = "<" if little else ">"
    head = file.read(12)
    if len(head) < 8:
        return None
    group, element = struct.unpack(f"{order}HH", head[:4])
    tag = group << 16 | element
    if tag not in _PIXELS:
        return None
    if implicit:
        return file.tell() - len(head) + 8, struct.unpack(f"{order}L", head[4:8])[0], _PIXELS[tag]
    if len(head) < 12:
        return None
    return file.tell(), struct.unpack(f"{order}L", head[8:12])[0], _PIXELS[tag]


def _refuse_other_objects(dataset: Dataset, shown: str) -> None:
    """Raise for DICOM objects that hold no image."""
    if len(dataset) == 0 or not any(element.tag.group >= 8 for element in dataset.elements()):
        raise UnreadableFile(
            shown, f"holds no image: its header is empty or damaged; {_SEND_AGAIN}"
        )
    modality = text(dataset, "Modality")
    name = UID(text(dataset, "SOPClassUID")).name
    if "Spectroscopy" in name:
        raise UnreadableFile(shown, "holds spectroscopy, not an image")
    if modality in {"SEG", "SR", "KO", "PR", "DOC", "REG", "RWV"} or modality.startswith("RT"):
        raise UnreadableFile(shown, f"holds no MR image ({modality})")
    if "Rows" not in dataset or "Columns" not in dataset:
        what = modality or ("" if name.startswith("1.") else name)
        raise UnreadableFile(shown, f"holds no image{f' ({what})' if what else ''}")


def _refuse_absurd(
    layout: Layout, available: int, shown: str, *, plain: bool, deflated: bool
) -> None:
    """Raise where the header claims what no file of this size can hold, before memory is taken for it."""
    if min(layout.rows, layout.columns, layout.samples, layout.allocated) < 1:
        raise UnreadableFile(shown, f"claims an image without pixels; {_SEND_AGAIN}")
    if layout.allocated > 64 or layout.samples > 4:
        raise UnreadableFile(shown, "claims a kind of pixel that DICOM does not know")
    claimed = layout.frame_bytes * layout.frames
    if claimed > LARGEST_IMAGE:
        raise UnreadableFile(
            shown,
            f"claims {readable_size(claimed)} of pixels, more than the {readable_size(LARGEST_IMAGE)} that are accepted",
        )
    if not plain and not deflated and layout.frames * 8 > available:
        raise UnreadableFile(
            shown,
            f"claims {layout.frames} images but holds {readable_size(available)}; {_SEND_AGAIN}",
        )
    if plain and available < layout.frame_bytes:
        raise UnreadableFile(shown, _early(available, claimed))


def _shortage(layout: Layout, available: int) -> str:
    claimed = layout.frame_bytes * layout.frames
    return _early(available, claimed) if available < claimed else ""


def _early(available: int, claimed: int) -> str:
    there = readable_size(max(available, 0))
    return f"ends early: {there} of {readable_size(claimed)} of pixels are there; {_SEND_AGAIN}"


def _refuse_inflation(path: Path, shown: str) -> None:
    """Raise where a deflated file would unpack to more than is accepted; counted without keeping the bytes."""
    with path.open("rb") as file:
        # reading the meta information properly would cost every file what only deflated ones need
        if DeflatedExplicitVRLittleEndian.encode() not in file.read(2048):
            return
    meta = read_file_meta_info(path)
    start = 132 + 12 + whole(meta, "FileMetaInformationGroupLength")
    unpacker, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    with path.open("rb") as file:
        file.seek(start)
        while chunk := unpacker.unconsumed_tail or file.read(2**16):
            total += len(unpacker.decompress(chunk, 2**20))
            if total > LARGEST_IMAGE:
                raise UnreadableFile(shown, f"unpacks to more than {readable_size(LARGEST_IMAGE)}")
            if unpacker.eof:
                return


def _clause(error: BaseException) -> str:
    """Return the first line of an error without its final stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:120] if lines else type(error).__name__
