"""`miqa finetune`: what it prints, how it is stopped, and how the window drives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import torch

from miqa_app import paths
from miqa_app.cli.app import run_command
from miqa_app.cli.finetune import duration
from miqa_app.cli.window import Window
from miqa_app.services import finetune_judge
from miqa_app.services.finetune_process import CANCEL_SECONDS, start_finetune_process
from miqa_app.services.finetune_request import FineTuneRequest
from miqa_app.services.finetune_run import unfinished_runs
from tests.services import small_world
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)
SPLIT = {"split": lambda n, r, i: "test" if r > 4 else "train", "ci": 4, "votes": 12}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    small_world.write_models(folder)
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("ratings") / "site", Site(columns=SPLIT))


@pytest.fixture(autouse=True)
def world(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with nothing on disk, and a small model for the one that came with the program."""
    torch.set_num_threads(1)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SMALL_WORLD", str(models))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("miqa_app.registry.folders.bundled", small_world.bundled_from(models))
    monkeypatch.setattr(finetune_judge, "references", list)
    # the niceness of this process cannot be taken back
    monkeypatch.setattr("miqa_app.training.finetune.priority.run_in_background", lambda: None)
    program = [sys.executable, "-m", "tests.services.small_world"]
    monkeypatch.setattr(paths, "own_command", lambda: program)


def miqa(*arguments: str | Path) -> int:
    return run_command(CLOSED, ["finetune", *(str(argument) for argument in arguments)])


def test_a_dry_run_tells_findings_split_recipe_and_time(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert miqa(table, "--dry-run", "--device", "cpu") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "32 images, 8 references, 8 subjects."
    assert any(line.startswith("Careful: ") for line in lines)
    assert lines[-3].startswith("The table's own split: learns from 16 images of 4 references")
    assert lines[-2].startswith("Recipe '")
    assert lines[-1].startswith("This takes about ")


def test_a_dry_run_as_json_holds_the_same(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert miqa(table, "--dry-run", "--json", "--device", "cpu", "--recipe", "heads") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images"] == 32
    assert found["recipe"] == "heads"
    assert found["words"] == "Recipe 'heads', as you wish."
    assert {one["level"] for one in found["findings"]} == {"warn", "info"}


def test_data_that_forbid_it_end_with_exit_code_2_and_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {"split": lambda n, r, i: "test" if n % 4 == 0 else "train"}
    leaking = write_site(tmp_path / "site", Site(columns=columns))
    assert miqa(leaking, "--dry-run", "--device", "cpu") == 2
    assert "Stop: The column split puts subject subject-00" in capsys.readouterr().out
    assert miqa(leaking, "--device", "cpu") == 2
    assert "The column split puts subject subject-00" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give a study or a table to learn from"),
        (("site.csv", "--resume", "x"), "Give a study or a table to learn from"),
        (("nowhere.csv",), "nowhere.csv is missing"),
        (("--resume", "x"), "There is no stopped training 'x'"),
        (("unheard-of-study",), "there is no store of miqa_app here"),
        ((__file__,), "is no table of ratings; give a file that ends in .csv or .tsv"),
        (("TABLE", "--recipe", "nonsense"), "There is no recipe nonsense"),
        (("TABLE", "--model", "nonsense"), "There is no model 'nonsense'"),
        (("TABLE", "--device", "abacus"), "There is no device 'abacus'"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    arguments: tuple[str, ...],
    words: str,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [str(table) if word == "TABLE" else word for word in arguments]
    assert miqa(*given) in (1, 2)
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not list((tmp_path / "data").rglob("small-*"))


def test_times_are_told_in_units_that_people_use() -> None:
    assert [duration(seconds) for seconds in (3, 44, 400, 9000)] == [
        "10 seconds",
        "40 seconds",
        "7 minutes",
        "2.5 hours",
    ]


def test_the_result_is_the_name_of_the_candidate_and_the_path_of_its_evidence_also_as_json(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = small_world.write_recipe(tmp_path / "small.yaml", epochs=1)
    assert miqa(table, "--recipe", recipe, "--device", "cpu", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"candidate", "folder", "evidence", "verdict", "words"}
    assert result["candidate"].startswith("small-site-")
    assert os.path.getsize(result["evidence"]) > 10_000


# ----------------------------------------------------------------- stopping


def long_recipe(folder: Path) -> str:
    return small_world.write_recipe(folder / "long.yaml", epochs=60)


def first(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["event"] == kind and event.get("epoch", 1))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_cancels_within_five_seconds_and_says_how_to_go_on(
    table: Path, tmp_path: Path
) -> None:
    arguments = [str(table), "--recipe", long_recipe(tmp_path), "--device", "cpu"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.small_world", "finetune", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "epoch 1 of 60" in line:
            break
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert process.returncode == 130
    (run,) = unfinished_runs()
    assert error.splitlines()[-1] == (
        f"Cancelled. 'miqa finetune --resume {run.name}', or the same command again, goes on from the last epoch."
    )
    assert "Traceback" not in error


def test_the_window_drives_it_in_a_process_of_its_own(table: Path, tmp_path: Path) -> None:
    request = FineTuneRequest(str(table), recipe=long_recipe(tmp_path), device="cpu")
    process = start_finetune_process(request)
    events = process.events()
    assert first(events, "stage")["words"] == "Reading the ratings"
    assert first(events, "dry-run")["images"] == 32
    assert first(events, "run")["name"] == process.run
    first(events, "epoch")
    process.pause()
    first(events, "paused")
    process.resume()
    first(events, "resumed")
    first(events, "epoch")
    begun = time.monotonic()
    process.cancel()
    last = list(events)[-1]
    assert time.monotonic() - begun < CANCEL_SECONDS + 1
    assert (last["event"], last["run"]) == ("cancelled", process.run)
    assert not process.alive
    assert [run.name for run in unfinished_runs()] == [process.run]


def test_cancelled_before_it_has_begun_it_leaves_nothing(table: Path, tmp_path: Path) -> None:
    process = start_finetune_process(FineTuneRequest(str(table), device="cpu"))
    process.cancel()
    assert list(process.events())[-1]["event"] == "cancelled"
    assert unfinished_runs() == []


def test_a_process_that_is_killed_ends_with_a_sentence(table: Path, tmp_path: Path) -> None:
    request = FineTuneRequest(str(table), recipe=long_recipe(tmp_path), device="cpu")
    process = start_finetune_process(request)
    events = process.events()
    first(events, "epoch")
    process._process.kill()
    last = list(events)[-1]
    assert last["event"] == "error"
    assert "goes on from its last epoch" in last["text"]


def test_an_error_reaches_the_window_as_a_sentence(tmp_path: Path) -> None:
    process = start_finetune_process(FineTuneRequest(str(tmp_path / "nowhere.csv")))
    last = list(process.events())[-1]
    assert last["event"] == "error"
    assert "nowhere.csv is missing" in last["text"]
    assert process.wait() == 2
