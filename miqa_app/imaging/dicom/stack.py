"""A DICOM stack: its series as the headers describe it, and its pixels when asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.core.series import Problem, Series
from miqa_app.errors import UnreadableFile
from miqa_app.imaging.deidentify import hashed
from miqa_app.imaging.dicom.facts import facts_of, identity_of
from miqa_app.imaging.dicom.grouping import group_frames
from miqa_app.imaging.dicom.header import read_dataset
from miqa_app.imaging.dicom.pixels import PixelReader
from miqa_app.imaging.dicom.placing import geometry_of
from miqa_app.imaging.dicom.values import DAMAGE, lenient, text
from miqa_app.imaging.dicom.voi import fitting_windows
from miqa_app.imaging.overheard import in_brackets
from miqa_app.imaging.stack import middle_out, percentile_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from miqa_app.imaging.dicom.frame import Frame
    from miqa_app.imaging.dicom.grouping import Group

_PATCHED = (
    "has damaged pixels, which were decoded as far as possible{}; send it again from the scanner"
)

_REAL_PART = "These images show the real part of the signal; their modulus, the magnitude, is what is scored."


def stacks_of(frames: Iterable[Frame]) -> tuple[list[DicomStack], list[Problem]]:
    """Return the stacks that the slices make, and the problems of those too large for memory."""
    stacks, problems = [], []
    numbering: dict[str, int] = {}
    for group in group_frames(frames):
        first = group.frames[0]
        uid = hashed(first.series or first.layout.shown)
        numbering[uid] = numbering.get(uid, 0) + 1
        try:
            with lenient():
                stacks.append(DicomStack(group, f"{uid}.{numbering[uid]}"))
        except MemoryError:
            problems.append(
                Problem(
                    first.layout.shown, "belongs to a series that needs more memory than there is"
                )
            )
        except DAMAGE as error:
            problems.append(Problem(first.layout.shown, f"cannot be read again ({error})"))
    return stacks, problems


class DicomStack:
    """Implements `imaging.stack.Stack` for DICOM.

    Attributes:
        series: the series; its voxels fill while `fill` runs.
    """

    def __init__(self, group: Group, key: str) -> None:
        self._group = group
        self._middle = middle_out(len(group.frames), group.time_points)[0]
        self._patched = 0
        self.series = _series(group, key, self._middle)

    def fill(self) -> Iterator[int | Problem]:
        """Read slice after slice, middle first; a slice that fails becomes a problem and stays empty.

        A slice whose decoder went on past damage is a problem too, and counts as read.
        """
        reader = PixelReader()
        series, frames = self.series, self._group.frames
        failed: set[str] = set()
        for number in middle_out(series.frames, series.time_points):
            try:
                series.voxels[number] = reader.read(frames[number])
            except UnreadableFile as error:
                if error.path not in failed:
                    failed.add(error.path)
                    yield Problem(error.path, error.reason)
                continue
            if reader.damage:
                self._patched += 1
                shown = frames[number].layout.shown
                if shown not in failed:
                    failed.add(shown)
                    yield Problem(shown, _PATCHED.format(in_brackets(reader.damage)))
            series.ready[number] = True
            yield number

    def finished(self) -> Series | None:
        """Return the series with its windows; slices that failed are taken out and the gap is told."""
        series = self.series
        if not series.ready.any():
            return None
        declared, middle = self._group.frames[self._middle].windows, self._middle
        if not series.complete:
            rest = self._without_failed()
            if rest is None:
                return None
            series, middle = rest, rest.slices // 2
        windows = fitting_windows(series, declared, middle)
        series = replace(series, windows=(*windows, percentile_window(series)))
        if not self._patched:
            return series
        note = f"Damaged pixels in {self._patched} of {series.frames} images; they are shown as far as they could be decoded."
        return replace(series, warnings=(note, *series.warnings))

    def _without_failed(self) -> Series | None:
        """Return the series of the slices that could be read; of a 4-D series, only complete time points."""
        series, group = self.series, self._group
        by_point = series.ready.reshape(group.time_points, -1)
        keep = series.ready
        points = group.time_points
        if points > 1 and by_point.all(axis=1).any():
            points = int(by_point.all(axis=1).sum())
            keep = np.repeat(by_point.all(axis=1), by_point.shape[1])
        elif points > 1:
            points, keep = 1, series.ready & (np.arange(series.frames) < by_point.shape[1])
        chosen = np.flatnonzero(keep)
        if chosen.size == 0:
            return None
        group.frames = [group.frames[n] for n in chosen]
        group.time_points = points
        lost = series.frames - chosen.size
        geometry, warnings = geometry_of(group)
        note = f"{lost} of {series.frames} images could not be read and are left out."
        return replace(
            series,
            voxels=series.voxels[chosen],
            geometry=geometry,
            time_points=points,
            slope=series.slope[chosen],
            intercept=series.intercept[chosen],
            ready=series.ready[chosen],
            files=tuple(series.files[n] for n in chosen),
            warnings=(note, *dict.fromkeys(warnings)),
        )


def _series(group: Group, key: str, middle: int) -> Series:
    """Return the series with empty voxels."""
    frames, chosen = group.frames, group.frames[middle]
    dataset = read_dataset(chosen.layout.path)
    geometry, warnings = geometry_of(group)
    notes = [note for frame in frames for note in frame.notes]
    dtype = np.result_type(*{frame.layout.dtype for frame in frames})
    paddings = [frame.padding for frame in frames if frame.padding]
    unscaled = all((frame.slope, frame.intercept) == (1.0, 0.0) for frame in frames)
    files = tuple(frame.layout.shown for frame in frames)
    real_part = chosen.component == "R" and not chosen.refusal
    signed = (_REAL_PART,) if real_part else ()
    return Series(
        key=key,
        source=_common_source(files),
        uid=chosen.series,
        study_uid=chosen.study,
        study_description=text(dataset, "StudyDescription"),
        frame_of_reference=chosen.frame_of_reference,
        description=text(dataset, "SeriesDescription")
        or text(dataset, "ProtocolName")
        or f"Series {chosen.series_number}",
        modality=chosen.modality,
        voxels=np.zeros((len(frames), chosen.rows, chosen.columns), dtype),
        geometry=geometry,
        time_points=group.time_points,
        slope=np.array([frame.slope for frame in frames]),
        intercept=np.array([frame.intercept for frame in frames]),
        inverted=chosen.layout.photometric == "MONOCHROME1",
        real_part=real_part,
        windows=chosen.windows if unscaled else (),
        padding=(min(p[0] for p in paddings), max(p[1] for p in paddings)) if paddings else None,
        facts=facts_of(dataset, chosen),
        identity=identity_of(dataset),
        warnings=tuple(dict.fromkeys((*group.notes, *warnings, *notes, *signed))),
        lossy=any(frame.lossy for frame in frames),
        refusal=chosen.refusal,
        files=files,
        ready=np.zeros(len(frames), dtype=bool),
    )


def _common_source(files: tuple[str, ...]) -> str:
    """Return the one file of a stack, or the folder that its files share."""
    names = set(files)
    if len(names) == 1:
        return files[0]
    parents = [name.replace("\\", "/").split("/")[:-1] for name in names]
    shared = []
    for parts in zip(*parents, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared) or files[0]
