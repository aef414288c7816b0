"""From votes to an evaluation and its files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from miqa_app.errors import BadRequest
from miqa_app.rating.mos.ratings import Ratings
from miqa_app.rating.observers import simulated_panel, simulated_ratings
from miqa_app.services.mos import (
    mos_of,
    next_items_table,
    ratings_from,
    write_json,
    write_plots,
)


def rated(**more) -> Ratings:
    truth = np.random.default_rng(0).uniform(10, 90, 20)
    return simulated_ratings(truth, simulated_panel(4, 0), 1, **more)


def test_a_csv_file_becomes_ratings_and_anything_else_is_refused(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("observer,stimulus,score\na,x,5\n", encoding="utf-8")
    assert ratings_from(str(path)).stimuli == ("x",)
    with pytest.raises(BadRequest, match=r"There is no file .*missing.csv; give a CSV"):
        ratings_from(tmp_path / "missing.csv")
    with pytest.raises(BadRequest, match="outside the scale"):
        ratings_from(path, (10, 20))


def test_the_json_holds_the_agreed_keys_and_the_rest_beside_them(tmp_path):
    evaluation = mos_of(rated(missing=0.05), "p910")
    path = tmp_path / "new" / "mos.json"
    write_json(evaluation, path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert set(found) >= {"method", "stimuli", "observers", "without_rejection", "agreement", "provisional", "least_observers", "plan", "dmos"}  # fmt: skip
    assert set(found["stimuli"][0]) == {"stimulus", "mos", "ci_low", "ci_high", "n"}
    assert set(found["observers"][0]) == {"observer", "bias", "inconsistency", "rejected", "reason"}
    assert found["method"] == "p910"
    assert found["provisional"] is True
    assert found["dmos"] is None
    assert [p.name for p in path.parent.iterdir()] == ["mos.json"]


def test_scored_references_give_dmos_beside_the_mos():
    ratings = rated()
    with_reference = Ratings(
        ratings.observers,
        ratings.stimuli,
        ratings.scores,
        references=("stimulus-001",) * len(ratings),
        scale=(0, 100),
    )
    found = mos_of(with_reference, "raw", faults={"observer-04": "wrong display"}).as_json()
    mos = {s["stimulus"]: s["mos"] for s in found["stimuli"]}
    dmos = {s["stimulus"]: s["mos"] for s in found["dmos"]}
    assert "stimulus-001" not in dmos
    assert len(dmos) == 19
    for name, value in dmos.items():
        assert value == pytest.approx(100 + mos[name] - mos["stimulus-001"])


def test_agreement_leaves_out_technical_faults_only():
    evaluation = mos_of(rated(), faults={"observer-02": "wrong display"})
    assert "observer-02" not in evaluation.agreement.against_rest
    assert len(evaluation.agreement.against_rest) == 3


def test_plots_are_written_whole_and_the_time_line_only_where_the_order_is_known(tmp_path):
    ratings = rated()
    evaluation = mos_of(ratings)
    names = [path.name for path in write_plots(evaluation, ratings, tmp_path / "a")]
    assert names == ["scores.png", "observers.png", "sessions.png"]
    assert all((tmp_path / "a" / name).read_bytes().startswith(b"\x89PNG") for name in names)
    plain = Ratings(ratings.observers, ratings.stimuli, ratings.scores)
    assert len(write_plots(mos_of(plain), plain, tmp_path / "b")) == 2
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == ["observers.png", "scores.png"]


@pytest.mark.slow
def test_the_table_of_next_items_has_a_line_for_each_kind_and_number_of_votes():
    lines = list(next_items_table(2))
    print("\n" + "\n".join(lines))
    assert lines[0].split() == ["hardest", "votes", "error", "random", "balanced", "chosen"]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["×1", "480"],
        ["×1", "720"],
        ["×1", "960"],
    ]
    assert all(0.5 < float(share) <= 1.0 for line in lines[1:] for share in line.split()[3:4])
