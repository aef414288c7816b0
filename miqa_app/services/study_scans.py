"""Which scans a study may show, read one by one: only one of them is in memory at a time."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app import paths
from miqa_app.core.slices import network_plane, series_scale
from miqa_app.errors import BadRequest, MiqaError, UnreadableFile
from miqa_app.imaging import Completed, Problem, read
from miqa_app.imaging.deidentify import relative_source

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.series import Series

_LOCALIZER = re.compile(
    r"locali[sz]|lokali[sz]|scout|survey|(?<![a-z])loc(?![a-z])|(?<![a-z0-9])3[ _-]?plane"
)

_LOOKED_AT = 5
"""Slices of a scan whose air is looked at."""

_MARGIN = 16
"""The edge that is looked at is a sixteenth of the shorter side wide."""

_BRIGHT = 0.2
"""Air is bright from this grey on; 1 is white."""

_EVEN, _DARKER_BY, _DARKER_SHARE = 0.12, 0.1, 0.02
"""The air of a real part is even up to this interquartile range, and there are darker pixels inside."""

_NOISY, _NOISE = 0.2, 0.2
"""That of a phase is noise from black to white; smoothed, it is nearly as even."""


def scans_for(sources: Sequence[Path]) -> Generator[str, None, list[Series]]:
    """Return the scans that may be rated, their voxels laid aside in files; yield sentences on what is left out.

    Yields '' for every scan that is taken. The files vanish with the scans, also when the program is killed.

    Args:
        sources: files, folders, zips or DICOMDIRs.

    Raises:
        BadRequest: none of the scans may be rated.
        UnreadableFile: no scan could be read.
        MiqaError: there is no room to lay them aside.
    """
    usable: list[Series] = []
    reasons: list[str] = []
    for event in read(sources):
        if isinstance(event, Problem):
            place = relative_source(event.source, sources)
            yield f"{place}: {event.reason.rstrip('.')}."
        elif isinstance(event, Completed):
            reason = unfit(event.series)
            if reason:
                reasons.append(reason)
                yield f"{_called(event.series, sources)} is left out: {reason}."
            else:
                usable.append(_laid_aside(event.series))
                yield ""
        # the next scan must not be read while this one is held
        del event
    if not usable and not reasons:
        raise UnreadableFile(sources[0], "holds no scan that could be read")
    if not usable:
        said = "; ".join(dict.fromkeys(reasons))
        message = (
            f"None of the {len(reasons)} series can be rated ({said}); give magnitude MR scans."
        )
        raise BadRequest(message)
    return usable


def unfit(series: Series) -> str:
    """Return why a scan cannot be rated, a clause, or ''.

    Beside what its header says that is what its pixels say: values below zero in a file without a header, and bright
    air. Artefacts are simulated for magnitudes, whose air is dark.

    Args:
        series: the scan, whole.
    """
    from miqa_app.scoring.scope import signed_values  # brings the statistics of scipy

    if header := unfit_by_header(series):
        return header
    return signed_values(series) or _bright_air(series)


def unfit_by_header(series: Series) -> str:
    """Return what the header alone says against rating a scan, a clause, or ''."""
    if series.refusal:
        return series.refusal
    if series.real_part:
        return "real part of the signal"
    return "" if series.modality == "MR" else f"{series.modality} is no MR"


def person(series: Series) -> str:
    """Return what the scans of one person have in common, '' where nothing tells; it must not be shown or stored."""
    return series.identity.get("Patient ID") or series.study_uid


def is_localizer(series: Series) -> bool:
    """Return whether the name of a scan says that it only served to plan the others."""
    return _LOCALIZER.search(series.description.lower()) is not None


def _bright_air(series: Series) -> str:
    """Return that the air around the object is bright, or ''.

    Judged at the edge of some slices, smoothed: bright and even all around, with darker pixels inside or noise over the
    whole range. A magnitude image whose object fills the frame is not even there.
    """
    try:
        scale = series_scale(series)
    except ValueError:  # no finite value; that is told elsewhere
        return ""
    shown = np.unique(np.linspace(0, series.slices - 1, _LOOKED_AT + 2).round().astype(int)[1:-1])
    found = np.median([_edge(network_plane(series, int(n), scale)) for n in shown], axis=0)
    level, spread, darker, noise = found
    signed = spread <= _EVEN and darker >= _DARKER_SHARE
    cyclic = spread <= _NOISY and noise >= _NOISE
    if level < _BRIGHT or not (signed or cyclic):
        return ""
    return "its air is as bright as tissue, as in real-part, phase and inverted images"


def _edge(plane: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Return grey level and interquartile range of the smoothed edge, the share inside that is darker, and the noise."""
    from scipy import ndimage

    smooth = ndimage.uniform_filter(plane, 5, mode="nearest")
    width = max(2, min(plane.shape) // _MARGIN)
    edge = np.ones(plane.shape, dtype=bool)
    edge[width:-width, width:-width] = False
    low, level, high = np.percentile(smooth[edge], (25, 50, 75))
    inside = smooth[~edge]
    darker = float((inside < level - _DARKER_BY).mean()) if inside.size else 0.0
    return float(level), float(high - low), darker, float(plane[edge].std())


def _laid_aside(series: Series) -> Series:
    """Return the same scan with its voxels in a nameless file, of which only what is looked at comes into memory.

    Raises:
        MiqaError: the disk is full or read-only.
    """
    folder = paths.user_cache()
    try:
        # nobody but this program can open it, and the system removes it with the last reference
        with tempfile.TemporaryFile(dir=folder) as file:
            for frame in series.voxels:
                file.write(frame.tobytes())
            file.flush()
            voxels = np.asarray(
                np.memmap(file, series.voxels.dtype, "r", shape=series.voxels.shape)
            )
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{folder}: the scans cannot be laid aside there ({reason}); free some space and try again."
        raise MiqaError(message) from error
    return replace(series, voxels=voxels)


def _called(series: Series, sources: Sequence[Path]) -> str:
    """Return the name of a scan with its file."""
    file = relative_source(series.source, sources)
    return f"{series.description} ({file})" if series.description not in ("", file) else file
