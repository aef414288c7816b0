"""Score real scans as they are, with motion, and as a failing coil would give them: `python -m tests.evaluation.drift.score_pool`.

Writes real_scores.json beside it, from which the tests make up the years of a site: numbers only, no pixels. Each number
is what the product's own scorer says of three neighbouring slices, taken as one scan.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from miqa_app.artefacts.simulate import degrade
from miqa_app.imaging import load
from miqa_app.services.score import Scorer

if TYPE_CHECKING:
    from miqa_app.core.assessment import Assessment
    from miqa_app.core.series import Series

FILE = Path(__file__).with_name("real_scores.json")
DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "mri"
_PATIENTS = ("patient01", "patient12")
SOURCES = {
    "AX FSE T2": ("fnndsc_data/adi_brain_ax_t2",),
    "t1_fl2d_sag": ("dcm_qa_decubitus",),
    "t2_tse_tra": ("picai_prep_prostatex/ProstateX-0000/t2_tse_tra",),
    "FLAIR": tuple(f"open_ms_data/{name}/study1_FLAIR.nii.gz" for name in _PATIENTS),
    "T1W": tuple(f"open_ms_data/{name}/study1_T1W.nii.gz" for name in _PATIENTS),
}
KINDS = {"as acquired": ("", 0.0), "motion": ("motion", 0.6), "failing coil": ("rician_noise", 0.3)}
"""What is done to a scan: kind and severity of `artefacts.degrade`."""

SCANS, SLICES = 14, 3


def main() -> None:
    """Score everything and write the file."""
    found: dict[str, dict[str, list[list[float]]]] = {}
    scorer = Scorer()
    for protocol, sources in SOURCES.items():
        found[protocol] = {kind: [] for kind in KINDS}
        for number, scan in enumerate(_scans(sources)):
            for kind, (name, severity) in KINDS.items():
                result = _assessed(scorer, _degraded(scan, name, severity, number))
                if result.score is not None and result.scope.distance is not None:
                    figures = [round(result.score, 2), round(result.scope.distance, 4)]
                    found[protocol][kind].append(figures)
        medians = {kind: float(np.median([f[0] for f in own])) for kind, own in found[protocol].items() if own}  # fmt: skip
        sys.stderr.write(f"{protocol}: {medians}\n")
        _write(found)


def _write(found: dict[str, dict[str, list[list[float]]]]) -> None:
    lines = json.dumps(found).replace("]], ", "]],\n ").replace("}, ", "},\n")
    FILE.write_text(lines + "\n", encoding="utf-8")


def _assessed(scorer: Scorer, series: Series) -> Assessment:
    steps = scorer.assess(series)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _scans(sources: tuple[str, ...]) -> list[Series]:
    """Return short stacks of neighbouring slices from the middle of the series, the series in turn."""
    stacks = []
    for source in sources:
        series = max(load(DATA / source), key=lambda one: one.frames)
        first, last = round(0.2 * series.frames), round(0.8 * series.frames) - SLICES
        for begin in np.unique(np.linspace(first, last, -(-SCANS // len(sources))).astype(int)):
            stacks.append(_stack(series, slice(begin, begin + SLICES)))
    return stacks


def _stack(series: Series, frames: slice) -> Series:
    return replace(
        series, voxels=series.voxels[frames], slope=series.slope[frames],
        intercept=series.intercept[frames], ready=series.ready[frames], geometry=None, time_points=1,
        files=(), key=f"{series.key}-{frames.start}",
    )  # fmt: skip


def _degraded(series: Series, kind: str, severity: float, seed: int) -> Series:
    if not kind:
        return series
    volume = np.stack([series.values(frame) for frame in range(series.frames)]).clip(0)
    image = np.asarray(degrade(volume.astype(np.float32), kind, severity, seed).image)
    return replace(
        series,
        voxels=image,
        slope=np.ones(len(image)),
        intercept=np.zeros(len(image)),
        padding=None,
    )


if __name__ == "__main__":
    main()
