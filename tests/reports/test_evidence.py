"""The page of evidence: one sheet to sign that says all, whatever the candidate, and nothing of it in the summary."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from pypdf import PdfReader

from miqa_app.evaluation.evidence import evidence, local_evidence, read_evidence
from miqa_app.reports.evidence import EvidenceFiles, write_evidence
from miqa_app.reports.evidence_plots import before_and_after, forest, shown_strata
from miqa_app.reports.evidence_sheet import evidence_sheet
from tests.evaluation.evidence_cases import inputs, predictions, rehearsal


@pytest.fixture(scope="module")
def passing():
    made = inputs()
    return evidence(made), local_evidence(made)


@pytest.fixture(scope="module")
def page(passing, tmp_path_factory) -> EvidenceFiles:
    return write_evidence(*passing, tmp_path_factory.mktemp("passing"))


@pytest.fixture(scope="module")
def stopped():
    """Everything wrong, in 40 strata with the site's own names, and no learning curve."""
    known = predictions()
    count = len(known)
    groups = {
        "kind": [f"Befund {number % 40:02} <Kopfspule & Co>" for number in range(count)],
        "sequence": ["Schädel T2" if number % 2 else "Knie sag" for number in range(count)],
    }
    methods = {**known.methods, "candidate": np.random.default_rng(1).permutation(known.targets)}
    plain = inputs()
    made = inputs(
        held_out=predictions(groups=groups, methods=methods),
        rehearsal=rehearsal(lost=30),
        checks=None,
        canary=None,
        ceiling=None,
        learning=plain.learning.model_copy(update={"curve": ()}),
    )
    return evidence(made), local_evidence(made)


@pytest.fixture(scope="module")
def stopped_page(stopped, tmp_path_factory) -> EvidenceFiles:
    return write_evidence(*stopped, tmp_path_factory.mktemp("stopped"))


def words(path: Path) -> str:
    pages = PdfReader(path).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def test_a_passing_page_says_so_with_its_numbers_and_has_lines_to_sign(passing, page) -> None:
    made, said = passing[0], words(page.pdf)
    assert "Passed" in said
    assert "13 of 13 criteria are met" in said
    gap = made.held_out.difference("srocc")
    assert f"+{gap.value:.3f}" in said
    assert f"+{gap.low:.3f} to +{gap.high:.3f}" in said
    for one in ("becomes the active model", "Physicist", "Second person", "signature", "date"):
        assert one in said
    for criterion in made.verdict.criteria:
        assert criterion.title[1:] in said
    assert made.candidate.sha256[:12] in said
    assert "SROCC 0.718 on average" in said


def test_a_stopped_page_is_still_one_page_and_offers_no_promotion(stopped, stopped_page) -> None:
    made, said = stopped[0], words(stopped_page.pdf)
    assert "Stopped" in said
    assert "becomes the active model" not in said
    assert "does not allow promotion" in said
    assert "no votes of single raters" in said
    assert f"and {len(made.verdict.of('strata').strata) - 5} more." in said
    for criterion in made.verdict.criteria:
        assert criterion.title[1:] in said


def test_the_page_speaks_the_names_of_the_site_and_the_summary_does_not(
    stopped, stopped_page
) -> None:
    screen = stopped_page.html.read_text(encoding="utf-8")
    assert "Befund" in screen
    assert "&lt;Kopfspule &amp; Co&gt;" in screen
    assert "<Kopfspule" not in screen
    summary = stopped_page.json.read_text(encoding="utf-8")
    assert not any(word in summary for word in ("Befund", "Kopfspule", "Schädel", "Knie"))
    assert read_evidence(stopped_page.json) == stopped[0]


def test_the_page_on_screen_fetches_nothing(passing, page) -> None:
    screen = page.html.read_text(encoding="utf-8")
    assert screen.count("data:image/png;base64,") == 3
    plain = screen.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in plain
    assert "<script" not in plain
    assert passing[0].verdict.of("better").words in screen


def test_only_the_local_part_holds_single_images(passing, page) -> None:
    folder = page.json.parent
    rows = (folder / "local" / "predictions.csv").read_text(encoding="utf-8")
    assert rows.count("\n") == len(passing[1].held_out) + 1
    assert "subject 3" in rows
    for path in (page.json, page.html):
        content = path.read_text(encoding="utf-8")
        assert "subject 3" not in content
        assert "reference 3" not in content
    assert (folder / "local" / "rehearsal.csv").exists()
    assert not list(folder.rglob("*.part"))


def test_a_candidate_from_elsewhere_has_a_page_without_points(passing, tmp_path) -> None:
    made, local = passing
    files = write_evidence(made, None, tmp_path)
    assert "Passed" in words(files.pdf)
    assert not (tmp_path / "local").exists()
    cloud, curve = (before_and_after(made, part) for part in (local, None))
    assert cloud != curve


def test_a_page_that_cannot_be_made_leaves_no_summary_behind(
    passing, tmp_path, monkeypatch
) -> None:
    def full(_: object) -> bytes:
        raise OSError("disk full")

    monkeypatch.setattr("miqa_app.reports.evidence.evidence_pdf", full)
    with pytest.raises(OSError, match="disk full"):
        write_evidence(passing[0], None, tmp_path)
    assert not (tmp_path / "evidence.json").exists()


def test_pictures_come_at_the_size_of_their_place(passing) -> None:
    sheet = evidence_sheet(*passing)
    assert set(sheet.pictures) == {"before and after", "learning", "strata"}
    sizes = {
        name: matplotlib.image.imread(io.BytesIO(png)).shape for name, png in sheet.pictures.items()
    }
    assert sizes["before and after"][1] / sizes["before and after"][0] == pytest.approx(4.5 / 2.2, rel=0.01)  # fmt: skip
    assert sizes["strata"][1] < sizes["strata"][0]


def test_too_many_strata_keep_those_that_the_gate_names(stopped) -> None:
    made, _ = stopped
    shown = shown_strata(made)
    assert len(shown) == 26 < len(made.strata)
    named = made.verdict.of("strata").strata
    assert {one.name for one in shown} >= set(named[:26]) or len(named) > 26
    assert f"{len(made.strata) - 26} smaller strata are not drawn" in evidence_sheet(made, None).notes  # fmt: skip
    assert forest(made, [one.label for one in shown], 3.7) is not None


def test_three_models_stand_beside_one_another_only_where_they_differ(passing) -> None:
    made, local = passing
    assert len(evidence_sheet(made, local).columns) == 6
    same = made.model_copy(update={"active": made.shipped})
    sheet = evidence_sheet(same, local)
    assert sheet.columns == ("", "candidate", "active = shipped", "candidate − active")
    assert {len(cells) for _, cells in sheet.rows} == {3}
