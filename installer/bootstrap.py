#!/usr/bin/env python3
"""Sets miqa_app up on a bare machine and starts its demonstration or its tests.

    python3 installer/bootstrap.py demo
    python3 installer/bootstrap.py test [pytest options]

Standard library only. Everything goes into `.venv` beside the program; system libraries
come through apt where they are missing. What is done already is skipped, and a run that
was interrupted is mended by running it again.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "installer" / "constraints.txt"
OLDEST_PYTHON = (3, 11)
IS_LINUX = sys.platform.startswith("linux")

# gigabytes: what is fetched, what it becomes on the disk, what must be free while unpacking
CUDA_SIZES = (3.0, 6.0, 10.0)
PLAIN_SIZES = (0.6, 2.0, 4.0)

# Debian package -> the shared library by which its presence is known
QT_LIBRARIES = {
    "libglib2.0-0": "libglib-2.0.so.0",
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libfontconfig1": "libfontconfig.so.1",
    "libdbus-1-3": "libdbus-1.so.3",
    "libxkbcommon0": "libxkbcommon.so.0",
}
X_LIBRARIES = {
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
}
X_PROGRAMS = {"xvfb": "Xvfb", "xauth": "xauth"}

# Parts of the CUDA stack. A torch from another index brings its own versions of them.
CUDA_PINS = ("nvidia-", "cuda-", "triton", "torch==", "torchvision==")


class SetupError(Exception):
    """Setting up cannot go on; the message is one sentence for the user."""


@dataclass(frozen=True)
class Stamp:
    """What a finished installation holds, kept in `.venv/miqa-setup.json`."""

    fingerprint: str
    extras: frozenset[str] = field(default_factory=frozenset)
    torch_index: str = ""
    gpu_usable: bool = False

    def covers(self, wanted: Stamp) -> bool:
        """Whether nothing needs to be installed for `wanted`; no index asked for means any."""
        return (
            self.fingerprint == wanted.fingerprint
            and self.extras >= wanted.extras
            and wanted.torch_index in ("", self.torch_index)
        )


def say(text: str) -> None:
    """Tell the user, at once."""
    print(f"[set-up] {text}", flush=True)


# --------------------------------------------------------------------- stamp


def fingerprint(files: Iterable[Path], version: str = platform.python_version()) -> str:
    """A digest of the files that decide what is installed, and of the Python version."""
    digest = hashlib.sha256(version.encode())
    for path in files:
        # git may have changed the line ends on Windows
        digest.update(b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def read_stamp(path: Path) -> Stamp | None:
    """The stamp of a finished installation, or None where there is none."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Stamp(
            stored["fingerprint"],
            frozenset(stored["extras"]),
            stored["torch_index"],
            bool(stored["gpu_usable"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_stamp(path: Path, stamp: Stamp) -> None:
    """Store the stamp; from now on the next run skips the installation."""
    content = {**stamp.__dict__, "extras": sorted(stamp.extras)}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


# -------------------------------------------------------------------- checks


def check_python(version: Sequence[int] = sys.version_info) -> None:
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        found = ".".join(map(str, version[:2]))
        raise SetupError(f"Python {needed} or newer is needed; this is Python {found}.")


def sizes(
    torch_index: str, linux: bool = IS_LINUX, machine: str = platform.machine()
) -> tuple[float, float, float]:
    """Gigabytes to fetch, to keep, and to have free before starting."""
    cuda = "/cu" in torch_index if torch_index else linux and machine in ("x86_64", "aarch64")
    return CUDA_SIZES if cuda else PLAIN_SIZES


def disk_message(need: tuple[float, float, float], free_bytes: int) -> str:
    """Say how much will come; raise where it does not fit."""
    fetched, kept, wanted = need
    free = free_bytes / 1e9
    stack = ", most of it torch with its CUDA libraries" if need == CUDA_SIZES else ""
    if free < wanted:
        raise SetupError(
            f"About {wanted:.0f} GB must be free on the disk of {ROOT} and only {free:.1f} GB are; "
            "free some space and run the command again."
        )
    return (
        f"About {fetched:.1f} GB will be fetched and {kept:.0f} GB kept in {VENV.name}{stack}; "
        f"{free:.0f} GB are free."
    )


# ------------------------------------------------------------ system packages


def loadable(library: str) -> bool:
    """Whether the system finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages(
    libraries: dict[str, str],
    programs: dict[str, str],
    has_library: Callable[[str], bool] = loadable,
    find_program: Callable[[str], str | None] = shutil.which,
) -> list[str]:
    """Debian packages whose library or program is not there."""
    missing = [package for package, library in libraries.items() if not has_library(library)]
    return missing + [package for package, name in programs.items() if not find_program(name)]


def apt_prefix(
    user_id: int | None = None, find_program: Callable[[str], str | None] = shutil.which
) -> list[str] | None:
    """The start of an apt command that this user may run, or None where there is none."""
    if not find_program("apt-get"):
        return None
    if (os.geteuid() if user_id is None else user_id) == 0:
        return ["apt-get"]
    return ["sudo", "apt-get"] if find_program("sudo") else None


def install_packages(
    packages: list[str],
    why: str,
    prefix: list[str] | None,
    run: Callable[[list[str]], int] = subprocess.call,
) -> None:
    """Install system packages through apt, saying so first."""
    names = " ".join(packages)
    if prefix is None:
        raise SetupError(
            f"{why} needs system packages that this program may not install itself; "
            f"ask an administrator for (Debian names): {names}."
        )
    how = "through sudo, which may ask for your password" if prefix[0] == "sudo" else "as root"
    say(f"{why} needs system packages. Installing with apt, {how}: {names}")
    command = [*prefix, "install", "-y", "--no-install-recommends", *packages]
    if run(command) == 0:
        return
    # package lists are missing on a fresh machine, or stale on an old one
    if run([*prefix, "update"]) != 0 or run(command) != 0:
        raise SetupError(f"apt could not install {names}; its own message above says why.")


def need_system(testing: bool, display: bool) -> None:
    """Bring the system libraries for Qt, and an X server for the tests that want one."""
    if not IS_LINUX:
        return
    libraries = {**QT_LIBRARIES, **(X_LIBRARIES if testing or display else {})}
    missing = missing_packages(libraries, {})
    if missing:
        install_packages(missing, "The window system (Qt)", apt_prefix())
    servers = missing_packages({}, X_PROGRAMS) if testing else []
    if servers:
        try:
            install_packages(servers, "Testing with real windows", apt_prefix())
        except SetupError as problem:
            say(f"{problem} Tests that need an X server will be skipped.")


# --------------------------------------------------------------- environment


def venv_python() -> Path:
    """The interpreter inside the environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def works(python: Path) -> bool:
    """Whether the environment's interpreter starts, is of our version, and has pip."""
    test = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [str(python), "-c", test], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.strip() == "{}.{}".format(*sys.version_info[:2])


def make_environment() -> None:
    """Make `.venv`, or make it anew where it is broken."""
    if works(venv_python()):
        return
    if importlib.util.find_spec("ensurepip") is None:
        if not IS_LINUX:
            raise SetupError(
                "This Python lacks the module ensurepip; install Python from its makers."
            )
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        install_packages([package], "Making a Python environment", apt_prefix())
    say(f"Making {VENV}")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)]) != 0:
        raise SetupError(
            f"The Python environment {VENV} could not be made; the message above says why."
        )


def pip(*arguments: str) -> None:
    """Run pip in the environment with its progress visible."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
    command = [str(venv_python()), "-m", "pip", *arguments]
    if subprocess.call(command, env=environment, cwd=ROOT) != 0:
        raise SetupError(
            "pip could not finish; its message above says why. "
            "Run the same command again to go on from here."
        )


# Runs inside the environment: names every package of which a file is missing or cut short.
FIND_BROKEN = """
import importlib.metadata as m, os
for d in m.distributions():
    name = d.metadata["Name"]
    if name and any(f.size is not None and not f.name.endswith(".pyc")
                    and (not os.path.isfile(f.locate()) or os.path.getsize(f.locate()) != f.size)
                    for f in d.files or []):
        print(name)
"""


def mend(pins: Path) -> None:
    """Put back packages that an interrupted installation left half written."""
    found = subprocess.run(
        [str(venv_python()), "-c", FIND_BROKEN], capture_output=True, text=True, check=False
    )
    broken = [n for n in found.stdout.split() if n.lower() not in ("pip", "setuptools", "miqa-app")]
    if broken:
        say(f"Mending what was interrupted: {', '.join(broken)}")
        pip("install", "--force-reinstall", "--no-deps", "-c", str(pins), *broken)


def loosened(constraints: str) -> tuple[str, list[str]]:
    """Constraints without the CUDA stack, and the plain pins of torch and torchvision."""
    lines = constraints.splitlines()
    kept = [line for line in lines if not line.lower().startswith(CUDA_PINS)]
    torch = [line for line in lines if line.startswith(("torch==", "torchvision=="))]
    return "\n".join(kept) + "\n", torch


def install(wanted: Stamp, before: Stamp | None, interrupted: bool) -> None:
    """Install the pinned dependencies and the program itself, editable."""
    target = f".[{','.join(sorted(wanted.extras))}]"
    with tempfile.TemporaryDirectory() as folder:
        pins = CONSTRAINTS
        if wanted.torch_index:
            text, torch = loosened(CONSTRAINTS.read_text(encoding="utf-8"))
            pins = Path(folder) / "constraints.txt"
            pins.write_text(text + "\n".join(torch) + "\n", encoding="utf-8")
            if before is None or before.torch_index != wanted.torch_index:
                say(f"Taking torch from {wanted.torch_index}")
                pip("uninstall", "-y", "-q", "torch", "torchvision")
                pip("install", "--index-url", wanted.torch_index, *torch)
        if interrupted:
            mend(pins)
        pip("install", "-c", str(pins), "-e", target)


# ----------------------------------------------------------------------- gpu


def gpu_usable() -> bool:
    """Whether the installed torch can use a GPU of this machine."""
    test = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    return subprocess.call([str(venv_python()), "-c", test], stderr=subprocess.DEVNULL) == 0


def gpu_advice(seen: bool, usable: bool, windows: bool = os.name == "nt") -> str:
    """What to do about an NVIDIA GPU that torch cannot use; empty where all is well."""
    if not seen or usable:
        return ""
    if windows:
        return (
            "This machine has an NVIDIA GPU, but the installed torch cannot use it and will compute on the CPU. "
            "Run the command again with --torch-index and the CUDA address that PyTorch's installation page names."
        )
    return (
        "This machine has an NVIDIA GPU, but torch cannot use it and will compute on the CPU. "
        "Usually the driver is too old: update it, or run again with --torch-index and the address of an older CUDA build."
    )


# ------------------------------------------------------------------- running


def set_up(extras: frozenset[str], torch_index: str, testing: bool, display: bool) -> None:
    """Do whatever is not done yet."""
    check_python()
    stamp_file, marker = VENV / "miqa-setup.json", VENV / "miqa-unfinished"
    wanted = Stamp(fingerprint([ROOT / "pyproject.toml", CONSTRAINTS]), extras, torch_index)
    done = read_stamp(stamp_file)
    need_system(testing, display)
    seen = shutil.which("nvidia-smi") is not None
    if done is None or not done.covers(wanted) or not venv_python().exists():
        coming = disk_message(sizes(torch_index), _free_bytes(done))
        say(
            "The dependencies or options have changed; bringing .venv up to date."
            if done
            else coming
        )
        make_environment()
        interrupted = marker.exists()
        marker.touch()
        stamp_file.unlink(missing_ok=True)
        if done:
            index = torch_index or done.torch_index
            wanted = Stamp(wanted.fingerprint, extras | done.extras, index)
        install(wanted, done, interrupted)
        done = Stamp(wanted.fingerprint, wanted.extras, wanted.torch_index, seen and gpu_usable())
        write_stamp(stamp_file, done)
        marker.unlink(missing_ok=True)
        say("Ready.")
    advice = gpu_advice(seen, done.gpu_usable)
    if advice:
        say(advice)


def _free_bytes(done: Stamp | None) -> int:
    """Free bytes, counting as free what an earlier installation will be replaced by."""
    held = CUDA_SIZES[1] * 1e9 if done else 0
    return int(shutil.disk_usage(ROOT).free + held)


def has_display(
    environment: dict[str, str] | os._Environ[str] = os.environ, linux: bool = IS_LINUX
) -> bool:
    """Whether windows can be shown; Windows and macOS always can."""
    return not linux or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def run_demo(torch_index: str) -> int:
    """Open the workstation on the bundled phantom, or write the report and screenshots."""
    display = has_display()
    set_up(frozenset({"test"}), torch_index, testing=False, display=display)
    command = [str(venv_python()), "-m", "miqa_app", "demo"]
    environment = dict(os.environ)
    if not display:
        say(
            "There is no display, so the report and screenshots are written to the folder miqa-demo instead."
        )
        command += ["--headless", "miqa-demo"]
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return subprocess.call(command, env=environment)


def run_tests(torch_index: str, arguments: list[str]) -> int:
    """Run the tests; further arguments are pytest's."""
    set_up(frozenset({"test", "dev"}), torch_index, testing=True, display=False)
    # a process per core, each with one thread; whole files stay together because they share loaded models
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "QT_QPA_PLATFORM": "offscreen"}
    side_by_side = ["--numprocesses", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    return subprocess.call(
        [str(venv_python()), "-m", "pytest", *side_by_side, *arguments], env=environment, cwd=ROOT
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--torch-index",
        metavar="URL",
        default="",
        help="take torch and torchvision from this package index (a Windows machine with a GPU needs it)",
    )
    top = argparse.ArgumentParser(
        description="Set miqa_app up, then show the demonstration or run the tests."
    )
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", parents=[common], help="score and show the bundled synthetic head")
    commands.add_parser("test", parents=[common], help="run the tests; other options go to pytest")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Entry point: 0 done, 1 set-up failed, 2 wrong usage, else the program's own exit code."""
    top = parser()
    options, rest = top.parse_known_args(arguments)
    if rest and options.command == "demo":
        top.error(f"unknown arguments for demo: {' '.join(rest)}")
    try:
        if options.command == "demo":
            return run_demo(options.torch_index)
        return run_tests(options.torch_index, [a for a in rest if a != "--"])
    except SetupError as problem:
        with contextlib.suppress(BrokenPipeError):
            print(f"[set-up] {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n[set-up] Interrupted; run the same command again to go on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
