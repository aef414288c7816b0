"""HTML and PDF say what a person needs, keep identities out, and fetch nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pypdf
import pytest
from matplotlib.image import imread

from miqa_app.core.assessment import Thresholds
from miqa_app.core.score_colours import score_colours
from miqa_app.core.series import Problem
from miqa_app.reports import figures
from miqa_app.reports.study import ADVISORY, study_report, tone
from miqa_app.services.report import write_report

PROBLEMS = [Problem("/home/anna/scans/broken<1>.dcm", "is empty")]


class Fetched(HTMLParser):
    """Collects everything a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.targets += [
            value for name, value in attrs if name in ("src", "href", "data") and value
        ]


def written(entries, folder: Path, **options) -> list[Path]:
    steps = write_report(entries, PROBLEMS, folder, **options)
    while True:
        try:
            assert next(steps).startswith("Writing the report of")
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def files(entries, tmp_path_factory):
    return written(entries, tmp_path_factory.mktemp("report"))


def test_one_study_gives_one_page_and_one_pdf_without_identity_in_their_names(files) -> None:
    assert [file.suffix for file in files] == [".html", ".pdf"]
    assert not [file for file in files if "DOE" in file.name or "clean" in file.name]


def test_two_studies_give_two_reports(entries, tmp_path: Path) -> None:
    first, second = entries[:2]
    other = (replace(second[0], study_uid="1.2.3"), second[1])
    files = written([first, other], tmp_path)
    assert [file.suffix for file in files] == [".html", ".html", ".pdf", ".html", ".pdf"]
    index = files[0].read_text(encoding="utf-8")
    assert all(file.name in index for file in files[1:])
    assert "broken&lt;1&gt;.dcm" in index


def test_a_date_needs_identity(entries, tmp_path: Path) -> None:
    series = replace(entries[0][0], facts={"Acquisition date": "2019-03-04", "TE": "98 ms"})
    for identify in (False, True):
        page = written([(series, entries[0][1])], tmp_path / str(identify), identify=identify)[0]
        text = page.read_text(encoding="utf-8")
        assert ("2019-03-04" in text) is identify
        assert "98 ms" in text


def test_no_report_of_several_studies_names_files_of_another_patient(entries, tmp_path) -> None:
    first, second = entries[:2]
    other = (replace(second[0], study_uid="1.2.3"), second[1])
    pages = [file for file in written([first, other], tmp_path)[1:] if file.suffix == ".html"]
    assert len(pages) == 2
    assert not [page for page in pages if "broken" in page.read_text(encoding="utf-8")]


def test_the_page_fetches_nothing_and_escapes_what_the_file_says(files) -> None:
    text = files[0].read_text(encoding="utf-8")
    parser = Fetched()
    parser.feed(text)
    assert [t for t in parser.targets if not t.startswith(("data:", "#"))] == []
    assert "T2 &lt;b&gt;clean&lt;/b&gt; Größe" in text
    assert "broken&lt;1&gt;.dcm" in text
    assert "script" not in parser.tags
    assert parser.tags.count("img") == 4


def test_both_forms_carry_verdict_score_advice_model_and_notice(files, entries) -> None:
    html = files[0].read_text(encoding="utf-8")
    score = f"{entries[0][1].score:.0f} of 100 (90 % interval"
    words = [
        ADVISORY,
        score,
        "· uncalibrated",
        "SHA-256",
        "0" * 64,
        "A phase image is not assessed",
        "2 slices are missing.",
        "is empty",
    ]
    for expected in words:
        assert expected in html
    pdf = pdf_text(files[1])
    for expected in words:
        assert squeezed(expected) in squeezed(pdf)
    assert "DOE^" not in html + pdf
    assert "/home/anna" not in html + pdf


def test_the_identity_is_there_when_asked_for(entries, tmp_path: Path) -> None:
    html, pdf = written(entries, tmp_path, identify=True)
    assert "DOE^JANE" in html.read_text(encoding="utf-8")
    assert "DOE^JANE" in pdf_text(pdf)


def test_accept_is_green_only_where_the_site_has_calibrated_it(entries) -> None:
    assessment = replace(entries[0][1], verdict=Thresholds().verdict(90))
    assert tone(assessment) == "advised"
    assert tone(replace(assessment, thresholds=Thresholds(calibrated=True))) == "good"


def test_the_heatmap_lies_over_the_image_in_the_fixed_score_colours(
    entries, tmp_path: Path
) -> None:
    series, assessment = entries[0]
    low = [replace(item, score_map=np.zeros_like(item.score_map)) for item in assessment.slices]
    picture = tmp_path / "worst.png"
    picture.write_bytes(figures.worst_slices(series, replace(assessment, slices=tuple(low))))
    pixels = imread(picture)[..., :3]
    upper, lower = np.array_split(pixels[:, : pixels.shape[1] * 3 // 4], 2)
    colourful = [np.ptp(half, axis=-1).mean() for half in (upper, lower)]
    assert colourful[1] > 5 * colourful[0] + 0.02
    bar = pixels[:, pixels.shape[1] * 9 // 10 :].reshape(-1, 3)
    for row in (2, 128, 253):
        assert np.abs(bar - score_colours()[row] / 255).max(axis=1).min() < 0.02


def test_the_plot_of_slices_counts_from_one(entries) -> None:
    series, _ = entries[0]
    assert figures.slice_name(series, 0) == "slice 1"
    twice = replace(
        series,
        voxels=np.concatenate([series.voxels] * 2),
        time_points=2,
        slope=np.ones(0),
        intercept=np.zeros(0),
        ready=np.zeros(0, bool),
        geometry=None,
    )
    assert figures.slice_name(twice, series.frames) == "slice 1, time 2"


def test_a_series_over_time_gets_its_curve(entries) -> None:
    series, assessment = entries[0]
    curved = replace(assessment, curve=(70.0, float("nan"), 40.0))
    captions = [caption for caption, _ in study_report([(series, curved)], []).pages[0].pictures]
    assert "Score of each time point." in captions


def pdf_text(file: Path) -> str:
    """Return the text of a PDF as a reader's search would find it."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(file).pages)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
