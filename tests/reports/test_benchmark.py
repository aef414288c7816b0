"""A benchmark folder says everything in three forms, fetches nothing, and never stands there half."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from miqa_app.errors import BadRequest
from miqa_app.evaluation.method_table import method_table
from miqa_app.evaluation.predictions import Predictions
from miqa_app.reports import benchmark
from miqa_app.reports.benchmark import Wishes, write_benchmark
from miqa_app.reports.benchmark_examples import examples
from miqa_app.reports.benchmark_plots import calibration_points
from miqa_app.reports.benchmark_tables import as_csv, as_markdown, chance, number, tables


def rated(count: int = 60, **changes) -> Predictions:
    rng = np.random.default_rng(2)
    target = rng.uniform(5, 95, count)
    values = {
        "images": tuple(f"img{n}" for n in range(count)),
        "references": tuple(f"r{n % 6}" for n in range(count)),
        "targets": target,
        "methods": {
            "Net <b>|": target + rng.normal(0, 5, count),
            "poor": target + rng.normal(0, 30, count),
        },
        "groups": {
            "kind": tuple(("", "ghosting", "my own")[n % 3] for n in range(count)),
            "fold": tuple(f"{n % 6}" for n in range(count)),
            "a b": ("x",) * count,
            "a-b": ("y",) * count,
        },
        "intervals": np.full(count, 4.0),
    }
    return Predictions(**values | changes)


@pytest.fixture(scope="module")
def figures():
    return method_table(rated(), draws=100)


def drained(steps):
    words = []
    while True:
        try:
            words.append(next(steps))
        except StopIteration as end:
            return words, end.value


def written(figures, folder: Path, **wishes) -> Path:
    return drained(write_benchmark(rated(), figures, folder, Wishes(**wishes)))[1]


def table_of(figures, stem: str, **wishes):
    wishes = {"against": "Net <b>|", "details": {}} | wishes
    return next(item for item in tables(rated(), figures, **wishes) if item.stem == stem)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.fetched += [found[key] for key in ("src", "href") if key in found]
        self.ids += [found["id"]] if "id" in found else []

    def handle_data(self, data) -> None:
        self.words.append(data)


def test_the_folder_holds_page_text_tables_and_plots(figures, tmp_path: Path) -> None:
    words, page = drained(write_benchmark(rated(), figures, tmp_path / "deep" / "out"))
    assert "Drawing the plots of poor" in words
    folder = tmp_path / "deep" / "out"
    assert page == folder / "benchmark.html"
    assert [item.name for item in folder.parent.iterdir()] == ["out"]
    names = {item.relative_to(folder).as_posix() for item in folder.rglob("*") if item.is_file()}
    assert {"benchmark.html", "benchmark.md", "plots/overview.png", "plots/1-net-b.png", "plots/2-poor.png"} < names  # fmt: skip
    stems = {"performance", "pooled", "folds", "significance", "pairs", "examples", "srocc-by-kind", "by-kind", "srocc-by-fold", "by-fold", "by-a-b", "by-a-b-2", "srocc-by-a-b", "srocc-by-a-b-2"}  # fmt: skip
    assert {name for name in names if name.startswith("tables/")} == {f"tables/{s}.csv" for s in stems}  # fmt: skip


def test_the_page_fetches_nothing_and_escapes_every_name(figures, tmp_path: Path) -> None:
    page = Page(written(figures, tmp_path / "out", title="A & B").read_text(encoding="utf-8"))
    assert page.fetched
    for target in page.fetched:
        assert target.startswith(("data:image/png;base64,", "#"))
        assert not target.startswith("#") or target[1:] in page.ids
    assert "b" not in page.tags
    assert "Net <b>|" in page.words
    assert "A & B" in page.words
    assert page.tags.count("img") == 3


def test_every_number_of_the_first_table_stands_in_all_three_forms(figures, tmp_path: Path) -> None:
    folder = written(figures, tmp_path / "out").parent
    page, text = (
        (folder / name).read_text(encoding="utf-8") for name in ("benchmark.html", "benchmark.md")
    )
    with (folder / "tables" / "performance.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["Method"] for row in rows] == ["Net <b>|", "poor"]
    for row, known in zip(rows, figures.rows, strict=True):
        assert float(row["PLCC"]) == known.pooled.plcc
        assert float(row["SROCC"]) == known.pooled.srocc
        assert f"{known.pooled.srocc:.4f}" in page
        assert f"{known.pooled.srocc:.4f}" in text
    assert rows[1]["Significance (vs Net <b>|)"] == "1-1 ▼"
    assert "Net <b>\\|" in text


def test_the_first_table_has_the_form_of_the_paper(figures) -> None:
    table = table_of(
        figures, "performance", details={"poor": {"Type": "T-NR"}, "Net <b>|": {"Swin-T": "✓"}}
    )
    assert table.columns == ("Method", "Type", "Swin-T", "PLCC", "SROCC", "Significance (vs Net <b>|)")  # fmt: skip
    assert [cell.words for cell in table.rows[0][:3]] == ["Net <b>|", "-", "✓"]
    assert [cell.words for cell in table.rows[1][:3]] == ["poor", "T-NR", "-"]
    assert table.rows[0][-1].words == "-"
    assert [cell.best for cell in table.rows[0][3:5]] == [True, True]
    assert not any(cell.best for cell in table.rows[1])


def test_the_significance_matrix_is_seen_from_the_row(figures) -> None:
    table = table_of(figures, "significance")
    assert [[cell.words for cell in row[1:]] for row in table.rows] == [["-", "1-1 ▲"], ["1-1 ▼", "-"]]  # fmt: skip


def test_an_interval_takes_two_columns_of_csv_and_brackets_in_markdown(figures) -> None:
    table = table_of(figures, "pooled")
    rows = list(csv.DictReader(io.StringIO(as_csv(table))))
    bounds = figures.rows[0].pooled.srocc_interval
    assert float(rows[0]["SROCC low"]) == bounds.low
    assert float(rows[0]["SROCC high"]) == bounds.high
    assert f"[{bounds.low:.3f}, {bounds.high:.3f}]" in as_markdown(table)


def test_what_has_no_number_says_so() -> None:
    assert number(float("nan")).words == "–"
    assert number(float("nan")).value == ""
    assert number(-0.5, 2).words == "−0.50"
    assert chance(2e-5).words == "< 0.001"
    assert chance(2e-5).value == 2e-5
    assert chance(0.0312).words == "0.031"


def test_kinds_are_called_by_their_names(figures) -> None:
    rows = table_of(figures, "srocc-by-kind").rows
    assert [row[0].words for row in rows] == ["Clean", "Ghosting", "my own"]


def test_calibration_takes_tenths_in_order() -> None:
    predicted = np.arange(100.0)[::-1]
    points = calibration_points(predicted, predicted / 2)
    assert len(points) == 10
    assert points[0] == pytest.approx((4.5, 2.25, np.std(np.arange(10) / 2, ddof=1) / 10**0.5, 10))
    assert points[-1][0] == 94.5
    assert len(calibration_points(predicted[:7], predicted[:7])) == 2
    assert len(calibration_points(predicted[:2], predicted[:2])) == 1


def test_examples_are_best_worst_and_most_wrong(figures) -> None:
    data = rated()
    found = examples(data, figures.rows[0])
    mapped = figures.rows[0].mapped.values
    assert list(found) == ["Best by prediction", "Worst by prediction", "Most wrong"]
    assert found["Best by prediction"][0].image == data.images[int(np.argmax(mapped))]
    assert found["Worst by prediction"][0].image == data.images[int(np.argmin(mapped))]
    wrong = int(np.argmax(np.abs(mapped - data.targets)))
    assert found["Most wrong"][0].image == data.images[wrong]
    assert found["Most wrong"][0].predicted == data.methods["Net <b>|"][wrong]


def test_thumbnails_are_drawn_where_they_exist(figures, tmp_path: Path) -> None:
    asked: list[str] = []

    def thumbnail(name: str):
        asked.append(name)
        return None if len(asked) == 1 else np.ones((12, 10), np.float32)

    folder = written(figures, tmp_path / "with", thumbnail=thumbnail).parent
    shown = {item.image for found in examples(rated(), figures.rows[0]).values() for item in found}
    assert set(asked) == shown
    picture = imread(folder / "plots" / "examples.png")
    blank = written(figures, tmp_path / "blank", thumbnail=lambda name: np.zeros((12, 10)))
    other = imread(blank.parent / "plots" / "examples.png")
    # a picture of ones is white, one of zeros is black
    assert (other[..., :3].max(-1) < 0.05).mean() > (picture[..., :3].max(-1) < 0.05).mean() + 0.2
    assert not (written(figures, tmp_path / "without").parent / "plots" / "examples.png").exists()


def test_the_chosen_method_is_compared_with_and_shown(figures, tmp_path: Path) -> None:
    text = (written(figures, tmp_path / "out", against="poor").parent / "benchmark.md").read_text(encoding="utf-8")  # fmt: skip
    assert "Significance (vs poor)" in text
    assert "Examples of poor" in text
    with pytest.raises(BadRequest, match="There is no method 'none'; choose one of Net <b>|, poor"):
        written(figures, tmp_path / "other", against="none")
    with pytest.raises(BadRequest, match="There is no method 'gone'"):
        written(figures, tmp_path / "other", details={"gone": {"Type": "x"}})


def test_a_lone_method_on_few_images_without_groups_still_reports(tmp_path: Path) -> None:
    data = rated(6, methods={"one": np.arange(6.0)}, groups={}, intervals=None)
    page = drained(write_benchmark(data, method_table(data, draws=20), tmp_path / "out"))[1]
    stems = {item.stem for item in (page.parent / "tables").iterdir()}
    assert stems == {"performance", "pooled", "examples"}


def test_constant_predictions_are_drawn_as_well(tmp_path: Path) -> None:
    data = rated(methods={"flat": np.full(60, 50.0), "good": rated().methods["poor"]})
    page = drained(write_benchmark(data, method_table(data, draws=20), tmp_path / "out"))[1]
    assert imread(page.parent / "plots" / "1-flat.png").std() > 0.01
    assert '<td class="number">–</td>' in page.read_text(encoding="utf-8")


def test_an_earlier_benchmark_is_replaced_as_a_whole(figures, tmp_path: Path) -> None:
    folder = written(figures, tmp_path / "out").parent
    (folder / "plots" / "9-gone.png").write_bytes(b"old")
    written(figures, folder)
    assert not (folder / "plots" / "9-gone.png").exists()
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_other_files_are_never_replaced(figures, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadRequest, match="holds other files .thesis.txt."):
        written(figures, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    with pytest.raises(BadRequest, match="is not a folder"):
        written(figures, tmp_path / "thesis.txt")


@pytest.mark.parametrize("before", [False, True])
def test_a_failure_leaves_what_was_there_and_nothing_half(
    figures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    folder = tmp_path / "out"
    if before:
        written(figures, folder, title="first")
    monkeypatch.setattr(benchmark, "_page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        written(figures, folder, title="second")
    assert [item.name for item in tmp_path.iterdir()] == (["out"] if before else [])
    if before:
        assert "first" in (folder / "benchmark.html").read_text(encoding="utf-8")
