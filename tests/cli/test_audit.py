"""`miqa audit`: one line, and an exit code that a script can act on."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from miqa_app.cli import audit
from miqa_app.errors import BadRequest, MiqaError
from miqa_app.store import Archive

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    with Archive(path) as archive:
        for number in range(5):
            archive.add_audit("coordinator", "export", {"number": number})
    return path


def miqa_audit(*arguments: object) -> Result:
    return CliRunner().invoke(audit.app, [str(argument) for argument in arguments])


def tampered(store: Path, statement: str) -> None:
    connection = sqlite3.connect(store)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("DROP TRIGGER audit_no_delete")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_sound_store_is_one_line_and_exit_code_0(store: Path) -> None:
    done = miqa_audit("verify", "--store", store)
    assert done.exit_code == 0
    assert done.stdout == "Sound: 5 entries; a cut end shows only with --head.\n"


def test_the_head_is_one_line_that_verify_takes(store: Path) -> None:
    head = miqa_audit("head", "--store", store)
    assert head.exit_code == 0
    assert re.fullmatch(r"5:[0-9a-f]{64}\n", head.stdout)
    done = miqa_audit("verify", "--store", store, "--head", head.stdout.strip())
    assert (done.exit_code, done.stdout) == (0, "Sound: 5 entries.\n")


def test_a_changed_row_is_one_line_and_exit_code_1(store: Path) -> None:
    tampered(store, "UPDATE audit SET actor = 'x' WHERE sequence = 3")
    done = miqa_audit("verify", "--store", store)
    assert done.exit_code == 1
    assert done.stdout.startswith("Not sound: Entry 3 ('export' by 'x', ")
    assert done.stdout.count("\n") == 1


def test_a_cut_tail_is_one_line_and_exit_code_1(store: Path) -> None:
    head = miqa_audit("head", "--store", store).stdout.strip()
    tampered(store, "DELETE FROM audit WHERE sequence > 3")
    assert miqa_audit("verify", "--store", store).exit_code == 0
    done = miqa_audit("verify", "--store", store, "--head", head)
    assert done.exit_code == 1
    assert done.stdout == (
        "Not sound: The log ends at entry 3, but the head that was kept is entry 5: "
        "2 of its last entries were cut off.\n"
    )


def test_many_faults_are_counted_on_the_line_and_listed_apart(store: Path) -> None:
    tampered(store, "UPDATE audit SET actor = 'x' WHERE sequence IN (2, 4)")
    done = miqa_audit("verify", "--store", store)
    assert done.exit_code == 1
    assert done.stdout.startswith("Not sound (and 1 more): Entry 2 ")
    assert "Entry 4 " in done.stderr


def test_the_store_comes_from_the_environment(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIQA_STORE", str(store))
    assert miqa_audit("head").stdout.startswith("5:")


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for command in ("verify", "head"):
        done = miqa_audit(command, "--store", tmp_path / "typo.sqlite")
        assert isinstance(done.exception, BadRequest)
        assert "there is no store of miqa_app here" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_head_that_is_none_and_a_file_that_is_no_store_are_refused(
    store: Path, tmp_path: Path
) -> None:
    done = miqa_audit("verify", "--store", store, "--head", "5")
    assert isinstance(done.exception, BadRequest)
    (tmp_path / "a.csv").write_text("observer,stimulus\n" * 99)
    done = miqa_audit("verify", "--store", tmp_path / "a.csv")
    assert isinstance(done.exception, MiqaError)
    assert "is no database" in str(done.exception)


def test_the_command_imports_the_store_only_when_it_runs() -> None:
    import subprocess
    import sys

    code = (
        "import sys, miqa_app.cli.audit;"
        "assert not {'sqlalchemy', 'alembic', 'numpy'} & set(sys.modules), 'slow import'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_names_all_commands() -> None:
    done = miqa_audit("--help")
    assert isinstance(audit.app, typer.Typer)
    assert "verify" in done.stdout
    assert all(word in done.stdout for word in ("head", "log", "backup"))


def test_the_log_says_who_did_what_newest_last(store: Path) -> None:
    every = miqa_audit("log", "--store", str(store), "--json")
    entries = json.loads(every.stdout)
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry["actor"] and entry["action"] and entry["recorded"] for entry in entries)
    newest = miqa_audit("log", "--store", str(store), "--last", 1).stdout.splitlines()
    assert len(newest) == 1
    assert newest[0].split()[0] == str(len(entries))


def test_a_backup_made_while_somebody_writes_holds_every_vote(store: Path, tmp_path: Path) -> None:
    with Archive(store) as archive:  # an open window: the newest entries lie in the write-ahead log
        archive.add_audit("tester", "a vote of the last second", {})
        head = archive.audit_head()
        assert (
            miqa_audit(
                "backup", str(tmp_path / "new" / "copy.sqlite"), "--store", str(store)
            ).exit_code
            == 0
        )
    with Archive(tmp_path / "new" / "copy.sqlite", create=False) as copy:
        assert copy.audit_head() == head
        assert copy.verify(head) == []
    assert [file.name for file in (tmp_path / "new").glob(".*part*")] == []


def test_a_backup_replaces_no_file(store: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.sqlite"
    there.write_text("precious")
    result = miqa_audit("backup", str(there), "--store", str(store))
    assert "is there already" in str(result.exception)
    assert there.read_text() == "precious"
