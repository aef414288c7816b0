"""Results as CSV, a row per series, that opens in a spreadsheet with its umlauts whole."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.reports.result_json import series_row, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miqa_app.reports.result_json import Entry

_COLUMNS = (
    "source", "series_uid", "description", "frames", "status", "reason", "score", "low", "high",
    "verdict", "calibrated", "suspected", "worst_slices", "notes", "model", "model_sha256",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(
    entries: Sequence[Entry], path: Path, roots: Sequence[str | Path], *, identify: bool = False
) -> None:
    """Write one row per series: UTF-8 with a byte-order mark, numbers with a decimal point.

    Slices count from 1, as people count them. Text that a spreadsheet would take for a formula gets an apostrophe in front.

    Args:
        entries: each series with its assessment.
        path: the file; its folder is made if missing.
        roots: the inputs; sources are given relative to them.
        identify: keep full paths and UIDs.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*_COLUMNS, *(f"p_{key}" for key in KEYS)], extrasaction="ignore")
    writer.writeheader()
    for series, assessment in entries:
        row = series_row(series, assessment, roots, identify=identify)
        low, high = row["interval"] or ("", "")
        model = assessment.model
        row |= {
            "low": low,
            "high": high,
            "calibrated": assessment.thresholds.calibrated,
            "worst_slices": " ".join(str(index + 1) for index in row["worst_slices"]),
            "notes": " ".join(
                filter(None, (assessment.doubt_sentence, *row["warnings"], *row["notes"]))
            ),
            "model": model.name if model else "",
            "model_sha256": model.sha256 if model else "",
            **{f"p_{key}": value for key, value in row["artefacts"].items()},
        }
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
