"""Places for results are looked at before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from miqa_app.cli.app import run_command
from miqa_app.cli.outputs import refuse_unwritable
from miqa_app.cli.window import Window
from miqa_app.errors import BadRequest
from miqa_app.services.demo import demo_paths

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)


def test_new_files_and_folders_in_a_place_of_ones_own_are_let_through(tmp_path: Path) -> None:
    refuse_unwritable([tmp_path / "new" / "r.json", None], [tmp_path / "a" / "b", None])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_a_folder_and_a_folder_that_is_a_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BadRequest, match="is a folder; give the name of a file"):
        refuse_unwritable([tmp_path])
    with pytest.raises(BadRequest, match="file is no folder; choose another place"):
        refuse_unwritable([], [file / "report"])


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="an administrator may write anywhere"
)
def test_a_place_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadRequest, match="you may not write into"):
        refuse_unwritable([tmp_path / "r.json"])


@pytest.mark.parametrize("option", ["--json", "--csv", "--report", "--maps"])
def test_a_scan_is_not_scored_for_results_that_could_not_be_kept(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "result"
    assert run_command(CLOSED, ["score", str(demo_paths()[0]), option, str(target)]) == 2
    said = capsys.readouterr()
    assert f"{target} cannot be written" in said.err
    assert "Scoring" not in said.err
