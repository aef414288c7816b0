"""The folder of a fine-tuning: its name, its lock, its record."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from miqa_app.errors import BadRequest
from miqa_app.paths import user_data
from miqa_app.services.finetune_run import find_run, new_run, runs_folder, unfinished_runs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_candidate_is_called_after_model_source_and_day_and_never_twice() -> None:
    first, second = new_run("lite", "Knee Study, 2nd!"), new_run("lite", "Knee Study, 2nd!")
    assert re.fullmatch(r"lite-knee-study-2nd-\d{8}", first.name)
    assert second.name == f"{first.name}-2"
    (user_data() / "models" / f"{first.name}-3").mkdir(parents=True)
    assert new_run("lite", "Knee Study, 2nd!").name == f"{first.name}-4"


def test_a_name_without_latin_letters_still_gives_a_name() -> None:
    assert re.fullmatch(r"lite-[0-9a-f]{8}-\d{8}", new_run("lite", "研究").name)


def test_a_run_can_be_gone_on_with_from_the_moment_it_has_begun() -> None:
    run = new_run("lite", "site")
    assert unfinished_runs() == []
    with pytest.raises(BadRequest, match="There is no stopped training"):
        find_run(run.name)
    run.begin({"name": run.name})
    assert unfinished_runs() == [run]
    assert find_run(run.name).request()["name"] == run.name
    run.remove()
    assert unfinished_runs() == []
    assert not run.folder.exists()


def test_a_damaged_record_is_told_with_what_to_do() -> None:
    run = new_run("lite", "site")
    run.begin({"name": run.name})
    path = run.folder / "request.json"
    path.write_text(path.read_text()[:20])
    with pytest.raises(
        BadRequest, match=r"request\.json cannot be read .* start the training anew"
    ):
        run.request()
    path.write_text(json.dumps({"schema": "miqa.finetune/9"}))
    with pytest.raises(BadRequest, match="another version"):
        run.request()


def test_a_part_is_finished_only_when_it_was_written_whole() -> None:
    run = new_run("lite", "site")
    assert run.result("trial-1") is None
    run.keep("trial-1", {"said": []})
    assert run.result("trial-1") == {"said": []}
    (run.folder / "trial-1.json").write_text('{"said": [')
    assert run.result("trial-1") is None


def test_a_second_process_is_kept_away_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    run = new_run("lite", "site")
    code = (
        "import sys, pathlib; from miqa_app.services.finetune_run import Run\n"
        "with Run(pathlib.Path(sys.argv[1])).locked():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(run.folder)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BadRequest, match="is running already"), run.locked():
            pass
    finally:
        other.kill()
        other.communicate()
    with run.locked():
        assert runs_folder().is_dir()
