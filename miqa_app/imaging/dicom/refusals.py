"""Why a DICOM image must not be scored, and which part of the complex signal it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miqa_app.imaging.dicom.values import text, texts, whole

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_COMPONENTS = {
    "M": "M", "MAGNITUDE": "M", "P": "P", "PHASE": "P", "PHASE MAP": "P",
    "R": "R", "REAL": "R", "I": "I", "IMAGINARY": "I",
}  # fmt: skip
_GE_IMAGE_TYPE = {0: "M", 1: "P", 2: "R", 3: "I"}
_MAPS = {
    "ADC": "ADC", "ADC_UNSPECIFIED": "ADC", "EADC": "exponential ADC", "EXPONENTIAL ADC": "exponential ADC",
    "FA": "fractional anisotropy", "COLFA": "fractional anisotropy", "TENSOR": "diffusion tensor",
    "CBF": "CBF", "RCBF": "CBF", "RELCBF": "CBF", "CBV": "CBV", "RCBV": "CBV", "RELCBV": "CBV",
    "CORRECTED_CBV": "CBV", "MTT": "MTT", "RELMTT": "MTT", "TTP": "time to peak", "TMAX": "Tmax",
    "PBP": "percentage of baseline", "GBP": "global bolus plot", "TTEST": "t map", "ZSCORE": "z map",
    "T1 MAP": "T1 map", "T1_MAP": "T1 map", "T2 MAP": "T2 map", "T2_MAP": "T2 map", "T2MAP": "T2 map",
    "T2_STAR MAP": "T2* map", "T2_STAR_MAP": "T2* map", "T2STAR": "T2* map", "R2 MAP": "R2 map", "R2_STAR MAP": "R2* map",
    "PROTON DENSITY MAP": "proton density map", "FIELD_MAP": "field map", "FIELD MAP": "field map", "B0 MAP": "field map",
    "B1 MAP": "B1 map", "FAT_FRACTION": "fat fraction", "STIFFNESS": "stiffness map", "KTRANS": "Ktrans", "KEP": "kep", "VE": "ve",
}  # fmt: skip
_CALCULATED = re.compile(r"CALC[_ ]?B[_ ]?VAL", re.IGNORECASE)


def component(dataset: Dataset, image_type: tuple[str, ...], named: str = "") -> str:
    """Return 'M', 'P', 'R' or 'I' for magnitude, phase, real and imaginary.

    Args:
        dataset: header of the file.
        image_type: (0008,0008) or the frame type.
        named: Complex Image Component (0008,9208) of the frame, or ''.
    """
    if named in _COMPONENTS:
        return _COMPONENTS[named]
    for token in image_type[2:]:
        short = _COMPONENTS.get(token) or _COMPONENTS.get(token.split("_")[0])
        if short and (token in _COMPONENTS or len(token.split("_")[0]) == 1):
            return short
    if text(dataset, "Manufacturer").upper().startswith("GE"):
        block = dataset.get((0x0043, 0x102F))
        value = getattr(block, "value", None)
        if isinstance(value, int):
            return _GE_IMAGE_TYPE.get(value, "M")
    return "M"


def refusal(dataset: Dataset, image_type: tuple[str, ...], part: str) -> str:
    """Return why the image must not be scored, or ''."""
    modality = text(dataset, "Modality") or "MR"
    if modality != "MR":
        return f"{modality} images are not assessed; this program scores MR"
    photometric = text(dataset, "PhotometricInterpretation")
    if whole(dataset, "SamplesPerPixel", 1) > 1 or not photometric.startswith("MONOCHROME"):
        return "colour image"
    if "VELOCITY" in " ".join(image_type) or "PCA" in image_type and part == "P":
        return "phase-contrast velocity image"
    if part == "P":
        return "phase image"
    if part == "I":
        return "imaginary part of the signal"
    inversion = "IR" in texts(dataset, "ScanningSequence") or "IR" in image_type
    if part == "R" and not inversion:
        return "real part of the signal"
    for token in image_type:
        if token in _MAPS:
            return f"derived map ({_MAPS[token]})"
    description = text(dataset, "SeriesDescription")
    if _CALCULATED.search(description) or "CALC_BVALUE" in image_type:
        return "derived map (calculated b-value)"
    return ""
