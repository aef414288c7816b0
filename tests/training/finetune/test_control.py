"""Pause and cancel from outside, and scoring that goes first."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from miqa_app.training.finetune import priority
from miqa_app.training.finetune.control import COMMANDS, Cancelled, Control, write_command
from miqa_app.training.finetune.priority import Courtesy, inference_first, run_in_background

from .conftest import Runner, short

# ------------------------------------------------------------------ commands


def test_commands_are_read_back_and_no_file_or_a_strange_word_means_run(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "control"
    assert Control(path).word() == "run"
    for word in COMMANDS:
        write_command(path, word)
        assert Control(path).word() == word
    path.write_text("stop at once", encoding="utf-8")
    assert Control(path).word() == "run"
    with pytest.raises(ValueError, match="no command"):
        write_command(path, "stop")  # type: ignore[arg-type]
    assert list(path.parent.iterdir()) == [path]


def test_a_command_is_seen_within_a_fifth_of_a_second(tmp_path: Path) -> None:
    path = tmp_path / "control"
    control = Control(path)
    assert control.word() == "run"
    write_command(path, "pause")
    begun = time.monotonic()
    while control.word() != "pause":
        assert time.monotonic() - begun < 1
        time.sleep(0.01)
    assert time.monotonic() - begun < 0.5


def test_readers_never_see_half_a_command(tmp_path: Path) -> None:
    path = tmp_path / "control"
    write_command(path, "run")
    seen: set[str] = set()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            seen.add(path.read_text(encoding="utf-8"))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(300):
        write_command(path, COMMANDS[turn % 3])
    ended.set()
    reader.join()
    assert seen <= set(COMMANDS)


# --------------------------------------------------------- a run that obeys


def test_a_pause_holds_the_training_and_its_clock_until_it_may_run(runner: Runner) -> None:
    def hold(event: object) -> None:
        if event["event"] == "epoch" and (event["seed"], event["epoch"]) == (1, 1):
            write_command(runner.command, "pause")
            threading.Timer(1.5, write_command, (runner.command, "run")).start()

    begun = time.monotonic()
    paused_at: dict[str, float] = {}

    def noted(event: object) -> None:
        paused_at.setdefault(event["event"], time.monotonic() - begun)
        hold(event)

    facts = runner(short(epochs=2), noted).facts
    names = [event["event"] for event in runner.events if event["event"] != "step"]
    assert names.count("paused") == names.count("resumed") == 1
    place = names.index("paused")
    assert names[place + 1] == "resumed"
    assert paused_at["resumed"] - paused_at["paused"] > 0.8
    assert facts["seconds"] < time.monotonic() - begun - 0.8


@pytest.mark.parametrize("moment", ["first step", "pause"])
def test_a_cancel_ends_the_training_within_five_seconds(runner: Runner, moment: str) -> None:
    asked: list[float] = []

    def ask(event: object) -> None:
        if event["event"] == "step" and not asked:
            write_command(runner.command, "cancel" if moment == "first step" else "pause")
            asked.append(time.monotonic())
        if event["event"] == "paused":
            write_command(runner.command, "cancel")
            asked[0] = time.monotonic()

    with pytest.raises(Cancelled, match="gone on with from its last epoch"):
        runner(short(epochs=50, patience=50), ask)
    assert time.monotonic() - asked[0] < 5
    assert not runner.told("resumed")


# --------------------------------------------------------- scoring goes first

HOLD = (
    "import sys, time\nfrom pathlib import Path\n"
    "from miqa_app.training.finetune.priority import inference_first\n"
    "with inference_first(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
)


def test_a_training_waits_while_another_process_scores_and_not_when_that_died(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "lock"
    courtesy = Courtesy(lock)
    courtesy.give_way()
    assert courtesy.waited < 1
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        threading.Timer(0.7, process.kill).start()
        courtesy.next_step()
        courtesy.give_way()
    assert 0.5 < courtesy.waited < 8


def test_several_may_score_at_once_without_waiting_for_one_another(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    begun = time.monotonic()
    with inference_first(lock), inference_first(lock):
        assert time.monotonic() - begun < 0.5
        courtesy = Courtesy(lock)
        calls: list[float] = []

        def tired() -> None:
            calls.append(time.monotonic())
            if len(calls) > 5:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            courtesy.give_way(tired)


def test_scoring_without_end_lets_a_training_through_after_its_longest_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(priority, "LONGEST_WAIT", 0.6)
    lock = tmp_path / "lock"
    courtesy = Courtesy(lock)
    with inference_first(lock):
        for waits in (0.6, 1.2):
            courtesy.next_step()
            courtesy.give_way()
            courtesy.give_way()  # another part of the same step waits no more
            assert waits - 0.05 <= courtesy.waited < waits + 0.5


def test_a_place_that_cannot_be_locked_keeps_nobody_from_scoring(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with inference_first(tmp_path / "file" / "lock"):
        scored = True
    assert scored


def test_a_run_gives_way_to_scoring_and_says_for_how_long(runner: Runner) -> None:
    held = threading.Event()

    def score() -> None:
        with inference_first():
            held.set()
            time.sleep(1.0)

    scorer = threading.Thread(target=score)
    scorer.start()
    held.wait()
    facts = runner(short(epochs=1)).facts
    scorer.join()
    assert facts["seconds_given_way"] > 0.5


def test_a_training_process_can_be_put_behind_all_others() -> None:
    code = "from miqa_app.training.finetune.priority import run_in_background as run\nrun()\nrun()\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, text=True) as child:
        process, begun = psutil.Process(child.pid), time.monotonic()
        usual = psutil.Process().nice()
        while process.nice() == usual and time.monotonic() - begun < 60:
            time.sleep(0.05)
        niceness = process.nice()
        child.communicate("\n")
    assert niceness != usual
    assert callable(run_in_background)
