"""Write the reports of scored series: one HTML page and one PDF per study, and an index of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.reports.html import as_html, as_index
from miqa_app.reports.pdf import as_pdf
from miqa_app.reports.result_json import write_whole
from miqa_app.reports.study import by_study, file_stem, problem_rows, study_report

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from miqa_app.core.series import Problem
    from miqa_app.reports.result_json import Entry
    from miqa_app.reports.study import StudyReport


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
        problems: what could not be read; they stand in the report of a lone study, else in the index only, so that
            no study's report names files of another patient.
        folder: made if missing.
        identify: include the patient's identity and full paths.
    """
    written: list[Path] = []
    studies = by_study(entries)
    alone = len(studies) <= 1
    index: list[tuple[str, StudyReport]] = []
    for study, own in studies.items():
        report = study_report(own, problems if alone else (), identify=identify)
        stem = folder / file_stem(study)
        index.append((stem.name, report))
        yield f"Writing the report of {len(own)} series"
        for path, content in (
            (stem.with_suffix(".html"), as_html(report).encode()),
            (stem.with_suffix(".pdf"), as_pdf(report)),
        ):
            write_whole(path, content)
            written.append(path)
    if not alone:
        page = folder / "index.html"
        write_whole(page, as_index(index, problem_rows(problems, identify=identify)).encode())
        written.insert(0, page)
    return written
