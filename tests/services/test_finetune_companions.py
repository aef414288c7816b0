"""Several GPUs of one machine, here as processes on the CPU: one leads, the others follow and never stay behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import torch

from miqa_app.errors import MiqaError
from miqa_app.registry.checkpoint import load_model
from miqa_app.services.finetune_companions import companions, gpus
from tests.services import small_world
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from collections.abc import Callable

SPLIT = {"split": lambda n, r, i: "test" if r > 4 else "train", "ci": 4, "votes": 12}


def start(tmp_path: Path, processes: int, epochs: int = 2) -> subprocess.Popen[str]:
    """Start a fine-tuning that believes in so many GPUs."""
    models = tmp_path / "models"
    if not models.exists():
        models.mkdir()
        small_world.write_models(models)
        write_site(tmp_path / "site", Site(columns=SPLIT))
    recipe = small_world.write_recipe(tmp_path / "small.yaml", rehearsal=0.25, epochs=epochs)
    variables = {
        "SMALL_WORLD": str(models),
        "SMALL_WORLD_GPUS": str(processes),
        "XDG_DATA_HOME": str(tmp_path / f"home-{processes}"),
        "OMP_NUM_THREADS": "1",
    }
    table = next((tmp_path / "site").glob("*.csv"))
    command = ["-m", "tests.services.small_world", "finetune", str(table), "--recipe", recipe]
    return subprocess.Popen(
        [sys.executable, *command, "--device", "cpu", "--json-lines"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def until_learning(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Read on until the first epoch has ended, and return the companions."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "epoch" and event["epoch"] > 0:
            return psutil.Process(process.pid).children(recursive=True)
    raise AssertionError(process.stderr.read() if process.stderr else "")


@pytest.fixture
def beside_us() -> Callable[[], list[psutil.Process]]:
    """What this process has started since the test began."""
    before = set(psutil.Process().children())
    return lambda: [child for child in psutil.Process().children() if child not in before]


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    """Return whether all have ended within so many seconds."""
    return not psutil.wait_procs(processes, seconds)[1]


def test_without_gpus_or_under_torchrun_nobody_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert gpus("auto") == gpus("cuda") == 4
    assert gpus("cpu") == gpus("mps") == 1
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert gpus("auto") == 1


def test_one_process_needs_no_others_and_leaves_the_environment_alone(
    beside_us: Callable[[], list[psutil.Process]],
) -> None:
    before = dict(os.environ)
    with companions(1):
        assert dict(os.environ) == before
        assert not beside_us()


def test_an_error_of_the_leader_itself_is_not_blamed_on_a_companion(
    monkeypatch: pytest.MonkeyPatch, beside_us: Callable[[], list[psutil.Process]]
) -> None:
    monkeypatch.setattr(sys, "argv", ["miqa", "--help"])
    before = dict(os.environ)
    with pytest.raises(MiqaError, match="own fault"), companions(2):
        raise MiqaError("own fault")
    assert dict(os.environ) == before
    assert not beside_us()


def test_a_companion_that_ends_early_is_named_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, beside_us: Callable[[], list[psutil.Process]]
) -> None:
    monkeypatch.setattr(sys, "argv", ["miqa", "no-such-command"])

    def train() -> None:
        with companions(2):
            # looked at only: waiting for it is left to who started it
            while any(child.status() != psutil.STATUS_ZOMBIE for child in beside_us()):
                time.sleep(0.1)
            raise RuntimeError("Connection closed by peer")

    with pytest.raises(MiqaError, match="GPU 1 ended before the training did .*no-such-command"):
        train()


def test_nobody_waits_for_a_companion_that_never_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["miqa", "no-such-command"])

    def meet() -> None:
        with companions(2):
            for _ in range(600):
                time.sleep(0.1)

    with pytest.raises(MiqaError, match="GPU 1 ended before"):
        meet()


@pytest.mark.slow
def test_two_processes_give_the_candidate_that_one_gives(tmp_path: Path) -> None:
    weights = []
    for processes in (1, 2):
        output, complaints = start(tmp_path, processes).communicate(timeout=300)
        last = json.loads(output.splitlines()[-1])
        assert last["event"] == "done", complaints[-2000:]
        weights.append(load_model(last["folder"]).network.state_dict())
        config = json.loads((Path(last["folder"]) / "config.json").read_text("utf-8"))
        assert config["training"]["finetune"]["processes"] == processes
    one, two = weights
    assert all(torch.allclose(one[name], two[name], atol=2e-3) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_its_leader(tmp_path: Path, how: signal.Signals) -> None:
    leader = start(tmp_path, 2, epochs=200)
    others = until_learning(leader)
    assert others
    leader.send_signal(how)
    leader.wait(10)
    assert gone(others, 10)
    leader.communicate()


@pytest.mark.slow
def test_a_companion_that_is_killed_ends_the_training_with_a_sentence(tmp_path: Path) -> None:
    leader = start(tmp_path, 2, epochs=200)
    for other in until_learning(leader):
        other.kill()
    output, complaints = leader.communicate(timeout=60)
    assert leader.returncode == 1
    last = json.loads(output.splitlines()[-1])
    assert last["event"] == "error"
    assert "GPU 1 ended before the training did" in last["text"]
    assert "Traceback" not in complaints
