"""Rigid motion of a patient during a multi-slice scan: one course of poses in time, the same for all slices.

A two-dimensional scan takes its slices in packages, first every second one and then those between. All slices of a
package share their moments in time, so a nod spoils the same lines of k-space in each of them, slices of the other
package may stay sharp but lie elsewhere, and whatever leaves a slice through the plane is seen in its neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts.arrays import rotated, shifted_kspace, smooth_field, to_image, to_kspace

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGES = 2
"""Groups of interleaved slices that are taken one after the other."""

_TURNS = np.array([4.0, 4.0, 8.0])
"""Largest turns in degrees about the column axis, the row axis and the normal at severity 1."""

_SHIFTS = np.array([3.0, 10.0, 10.0])
"""Largest shifts in pixels along the normal, the rows and the columns at severity 1."""


@dataclass(frozen=True)
class Pose:
    """Where the object lies: turns (3,) in degrees about the column axis, the row axis and the normal; shifts (3,) in pixels."""

    turns: NDArray[np.float64]
    shifts: NDArray[np.float64]


def course(severity: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], list[Pose]]:
    """Return the moments (M,) of the moves, 0–1 of the scan, and the M + 1 poses between them; the first is still."""
    moves = int(rng.integers(2, 7))
    moments = np.sort(rng.uniform(0.05, 0.95, moves))
    poses = [Pose(np.zeros(3), np.zeros(3))]
    for _ in range(moves):
        signs = rng.choice([-1, 1], (2, 3)) * rng.uniform(0.2, 1, (2, 3)) * severity
        poses.append(Pose(signs[0] * _TURNS, signs[1] * _SHIFTS))
    return moments, poses


def moved_volume(
    volume: NDArray[np.float32], severity: float, rng: np.random.Generator, slice_spacing: float
) -> NDArray[np.float32]:
    """Return the magnitude volume of an object that moves while it is scanned.

    Args:
        volume: (slices, H, W) magnitudes ≥ 0; rows are the phase-encoding direction, taken from edge to edge.
        severity: 0 (still) to 1.
        rng: of the course and of the phase of the signal.
        slice_spacing: distance of neighbouring slices in pixels.
    """
    shape = (volume.shape[1], volume.shape[2])
    moments, poses = course(severity, rng)
    phase = np.exp(1j * 0.8 * np.pi * smooth_field(shape, rng))
    signal = (volume * phase).astype(np.complex64)
    result = np.empty(signal.shape, dtype=np.complex64)
    for number, pose in enumerate(poses):
        for package in range(PACKAGES):
            lines = _lines(moments, number, package, shape[0])
            if lines.stop > lines.start:
                seen = to_kspace(placed(signal, pose, slice_spacing, package))
                result[package::PACKAGES, lines] = seen[:, lines]
    return np.asarray(np.abs(to_image(result)), dtype=np.float32)


def placed(
    signal: NDArray[np.complexfloating], pose: Pose, slice_spacing: float, package: int = 0
) -> NDArray[np.complexfloating]:
    """Return every `PACKAGES`-th slice, from number `package` on, of a complex volume turned about its centre and moved.

    What happens in the plane is done in k-space, without loss of resolution; what goes through the plane is
    interpolated between the slices. A turn out of the plane is split into a shear along the normal and one in the
    plane, which is exact to the second order of its angle.
    """
    tilts = np.sin(np.deg2rad(pose.turns[:2]))
    below = _through_plane(signal, pose.shifts[0], tilts, slice_spacing, package)
    turned = rotated(below, pose.turns[2]) if pose.turns[2] else below
    height = (np.arange(package, len(signal), PACKAGES) - (len(signal) - 1) / 2) * slice_spacing
    kspace = to_kspace(turned)
    for place, above in enumerate(height):
        rows, columns = pose.shifts[1:] - above * tilts
        kspace[place] = shifted_kspace(kspace[place], rows, columns)
    return np.asarray(to_image(kspace))


def _through_plane(
    signal: NDArray[np.complexfloating],
    shift: float,
    tilts: NDArray[np.float64],
    slice_spacing: float,
    package: int,
) -> NDArray[np.complexfloating]:
    """Return the slices of a package of a volume shifted along its normal and sheared by two sines, air outside."""
    count, height, width = signal.shape
    rows = np.arange(height)[:, None] - (height - 1) / 2
    columns = np.arange(width)[None, :] - (width - 1) / 2
    source = (shift + tilts[0] * rows + tilts[1] * columns) / slice_spacing
    padded = np.pad(signal, ((1, 1), (0, 0), (0, 0)))
    slices = []
    for number in range(package, count, PACKAGES):
        at = np.clip(number - source, -1, count) + 1
        low = np.minimum(at.astype(int), count)
        share = at - low
        first = np.take_along_axis(padded, low[None], 0)[0]
        second = np.take_along_axis(padded, low[None] + 1, 0)[0]
        slices.append(first * (1 - share) + second * share)
    return np.stack(slices)


def _lines(moments: NDArray[np.float64], number: int, package: int, count: int) -> slice:
    """Return the lines of k-space that a package takes while the object lies in pose `number`."""
    edges = np.concatenate([[0.0], moments, [1.0]])
    within = np.clip(edges[number : number + 2] * PACKAGES - package, 0, 1)
    first, last = (round(float(edge) * count) for edge in within)
    return slice(first, last)
