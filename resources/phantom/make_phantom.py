"""Makes the demonstration scans: a synthetic head, once clean and once with motion.

Run from anywhere: ``python resources/phantom/make_phantom.py [FOLDER]``. Needs numpy,
scipy, pydicom and nibabel. The result depends on nothing but this folder's code.

A slice is painted at twice the resolution in seven sheets across its thickness, turned
into spin-echo signal, sampled in k-space (with the head in another place for every echo
train, where it moves), given complex noise, and made a magnitude image.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parent))

import phantom_files
import phantom_tissue
from phantom_files import COLUMNS, PIXEL, ROWS, SLICE_STEP, SLICE_THICKNESS, SLICES
from phantom_head import SEED, Points, Tissue, random_field

Complex = NDArray[np.complex64]
Float = NDArray[np.float32]

OVERSAMPLING = 2
SHEETS = 7
LOWEST = -40.0  # mm, centre of the first slice in the head's frame
MIDDLE_ROW_Y = 0.0  # mm, where the middle of the field of view lies in the head's frame
TRAINS = 12  # echo trains; the head may lie elsewhere in each
NOISE = 0.0085  # standard deviation per channel, against a CSF signal of about 0.9

# tissue: (T1 ms, T2 ms, proton density), 1.5 T, rounded from textbook tables;
# fat's T2 is that of a fast spin echo, whose refocusing train lengthens it
RELAXATION = {
    Tissue.AIR: (1000.0, 10.0, 0.0),
    Tissue.SKIN: (800.0, 48.0, 0.70),
    Tissue.FAT: (260.0, 150.0, 0.86),
    Tissue.MUSCLE: (900.0, 46.0, 0.80),
    Tissue.BONE: (900.0, 20.0, 0.06),
    Tissue.MARROW: (420.0, 85.0, 0.50),
    Tissue.CSF: (4000.0, 900.0, 1.00),
    Tissue.GREY: (1080.0, 99.0, 0.84),
    Tissue.WHITE: (660.0, 78.0, 0.71),
    Tissue.DEEP_GREY: (960.0, 86.0, 0.79),
    Tissue.PALLIDUM: (800.0, 66.0, 0.74),
    Tissue.VITREOUS: (4000.0, 1100.0, 1.00),
    Tissue.LENS: (1000.0, 32.0, 0.70),
    Tissue.MUCOSA: (1400.0, 130.0, 0.90),
    Tissue.VESSEL: (1500.0, 120.0, 0.07),
    Tissue.CAPSULE: (320.0, 140.0, 1.00),
}


@dataclass(frozen=True)
class Pose:
    """Where the head lies while one echo train is read: degrees, and mm to the left and back."""

    angle: float = 0.0
    left: float = 0.0
    back: float = 0.0


def spin_echo(repetition: float, echo: float) -> Float:
    """Signal per tissue label: PD (1 - exp(-TR/T1)) exp(-TE/T2), times in ms."""
    values = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, (t1, t2, density) in RELAXATION.items():
        values[tissue] = density * (1 - np.exp(-repetition / t1)) * np.exp(-echo / t2)
    return values


def grid(index: int) -> tuple[Points, tuple[float, float, float]]:
    """The fine points [sheet, row, column] of slice `index`, and their spacing in mm."""
    step = PIXEL / OVERSAMPLING
    rows, columns = ROWS * OVERSAMPLING, COLUMNS * OVERSAMPLING
    # the mean of the fine centres in a pixel is the pixel's centre
    y = (np.arange(rows) - (rows - 1) / 2) * step + MIDDLE_ROW_Y
    x = (np.arange(columns) - (columns - 1) / 2) * step
    gap = SLICE_THICKNESS / SHEETS
    z = LOWEST + index * SLICE_STEP + (np.arange(SHEETS) - (SHEETS - 1) / 2) * gap
    zz, yy, xx = np.meshgrid(*(a.astype(np.float32) for a in (z, y, x)), indexing="ij")
    return Points(xx, yy, zz), (gap, step, step)


def tissue_signal(index: int) -> Float:
    """The noise-free fine image [row, column] of slice `index`, averaged over its thickness."""
    points, spacing = grid(index)
    labels = phantom_tissue.label(points, spacing)
    signal = spin_echo(phantom_files.REPETITION_TIME, phantom_files.ECHO_TIME)[labels]
    where = points.stacked()
    texture = 0.022 * random_field(where, 7, 90, 24) + 0.018 * random_field(where, 24, 91, 20)
    texture += 0.02 * random_field(where, 3.2, 92, 24)
    signal *= 1 + texture
    white = labels == Tissue.WHITE
    # white matter is a little brighter around the hind horns, as in any adult
    glow = np.exp(-((np.abs(points.x) - 27) ** 2 + (points.y - 42) ** 2) / 500)
    signal[white] *= 1 + 0.10 * glow[white]
    profile = np.hanning(SHEETS + 4)[2:-2].astype(np.float32)
    mean = np.tensordot(profile / profile.sum(), signal, axes=1)
    return (mean * coil(points)).astype(np.float32)


def coil(points: Points) -> Float:
    """Sensitivity of the head coil: brighter near its elements, about 15 % over the head."""
    x, y = points.x[0] / 100, points.y[0] / 100
    z = float(points.z.mean()) / 100
    return (0.92 + 0.14 * (x * x + y * y) + 0.05 * y - 0.03 * x - 0.06 * z * z).astype(np.float32)


def phase(points: Points) -> Complex:
    """A smooth receive phase, as every real image has before the magnitude is taken."""
    x, y = points.x[0] / 100, points.y[0] / 100
    return np.exp(1j * (0.7 * x - 0.9 * y + 0.8 * x * y + 0.5 * y * y)).astype(np.complex64)


def moved(image: Complex, pose: Pose) -> Complex:
    """The fine image with the head in `pose`."""
    if pose == Pose():
        return image
    turn = np.deg2rad(pose.angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = (np.array(image.shape) - 1) / 2
    shift = np.array([pose.back, pose.left]) * OVERSAMPLING / PIXEL
    offset = middle - matrix @ (middle + shift)
    parts = [
        ndimage.affine_transform(part, matrix, offset, order=1) for part in (image.real, image.imag)
    ]
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def sampled(image: Complex) -> Complex:
    """k-space [row, column] of a fine image, cut to the acquired matrix."""
    full = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(image)))
    top, left = (image.shape[0] - ROWS) // 2, (image.shape[1] - COLUMNS) // 2
    return full[top : top + ROWS, left : left + COLUMNS].astype(np.complex64)


def acquire(index: int, image: Complex, poses: list[Pose]) -> Float:
    """Read a slice line by line and reconstruct its magnitude, with noise.

    Phase encoding runs from right to left, as in an axial head scan. Half of the trains'
    lines interleave, which makes discrete ghosts; the others are neighbours.
    """
    lines = np.arange(COLUMNS)
    train = ((lines * len(poses)) // COLUMNS + (lines % 3) * 2) % len(poses)
    space = np.empty((ROWS, COLUMNS), dtype=np.complex64)
    for number, pose in enumerate(poses):
        space[:, train == number] = sampled(moved(image, pose))[:, train == number]
    apodisation = np.outer(tukey(ROWS), tukey(COLUMNS))
    noise = np.random.default_rng([SEED, 500, index])
    scale = NOISE * np.sqrt(ROWS * COLUMNS) * OVERSAMPLING**2
    space += scale * (noise.normal(size=space.shape) + 1j * noise.normal(size=space.shape))
    picture = np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(space * apodisation)))
    return (np.abs(picture) / OVERSAMPLING**2).astype(np.float32)


def tukey(size: int) -> Float:
    """A mild low-pass, as scanners apply against ringing."""
    k = np.abs(np.linspace(-1, 1, size))
    return np.where(k < 0.6, 1, 0.5 + 0.5 * np.cos(np.pi * (k - 0.6) / 0.65)).astype(np.float32)


def motion(index: int) -> list[Pose]:
    """A restless patient: small drift everywhere, a nod and a turn in the middle slices."""
    draw = np.random.default_rng([SEED, 600, index])
    strength = 0.10 + np.exp(-(((index - 11) / 3.2) ** 2))
    drift = np.linspace(-0.5, 0.5, TRAINS)
    jump = np.where(np.arange(TRAINS) >= draw.integers(4, 8), 1.0, 0.0)
    angles = strength * (2.4 * jump + 0.8 * drift + draw.normal(0, 0.7, TRAINS))
    left = strength * (1.6 * jump + 0.6 * drift + draw.normal(0, 0.8, TRAINS))
    back = strength * (2.2 * jump + 0.8 * drift + draw.normal(0, 0.7, TRAINS))
    return [
        Pose(*values) for values in zip(angles.tolist(), left.tolist(), back.tolist(), strict=True)
    ]


def make_slice(index: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Slice `index` (0 lowest) as stored pixels [row, column], clean and with motion."""
    points, _ = grid(index)
    image = tissue_signal(index) * phase(points)
    still = [Pose()] * TRAINS
    pictures = (acquire(index, image, still), acquire(index, image, motion(index)))
    first, second = (np.clip(np.rint(p * 1000), 0, 4095).astype(np.uint16) for p in pictures)
    return first, second


def main() -> int:
    """Make all slices and write both series in both formats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    folder: Path = parser.parse_args().folder
    clean = np.empty((SLICES, ROWS, COLUMNS), dtype=np.uint16)
    restless = np.empty_like(clean)
    for index in range(SLICES):
        clean[index], restless[index] = make_slice(index)
        print(f"slice {index + 1} of {SLICES}", flush=True)
    for name, number, voxels in (("clean", 1, clean), ("motion", 2, restless)):
        phantom_files.write_dicom(folder / name, name, number, voxels)
        phantom_files.write_nifti(folder / f"{name}.nii.gz", voxels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
