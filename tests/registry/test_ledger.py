"""The registry changes as a whole or not at all, and the audit log says which."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from miqa_app.errors import BadModel, MiqaError
from miqa_app.registry import ledger as ledger_module
from miqa_app.registry.ledger import announcement_file, changing, interrupted
from miqa_app.registry.promotion import earlier, promoted, rolled_back, shadowed
from miqa_app.registry.state import Held, RegistryState, read_state, registry_file
from miqa_app.store import Archive

ROOT = Path(__file__).parents[2]
WHEN = "2026-01-01T00:00:00+00:00"


def held(name: str) -> Held:
    return Held(name=name, sha256=name[0] * 64, since=WHEN, by=("Dr A",))


def promote(name: str, before: str = "first", *, offline: bool = False) -> None:
    with changing(offline=offline) as ledger:
        ledger.carry_out(promoted(ledger.state, held(name), held(before)), offline=offline)


def log() -> list[str]:
    with sqlite3.connect(registry_file().parent / "miqa.sqlite") as database:
        return [row[0] for row in database.execute("SELECT action FROM audit ORDER BY sequence")]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_power_cut_at_any_moment_of_a_promotion_leaves_the_old_registry_or_the_new_one(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.registry.kill_moments"],
        cwd=ROOT,
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "killed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["died"] for one in moments] == [True] * (len(moments) - 1) + [False]
    assert len(moments) > 40
    kinds = set()
    for one in moments:
        old = (one["active"], one["changes"], one["thresholds"]) == ("a", [1, 2], 1)
        new = (one["active"], one["changes"], one["thresholds"]) == ("b", [1, 2, 3, 4], 2)
        assert old or new, one
        assert one["faults"] == [], one
        # the next change goes through, and leaves nothing of the one that was cut off
        assert one["next"] == "c"
        assert one["left"] == ["miqa.sqlite", "registry.json", "registry.lock"], one
        promised = [number for action, number in one["log"] if action.endswith("promoted")]
        withdrawn = [number for action, number in one["log"] if action.endswith("carried out")]
        assert withdrawn == one["cut_off"]
        for number in withdrawn:
            if promised.count(number) > 1:
                promised.remove(number)
        assert sorted(promised) == one["numbers"], one
        kinds.add((new, bool(one["cut_off"])))
    # cuts before, between and after were really met
    assert kinds == {(False, False), (False, True), (True, False)}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_change_that_was_cut_off_is_named_and_never_carried_out_late() -> None:
    promote("a")
    code = (
        "import os, signal\n"
        "from miqa_app.registry import ledger\n"
        "from tests.registry.test_ledger import promote\n"
        "ledger.as_bytes_before = ledger.write_whole\n"
        "def cut(path, content, *rest):\n"
        "    if path.name == 'registry.json': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    ledger.as_bytes_before(path, content, *rest)\n"
        "ledger.write_whole = cut\n"
        "promote('b', 'a')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [one.name for one in interrupted()] == ["b"]
    assert read_state().active == held("a")
    promote("c", "a")
    assert read_state().active == held("c")
    assert interrupted() == ()
    assert log() == [
        "model promoted",
        "model promoted",
        "model change not carried out",
        "model promoted",
    ]


def test_without_the_audit_log_nothing_is_promoted(monkeypatch: pytest.MonkeyPatch) -> None:
    promote("a")
    monkeypatch.setenv("MIQA_STORE", "/proc/nowhere/store.sqlite")
    with pytest.raises(MiqaError):
        promote("b", "a")
    assert read_state().active == held("a")
    assert interrupted() == ()
    assert not announcement_file().exists()


def test_a_rollback_without_its_store_comes_into_force_and_is_audited_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promote("a")
    with monkeypatch.context() as away:
        away.setenv("MIQA_STORE", "/proc/nowhere/store.sqlite")
        with changing(offline=True) as ledger:
            back = rolled_back(ledger.state, earlier(ledger.state), ("Dr B",), WHEN)
            ledger.carry_out(back, offline=True)
        state = read_state()
        assert state.active is not None
        assert state.active.name == "first"
        assert [one.what for one in state.unaudited] == ["model rolled back"]
        assert log() == ["model promoted"]
    promote("b")
    assert read_state().unaudited == ()
    assert log() == ["model promoted", "model rolled back", "model promoted"]


def test_two_who_promote_at_once_do_so_one_after_the_other() -> None:
    Archive().close()
    threads = [threading.Thread(target=promote, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = read_state()
    assert [one.number for one in state.history] == [1, 2, 3, 4, 5, 6]
    assert {one.name for one in state.history} == set("abcdef")
    assert state.active is not None
    assert state.active.name == state.history[-1].name


def test_somebody_who_holds_the_registry_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_module, "_WAIT_SECONDS", 0.1)
    with changing(), pytest.raises(MiqaError, match="Somebody else is changing"), changing():
        pass


def test_a_disk_that_cannot_be_written_leaves_the_registry_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promote("a")
    before = registry_file().read_bytes()
    real = os.replace

    def full(source: str | Path, target: str | Path) -> None:
        if Path(target) == registry_file():
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            promote("b", "a")
    assert registry_file().read_bytes() == before
    assert [path.name for path in registry_file().parent.glob(".registry*")] == []
    assert [one.name for one in interrupted()] == ["b"]


def test_a_damaged_registry_stops_every_change(tmp_path: Path) -> None:
    promote("a")
    registry_file().write_text(registry_file().read_text()[:-40])
    with pytest.raises(BadModel, match="cannot be read"):
        promote("b")


def test_plain_rollbacks_walk_back_and_never_return_to_what_was_rolled_back() -> None:
    state = RegistryState()
    for name, before in (("a", "first"), ("b", "a"), ("c", "b")):
        state = promoted(state, held(name), held(before))
    names = []
    for _ in range(3):
        state = rolled_back(state, earlier(state), ("Dr A",), WHEN)
        names.append(state.active.name if state.active else "")
    assert names == ["b", "a", "first"]
    with pytest.raises(MiqaError, match="No earlier model"):
        earlier(state)
    assert {one.name for one in state.retired} == {"a", "b", "c"}


def test_a_model_that_becomes_active_leaves_the_shadow() -> None:
    state = shadowed(RegistryState(), held("a"), ("Dr A",), WHEN, promoted=True)
    assert state.history[-1].what == "model promoted to shadow"
    state = promoted(state, held("a"), held("first"))
    assert state.shadow is None
    state = shadowed(state, held("b"), ("Dr A",), WHEN, promoted=False)
    state = shadowed(state, None, ("Dr A",), WHEN, promoted=False)
    assert (state.shadow, state.history[-1].what) == (None, "shadow model taken off")
