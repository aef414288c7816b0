"""Reads scans: DICOM, NIfTI, NRRD and MetaImage files to series."""

from miqa_app.core.series import Problem
from miqa_app.imaging.events import Completed, Event, FrameReady, Opened, Scanned
from miqa_app.imaging.reader import load, load_with_problems, read

__all__ = [
    "Completed",
    "Event",
    "FrameReady",
    "Opened",
    "Problem",
    "Scanned",
    "load",
    "load_with_problems",
    "read",
]
