"""Series that say of themselves that they show no patient: the bundled demo phantom, and scans named after a phantom."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from miqa_app.core.series import Series

DEMO_NOTE = (
    "This is the bundled demo phantom, not a patient: its score shows how the program works, "
    "and says nothing about a scanner."
)
DEMO_MAKER = "miqa_app synthetic"
"""Manufacturer (0008,0070) that resources/phantom writes, and copies of it keep; no scanner calls itself so."""

DEMO_VOXELS = frozenset(
    {
        "3864af4e3266a8bbfea421a15a8fe851d953f280ee96f12089bfca8bfcc4f34a",
        "4de8561ce75c37802762ba3dc96a4bcc8fc28474f5e7d66ea44c52342c9f2c53",
    }
)
"""SHA-256 over the voxels of the phantom's series, by which its NIfTI copies are known: these carry no text at all."""

_DEMO_SHAPE = (20, 192, 160)
_NAMED = re.compile(r"phantom|fantom\b|fantoom", re.IGNORECASE)
_FACTS = ("Body part", "Protocol")
_IDENTITY = ("Patient name", "Patient ID")


def is_demo_phantom(series: Series) -> bool:
    """Return whether the series is the demo phantom: by its manufacturer, or voxel by voxel."""
    if series.facts.get("Manufacturer") == DEMO_MAKER:
        return True
    return series.voxels.shape == _DEMO_SHAPE and voxel_hash(series) in DEMO_VOXELS


def named_phantom(series: Series) -> str:
    """Return in words where the header calls the series a phantom, or ''."""
    places = {
        "series description": series.description if series.uid else "",
        "study description": series.study_description,
        **{name.lower(): series.facts.get(name, "") for name in _FACTS},
        **{name.lower(): series.identity.get(name, "") for name in _IDENTITY},
    }
    return next((place for place, words in places.items() if _NAMED.search(words)), "")


def voxel_hash(series: Series) -> str:
    """Return the SHA-256 over the stored voxels, as little-endian 16-bit whole numbers."""
    voxels = np.ascontiguousarray(series.voxels, dtype="<u2")
    return hashlib.sha256(voxels.tobytes()).hexdigest()
