"""A series: the voxels of one stack of slices and all that is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from miqa_app.core.geometry import Geometry
    from miqa_app.core.window import Window


@dataclass(frozen=True)
class Problem:
    """Something that could not be read.

    Attributes:
        source: the file, as a path the user can find.
        reason: one sentence that says why and, where there is something to do, what.
    """

    source: str
    reason: str


@dataclass(frozen=True, eq=False)
class Series:
    """One stack of slices of the same orientation, echo and image type.

    The arrays may still be filling while a reader works: `ready` says which frames hold their pixels.

    Attributes:
        key: identifies the stack within one reading; stable for the same files.
        source: the file or folder it came from.
        uid: SeriesInstanceUID, or '' where the format has none.
        study_uid: StudyInstanceUID, or ''.
        description: what the scanner calls it.
        modality: DICOM modality; 'MR' for formats that do not say.
        voxels: (frames, rows, columns) stored values; frame = time point × slices + slice.
        geometry: where the frames lie, or None where the file does not say.
        time_points: number of time points of a 4-D series; frames is a multiple of it.
        slope: (frames,) rescale slope (0028,1053), 1 where absent.
        intercept: (frames,) rescale intercept (0028,1052), 0 where absent.
        inverted: True for MONOCHROME1: the smallest value is shown white.
        real_part: True where the values are the signed real part of the signal, whose magnitude is their modulus
            (0008,9208 REAL), as of an inversion recovery.
        windows: display windows in stored units, the default first; empty until the pixels are read.
        padding: lowest and highest stored value of pixels that were never acquired (0028,0120), or None.
        facts: acquisition facts by display name, nothing that identifies the patient.
        identity: patient and study identity by display name; never shown or written unless asked for.
        warnings: sentences for the user about gaps, duplicates, missing spacing.
        lossy: True where the pixels went through lossy compression.
        refusal: why this series must not be scored ('phase image', 'CT'), or ''.
        files: the file of each frame.
        ready: (frames,) True where the pixels are there.
        study_description: what the study is called, or ''.
        frame_of_reference: FrameOfReferenceUID (0020,0052); series that share it share their coordinates.
    """

    key: str
    source: str
    voxels: NDArray[np.generic]
    description: str = ""
    uid: str = ""
    study_uid: str = ""
    study_description: str = ""
    frame_of_reference: str = ""
    modality: str = "MR"
    geometry: Geometry | None = None
    time_points: int = 1
    slope: NDArray[np.float64] = field(default_factory=lambda: np.ones(0))
    intercept: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    inverted: bool = False
    real_part: bool = False
    windows: tuple[Window, ...] = ()
    padding: tuple[float, float] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    lossy: bool = False
    refusal: str = ""
    files: tuple[str, ...] = ()
    ready: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        """Check the shapes and give the per-frame arrays their defaults."""
        if self.voxels.ndim != 3 or min(self.voxels.shape) < 1:
            message = f"voxels must be (frames, rows, columns), not {self.voxels.shape}"
            raise ValueError(message)
        frames = self.voxels.shape[0]
        if frames % self.time_points:
            message = f"{frames} frames cannot be {self.time_points} time points"
            raise ValueError(message)
        for name, value in (("slope", 1.0), ("intercept", 0.0)):
            if getattr(self, name).shape != (frames,):
                object.__setattr__(self, name, np.full(frames, value))
        if self.ready.shape != (frames,):
            object.__setattr__(self, "ready", np.ones(frames, dtype=bool))

    @property
    def frames(self) -> int:
        """Return the number of two-dimensional images."""
        return int(self.voxels.shape[0])

    @property
    def slices(self) -> int:
        """Return the number of slices of one time point."""
        return self.frames // self.time_points

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns of one frame."""
        return int(self.voxels.shape[1]), int(self.voxels.shape[2])

    @property
    def complete(self) -> bool:
        """Return whether all frames hold their pixels."""
        return bool(self.ready.all())

    def values(self, frame: int) -> NDArray[np.float32]:
        """Return one frame in real-world values: stored × slope + intercept, (rows, columns) float32."""
        stored = self.voxels[frame].astype(np.float32)
        return np.asarray(
            stored * np.float32(self.slope[frame]) + np.float32(self.intercept[frame]),
            dtype=np.float32,
        )

    def acquired(self, frame: int) -> NDArray[np.bool_]:
        """Return (rows, columns), False where the scanner wrote padding or the value is not finite.

        Signed images are at times padded with values far below the signal without the header saying so: they count as
        padding where they lie further below it than all of it lies apart.
        """
        stored = self.voxels[frame]
        mask = np.isfinite(stored)
        if self.real_part:
            mask &= ~_far_below(stored)
        if self.padding is not None:
            mask &= ~((stored >= self.padding[0]) & (stored <= self.padding[1]))
        return np.asarray(mask)


def _far_below(stored: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return what lies below the widest gap between the values, where that is wider than the range above it; else False."""
    values = np.unique(stored[np.isfinite(stored)]).astype(np.float64)
    gaps = np.diff(values)
    place = int(gaps.argmax()) if gaps.size else 0
    if gaps.size and gaps[place] > values[-1] - values[place + 1]:
        return np.asarray(stored <= values[place])
    return np.zeros(stored.shape, dtype=bool)
