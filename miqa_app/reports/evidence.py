"""Evidence on disk: the summary that may leave the house, the page to sign, and what stays in this copy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miqa_app.evaluation.predictions import write_predictions
from miqa_app.reports.evidence_pdf import evidence_pdf
from miqa_app.reports.evidence_sheet import evidence_sheet
from miqa_app.reports.html import rendered

if TYPE_CHECKING:
    from pathlib import Path

    from miqa_app.evaluation.evidence import Evidence, LocalEvidence

JSON, HTML, PDF, LOCAL = "evidence.json", "evidence.html", "evidence.pdf", "local"
"""Names in the folder; only JSON is ever exported."""


@dataclass(frozen=True)
class EvidenceFiles:
    """What was written.

    Attributes:
        json: the summary that may leave the house.
        html: the page on screen.
        pdf: the page to sign.
    """

    json: Path
    html: Path
    pdf: Path


def write_evidence(evidence: Evidence, local: LocalEvidence | None, folder: Path) -> EvidenceFiles:
    """Write the files, each whole or not at all; the summary comes last, so that it never stands without its page.

    Args:
        evidence: what was found.
        local: predictions image by image, the site's own names and pictures, written to 'local'; None for a candidate
            from elsewhere, whose page then has neither points nor own names.
        folder: made if missing; beside the model's files, whose hash it does not enter.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sheet = evidence_sheet(evidence, local)
    if local is not None:
        write_predictions(local.held_out, folder / LOCAL / "predictions.csv")
        if local.rehearsal is not None:
            write_predictions(local.rehearsal, folder / LOCAL / "rehearsal.csv")
        for name, picture in local.pictures.items():
            _replace(folder / LOCAL / name, picture)
    _replace(folder / HTML, rendered("evidence.html.j2", sheet=sheet).encode())
    _replace(folder / PDF, evidence_pdf(sheet))
    _replace(folder / JSON, evidence.model_dump_json(indent=1).encode() + b"\n")
    return EvidenceFiles(folder / JSON, folder / HTML, folder / PDF)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
