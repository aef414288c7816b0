"""A kill at any moment costs one epoch at most, and what comes out in the end is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from miqa_app.errors import MiqaError
from miqa_app.training.finetune.control import Cancelled, write_command
from miqa_app.training.finetune.keeping import read_state, write_whole

from .conftest import Runner, short

ROOT = Path(__file__).resolve().parents[3]


def start(folder: Path, *changes: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "tests.training.finetune.alone", str(folder), *changes]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "result.pt", weights_only=True)


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    """The parent is asked about crops in other parts after a stop, which rounds its word otherwise."""
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6)


def sound(run: Path) -> None:
    """Every visible state can be read whole, whatever moment the kill chose."""
    for state in run.glob("seed-*/state.pt"):
        assert read_state(state.parent)["epoch"] >= 1
    if (run / "task.json").exists():
        json.loads((run / "task.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("parts", ["adapter", "heads"])
def test_a_run_killed_again_and_again_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path, parts: str
) -> None:
    changes = (f'parts="{parts}"', "epochs=2", "patience=2")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(whole, *changes))
    kills = 0
    # killed after one, two, three … lines, and a little later every time, until it gets through
    for attempt in range(1, 30):
        with start(broken, *changes) as process:
            epochs, trains = 0, False
            for line in process.stdout:
                # the epochs that were done before are told first, before any step
                trains = trains or '"step"' in line
                epochs += trains and '"epoch"' in line
                if epochs >= kills % 2 + 1:
                    time.sleep(0.013 * attempt)
                    process.send_signal(signal.SIGKILL)
                    break
            complaints = process.communicate()[1]
        sound(broken / "run")
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, complaints
        kills += 1
    assert kills >= 3
    one, two = weights(whole), weights(broken)
    same(one, two)


@pytest.mark.slow
def test_a_kill_while_the_state_is_written_leaves_the_state_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    writer = (
        "import sys, torch\nfrom pathlib import Path\n"
        "from miqa_app.training.finetune.keeping import write_state\n"
        "value = torch.zeros(2_000_000)\nnumber = 0\n"
        "while True:\n    number += 1\n    value.fill_(number)\n"
        "    write_state(Path(sys.argv[1]), {'number': number, 'value': value})\n"
        "    print(number, flush=True)\n"
    )
    reached = 0
    for attempt in range(12):
        command = [sys.executable, "-c", writer, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            process.stdout.readline()
            time.sleep(0.017 * attempt)
            process.send_signal(signal.SIGKILL)
        state = read_state(folder)
        assert (state["value"] == state["number"]).all()
        reached = max(reached, state["number"])
    assert reached > 1


def test_a_cancelled_run_goes_on_from_its_last_epoch_and_gives_the_same_weights(
    runner: Runner,
) -> None:
    recipe = short(parts="last", epochs=2)

    def stop(event: object) -> None:
        if event["event"] == "epoch" and (event["seed"], event["epoch"]) == (2, 1):
            write_command(runner.command, "cancel")
            time.sleep(0.25)

    with pytest.raises(Cancelled, match="gone on with"):
        runner(recipe, stop)
    write_command(runner.command, "run")
    done = len(runner.events)
    broken = runner(recipe)
    again = [(e["seed"], e["epoch"]) for e in runner.events[done:] if e["event"] == "epoch"]
    assert again == [(0, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
    notes = [e["text"] for e in runner.events[done:] if e["event"] == "note"]
    assert notes == ["Seed 1 goes on after epoch 2.", "Seed 2 goes on after epoch 1."]
    runner.run = runner.run.with_name("unbroken")
    whole = runner(recipe).network.state_dict()
    same(broken.network.state_dict(), whole)


def test_a_state_that_was_damaged_from_outside_is_named(runner: Runner) -> None:
    runner(short(epochs=1))
    state = runner.run / "seed-1" / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(MiqaError, match=r"state\.pt is damaged; delete the folder .*seed-1"):
        runner(short(epochs=1))


def test_a_full_disk_is_named_and_leaves_the_file_before_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, lambda stream: stream.write(b"before"))

    def fail(stream: object) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(MiqaError, match="No space left on device; make room"):
        write_whole(path, fail)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_but_finished_files_lies_in_a_run_folder_while_it_goes(runner: Runner) -> None:
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            if runner.run.exists():
                seen.update(path.name for path in runner.run.rglob("*") if path.is_file())
                sound(runner.run)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    runner(short(epochs=2))
    ended.set()
    watcher.join()
    assert {name for name in seen if not name.startswith(".")} == {"task.json", "state.pt"}
    assert not list(runner.run.rglob(".*"))
