"""A synthetic look-alike of RAD-IQMRI: same size, same artefacts, same folder, but nobody rated it.

It lets the whole protocol run where no rated set may be kept. The score is the simulated quality index Q, which is also
what the bundled models learnt: figures on this set show that the machinery works, not that a model agrees with people.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import nibabel
import numpy as np
import pydicom.data

from miqa_app.core.foreground import object_mask
from miqa_app.core.slices import network_plane, series_scale
from miqa_app.errors import MiqaError
from miqa_app.evaluation.degradation import Applied, make_sample, rescaled
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.evaluation.rated.synthetic import write_picture, write_set
from miqa_app.evaluation.sources import cropped
from miqa_app.imaging import load
from miqa_app.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from miqa_app.evaluation.rated.synthetic import Row

KINDS = ("ghosting", "edge_ghosting", "white_noise", "coloured_noise")
LOW, HIGH = 0.35, 0.8
"""Severities of the two energies: patterns of 5.6 and 12.8 % of the peak signal on the object."""

_HEAD = (256, 256)
"""Rows and columns of matplotlib's sample slice, a bare array of 16-bit numbers."""


@dataclass(frozen=True)
class Cell:
    """One of the 14 images of a reference: its kind in words, and the artefacts with their severities."""

    kind: str
    artefacts: tuple[tuple[str, float], ...]


def design() -> tuple[Cell, ...]:
    """Return the 14 images of each reference.

    The authors do not say how 14 arises from four artefacts at two energies. Chosen here: every artefact alone at both
    energies (4 × 2), and every pair of two artefacts at the low energy (6).
    """
    alone = [Cell(kind, ((kind, energy),)) for kind in KINDS for energy in (LOW, HIGH)]
    pairs = [
        Cell(f"{first}+{second}", ((first, LOW), (second, LOW)))
        for first, second in combinations(KINDS, 2)
    ]
    return (*alone, *pairs)


@dataclass(frozen=True, eq=False)
class Reference:
    """A clean slice: its name, whose it is, and its plane (H, W) float32 in [0, 1]."""

    name: str
    subject: str
    plane: NDArray[np.float32]


def references() -> list[Reference]:
    """Return the eight clean slices: three of the demo phantom, five of scans that come inside libraries.

    They show four subjects: the phantom, a head with five-millimetre echo-planar slices (nibabel), a sagittal head
    (matplotlib) and an abdomen (pydicom). Folds by reference therefore share subjects, folds by subject do not.

    Raises:
        MiqaError: a library was installed without its samples.
    """
    epi = Path(nibabel.__file__).parent / "tests" / "data" / "example4d.nii.gz"
    abdomen = Path(pydicom.data.__file__).parent / "test_files" / "examples_overlay.dcm"
    return [
        *_scan("phantom", bundled("resources") / "phantom" / "clean", (5, 10, 14)),
        *_scan("brain_epi", epi, (6, 12, 17)),
        Reference("head_1", "head", _bare_head()),
        *_scan("abdomen", abdomen, (0,)),
    ]


def _scan(subject: str, path: Path, frames: Sequence[int]) -> list[Reference]:
    """Return slices of a scan, cut to the object as the sources of training are."""
    if not path.exists():
        message = f"The synthetic set needs {path}, which this installation lacks; install the library again from its wheel."
        raise MiqaError(message)
    series = load(path)[0]
    scale = series_scale(series)
    planes = [network_plane(series, frame, scale) for frame in frames]
    return [
        Reference(f"{subject}_{number}", subject, cropped(plane, object_mask(plane)))
        for number, plane in enumerate(planes, 1)
    ]


def _bare_head() -> NDArray[np.float32]:
    path = Path(matplotlib.get_data_path()) / "sample_data" / "s1045.ima.gz"
    try:
        values = np.frombuffer(gzip.decompress(path.read_bytes()), dtype="<u2").reshape(_HEAD)
    except (OSError, ValueError) as error:
        message = f"The synthetic set needs {path}, which this installation lacks; install matplotlib again from its wheel."
        raise MiqaError(message) from error
    plane = rescaled(values.astype(np.float32))
    return cropped(plane, object_mask(plane))


def write_lookalike(folder: Path) -> None:
    """Write the set as a folder that `read_rad_iqmri` reads; every run writes the same set.

    Args:
        folder: where to; it must not exist, or be an earlier synthetic set, which is replaced.

    Raises:
        MiqaError: the folder holds something else, or an installation lacks its sample scans.
    """
    write_set(
        folder, "look-alike", lambda place: [row for reference in references() for row in _images(reference, place)],
        _readme,
    )  # fmt: skip


def _images(reference: Reference, folder: Path) -> list[Row]:
    """Write the 14 images of a reference and itself, and return their rows of the table."""
    index = load_quality_index()
    write_picture(reference.plane, folder / "references" / f"{reference.name}.png")
    rows: list[Row] = []
    for number, cell in enumerate(design(), 1):
        applied = [
            Applied(kind, severity, _seed(reference.name, kind), object_only=True)
            for kind, severity in cell.artefacts
        ]
        sample = make_sample(reference.plane, applied, brightest=1.0)
        path = f"images/{reference.name}_{number:02d}.png"
        write_picture(sample.plane, folder / path)
        q = index.q(sample.metrics, sample.energies)
        facts = {"reference": reference.name, "subject": reference.subject, "kind": cell.kind}
        rows.append({"image": path, "mos": f"{q:.3f}", **facts})
    return rows


def _seed(reference: str, kind: str) -> int:
    """Return a seed that is the same at both energies, so that the pattern is one and only its strength differs."""
    return 1000 * KINDS.index(kind) + sum(reference.encode())


def _readme(rows: Sequence[Row]) -> str:
    names = sorted({row["reference"] for row in rows})
    return (
        "A synthetic look-alike of RAD-IQMRI, made by miqa_app. SYNTHETIC, NOT RATED.\n\n"
        f"{len(rows)} images: {len(names)} references ({', '.join(names)}) x {len(rows) // len(names)}.\n"
        "Each reference carries ghosting, edge ghosting, white noise and coloured noise, alone at two energies and in\n"
        "all pairs at the low one, on the object only. The column mos of mos.csv holds the simulated quality index of\n"
        f"miqa_app ({load_quality_index().version}), not the opinion of anybody. No image of RAD-IQMRI is in here.\n"
    )
