"""Long work on a thread of its own: told, paused, stopped."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from miqa_app.errors import MiqaError
from miqa_app.services.finetune_steps import Breath, told
from miqa_app.training.finetune.control import Cancelled, write_command

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def drained(steps: Generator[dict[str, Any], None, Any]) -> tuple[list[dict[str, Any]], Any]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def endless(say: Callable[[Any], None], breath: Breath) -> None:
    while True:
        say({"event": "note", "text": "still here"})
        breath.take()
        time.sleep(0.01)


def test_everything_said_is_yielded_in_order_and_the_result_is_returned() -> None:
    def work(say: Callable[[Any], None], breath: Breath) -> str:
        for number in range(50):
            say({"event": "step", "done": number})
        return "the end"

    events, result = drained(told(work))
    assert [event["done"] for event in events] == list(range(50))
    assert result == "the end"


def test_an_error_of_the_work_is_raised_after_what_it_had_said() -> None:
    def work(say: Callable[[Any], None], breath: Breath) -> None:
        say({"event": "note", "text": "before"})
        raise MiqaError("It diverged.")

    steps = told(work)
    assert next(steps)["text"] == "before"
    with pytest.raises(MiqaError, match=r"It diverged\."):
        next(steps)


def test_closing_the_generator_ends_the_work_within_a_second() -> None:
    steps = told(endless)
    next(steps)
    begun = time.monotonic()
    steps.close()
    assert time.monotonic() - begun < 1.5
    assert not [thread for thread in threading.enumerate() if thread.name == "fine-tuning"]


def test_the_control_file_pauses_and_cancels(tmp_path: Path) -> None:
    done: list[int] = []
    path = tmp_path / "control"

    def work(say: Callable[[Any], None], breath: Breath) -> None:
        breath.listen(path)
        for number in range(10_000):
            breath.take()
            done.append(number)
            say({"event": "step", "done": number})
            time.sleep(0.01)

    steps = told(work)
    next(steps)
    write_command(path, "pause")
    time.sleep(0.6)
    held = len(done)
    time.sleep(0.6)
    assert len(done) == held, "it went on although it was paused"
    write_command(path, "run")
    time.sleep(0.6)
    assert len(done) > held
    write_command(path, "cancel")
    with pytest.raises(Cancelled):
        drained(steps)


def test_an_order_of_an_earlier_time_does_not_stop_a_new_run(tmp_path: Path) -> None:
    path = tmp_path / "control"
    write_command(path, "cancel")
    breath = Breath()
    breath.listen(path)
    breath.take()


def test_a_stop_before_the_run_has_a_folder_is_not_lost(tmp_path: Path) -> None:
    breath = Breath()
    breath.stop()
    breath.listen(tmp_path / "control")
    with pytest.raises(Cancelled):
        breath.take()
