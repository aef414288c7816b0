"""Fine-tuning from ratings to a candidate with its evidence, with a small real network."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import torch

from miqa_app.errors import BadRequest
from miqa_app.evaluation.evidence import read_evidence
from miqa_app.paths import user_data
from miqa_app.registry import default_model, find_model, verify_model
from miqa_app.registry.canary import check_canary
from miqa_app.registry.checkpoint import load_model
from miqa_app.services import finetune_judge
from miqa_app.services.finetune import FineTuned, FineTuneRequest, check, finetune
from miqa_app.services.finetune_run import unfinished_runs
from tests.services import small_world
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

SPLIT = {"split": lambda n, r, i: "test" if r > 4 else "train", "ci": 4, "votes": 12}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundled models, a small one alone."""
    folder = tmp_path_factory.mktemp("models")
    small_world.write_models(folder)
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight references of four images; three references are the test."""
    return write_site(tmp_path_factory.mktemp("ratings") / "site", Site(columns=SPLIT))


@pytest.fixture(autouse=True, scope="module")
def world(models: Path) -> Iterator[None]:
    """The small model, and no simulation on bundled scans, which takes long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMALL_WORLD", str(models))
        patch.setattr("miqa_app.registry.folders.bundled", small_world.bundled_from(models))
        patch.setattr(finetune_judge, "references", list)
        yield


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with nothing on disk."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recipe of six steps."""
    return small_world.write_recipe(tmp_path_factory.mktemp("recipe") / "small.yaml")


@dataclass(frozen=True)
class Finished:
    """A fine-tuning that went through, and the user's folder in which it did."""

    home: Path
    before: str
    events: list[dict[str, Any]]
    candidate: FineTuned


@pytest.fixture(scope="module")
def finished(
    world: None, table: Path, recipe: str, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        before = default_model().sha256
        request = FineTuneRequest(str(table), recipe=recipe, device="cpu")
        events, candidate = drained(finetune(request))
    return Finished(home, before, events, candidate)


def drained(steps: Generator[dict[str, Any], None, Any]) -> tuple[list[dict[str, Any]], Any]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def test_a_table_becomes_a_candidate_with_evidence_and_the_model_in_use_stays(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(finished.home))
    candidate, events = finished.candidate, finished.events
    assert candidate.folder == user_data() / "models" / candidate.name
    kinds = {event["event"] for event in events}
    assert {"stage", "dry-run", "run", "training", "epoch", "step"} <= kinds
    epochs = [event for event in events if event["event"] == "epoch" and event["epoch"]]
    done = {(event["seed"], event["epoch"]) for event in epochs}
    assert done == {(seed, epoch) for seed in (1, 2, 3) for epoch in (1, 2)}
    model = find_model(candidate.name)
    assert verify_model(model) == []
    assert model.config["training"]["parent"]["sha256"] == finished.before
    assert model.config["training"]["rated"]["images"] == 32
    made = read_evidence(candidate.folder / "evidence" / "evidence.json")
    assert made.candidate.sha256 == model.sha256
    assert made.active.sha256 == finished.before
    assert default_model().sha256 == finished.before, "training changed the model in use"
    assert made.held_out.images == 12
    assert made.split.leaks == 0
    assert made.verdict.outcome == candidate.verdict != "pass", "12 images cannot prove anything"
    assert candidate.evidence.read_text(encoding="utf-8").startswith("<!")
    assert check_canary(candidate.folder).passed
    assert unfinished_runs() == [], "the run is removed when the candidate is safe"
    assert not (user_data() / "finetune" / candidate.name).exists()


def test_nothing_that_may_travel_names_an_image_a_person_or_a_path(
    finished: Finished, table: Path
) -> None:
    folder = finished.candidate.folder
    travelling = [
        *folder.glob("*.json"),
        *folder.glob("*.md"),
        folder / "evidence" / "evidence.json",
        folder / "evidence" / "canary.json",
    ]
    assert len(travelling) == 4
    for path in travelling:
        text = path.read_text(encoding="utf-8")
        for word in ("ref-0", "subject-0", "images/", str(table.parent), ".png"):
            assert word not in text, f"{path.name} holds {word}"
    local = json.loads((folder / "evidence/local/request.json").read_text("utf-8"))
    assert local["names"][0] == "images/r00-0.png", "what stays in the house says it all"


def test_the_interval_of_the_candidate_comes_from_images_that_it_never_saw(
    tmp_path: Path, recipe: str
) -> None:
    site = Site(references=10, columns={"split": lambda n, r, i: "test" if r > 4 else "train"})
    table = write_site(tmp_path / "site", site)
    _, candidate = drained(finetune(FineTuneRequest(str(table), recipe=recipe, device="cpu")))
    config = find_model(candidate.name).config
    made = read_evidence(candidate.folder / "evidence" / "evidence.json")
    assert made.held_out.images == 20
    assert config["interval"]["slice_factor"] != small_world.INTERVAL["slice_factor"]
    assert config["interval"]["factor"] == small_world.INTERVAL["factor"], "no stack was rated"


def test_data_that_forbid_the_training_are_told_and_nothing_is_left(tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", Site(references=3))
    request = FineTuneRequest(str(table), device="cpu")
    _, found = drained(check(request))
    assert found.stopped
    assert found.as_json()["seconds_estimated"] is None
    steps = finetune(request)
    with pytest.raises(BadRequest, match="There are 12 rated images; at least 20 are needed"):
        drained(steps)
    assert not list((user_data() / "finetune").glob("small-*"))
    assert not (user_data() / "models").exists()


def test_a_dry_run_says_split_recipe_and_time_and_leaves_nothing(table: Path) -> None:
    events, found = drained(check(FineTuneRequest(str(table), device="cpu")))
    assert not found.stopped
    assert (found.images, found.references, found.subjects) == (32, 8, 8)
    assert found.split.startswith("The table's own split")
    assert found.recipe in found.words
    assert found.seconds_estimated > 0
    assert any("least 80 images of 8 references" in one.words for one in found.findings)
    assert events[0] == {"event": "stage", "words": "Reading the ratings"}
    assert not list((user_data() / "finetune").glob("small-*"))


def test_a_candidate_is_no_parent_for_a_test_on_what_it_learnt_from(
    finished: Finished, table: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(finished.home))
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    nested = table.with_name("nested.csv")
    with nested.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [name for name in rows[0] if name != "split"])
        writer.writeheader()
        writer.writerows({k: v for k, v in row.items() if k != "split"} for row in rows)
    name = finished.candidate.name
    request = FineTuneRequest(str(nested), model=name, recipe=recipe, device="cpu")
    _, found = drained(check(request))
    stops = [one.words for one in found.findings if one.level == "stop"]
    assert any("has learnt from 20 of the 32 images" in words for words in stops)


def test_stopped_by_its_reader_it_goes_on_where_it_was(table: Path, tmp_path: Path) -> None:
    recipe = small_world.write_recipe(tmp_path / "long.yaml", epochs=6)
    request = FineTuneRequest(str(table), recipe=recipe, device="cpu")
    steps = finetune(request)
    for event in steps:
        if event["event"] == "epoch" and (event["seed"], event["epoch"]) == (1, 3):
            break
    begun = time.monotonic()
    steps.close()
    assert time.monotonic() - begun < 5
    (run,) = unfinished_runs()
    events, candidate = drained(finetune(request))
    assert candidate.name == run.name
    told = next(event for event in events if event["event"] == "run")
    assert told["resumed"]
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert re.match(r"Seed 1 goes on after epoch [3-6]\.", notes[0]), "it began anew"


def test_a_run_does_not_go_on_with_other_ratings(table: Path, tmp_path: Path, recipe: str) -> None:
    changed = tmp_path / "site"
    copy = write_site(changed, Site(columns=SPLIT))
    steps = finetune(FineTuneRequest(str(copy), recipe=recipe, device="cpu"))
    for event in steps:
        if event["event"] == "training":
            break
    steps.close()
    (run,) = unfinished_runs()
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace(",4,12", ",5,12", 1), encoding="utf-8")
    with pytest.raises(BadRequest, match="have changed since the training"):
        drained(finetune(FineTuneRequest(resume=run.name)))


# ------------------------------------------------------------------ processes


def started(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.services.small_world",
            "finetune",
            *arguments,
            "--json-lines",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_ends_with_one_candidate(
    table: Path, tmp_path: Path
) -> None:
    """Kills come at growing distances, so that reading, training, testing and writing are all hit."""
    recipe = small_world.write_recipe(tmp_path / "long.yaml", epochs=6)
    arguments = [str(table), "--recipe", recipe, "--device", "cpu"]
    kills, lines = 0, 4
    while True:
        process = started(arguments)
        assert process.stdout is not None
        read = []
        for line in process.stdout:
            read.append(json.loads(line))
            if len(read) >= lines:
                break
        if process.poll() is None and read[-1]["event"] != "done":
            process.kill()
        else:
            process.wait()
        process.communicate()
        for model in (user_data() / "models").glob("*"):
            assert verify_model(find_model(model.name)) == [], "half a candidate was visible"
        if read[-1]["event"] == "done":
            break
        kills, lines = kills + 1, lines + 5
        assert kills < 40
    assert kills >= 3
    assert [path.name for path in (user_data() / "models").iterdir()] == [read[-1]["candidate"]]
    assert unfinished_runs() == []


@pytest.mark.slow
def test_two_processes_under_torchrun_give_the_candidate_that_one_gives(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_world.write_recipe(tmp_path / "small.yaml", rehearsal=0.25)
    arguments = [str(table), "--recipe", recipe, "--device", "cpu"]
    weights, results = [], []
    for processes in (1, 2):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / f"home-{processes}"))
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        done = subprocess.run(
            [
                sys.executable,
                *launcher,
                "-m",
                "tests.services.small_world",
                "finetune",
                *arguments,
                "--json",
            ],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        results.append(json.loads(done.stdout))
        assert [path.name for path in (user_data() / "models").iterdir()] == [
            results[-1]["candidate"]
        ]
        assert not [path for path in (user_data() / "finetune").iterdir() if path.is_dir()]
        weights.append(load_model(results[-1]["candidate"]).network.state_dict())
    assert results[0]["candidate"] == results[1]["candidate"]
    one, two = weights
    assert all(torch.allclose(one[name], two[name], atol=2e-3) for name in one)
    start = load_model("small").network.state_dict()
    moved = max(float((one[name] - start[name]).abs().max()) for name in one)
    assert moved > 5e-3, "nothing was learnt, so agreement would mean nothing"
