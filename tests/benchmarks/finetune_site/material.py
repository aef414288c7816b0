"""The clean slices of the simulated site, divided by subject and by slice before anything is drawn.

The site learns from subjects that no bundled model learnt from. It is tested on subjects of other data sets, the held-out
sources of the frozen evaluations: one half of their slices carries the site's ratings (the test), the other half the
simulated quality index (the rehearsal set, on which forgetting shows).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from miqa_app.evaluation.sources import Source, clean_slices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BLOCK = 4
"""Slices of a person that count as one examination of the site, because few people are at hand: the parts of the product that
choose the epoch see other levels of the same bodies, which flatters them. The test and the rehearsal set know no such blocks:
their people are others.
"""

Part = Literal["train", "test", "rehearsal"]

TRAIN = (
    Source(
        name="open_ms_data",
        subject="patient20",
        path="open_ms_data/patient20",
        licence="CC-BY 4.0",
        anatomy="brain",
        vendor="Philips",
    ),
    Source(
        name="picai_prep_prostatex",
        subject="ProstateX-0218",
        path="picai_prep_prostatex/ProstateX-0218/t2_localizer",
        licence="Apache-2.0 / CC BY 3.0",
        anatomy="pelvis",
        vendor="Siemens",
    ),
    Source(
        name="nifti2dicom",
        subject="Jane_Doe",
        path="odd/nifti2dicom_t1",
        licence="PDDL",
        anatomy="brain",
        sequence="T1 3D",
    ),
)
"""Two that only chose the epoch of the bundled models, and one that they never met."""

UNSEEN = (
    Source(
        name="fnndsc_data",
        subject="adi_brain",
        path="fnndsc_data/adi_brain_ax_t2",
        licence="Apache-2.0",
        anatomy="brain",
        vendor="Siemens",
        sequence="T2 TSE",
    ),
    Source(
        name="dcm_qa_decubitus",
        subject="qa-01",
        path="dcm_qa_decubitus/HFS_t1_fl2d_sag",
        licence="BSD-2-Clause",
        anatomy="brain",
        vendor="Siemens",
        sequence="T1 FLASH",
    ),
    Source(
        name="pymskt_knee_mese",
        subject="E3655",
        path="pymskt_knee_mese",
        licence="MIT",
        anatomy="knee",
        vendor="GE",
        sequence="multi-echo SE",
        stacks=1,
    ),
)
"""Held out from every bundled model: subjects and data sets alike."""


@dataclass(frozen=True, eq=False)
class Reference:
    """One clean slice.

    Attributes:
        name: unique, fit for a file name.
        subject: data set and person.
        examination: what the site takes for a person: of the training subjects `BLOCK` neighbouring slices, else the subject.
        anatomy: body region.
        vendor: of the scanner.
        sequence: kind of sequence.
        plane: (H, W) float32 in [0, 1].
    """

    name: str
    subject: str
    examination: str
    anatomy: str
    vendor: str
    sequence: str
    plane: NDArray[np.float32]


def references(part: Part, data: Path) -> list[Reference]:
    """Return the clean slices of a part, in the order of their sources.

    Args:
        part: 'train', or every second slice of the unseen subjects for 'test', the others for 'rehearsal'.
        data: folder of the scans.

    Raises:
        BadRecipe: a scan is missing.
    """
    if part == "train":
        return _named(TRAIN, data, blocks=True)
    return _named(UNSEEN, data, blocks=False)[int(part == "rehearsal") :: 2]


def _named(sources: Sequence[Source], data: Path, *, blocks: bool) -> list[Reference]:
    found = []
    for source in sources:
        for number, clean in enumerate(clean_slices([source], data)):
            name = f"{source.name}_{source.subject}_{number:03d}"
            subject = f"{source.name}/{source.subject}"
            found.append(
                Reference(
                    name,
                    subject,
                    f"{subject}/{clean.frame // BLOCK}" if blocks else subject,
                    source.anatomy,
                    source.vendor,
                    clean.sequence,
                    clean.plane,
                )
            )
    return found


def spread(found: Sequence[Reference], count: int) -> list[Reference]:
    """Return `count` references, subjects by turns and evenly over the slices of each; all where there are fewer."""
    by_subject: dict[str, list[Reference]] = {}
    for reference in found:
        by_subject.setdefault(reference.subject, []).append(reference)
    left = min(count, len(found))
    chosen: list[Reference] = []
    # the subject with the fewest slices first, so that what it cannot give falls to the others
    for place, own in enumerate(sorted(by_subject.values(), key=len)):
        share = min(len(own), round(left / (len(by_subject) - place)))
        chosen += [own[int(index)] for index in np.linspace(0, len(own) - 1, share).round()]
        left -= share
    return chosen
