"""The slice of a classic, single-frame DICOM image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.imaging.dicom.frame import Frame, Layout
from miqa_app.imaging.dicom.refusals import component, refusal
from miqa_app.imaging.dicom.values import number, numbers, text, texts, whole
from miqa_app.imaging.dicom.voi import header_windows

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LOSSY_SYNTAXES = frozenset(
    "1.2.840.10008.1.2.4." + end for end in ("50", "51", "81", "91", "93", "203")
)
_TIME_KEYWORDS = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "DiffusionBValue",
    "AcquisitionNumber",
    "TriggerTime",
    "AcquisitionTime",
    "ContentTime",
)


def classic_frame(dataset: Dataset, layout: Layout, index: int) -> Frame:
    """Return image `index` of a file whose header describes all its images alike."""
    image_type = texts(dataset, "ImageType")
    part = component(dataset, image_type, text(dataset, "ComplexImageComponent").upper())
    windows, note = header_windows(dataset, signed=layout.signed)
    return Frame(
        layout=layout,
        index=index,
        sop=text(dataset, "SOPInstanceUID"),
        series=text(dataset, "SeriesInstanceUID"),
        study=text(dataset, "StudyInstanceUID"),
        # without functional groups only the first image of a file has a place
        position=vector(dataset, "ImagePositionPatient", 3) if layout.frames == 1 else (),
        orientation=vector(dataset, "ImageOrientationPatient", 6) if layout.frames == 1 else (),
        spacing=vector(dataset, "PixelSpacing", 2),
        slice_location=number(dataset, "SliceLocation") if layout.frames == 1 else None,
        instance=whole(dataset, "InstanceNumber") + index,
        series_number=whole(dataset, "SeriesNumber"),
        slope=number(dataset, "RescaleSlope") or 1.0,
        intercept=number(dataset, "RescaleIntercept") or 0.0,
        windows=windows,
        padding=padding(dataset),
        echo=(number(dataset, "EchoTime") or 0.0, number(dataset, "EchoNumbers") or 0.0),
        component=part,
        image_type=image_type,
        refusal=refusal(dataset, image_type, part),
        modality=text(dataset, "Modality") or "MR",
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        lossy=is_lossy(dataset),
        times=times(dataset, _TIME_KEYWORDS),
        notes=(note,) if note else (),
    )


def vector(dataset: Dataset, keyword: str, length: int) -> tuple[float, ...]:
    """Return an element of exactly `length` numbers, () otherwise."""
    found = numbers(dataset, keyword)
    return found if len(found) == length else ()


def padding(dataset: Dataset) -> tuple[float, float] | None:
    """Return lowest and highest stored value that stand for 'never acquired' (PS3.3 C.7.5.1.1.2)."""
    value = number(dataset, "PixelPaddingValue")
    if value is None:
        return None
    limit = number(dataset, "PixelPaddingRangeLimit")
    return (value, value) if limit is None else (min(value, limit), max(value, limit))


def is_lossy(dataset: Dataset) -> bool:
    """Return whether the pixels ever went through lossy compression, by syntax or by (0028,2110)."""
    syntax = text(dataset.file_meta, "TransferSyntaxUID") if hasattr(dataset, "file_meta") else ""
    return syntax in _LOSSY_SYNTAXES or text(dataset, "LossyImageCompression") == "01"


def times(dataset: Dataset, keywords: tuple[str, ...]) -> dict[str, float]:
    """Return what could tell time points apart, by keyword; clock times as HHMMSS.FFF."""
    found = {}
    for keyword in keywords:
        value = text(dataset, keyword)
        try:
            found[keyword] = float(value)
        except ValueError:
            continue
    return found
