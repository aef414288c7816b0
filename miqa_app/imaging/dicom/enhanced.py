"""The slices of an Enhanced MR multi-frame object (DICOM PS3.3 A.36, functional groups C.7.6.16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.imaging.dicom.classic import classic_frame, times, vector
from miqa_app.imaging.dicom.refusals import component, refusal
from miqa_app.imaging.dicom.values import first_item, items, number, text, texts, whole
from miqa_app.imaging.dicom.voi import header_windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from miqa_app.imaging.dicom.frame import Frame, Layout

    Group = Callable[[str], Dataset | None]

_CONTENT_TIMES = ("TemporalPositionIndex", "FrameAcquisitionNumber", "FrameAcquisitionDateTime")


def enhanced_frames(dataset: Dataset, layout: Layout) -> list[Frame]:
    """Return the slices of a multi-frame object; what a frame does not say itself, the shared groups say."""
    shared = first_item(dataset, "SharedFunctionalGroupsSequence")
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    base = dict(classic_frame(dataset, layout, 0).times)
    found = []
    for index in range(min(layout.frames, len(per_frame))):
        own = per_frame[index]

        def group(keyword: str, own: Dataset = own) -> Dataset | None:
            return first_item(own, keyword) or first_item(shared, keyword)

        found.append(_frame(dataset, layout, index, group, base))
    return found


def _frame(
    dataset: Dataset, layout: Layout, index: int, group: Group, base: dict[str, float]
) -> Frame:
    frame = classic_frame(dataset, layout, index)
    position, orientation = group("PlanePositionSequence"), group("PlaneOrientationSequence")
    measures = group("PixelMeasuresSequence")
    if position is not None:
        frame.position = vector(position, "ImagePositionPatient", 3)
    if orientation is not None:
        frame.orientation = vector(orientation, "ImageOrientationPatient", 6)
    if measures is not None:
        frame.spacing = vector(measures, "PixelSpacing", 2)
    _values(frame, group, signed=layout.signed)
    _kind(frame, dataset, group)
    frame.instance = whole(dataset, "InstanceNumber") * 100_000 + index
    content = group("FrameContentSequence")
    frame.times = base | (times(content, _CONTENT_TIMES) if content is not None else {})
    _contrast(frame, group)
    return frame


def _values(frame: Frame, group: Group, *, signed: bool) -> None:
    """Take over rescale and windows of the frame."""
    transformation = group("PixelValueTransformationSequence")
    if transformation is not None:
        frame.slope = number(transformation, "RescaleSlope") or 1.0
        frame.intercept = number(transformation, "RescaleIntercept") or 0.0
    voi = group("FrameVOILUTSequence")
    if voi is not None:
        windows, note = header_windows(voi, signed=signed)
        if windows:
            frame.windows, frame.notes = windows, (note,) if note else ()


def _kind(frame: Frame, dataset: Dataset, group: Group) -> None:
    """Take over frame type and component; a mixed object says so only frame by frame."""
    kind = group("MRImageFrameTypeSequence")
    named = text(kind, "ComplexImageComponent").upper() if kind is not None else ""
    if kind is not None:
        frame.image_type = texts(kind, "FrameType") or frame.image_type
    frame.component = component(dataset, frame.image_type, named)
    frame.refusal = refusal(dataset, frame.image_type, frame.component)


def _contrast(frame: Frame, group: Group) -> None:
    """Take over echo time, b-value and trigger delay of the frame."""
    echo, diffusion = group("MREchoSequence"), group("MRDiffusionSequence")
    if echo is not None:
        frame.echo = (number(echo, "EffectiveEchoTime") or 0.0, 0.0)
    if diffusion is not None:
        frame.times |= times(diffusion, ("DiffusionBValue",))
    cardiac = group("CardiacSynchronizationSequence")
    if cardiac is not None:
        frame.times |= times(cardiac, ("NominalCardiacTriggerDelayTime",))
