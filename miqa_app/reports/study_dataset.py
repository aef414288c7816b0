"""An exported study as data: rated images with their scores, as `miqa crossvalidate` reads them."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from miqa_app.core.geometry import Geometry
from miqa_app.core.series import Series
from miqa_app.imaging.write import write_nifti

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.rating.mos.result import OpinionScores
    from miqa_app.rating.stimulus import Stimulus
    from miqa_app.rating.study import StimulusInfo
    from miqa_app.reports.study_record import StudyRecord

TABLE, IMAGES = "mos.csv", "images"
_COLUMNS = ("image", "mos", "reference", "subject", "ci", "kind", "severity", "clean", "votes")


def image_name(name: str, stimulus: Stimulus) -> str:
    """Return the path of a stimulus within the data set: a 16-bit PNG, NIfTI for stacks."""
    return f"{IMAGES}/{name}{'.png' if len(stimulus.frames) == 1 else '.nii.gz'}"


def write_image(stimulus: Stimulus, path: Path) -> None:
    """Write the stored values of a stimulus without its window.

    Networks scale an image by its own percentiles, not by the window in which people saw it.

    Raises:
        BadRequest: the folder cannot be written.
    """
    if len(stimulus.frames) == 1:
        Image.fromarray(stimulus.frames[0]).save(path)
        return
    frames = stimulus.frames.shape[0]
    place = Geometry(
        origins=np.arange(frames)[:, None] * np.array([[0.0, 0.0, 1.0]]),
        along_columns=np.array([1.0, 0.0, 0.0]),
        along_rows=np.array([0.0, 1.0, 0.0]),
        row_spacing=stimulus.aspect,
        column_spacing=1.0,
        slice_spacing=1.0,
    )
    series = Series(key="", source="", voxels=stimulus.frames, geometry=place)
    write_nifti(series, stimulus.frames.astype(np.float32), path, "rated stimulus, stored values")


def mos_csv(record: StudyRecord, scores: OpinionScores | None, files: dict[str, str]) -> bytes:
    """Return the table of the rated stimuli with a score: points of 100, 100 best.

    Where both images were scored, 100 means as good as the reference. Training items, anchors and references shown
    against themselves are not in it.

    Args:
        record: of the study.
        scores: its opinion scores, None where there are none.
        files: paths within the data set by stimulus key.
    """
    found = {one.stimulus: one for one in scores.stimuli} if scores else {}
    infos = {info.key: info for info in record.study.stimuli}
    compared = record.study.protocol.asks == "preference"
    rated = [item for item in record.study.items if item.role == "rated"]
    keys = dict.fromkeys(
        key for item in rated for key in ([item.reference, item.test] if compared else [item.test])
    )
    clean = clean_images(record)
    low, stretch = _to_points(record, scores)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    for key in sorted(keys, key=record.names.__getitem__):
        one = found.get(record.names[key])
        if scores is None or one is None or math.isnan(one.mos):
            continue
        facts = infos[key].provenance
        width = "" if math.isnan(one.half_width) else f"{min(100.0, one.half_width * stretch):.4f}"
        writer.writerow(
            {
                "image": files[key],
                "mos": f"{min(100.0, max(0.0, (one.mos - low) * stretch)):.4f}",
                "reference": facts.get("content", key),
                "subject": facts.get("subject", facts.get("content", key)),
                "ci": width,
                "kind": facts.get("kind", ""),
                "severity": facts.get("severity", ""),
                "clean": files.get(clean.get(str(facts.get("content", key)), ""), ""),
                "votes": one.n,
            }
        )
    return text.getvalue().encode("utf-8-sig")


def _to_points(record: StudyRecord, scores: OpinionScores | None) -> tuple[float, float]:
    """Return what to subtract from a score and by what to multiply the rest to get points of 100."""
    protocol = record.study.protocol
    if protocol.asks == "preference" or (scores and scores.method == "zscore"):
        return 0.0, 1.0
    return protocol.scale.low, 100 / (protocol.scale.high - protocol.scale.low)


def clean_images(record: StudyRecord) -> dict[str, str]:
    """Return by content the key of the image that others of it are compared with: what it was before any artefact."""
    counted = {key for item in record.study.items if item.counted for key in (item.test, item.reference)}  # fmt: skip
    return {
        str(info.provenance.get("content", info.key)): info.key
        for info in record.study.stimuli
        if info.key in counted and _untouched(info)
    }


def _untouched(info: StimulusInfo) -> bool:
    return info.provenance.get("made") == "as acquired" and "kind" not in info.provenance
