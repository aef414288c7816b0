"""The Linux packages: what they hold, whom they ask for, and how large files are cut."""

from __future__ import annotations

import configparser
import hashlib
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def packages(installer):
    return installer("linux_packages")


@pytest.fixture
def program(tmp_path):
    """A folder as PyInstaller makes it, with a script for a program."""
    folder = tmp_path / "build" / "miqa"
    (folder / "_internal").mkdir(parents=True)
    (folder / "miqa").write_text("#!/bin/sh\necho started\n")
    (folder / "miqa").chmod(0o755)
    (folder / "_internal" / "data").write_bytes(b"x" * 5000)
    (folder / "_internal" / "link").symlink_to("data")
    return folder


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
def test_both_packages_hold_the_program_and_what_a_desktop_needs(packages, program, tmp_path):
    said = []
    archive, package = packages.write_packages(
        program, tmp_path / "dist", "miqa-cpu_1_x", "1", said.append
    )
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        assert {entry.uid for entry in tar} == {0}
        tar.extractall(tmp_path / "home", filter="data")
    assert {"miqa/miqa", "miqa/_internal/link", "miqa/share/miqa.desktop"} <= set(names)
    ran = subprocess.run(
        [tmp_path / "home" / "miqa" / "miqa"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "started\n"
    listed = subprocess.run(
        ["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True
    ).stdout
    for place in (
        "./opt/miqa/miqa",
        "./opt/miqa/_internal/link -> data",
        "./usr/bin/miqa -> /opt/miqa/miqa",
        "./usr/share/applications/miqa.desktop",
        "./usr/share/icons/hicolor/scalable/apps/miqa.svg",
        "./usr/share/mime/packages/miqa-scans.xml",
        "./usr/share/doc/miqa/copyright",
    ):
        assert f" {place}\n" in listed
    assert "root/root" in listed
    field = ["dpkg-deb", "--field", package]
    facts = subprocess.run(field, capture_output=True, text=True, check=True).stdout
    assert "Package: miqa\nVersion: 1\n" in facts
    # the C library of the system that built it, whose other libraries go along
    assert f"libc6 (>= {platform.libc_ver()[1]})" in facts
    assert said


def test_a_file_that_is_too_large_is_cut_and_comes_together_again(packages, tmp_path):
    content = bytes(range(256)) * 40
    file = tmp_path / "miqa.deb"
    file.write_bytes(content)
    *parts, words = packages.parted(file, largest=4096)
    assert [part.stat().st_size for part in parts] == [4096, 4096, 2048]
    assert b"".join(part.read_bytes() for part in parts) == content
    assert not file.exists()
    assert hashlib.sha256(content).hexdigest() in words.read_text()
    join = next(line for line in words.read_text().splitlines() if "cat " in line)
    subprocess.run(join.strip(), shell=True, check=True, cwd=tmp_path)
    assert file.read_bytes() == content


def test_a_small_file_stays_whole(packages, tmp_path):
    file = tmp_path / "miqa.deb"
    file.write_bytes(b"small")
    assert packages.parted(file) == [file]


def test_parts_stay_below_two_gibibytes(packages):
    assert packages.LARGEST < 2**31


def test_the_desktop_entry_opens_scans_with_the_program():
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str
    entry.read(ROOT / "installer" / "linux" / "miqa.desktop", encoding="utf-8")
    section = entry["Desktop Entry"]
    assert section["Exec"] == "miqa %F"
    kinds = set(section["MimeType"].strip(";").split(";"))
    tree = ElementTree.parse(ROOT / "installer" / "linux" / "miqa-scans.xml")
    spaces = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}
    own = {kind.get("type") for kind in tree.findall("m:mime-type", spaces)}
    assert own | {"application/dicom"} == kinds
    globs = {glob.get("pattern") for glob in tree.findall(".//m:glob", spaces)}
    assert {"*.nii", "*.nii.gz"} <= globs


def test_the_check_is_sound_shell_and_names_no_archive_of_packages():
    script = ROOT / "installer" / "check.sh"
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text("utf-8")
    assert "://" not in text, "the address comes from the machine's own apt"
    assert script.stat().st_mode & 0o111


def test_the_check_explains_itself_when_it_is_asked_for_nothing():
    done = subprocess.run(
        ["bash", ROOT / "installer" / "check.sh"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "installer/check.sh cpu|gpu" in done.stdout


def test_what_the_check_trains_on_is_read_as_a_recipe(tmp_path):
    from pathlib import PurePosixPath

    from miqa_app.training.recipe import read_recipe
    from tests.installer.check_inputs import write

    write(tmp_path, PurePosixPath(tmp_path))
    recipe = read_recipe(tmp_path / "tiny.yaml")
    assert (recipe.devices, recipe.workers) == (2, 1), "helpers of every kind take part"
    assert (tmp_path / "site" / "site.csv").is_file()
