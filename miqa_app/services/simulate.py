"""Degrade a scan with one artefact and write it, so that people can look at it and tests can score it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts import Degraded, degrade, degrade_by_motion
from miqa_app.artefacts.sheet import write_sheet
from miqa_app.core.slices import network_plane, series_scale
from miqa_app.errors import BadRequest, UnreadableFile
from miqa_app.imaging import load_with_problems
from miqa_app.imaging.write import refuse_derived, write_nifti, write_series

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from numpy.typing import NDArray

    from miqa_app.core.series import Problem, Series

_FEWEST_SLICES = 4
"""Stacks of fewer slices move within their plane only."""


def simulate(
    source: Path, out: Path, kind: str, severity: float, seed: int
) -> Generator[Problem | tuple[int, int], None, Path]:
    """Degrade every time point of the one series under `source` as a whole volume, write it and return where.

    Motion of a stack is that of one object in space; every other artefact has the same parameters in all slices. Yields
    what is wrong with the scan, then how many time points are done of how many.

    Args:
        source: a file or folder that holds one series.
        out: a .nii or .nii.gz file, or a folder for a DICOM series (only from DICOM).
        kind: artefact kind.
        severity: 0–1.
        seed: of the artefact.

    Raises:
        BadRequest: unknown kind, severity outside 0–1, several series, or DICOM wanted from another format or into a
            folder that is in use; said before anything is computed.
        UnreadableFile: nothing could be read.
    """
    series = yield from the_one_series(source)
    packed = out.name.endswith((".nii", ".nii.gz"))
    if not packed:
        refuse_derived(series, out)
    result = np.empty(series.voxels.shape, dtype=np.float32)
    for time in range(series.time_points):
        span = slice(time * series.slices, (time + 1) * series.slices)
        volume = np.stack([series.values(frame) for frame in range(span.start, span.stop)])
        floor = min(0.0, float(volume.min()))
        degraded = _degraded(series, volume - floor, kind, severity, seed).image
        # added patterns reach below zero, which no magnitude image does
        result[span] = np.maximum(degraded, 0) + floor
        yield time + 1, series.time_points
    note = f"simulated {kind.replace('_', ' ')}, severity {severity:g}, seed {seed}"
    if packed:
        write_nifti(series, result, out, note)
    else:
        write_series(series, result, out, note)
    return out


def _degraded(
    series: Series, volume: NDArray[np.float32], kind: str, severity: float, seed: int
) -> Degraded:
    place = series.geometry
    if kind != "motion" or len(volume) < _FEWEST_SLICES or not (place and place.slice_spacing):
        return degrade(volume, kind, severity, seed)
    return degrade_by_motion(volume, severity, seed, place.slice_spacing / place.row_spacing)


def contact_sheet(source: Path, out: Path, seed: int) -> Generator[Problem, None, None]:
    """Write a PNG of all kinds and severities on the middle slice of the series under `source`.

    Yields what is wrong with the scan.
    """
    series = yield from the_one_series(source)
    write_sheet(network_plane(series, series.slices // 2, series_scale(series)), out, seed)


def the_one_series(source: Path) -> Generator[Problem, None, Series]:
    """Return the only series under a path, yielding what could not be read of it.

    Raises:
        UnreadableFile: nothing could be read.
        BadRequest: there are several.
    """
    found, problems = load_with_problems([source])
    if not found:
        raise UnreadableFile(
            source, problems[0].reason.rstrip(".") if problems else "holds no scan"
        )
    if len(found) > 1:
        message = f"{source} holds {len(found)} series; give the file or folder of one."
        raise BadRequest(message)
    yield from problems
    return found[0]
