"""Write the reports of scored series: one HTML page and one PDF per study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.reports.html import as_html
from miqa_app.reports.pdf import as_pdf
from miqa_app.reports.result_json import write_whole
from miqa_app.reports.study import by_study, file_stem, study_report

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from miqa_app.core.series import Problem
    from miqa_app.reports.result_json import Entry


def write_report(
    entries: Sequence[Entry],
    problems: Sequence[Problem],
    folder: Path,
    *,
    identify: bool = False,
) -> Generator[str, None, list[Path]]:
    """Yield a sentence per study while it is written, and return the files.

    Args:
        entries: each series with its assessment, of any number of studies.
        problems: what could not be read; they stand in every report.
        folder: made if missing.
        identify: include the patient's identity and full paths.
    """
    written: list[Path] = []
    for study, own in by_study(entries).items():
        report = study_report(own, problems, identify=identify)
        stem = folder / file_stem(study)
        yield f"Writing the report of {len(own)} series"
        for path, content in (
            (stem.with_suffix(".html"), as_html(report).encode()),
            (stem.with_suffix(".pdf"), as_pdf(report)),
        ):
            write_whole(path, content)
            written.append(path)
    return written
