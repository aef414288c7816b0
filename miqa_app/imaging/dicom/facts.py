"""What a DICOM header says about the acquisition, and apart from it about the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.imaging.dicom.values import DAMAGE, first_item, number, text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from miqa_app.imaging.dicom.frame import Frame

_PLAIN = {
    "Modality": "Modality",
    "Manufacturer": "Manufacturer",
    "Model": "ManufacturerModelName",
    "Software": "SoftwareVersions",
    "Body part": "BodyPartExamined",
    "Protocol": "ProtocolName",
    "Sequence name": "SequenceName",
    "Pulse sequence": "PulseSequenceName",
    "Sequence type": "ScanningSequence",
    "Sequence variant": "SequenceVariant",
    "Scan options": "ScanOptions",
    "Acquisition type": "MRAcquisitionType",
    "Coil": "ReceiveCoilName",
    "Patient position": "PatientPosition",
}
_MEASURED = {
    "Field strength": ("MagneticFieldStrength", "T"),
    "TR": ("RepetitionTime", "ms"),
    "TI": ("InversionTime", "ms"),
    "Flip angle": ("FlipAngle", "°"),
    "Echo train length": ("EchoTrainLength", ""),
    "Averages": ("NumberOfAverages", ""),
    "Bandwidth": ("PixelBandwidth", "Hz/pixel"),
    "Slice thickness": ("SliceThickness", "mm"),
}
_IDENTITY = {
    "Patient name": "PatientName",
    "Patient ID": "PatientID",
    "Birth date": "PatientBirthDate",
    "Sex": "PatientSex",
    "Accession number": "AccessionNumber",
    "Institution": "InstitutionName",
    "Station": "StationName",
    "Referring physician": "ReferringPhysicianName",
    "Operator": "OperatorsName",
    "Study ID": "StudyID",
}
_FIRST_YEAR = "1950"
_GROUPS = (
    "MRTimingAndRelatedParametersSequence",
    "MRReceiveCoilSequence",
    "MRAveragesSequence",
    "MRImagingModifierSequence",
    "PixelMeasuresSequence",
)


def facts_of(dataset: Dataset, frame: Frame) -> dict[str, str]:
    """Return acquisition facts by display name, with units; nothing that identifies the patient."""
    sources = _sources(dataset)
    found = {}
    for name, keyword in _PLAIN.items():
        value = next(filter(None, (text(source, keyword) for source in sources)), "")
        if value:
            found[name] = value.replace("\\", ", ")
    for name, (keyword, unit) in _MEASURED.items():
        values = [v for v in (number(source, keyword) for source in sources) if v is not None]
        if values:
            found[name] = f"{_short(values[0])} {unit}".strip()
    elements = _siemens_coil_elements(dataset)
    if elements:
        found["Coil"] = f"{found['Coil']} {elements}" if "Coil" in found else elements
    if frame.echo[0]:
        found["TE"] = f"{_short(frame.echo[0])} ms"
    found["Matrix"] = f"{frame.columns} × {frame.rows}"
    if len(frame.spacing) == 2:
        found["Spacing"] = f"{_short(frame.spacing[0])} × {_short(frame.spacing[1])} mm"
    date = (
        text(dataset, "AcquisitionDate")
        or text(dataset, "SeriesDate")
        or text(dataset, "StudyDate")
    )
    date = date or text(dataset, "AcquisitionDateTime")[:8]
    # anonymisers write the year 1
    if len(date) >= 8 and date[:8].isdigit() and date[:4] >= _FIRST_YEAR:
        found["Acquisition date"] = f"{date[:4]}-{date[4:6]}-{date[6:8]}"
    if frame.image_type:
        found["Image type"] = ", ".join(frame.image_type)
    return found


def _siemens_coil_elements(dataset: Dataset) -> str:
    """Return the coil elements that were on, such as 'HE1-4;NE1,2', which Siemens writes as (0051,xx0F) of its header.

    Classic images of Siemens name no receive coil elsewhere, and one silent element is what a drift chart should see.
    """
    try:
        value = dataset.private_block(0x51, "SIEMENS MR HEADER")[0x0F].value
    except DAMAGE:
        return ""
    # without its dictionary a private element comes as bytes
    words = value.decode("ascii", "ignore") if isinstance(value, bytes) else str(value)
    return words.replace("\0", "").strip()


def identity_of(dataset: Dataset) -> dict[str, str]:
    """Return what identifies patient and study, by display name."""
    found = {name: text(dataset, keyword) for name, keyword in _IDENTITY.items()}
    return {name: value for name, value in found.items() if value}


def _sources(dataset: Dataset) -> list[Dataset]:
    """Return the header and, for enhanced objects, the functional groups that hold the same facts."""
    sources = [dataset]
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        outer = first_item(dataset, keyword)
        for name in _GROUPS:
            inner = first_item(outer, name)
            if inner is not None:
                sources.append(inner)
    return sources


def _short(value: float) -> str:
    """Return a number with up to four significant digits behind which nothing is lost that matters."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
