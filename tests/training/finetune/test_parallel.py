"""Two real processes under torchrun end with the weights of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from miqa_app.training.finetune.control import write_command

ROOT = Path(__file__).resolve().parents[3]
CHANGES = ("epochs=2", "patience=2", "rehearsal=0.25")


def command(folder: Path, processes: int, *changes: str) -> list[str]:
    start = [sys.executable, "-m"]
    if processes > 1:
        start += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    return [*start, "tests.training.finetune.alone", str(folder), *CHANGES, *changes]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "XDG_DATA_HOME": str(folder / "home"),
        "OMP_NUM_THREADS": "1",
    }


def trained(folder: Path, processes: int, *changes: str) -> dict[str, torch.Tensor]:
    done = subprocess.run(
        command(folder, processes, *changes),
        cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    # only the leader talks
    assert sum(event["event"] == "epoch" for event in events) == 1 + 3 * 2
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert facts["processes"] == processes
    return torch.load(folder / "result.pt", weights_only=True)


@pytest.mark.slow
@pytest.mark.parametrize("parts", ["full", "adapter", "heads"])
def test_two_processes_give_the_weights_of_one(tmp_path: Path, parts: str) -> None:
    one = trained(tmp_path / "one", 1, f'parts="{parts}"')
    two = trained(tmp_path / "two", 2, f'parts="{parts}"')
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5)


@pytest.mark.slow
def test_a_run_of_two_processes_is_cancelled_and_gone_on_with_by_one(tmp_path: Path) -> None:
    folder = tmp_path / "two"
    with subprocess.Popen(
        command(folder, 2, 'parts="last"'),
        cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    ) as process:  # fmt: skip
        asked = 0.0
        lines = []
        for line in process.stdout:
            lines.append(line)
            if '"epoch"' in line and '"seed": 1' in line and not asked:
                write_command(folder / "control", "cancel")
                asked = time.monotonic()
            if '"Cancelled"' in line:
                assert time.monotonic() - asked < 5
        assert any('"Cancelled"' in line for line in lines)
    write_command(folder / "control", "run")
    one = trained(tmp_path / "one", 1, 'parts="last"')
    two = trained(folder, 1, 'parts="last"')
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5)
