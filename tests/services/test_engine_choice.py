"""The exact engine that is fastest here is measured and kept; graphs are made once, and only sound ones are used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miqa_app.core.series import Series
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.registry import find_model
from miqa_app.registry.checkpoint import LoadedModel, load_model
from miqa_app.services import engine_choice, engine_graphs, engine_open
from miqa_app.services.engine_choice import (
    choice_file,
    choose,
    choose_beside,
    kept_choice,
    wanted_engine,
)
from miqa_app.services.engine_graphs import (
    graph_file,
    has_graph,
    make_graph,
    phantom_plane,
    read_graph,
)
from miqa_app.services.engine_open import open_engine
from miqa_app.services.score import Scorer
from tests.registry.promotable import NAME, prepared


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site of its own with a small model, an empty cache and no choice."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return prepared(tmp_path, monkeypatch)


@pytest.fixture
def model() -> LoadedModel:
    return load_model(NAME)


@pytest.fixture
def series() -> Series:
    rows, columns = np.mgrid[:96, :96] - 48
    disc = np.where(rows**2 + columns**2 < 36**2, 600, 20)
    noise = np.random.default_rng(1).integers(0, 60, (4, 96, 96))
    return Series("key", "made up", (disc + noise).astype(np.int16))


def drained(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def put_graph(model: LoadedModel) -> None:
    """Put the graph of the small model in place, which is made once for all tests."""
    file = graph_file(model.folder.sha256)
    if not _made:
        make_graph(model)
        _made.append(file.read_bytes())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_made[0])


_made: list[bytes] = []


def score_of(engine: Any) -> float:
    return next(iter(engine.predict([phantom_plane()]))).score


def test_a_graph_is_kept_and_read_back_to_the_same_score(model: LoadedModel) -> None:
    assert read_graph(model.folder.sha256) is None
    make_graph(model)
    assert has_graph(model.folder.sha256)
    engine = open_engine("auto", model.folder, "cpu")
    assert engine.identity.backend == "openvino"
    assert score_of(engine) == pytest.approx(
        score_of(open_engine("torch", model.folder, "cpu")), abs=1e-3
    )
    assert [file.suffix for file in graph_file(model.folder.sha256).parent.iterdir()] == [".graph"]


@pytest.mark.parametrize(
    "harm", ["cut off", "a byte", "emptied", "another version", "another model"]
)
def test_a_graph_that_is_not_sound_is_not_used(harm: str, model: LoadedModel) -> None:
    put_graph(model)
    file = graph_file(model.folder.sha256)
    whole = file.read_bytes()
    head, _, body = whole.partition(b"\n")
    wrong = json.loads(head)
    if harm == "another version":
        wrong["versions"]["openvino"] = "1999.1"
    if harm == "another model":
        wrong["model"] = "0" * 64
    middle = len(whole) - len(body) // 4
    file.write_bytes(
        {
            "cut off": whole[:-100],
            "a byte": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "emptied": b"",
        }.get(harm, json.dumps(wrong).encode() + b"\n" + body)
    )
    assert read_graph(model.folder.sha256) is None
    assert open_engine("auto", model.folder, "cpu").identity.backend == "torch"


def test_a_damaged_graph_is_made_anew_when_openvino_is_asked_for(model: LoadedModel) -> None:
    file = graph_file(model.folder.sha256)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"{}")
    assert open_engine("openvino", model.folder, "cpu").identity.backend == "openvino"
    assert read_graph(model.folder.sha256) is not None


def test_a_graph_that_scores_otherwise_than_torch_is_not_kept(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_graphs, "EXACT", -1.0)
    with pytest.raises(MiqaError, match="torch goes on scoring"):
        make_graph(model)
    assert not graph_file(model.folder.sha256).exists()
    choice = drained(choose(NAME))
    assert choice.engine == "torch"
    assert "OpenVINO was left out" in choice.words


def test_the_fastest_exact_engine_is_chosen_kept_and_told_with_its_numbers() -> None:
    assert kept_choice(NAME) is None
    choice = drained(choose(NAME))
    assert set(choice.timings) == {"torch", "openvino"}
    assert choice.engine == min(choice.timings, key=lambda name: choice.timings[name])
    assert f"{choice.timings[choice.engine]:.2g} s" in choice.words
    assert kept_choice(NAME) == choice
    assert wanted_engine("auto", find_model(NAME).sha256, "cpu") == choice.engine


@pytest.mark.parametrize("change", ["processor", "versions", "model", "cores", "damaged"])
def test_a_choice_made_for_something_else_is_measured_anew(change: str, model: LoadedModel) -> None:
    path = choice_file()
    path.write_text(json.dumps(document_of(model)), encoding="utf-8")
    assert kept_choice(NAME) is not None
    document = document_of(model)
    document["valid_for"][change] = "another"
    text = json.dumps(document) if change != "damaged" else path.read_text()[:40]
    path.write_text(text, encoding="utf-8")
    assert kept_choice(NAME) is None


def document_of(model: LoadedModel, engine: str = "torch") -> dict[str, Any]:
    return {
        "schema": engine_choice.SCHEMA,
        "valid_for": engine_choice._valid_for(model.folder.sha256),
        "engine": engine,
        "device": "cpu",
        "timings": {"torch": 0.1, "openvino": 0.2},
        "threads": 1,
        "words": "",
    }


def test_where_torch_was_measured_to_be_faster_it_scores_although_a_graph_is_there(
    model: LoadedModel,
) -> None:
    put_graph(model)
    choice_file().write_text(json.dumps(document_of(model)), encoding="utf-8")
    assert open_engine("auto", model.folder, "cpu").identity.backend == "torch"


def test_a_scorer_changes_over_to_the_graph_once_it_is_there(
    model: LoadedModel, series: Series
) -> None:
    scorer = Scorer(NAME, "cpu")
    before = drained(scorer.assess(series))
    put_graph(model)
    after = drained(scorer.assess(series))
    assert [one.engine.backend for one in (before, after)] == ["torch", "openvino"]
    assert after.score == pytest.approx(before.score, abs=1e-3)


def test_a_scorer_that_met_a_damaged_graph_stays_with_torch(
    model: LoadedModel, series: Series
) -> None:
    put_graph(model)
    file = graph_file(model.folder.sha256)
    file.write_bytes(file.read_bytes()[:-1])
    scorer = Scorer(NAME, "cpu")
    assert [drained(scorer.assess(series)).engine.backend for _ in range(3)] == ["torch"] * 3


def test_an_engine_that_is_not_there_is_refused_with_advice(model: LoadedModel) -> None:
    with pytest.raises(BadRequest, match="choose one of auto, torch, openvino, fast"):
        open_engine("tensorrt", model.folder, "cpu")
    with pytest.raises(BadRequest, match="OpenVINO computes on the CPU"):
        wanted_engine("openvino", "0" * 64, "cuda")


@pytest.mark.slow
def test_a_window_has_the_choice_made_by_another_process() -> None:
    steps = choose_beside(NAME)
    words = []
    while True:
        try:
            words.append(next(steps).words)
        except StopIteration as end:
            choice = end.value
            break
    assert words
    assert choice == kept_choice(NAME)
    assert choice.engine in ("torch", "openvino")


def test_where_the_graph_cannot_be_compiled_torch_scores(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_graph(model)

    def refusing(*_: Any) -> None:
        raise RuntimeError("[CPU] no such instruction")

    monkeypatch.setattr("miqa_app.scoring.engines.openvino.OpenVinoEngine", refusing)
    assert open_engine("auto", model.folder, "cpu").identity.backend == "torch"
    with pytest.raises(MiqaError, match="cannot use its graph .*; delete that file"):
        open_engine("openvino", model.folder, "cpu")


SCORED = """
import sys
from miqa_app.services.demo import demo_paths
from miqa_app.services.score import Scorer, score
scorer = Scorer(sys.argv[1], engine=sys.argv[2])
expected = scorer.needs_torch()
steps = score(demo_paths()[:1], scorer)
while True:
    try:
        next(steps)
    except StopIteration as end:
        (done, *_), problems = end.value
        break
print(done.assessment.engine.backend, expected, "torch" in sys.modules)
"""


@pytest.mark.parametrize("engine", ["auto", "openvino", "torch"])
def test_torch_is_imported_only_where_it_scores(engine: str, model: LoadedModel) -> None:
    put_graph(model)
    said = subprocess.run(
        [sys.executable, "-c", SCORED, NAME, engine], capture_output=True, text=True, check=False
    )
    graph_alone = ["openvino", "False", "False"]
    with_torch = ["torch", "True", "True"]
    if engine == "auto" and engine_open._may_have_gpu():
        pytest.skip("torch is asked for a GPU on this computer")
    assert said.stdout.split() == (with_torch if engine == "torch" else graph_alone), said.stderr
