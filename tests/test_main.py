"""The two doors of the program: which arguments open the window, and what a frozen program gets out of the way first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from miqa_app import __main__


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the window was opened on."""
    seen: list[list[str]] = []

    def open_window(paths: list[str]) -> int:
        seen.append(paths)
        return 0

    monkeypatch.setattr(__main__, "_open", open_window)
    return seen


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str, program: str = "miqa") -> int:
    monkeypatch.setattr(sys, "argv", [program, *arguments])
    return __main__.main()


def test_a_desktop_opens_files_by_their_paths(
    monkeypatch: pytest.MonkeyPatch, opened: list[list[str]], tmp_path: Path
) -> None:
    scan = tmp_path / "scan.nii.gz"
    scan.touch()
    assert start(monkeypatch, str(scan), str(tmp_path)) == 0
    assert opened == [[str(scan), str(tmp_path)]]


def test_a_scan_of_the_current_folder_opens_in_the_window(
    monkeypatch: pytest.MonkeyPatch, opened: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "scan.nii.gz").touch()
    (tmp_path / "exam").mkdir()
    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch, "scan.nii.gz", "other.dcm") == 0
    assert start(monkeypatch, "exam") == 0
    # what is missing beside a scan is named by the window
    first = [str(tmp_path / "scan.nii.gz"), str(tmp_path / "other.dcm")]
    assert opened == [first, [str(tmp_path / "exam")]]


def test_a_path_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, opened: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/nope/scan.dcm", "nope.nii"):
        assert start(monkeypatch, path) == 2
        assert f"There is no file or folder {path}" in capsys.readouterr().err
    assert opened == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_window_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert start(monkeypatch) == 2
    assert "There is no screen" in capsys.readouterr().err


def test_what_is_no_path_is_a_command(
    monkeypatch: pytest.MonkeyPatch,
    opened: list[list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch, "models", "--help") == 0
    assert "promote" in capsys.readouterr().out
    assert start(monkeypatch, "nothing-like-that") == 2
    assert opened == []


def test_without_arguments_the_window_opens(
    monkeypatch: pytest.MonkeyPatch, opened: list[list[str]]
) -> None:
    assert start(monkeypatch) == 0
    assert opened == [[]]


def test_a_frozen_program_takes_its_own_path_for_the_script_of_a_helper(
    monkeypatch: pytest.MonkeyPatch, opened: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    # Lightning starts a helper of a script so: interpreter, script, arguments
    assert start(monkeypatch, sys.executable, "--version") == 0
    assert capsys.readouterr().out.startswith("miqa_app ")
    assert opened == []


@pytest.mark.parametrize("words", [("a", "b"), ("--help",)])
def test_the_self_test_takes_one_folder_at_most_and_makes_none_of_an_option(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch, "--self-test", *words) == 2
    assert "one folder at most" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
