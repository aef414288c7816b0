"""Results as JSON, by the contract `miqa.assessment/1` (resources/schemas)."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from miqa_app.core.assessment import Assessment, Thresholds
from miqa_app.imaging.deidentify import hashed, relative_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miqa_app.core.series import Problem, Series

SCHEMA = "miqa.assessment/1"

Entry = tuple["Series", Assessment]


def as_document(
    entries: Sequence[Entry],
    problems: Sequence[Problem],
    roots: Sequence[str | Path],
    *,
    app_version: str,
    identify: bool = False,
) -> dict[str, Any]:
    """Return the results as plain values that follow the schema.

    Args:
        entries: each series with its assessment.
        problems: what could not be read.
        roots: the inputs; sources are given relative to them.
        app_version: version of the program.
        identify: keep full paths, UIDs and the patient's identity.
    """
    judged = [assessment for _, assessment in entries if assessment.model is not None]
    newest = judged[0] if judged else None
    thresholds = entries[0][1].thresholds if entries else Thresholds()
    return {
        "schema": SCHEMA,
        "app_version": app_version,
        "model": asdict(newest.model) if newest and newest.model else None,
        "engine": asdict(newest.engine) if newest and newest.engine else None,
        "thresholds": asdict(thresholds),
        "series": [
            series_row(series, assessment, roots, identify=identify)
            for series, assessment in entries
        ],
        "problems": [
            {
                "source": problem.source if identify else relative_source(problem.source, roots),
                "reason": problem.reason,
            }
            for problem in problems
        ],
    }


def series_row(
    series: Series, assessment: Assessment, roots: Sequence[str | Path], *, identify: bool
) -> dict[str, Any]:
    """Return one series as the schema's `series` item; scores are rounded to a hundredth of a point."""
    row: dict[str, Any] = {
        "source": series.source if identify else relative_source(series.source, roots),
        "series_uid": series.uid if identify else hashed(series.uid),
        "description": series.description,
        "frames": series.frames,
        "status": "scored" if assessment.scored else "not_assessed",
        "reason": assessment.reason,
        "score": _rounded(assessment.score),
        "interval": [_rounded(end) for end in assessment.interval] if assessment.interval else None,
        "verdict": assessment.verdict.value,
        "suspected": assessment.suspected,
        "artefacts": {key: round(value, 4) for key, value in assessment.artefacts.items()},
        "scope": asdict(assessment.scope),
        "slices": [
            {"index": item.index, "score": _rounded(item.score), "weight": round(item.weight, 4)}
            for item in assessment.slices
        ],
        "worst_slices": list(assessment.worst),
        "curve": [_rounded(value) for value in assessment.curve],
        "notes": list(assessment.notes),
        "warnings": list(series.warnings),
    }
    if identify:
        row["identity"] = dict(series.identity)
    return row


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write the document as UTF-8, whole or not at all; the folder is made if missing."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, text.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader never sees half of it; the folder is made if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 2)
