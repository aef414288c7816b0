"""The set-up program: what it skips, what it asks apt for, and what it says."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "installer" / "bootstrap.py"


def load():
    spec = importlib.util.spec_from_file_location("miqa_bootstrap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bootstrap = load()


def test_help_needs_nothing_but_the_standard_library():
    done = subprocess.run(
        [sys._base_executable, "-I", "-S", str(SCRIPT), "--help"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert "demo" in done.stdout
    assert "test" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["demo", "--unknown"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        bootstrap.main(arguments)
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_an_old_python_is_refused_in_one_sentence():
    with pytest.raises(
        bootstrap.SetupError, match=r"Python 3\.11 or newer is needed; this is Python 3\.9\."
    ):
        bootstrap.check_python((3, 9, 2))
    bootstrap.check_python((3, 11, 0))


# --------------------------------------------------------------------- stamp


def test_a_stamp_survives_the_disk(tmp_path):
    stamp = bootstrap.Stamp("abc", frozenset({"test", "dev"}), "https://example.org/cu1", True)
    bootstrap.write_stamp(tmp_path / "s.json", stamp)
    assert bootstrap.read_stamp(tmp_path / "s.json") == stamp


@pytest.mark.parametrize("content", ["", "{", "[]", '{"fingerprint": "x"}', "null"])
def test_a_damaged_stamp_counts_as_none(tmp_path, content):
    (tmp_path / "s.json").write_text(content)
    assert bootstrap.read_stamp(tmp_path / "s.json") is None


def test_what_test_installed_is_enough_for_demo_but_not_the_other_way_round():
    demo = bootstrap.Stamp("abc", frozenset({"test"}))
    test = bootstrap.Stamp("abc", frozenset({"test", "dev"}))
    assert test.covers(demo)
    assert not demo.covers(test)


def test_a_changed_dependency_or_torch_index_installs_again():
    done = bootstrap.Stamp("abc", frozenset({"test"}), "https://example.org/cu1")
    assert done.covers(bootstrap.Stamp("abc", frozenset({"test"})))
    assert not done.covers(bootstrap.Stamp("abd", frozenset({"test"})))
    assert not done.covers(bootstrap.Stamp("abc", frozenset({"test"}), "https://example.org/cu2"))


def test_the_fingerprint_follows_content_and_python_but_not_line_ends(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"numpy==2\nscipy==1\n")
    b.write_bytes(b"numpy==2\r\nscipy==1\r\n")
    assert bootstrap.fingerprint([a], "3.11.2") == bootstrap.fingerprint([b], "3.11.2")
    assert bootstrap.fingerprint([a], "3.11.2") != bootstrap.fingerprint([a], "3.12.0")
    b.write_bytes(b"numpy==3\n")
    assert bootstrap.fingerprint([a], "3.11.2") != bootstrap.fingerprint([b], "3.11.2")


def test_a_finished_set_up_is_skipped(tmp_path, monkeypatch):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "venv_python", lambda: python)
    monkeypatch.setattr(bootstrap, "need_system", lambda testing, display: None)
    monkeypatch.setattr(bootstrap, "pip", lambda *a: pytest.fail("pip must not run"))
    mark = bootstrap.fingerprint([bootstrap.ROOT / "pyproject.toml", bootstrap.CONSTRAINTS])
    bootstrap.write_stamp(tmp_path / "miqa-setup.json", bootstrap.Stamp(mark, frozenset({"test"})))
    bootstrap.set_up(frozenset({"test"}), "", testing=False, display=False)


def test_an_interrupted_installation_is_mended_by_the_next_run(tmp_path, monkeypatch):
    calls: list[bool] = []

    def install(wanted, before, interrupted):
        calls.append(interrupted)
        if len(calls) == 1:
            raise bootstrap.SetupError("pip could not finish.")

    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "need_system", lambda testing, display: None)
    monkeypatch.setattr(bootstrap, "make_environment", lambda: None)
    monkeypatch.setattr(bootstrap, "disk_message", lambda need, free: "")
    monkeypatch.setattr(bootstrap, "gpu_usable", lambda: False)
    monkeypatch.setattr(bootstrap, "install", install)
    with pytest.raises(bootstrap.SetupError):
        bootstrap.set_up(frozenset({"test"}), "", testing=False, display=False)
    assert bootstrap.read_stamp(tmp_path / "miqa-setup.json") is None
    bootstrap.set_up(frozenset({"test"}), "", testing=False, display=False)
    assert calls == [False, True]
    assert bootstrap.read_stamp(tmp_path / "miqa-setup.json") is not None
    assert not (tmp_path / "miqa-unfinished").exists()


# ---------------------------------------------------------------------- disk


def test_the_disk_message_names_the_cuda_stack_and_what_is_free():
    text = bootstrap.disk_message(bootstrap.CUDA_SIZES, int(74e9))
    assert "6 GB" in text
    assert "CUDA" in text
    assert "74 GB are free" in text


def test_too_small_a_disk_is_refused_with_both_numbers():
    with pytest.raises(bootstrap.SetupError, match=r"About 10 GB must be free .* only 3\.2 GB are"):
        bootstrap.disk_message(bootstrap.CUDA_SIZES, int(3.2e9))


@pytest.mark.parametrize(
    ("index", "linux", "machine", "expected"),
    [
        ("", True, "x86_64", "CUDA_SIZES"),
        ("", False, "AMD64", "PLAIN_SIZES"),
        ("https://example.org/whl/cpu", True, "x86_64", "PLAIN_SIZES"),
        ("https://example.org/whl/cu130", False, "AMD64", "CUDA_SIZES"),
    ],
)
def test_the_size_depends_on_system_and_index(index, linux, machine, expected):
    assert bootstrap.sizes(index, linux, machine) == getattr(bootstrap, expected)


# ----------------------------------------------------------------------- apt


def test_only_missing_libraries_and_programs_become_packages():
    present = {"libEGL.so.1", "libGL.so.1"}
    missing = bootstrap.missing_packages(
        {"libegl1": "libEGL.so.1", "libgl1": "libGL.so.1", "libdbus-1-3": "libdbus-1.so.3"},
        {"xvfb": "Xvfb", "xauth": "xauth"},
        has_library=present.__contains__,
        find_program=lambda name: "/usr/bin/xauth" if name == "xauth" else None,
    )
    assert missing == ["libdbus-1-3", "xvfb"]


def finder(*present: str):
    return lambda name: f"/usr/bin/{name}" if name in present else None


def test_apt_runs_as_root_or_through_sudo_or_not_at_all():
    assert bootstrap.apt_prefix(0, finder("apt-get")) == ["apt-get"]
    assert bootstrap.apt_prefix(1000, finder("apt-get", "sudo")) == ["sudo", "apt-get"]
    assert bootstrap.apt_prefix(1000, finder("apt-get")) is None
    assert bootstrap.apt_prefix(0, finder("dnf", "sudo")) is None


def test_without_apt_the_packages_are_named():
    with pytest.raises(bootstrap.SetupError, match="libegl1 libgl1"):
        bootstrap.install_packages(["libegl1", "libgl1"], "Qt", None)


def test_apt_is_announced_before_it_runs(capsys):
    said = []

    def run(command):
        said.append(capsys.readouterr().out)
        return 0

    bootstrap.install_packages(["libegl1"], "Qt", ["sudo", "apt-get"], run)
    assert "sudo" in said[0]
    assert "libegl1" in said[0]


def test_stale_package_lists_are_updated_once_and_the_installation_repeated():
    commands = []

    def run(command):
        commands.append(command[1])
        return 1 if len(commands) == 1 else 0

    bootstrap.install_packages(["libegl1"], "Qt", ["apt-get"], run)
    assert commands == ["install", "update", "install"]


def test_failing_apt_is_one_sentence():
    with pytest.raises(bootstrap.SetupError, match="apt could not install libegl1"):
        bootstrap.install_packages(["libegl1"], "Qt", ["apt-get"], lambda command: 100)


# ------------------------------------------------------- torch, GPU, display


def test_another_torch_index_keeps_versions_but_frees_the_cuda_stack():
    text = "numpy==2.4.6\nnvidia-cublas==13\ncuda-toolkit==13\ntorch==2.15.0\ntorchvision==0.29\ntorchmetrics==1.9\n"
    kept, torch = bootstrap.loosened(text)
    assert kept.split() == ["numpy==2.4.6", "torchmetrics==1.9"]
    assert torch == ["torch==2.15.0", "torchvision==0.29"]


def test_an_unused_gpu_gets_advice_and_a_used_one_does_not():
    assert bootstrap.gpu_advice(seen=False, usable=False) == ""
    assert bootstrap.gpu_advice(seen=True, usable=True) == ""
    assert "--torch-index" in bootstrap.gpu_advice(seen=True, usable=False, windows=True)
    assert "driver" in bootstrap.gpu_advice(seen=True, usable=False, windows=False)


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_display_is_x11_or_wayland_on_linux_and_always_there_elsewhere(name):
    assert bootstrap.has_display({name: ":0"}, linux=True)
    assert not bootstrap.has_display({}, linux=True)
    assert bootstrap.has_display({}, linux=False)


def test_demo_without_a_display_says_so_and_writes_files(monkeypatch, capsys):
    seen = {}
    monkeypatch.setattr(bootstrap, "has_display", lambda: False)
    monkeypatch.setattr(bootstrap, "set_up", lambda *a, **k: None)
    monkeypatch.setattr(
        bootstrap.subprocess, "call", lambda command, env: seen.update(command=command) or 7
    )
    assert bootstrap.main(["demo"]) == 7
    assert seen["command"][1:] == ["-m", "miqa_app", "demo", "--headless", "miqa-demo"]
    assert "no display" in capsys.readouterr().out


def test_further_arguments_go_to_pytest(monkeypatch):
    seen = {}
    monkeypatch.setattr(bootstrap, "set_up", lambda *a, **k: None)
    monkeypatch.setattr(
        bootstrap.subprocess,
        "call",
        lambda command, env, cwd: seen.update(command=command, env=env) or 0,
    )
    assert bootstrap.main(["test", "-k", "window", "--maxfail=1", "tests/core"]) == 0
    assert seen["command"][2] == "pytest"
    assert seen["command"][-4:] == ["-k", "window", "--maxfail=1", "tests/core"]
    assert seen["env"]["OMP_NUM_THREADS"] == os.environ.get("OMP_NUM_THREADS", "1")
    assert seen["env"]["QT_QPA_PLATFORM"] == "offscreen"


def test_the_pins_are_plain_versions_that_cover_every_dependency():
    import re
    import tomllib

    root = SCRIPT.parents[1]
    pins = [p for p in bootstrap.CONSTRAINTS.read_text().splitlines() if not p.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.]+", pin) for pin in pins)
    named = {re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins}
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["test"], *extras["dev"]]
    missing = {
        re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9_.-]+", w)[0]).lower() for w in wanted
    } - named
    assert not missing
