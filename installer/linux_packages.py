"""The program's folder as Linux packages: a `.deb` for administrators and a `.tar.gz` for everybody else.

The folder of the `.tar.gz` runs where it is unpacked, also in a home directory without administrator. Files of 2 GiB and
more are cut into parts, which some file systems and most web forms ask for.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap import ROOT, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = 2**31 - 1
_AT_ONCE = 2**24
PLACE = "opt/miqa"
MAINTAINER = "The miqa_app developers <miqa_app@localhost>"

# what the program takes from the system besides the C library: the graphics driver, fonts and their places
DEPENDS = ["libgl1", "libegl1", "fontconfig-config", "fonts-dejavu-core"]


def write_packages(
    program: Path, target: Path, name: str, version: str, say: Callable[[str], None]
) -> list[Path]:
    """Write both packages of a program's folder and return their files.

    Args:
        program: the folder that PyInstaller made.
        target: folder of the packages, made if missing.
        name: of the files, without their endings.
        version: of the program.
        say: tells what is being done.
    """
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob(f"{name}.*"):
        old.unlink()
    add_desktop_files(program)
    say("Packing the folder for a home directory")
    archive = target / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        tar.add(program, "miqa", filter=nobodys)
    say("Packing the Debian package")
    package = debian_package(program, target / f"{name}.deb", version)
    return [part for file in (archive, package) for part in parted(file)]


def nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Let a file in an archive belong to nobody in particular."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def add_desktop_files(program: Path) -> None:
    """Put beside the program what a desktop needs to show it, for both packages."""
    share = program / "share"
    shutil.rmtree(share, ignore_errors=True)
    shutil.copytree(ROOT / "installer" / "linux", share)
    shutil.copy(ROOT / "resources" / "icons" / "app.svg", share / "miqa.svg")


# -------------------------------------------------------------------- Debian


def debian_package(program: Path, target: Path, version: str) -> Path:
    """Write a Debian package that puts the program under /opt and the command `miqa` on the path."""
    tree = program.parent / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    # hard links: the tree is the program once more, and takes no room
    shutil.copytree(program, tree / PLACE, copy_function=os.link, symlinks=True)
    for source, place in {
        "miqa.desktop": "usr/share/applications",
        "miqa.svg": "usr/share/icons/hicolor/scalable/apps",
        "miqa-scans.xml": "usr/share/mime/packages",
        "copyright": "usr/share/doc/miqa",
    }.items():
        (tree / place).mkdir(parents=True)
        shutil.copy(program / "share" / source, tree / place)
    (tree / "usr/bin").mkdir()
    (tree / "usr/bin/miqa").symlink_to(f"/{PLACE}/miqa")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(control(version, kibibytes(program)), encoding="utf-8")
    for folder in [tree, *(place for place in tree.rglob("*") if place.is_dir())]:
        folder.chmod(0o755)
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "--build", str(tree), str(target)]
    if subprocess.call(command, stdout=subprocess.DEVNULL) != 0:
        raise SetupError("dpkg-deb could not build the package; its own message above says why.")
    shutil.rmtree(tree)
    return target


def control(version: str, installed_kib: int) -> str:
    """Return the control file of the Debian package."""
    # libraries of the system that built it go along, and they want its C library or a newer one
    libc = f"libc6 (>= {platform.libc_ver()[1]})"
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    lines = {
        "Package": "miqa",
        "Version": version,
        "Architecture": architecture,
        "Maintainer": MAINTAINER,
        "Installed-Size": str(installed_kib),
        "Depends": ", ".join([libc, *DEPENDS]),
        "Section": "science",
        "Priority": "optional",
        "Description": "workstation for MRI image quality\n"
        " Tells within seconds whether an MRI scan is good enough, where it is bad and why.\n"
        " Advisory only: not a certified medical device.",
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def kibibytes(folder: Path) -> int:
    """Return how much a folder takes."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) // 1024


# --------------------------------------------------------------------- parts


def parted(file: Path, largest: int = LARGEST) -> list[Path]:
    """Cut a file that is too large into parts and say in a file beside them how to join and check them.

    Returns:
        The file itself, or its parts and the words on them.
    """
    if file.stat().st_size <= largest:
        return [file]
    digest, parts = hashlib.sha256(), []
    with file.open("rb") as whole:
        for start in range(0, file.stat().st_size, largest):
            parts.append(file.with_name(f"{file.name}.part{len(parts) + 1}"))
            with parts[-1].open("wb") as part:
                left = min(largest, file.stat().st_size - start)
                while left:
                    block = whole.read(min(left, _AT_ONCE))
                    digest.update(block)
                    part.write(block)
                    left -= len(block)
    words = file.with_name(f"{file.name}.join.txt")
    words.write_text(
        f"Join the parts and check them before use:\n\n    cat {file.name}.part? > {file.name}\n"
        f"    echo '{digest.hexdigest()}  {file.name}' | sha256sum -c\n",
        encoding="utf-8",
    )
    file.unlink()
    return [*parts, words]
