#!/usr/bin/env python3
"""Makes the installed program: a folder that runs without Python, and packages of it.

    python3 installer/build.py cpu --torch-wheel FILE     torch without its CUDA libraries, from a wheel
    python3 installer/build.py cpu --torch-index URL      the same from a package index
    python3 installer/build.py gpu [--torch-index URL]    torch as it comes, with CUDA on Linux

Standard library only; PyInstaller and all that the program needs go into an environment below `build/`. The result is in
`dist/`: on Linux a `.deb` and a `.tar.gz`, cut into parts below 2 GiB; on Windows the folder, for windows/miqa.iss.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bootstrap import CONSTRAINTS, ROOT, SetupError, check_python, fingerprint, loosened

HERE = ROOT / "installer"
TOOLS = HERE / "build_requirements.txt"
SHIM = HERE / "torchvision_without_kernels.py"


def say(text: str) -> None:
    """Tell the user, at once."""
    print(f"[build] {text}", flush=True)


def run(*command: str | Path) -> None:
    """Run a command in the checkout; raise where it fails."""
    words = [str(word) for word in command]
    if subprocess.call(words, cwd=ROOT) != 0:
        raise SetupError(f"'{' '.join(words[:4])} …' failed; its own message above says why.")


def project() -> dict[str, object]:
    """Return the [project] table of pyproject.toml."""
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return table


def requirements(table: dict[str, object]) -> list[str]:
    """Return what the program needs: its dependencies and the driver of a store on a server."""
    return [*table["dependencies"], *table["optional-dependencies"]["postgres"]]  # type: ignore[misc,index]


# --------------------------------------------------------------- environment


def make_environment(place: Path, options: argparse.Namespace) -> Path:
    """Make the environment that is frozen, or keep the one there is; return its Python."""
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    files = [ROOT / "pyproject.toml", CONSTRAINTS, TOOLS, SHIM, Path(__file__)]
    mark = fingerprint(files) + f" {options.torch_index} {options.torch_wheel}"
    stamp = place / "miqa-build.txt"
    if stamp.is_file() and stamp.read_text("utf-8") == mark:
        return python
    say(f"Making {place}")
    run(sys.executable, "-m", "venv", "--clear", place)
    with tempfile.TemporaryDirectory() as folder:
        install(python, Path(folder), options)
    stamp.write_text(mark, "utf-8")
    return python


def install(python: Path, folder: Path, options: argparse.Namespace) -> None:
    """Install torch of the wished kind, then everything else at the pinned versions, then the tools."""
    other_torch = bool(options.torch_index or options.torch_wheel)
    text = CONSTRAINTS.read_text("utf-8")
    free, pinned_torch = loosened(text)
    pins = folder / "constraints.txt"
    pins.write_text(free if other_torch else text, "utf-8")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    if options.torch_index:
        run(*pip, "--index-url", options.torch_index, *pinned_torch)
    elif options.torch_wheel:
        # whichever torchvision was made for this torch
        run(*pip, "-c", pins, options.torch_wheel, "torchvision")
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(requirements(project())), "utf-8")
    run(*pip, "-c", pins, "-r", wanted)
    run(*pip, "-r", TOOLS)
    # the import of OpenVINO would report to its makers, here and in the program
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "openvino-telemetry")
    fit_torchvision(python)


def fit_torchvision(python: Path) -> None:
    """Where torchvision's compiled part does not fit torch, let it be imported without."""
    test = [str(python), "-c", "import torchvision"]
    if subprocess.run(test, capture_output=True, check=False).returncode == 0:
        return
    say("torchvision's compiled part does not fit this torch and is left out")
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(
        subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    )
    shutil.copy(SHIM, packages)
    (packages / f"{SHIM.stem}.pth").write_text(f"import {SHIM.stem}\n", "utf-8")
    run(*test)


# ------------------------------------------------------------------ building


def freeze(python: Path, work: Path) -> Path:
    """Make the program's folder with its licences and bill of materials, and return it."""
    say("PyInstaller collects the program")
    shutil.rmtree(work / "dist", ignore_errors=True)
    run(
        python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
        "--workpath", work / "pyinstaller", "--distpath", work / "dist", HERE / "miqa.spec",
    )  # fmt: skip
    program = work / "dist" / "miqa"
    run(
        python, HERE / "third_parties.py", program, work / "pyinstaller" / "miqa" / "collected.json"
    )
    return program


def main(arguments: list[str] | None = None) -> int:
    """Entry point: 0 done, 1 failed, 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        check_python()
        work = ROOT / "build" / options.flavour
        program = freeze(make_environment(work / "venv", options), work)
        if sys.platform.startswith("linux"):
            from linux_packages import write_packages

            name = f"miqa-{options.flavour}_{project()['version']}_{platform.machine()}"
            for file in write_packages(
                program, ROOT / "dist", name, str(project()["version"]), say
            ):
                say(f"{file.relative_to(ROOT)}  {file.stat().st_size / 2**20:.0f} MiB")
        say(f"The program is {program.relative_to(ROOT)}.")
    except SetupError as problem:
        print(f"[build] {problem}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description="Make the installed program and its packages.")
    top.add_argument("flavour", choices=["cpu", "gpu"], help="with or without the CUDA libraries")
    source = top.add_mutually_exclusive_group()
    source.add_argument(
        "--torch-index", metavar="URL", default="", help="take torch from this index"
    )
    source.add_argument(
        "--torch-wheel", metavar="FILE", default="", help="take torch from this wheel"
    )
    return top


if __name__ == "__main__":
    sys.exit(main())
