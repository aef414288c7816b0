"""Running out of memory halves the part that is judged at a time and changes no weight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from miqa_app.errors import MiqaError
from miqa_app.networks import MIQANet
from miqa_app.training.finetune.memory import is_out_of_memory

from .conftest import Runner, short

ROOT = Path(__file__).resolve().parents[3]
RECIPE = {"parts": "full", "epochs": 2, "rehearsal": 0.25, "batch": 8}


def cramped(monkeypatch: pytest.MonkeyPatch, most: int, error: Callable[[], Exception]) -> None:
    """Have the network run out of memory above a number of crops that are judged with gradients."""
    predict = MIQANet.predict_padded

    def limited(self: MIQANet, image: torch.Tensor, valid: torch.Tensor) -> Any:
        if len(image) > most and torch.is_grad_enabled():
            raise error()
        return predict(self, image, valid)

    monkeypatch.setattr(MIQANet, "predict_padded", limited)


def test_only_errors_of_memory_are_taken_for_such() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    assert is_out_of_memory(
        RuntimeError("[enforce fail at] DefaultCPUAllocator: can't allocate memory")
    )
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    assert not is_out_of_memory(ValueError("not enough memory"))


def test_a_real_refusal_of_the_allocator_is_recognised() -> None:
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        torch.empty(1 << 50)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize("most", [2, 1])
def test_halved_parts_give_the_weights_of_whole_ones_and_a_note(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    whole = runner(short(**RECIPE))
    assert whole.facts["batch_in_memory"] == 4
    assert not runner.told("note")
    runner.run = runner.run.with_name("cramped")
    cramped(monkeypatch, most, lambda: torch.OutOfMemoryError("CUDA out of memory"))
    halved = runner(short(**RECIPE))
    assert halved.facts["batch_in_memory"] == most
    notes = [event["text"] for event in runner.told("note")]
    assert len(notes) == {2: 1, 1: 2}[most]
    assert notes[-1].startswith(f"Memory ran out; crops are now judged {most} at a time")
    other = halved.network.state_dict()
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-5)


def test_memory_that_does_not_suffice_for_one_crop_is_one_sentence(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cramped(monkeypatch, 0, lambda: RuntimeError("DefaultCPUAllocator: not enough memory"))
    with pytest.raises(MiqaError, match="not suffice for a single crop; close other programs"):
        runner(short(**RECIPE))


def test_other_faults_of_a_step_are_not_swallowed(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cramped(monkeypatch, 0, lambda: RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        runner(short(**RECIPE))


LIMITED = """
import json, resource, runpy, sys, torch
import tests.training.finetune.alone as alone
from miqa_app.training.finetune import step
torch.set_num_threads(1)
step._CPU_PART = 16
begun = step.Stepper.gradients
def limited(self, network, keys):
    # from the first step on this process may have only so much more than it has
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        self._fill(keys)
        has = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (has + MORE * 2**20,) * 2)
    return begun(self, network, keys)
step.Stepper.gradients = limited
raise SystemExit(alone.main())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of address space is Linux's")
def test_a_process_that_really_runs_out_of_memory_goes_on_with_less(tmp_path: Path) -> None:
    """The limit is the kernel's; how tight it must be depends on the machine, so it is lowered until it bites."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path / "home")}
    for more in (400, 200, 120, 80, 50, 30):
        folder = tmp_path / str(more)
        command = [
            sys.executable, "-c", LIMITED.replace("MORE", str(more)), str(folder),
            'parts="full"', "epochs=1", "batch=16", "crop=192", "seeds=3",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        notes = [event["text"] for event in events if event["event"] == "note"]
        if notes:
            break
    assert notes[0].startswith("Memory ran out; crops are now judged 8 at a time")
    assert done.returncode == 0, done.stderr
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert facts["batch_in_memory"] < 16
