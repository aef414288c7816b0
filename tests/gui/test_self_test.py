"""`miqa --self-test` in a process of its own, as an installer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def self_test(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the self-test of the checkout without a screen, for a user who never used the program."""
    places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CONFIG", "CACHE")}
    return subprocess.run(
        [sys.executable, "-m", "miqa_app", "--self-test", *arguments],
        env={**os.environ, **places, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home)},
        capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=280,
    )  # fmt: skip


def test_this_installation_works_and_nothing_is_left_behind(tmp_path):
    done = self_test(tmp_path / "home", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("ok ") for line in lines)
    assert "the window is up after" in lines[0]
    assert "(offscreen)" in lines[0]
    assert {"expected.json", "picture.png", "window.png"} == {
        file.name for file in (tmp_path / "out").iterdir()
    }
    found = json.loads((tmp_path / "out" / "expected.json").read_text("utf-8"))
    assert set(found["scores"]) == {"T2 TSE ax", "T2 TSE ax, patient moved"}
    # nothing of the phantom is kept, and the window remembers nothing of the test
    left = [file for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert not [file for file in left if file.suffix in (".ini", ".db", ".sqlite")], left


def test_a_fault_is_told_in_one_line_and_by_the_exit_code(monkeypatch, tmp_path, capsys, qapp):
    """With a picture of something else expected, the self-test fails, and says which part did."""
    from PIL import Image

    from miqa_app.gui import self_test as window_test
    from miqa_app.services import self_test as rules

    place = tmp_path / "expected"
    place.mkdir()
    (place / "expected.json").write_bytes((rules.place() / "expected.json").read_bytes())
    with Image.open(rules.place() / "window.png") as image:
        Image.new("RGB", image.size, "white").save(place / "window.png")
    monkeypatch.setattr(rules, "place", lambda: place)
    assert window_test.run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "ok", "FAILED"]
    assert "of its area" in lines[-1]
