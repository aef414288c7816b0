"""Where the product finds itself: how it is started once more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from miqa_app import __version__, paths


def test_the_own_command_starts_this_program_once_more() -> None:
    done = subprocess.run(
        [*paths.own_command(), "--version"],
        capture_output=True, text=True, check=True, cwd=Path(paths.__file__).parents[1],
    )  # fmt: skip
    assert done.stdout.strip() == f"miqa_app {__version__}"


def test_an_installed_program_is_started_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/miqa/miqa")
    assert paths.own_command() == ["/opt/miqa/miqa"]


def test_on_windows_helpers_come_through_the_door_with_a_console(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", "/programs/MIQA/miqa-workstation.exe")
    assert paths.own_command() == ["/programs/MIQA/miqa.exe"]
