"""`miqa mos` on CSV files."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import typer

from miqa_app.cli.mos import mos
from miqa_app.errors import BadRequest
from miqa_app.rating.observers import simulated_panel, simulated_ratings

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(mos)


def miqa_mos(*arguments: object) -> None:
    APP([str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def votes(tmp_path):
    truth = np.random.default_rng(0).uniform(10, 90, 20)
    ratings = simulated_ratings(truth, simulated_panel(5, 0), 1, missing=0.05)
    path = tmp_path / "votes.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["observer", "stimulus", "score", "session", "order"])
        for row in zip(
            ratings.observers, ratings.stimuli, ratings.scores, ratings.sessions, ratings.orders, strict=True
        ):  # fmt: skip
            score = "" if np.isnan(row[2]) else f"{row[2]:.1f}".replace(".", ",")
            writer.writerow([row[0], row[1], score, row[3], int(row[4])])
    return path


@pytest.mark.parametrize("method", ["raw", "zscore", "bt500", "p913", "p910"])
def test_every_method_prints_tables_and_writes_the_agreed_json(votes, tmp_path, capsys, method):
    result = tmp_path / "result.json"
    miqa_mos(votes, "--method", method, "--json", result)
    found = json.loads(result.read_text(encoding="utf-8"))
    assert found["method"] == method
    assert set(found["stimuli"][0]) == {"stimulus", "mos", "ci_low", "ci_high", "n"}
    assert set(found["observers"][0]) == {"observer", "bias", "inconsistency", "rejected", "reason"}
    printed = capsys.readouterr().out
    assert f"Mean opinion scores, {method}" in printed
    assert "Provisional: 5 of 15 observers." in printed
    assert "31 radiologists in the literature: 0.57" in printed
    assert "ore raters for ±5 points" in printed
    assert str(result) in printed
    assert "The 12 lowest; --json FILE has all 20." in printed


def test_raw_mos_is_the_closed_form_of_the_file(votes, tmp_path):
    result = tmp_path / "result.json"
    miqa_mos(votes, "--method", "raw", "--json", result)
    scores: dict[str, list[float]] = {}
    with votes.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            if row["score"]:
                scores.setdefault(row["stimulus"], []).append(float(row["score"].replace(",", ".")))
    for one in json.loads(result.read_text(encoding="utf-8"))["stimuli"]:
        assert one["mos"] == pytest.approx(np.mean(scores[one["stimulus"]]))
        assert one["n"] == len(scores[one["stimulus"]])


def test_a_technical_fault_is_printed_with_its_reason(votes, tmp_path, capsys):
    result = tmp_path / "result.json"
    miqa_mos(votes, "--fault", "observer-02=monitor failed", "--json", result)
    printed = capsys.readouterr().out
    assert "observer-02: technical fault: monitor failed." in printed
    assert "1 left out; the result with everybody is in the JSON" in printed
    found = json.loads(result.read_text(encoding="utf-8"))
    assert [o["observer"] for o in found["observers"] if o["rejected"]] == ["observer-02"]


def test_plots_are_written_where_asked(votes, tmp_path):
    miqa_mos(votes, "--plots", tmp_path / "plots", "--observers", 5)
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == [
        "observers.png",
        "scores.png",
        "sessions.png",
    ]


def test_scored_references_add_a_column(tmp_path, capsys):
    path = tmp_path / "votes.csv"
    rows = [f"o{n},{s},{v + n},ref" for n in range(3) for s, v in (("ref", 90), ("x", 50))]
    path.write_text("observer,stimulus,score,reference\n" + "\n".join(rows), encoding="utf-8")
    miqa_mos(path, "--method", "raw")
    printed = capsys.readouterr().out
    assert "│ DMOS │" in printed.replace("┃", "│")
    assert "DMOS: top of the scale plus what the same observers gave" in printed
    assert "was not scored" not in printed


@pytest.mark.parametrize(("scored", "shown"), [(2, True), (1, False)])
def test_a_dmos_that_most_lack_is_left_out_and_the_reason_told(tmp_path, capsys, scored, shown):
    path = tmp_path / "votes.csv"
    tests = [("a1", "a", 50), ("b1", "b", 60), ("c1", "c", 40)]
    rows = [f"o{n},{name},{score + n},{ref}" for n in range(3) for name, ref, score in tests]
    rows += [f"o{n},{ref},{80 + n},{ref}" for n in range(3) for ref in "ab"[:scored]]
    path.write_text("observer,stimulus,score,reference\n" + "\n".join(rows), encoding="utf-8")
    miqa_mos(path, "--method", "raw")
    printed = capsys.readouterr().out
    if shown:
        assert "–: its reference was not scored." in printed
    else:
        assert "DMOS is left out: only 1 of 3 stimuli have a scored reference" in printed
    assert ("DMOS ┃" in printed) == shown


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--method", "mean"], "There is no method 'mean'; choose one of raw, zscore, bt500"),
        (["--scale", "high"], "--scale high is no scale; write LOWEST:HIGHEST"),
        (["--scale", "100:0"], "--scale 100:0 is no scale"),
        (["--scale", "0:5"], "lies outside the scale 0 to 5; correct the score or the scale"),
        (["--fault", "observer-01"], "--fault observer-01 names no fault; write OBSERVER=WHAT"),
        (["--fault", "nobody=x"], "Observer 'nobody' has no votes"),
        (["--target", "0"], "--target 0 is no half width"),
    ],
)
def test_senseless_options_get_one_sentence_and_write_nothing(votes, tmp_path, options, sentence):
    result = tmp_path / "result.json"
    with pytest.raises(BadRequest, match=sentence):
        miqa_mos(votes, *options, "--json", result)
    assert not result.exists()


def test_a_missing_file_gets_one_sentence(tmp_path):
    with pytest.raises(BadRequest, match=r"There is no file .*nothing\.csv; give a CSV"):
        miqa_mos(tmp_path / "nothing.csv")
