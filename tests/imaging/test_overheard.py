"""Lines that decoders print themselves reach the user as a sentence about a file, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.data import get_testdata_file

from miqa_app.cli.app import run_command
from miqa_app.cli.window import Window
from miqa_app.imaging import load_with_problems
from miqa_app.imaging.overheard import in_brackets, of_damage, overheard

CLOSED = Window(open=lambda paths: 0, screenshots=lambda *_: None, rate=lambda *_: 0)


@pytest.fixture
def twelve_bit(tmp_path: Path) -> Path:
    """A 12-bit JPEG image, which the first decoders decline aloud and the last one reads."""
    path = tmp_path / "whole.dcm"
    path.write_bytes(Path(str(get_testdata_file("JPGExtended.dcm", download=False))).read_bytes())
    return path


def damaged(path: Path, share: float) -> Path:
    """Return a copy of a JPEG image whose last part of the compressed bytes is overwritten."""
    dataset = pydicom.dcmread(path)
    pixels = bytearray(dataset.PixelData)
    start = int(len(pixels) * share)
    pixels[start:-64] = b"\x11" * (len(pixels) - 64 - start)
    dataset.PixelData = bytes(pixels)
    copy = path.with_name("damaged.dcm")
    dataset.save_as(copy)
    return copy


def test_what_decoders_say_of_a_sound_file_that_they_decline_is_not_shown(
    twelve_bit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (series,), problems = load_with_problems(twelve_bit)
    assert series.voxels.std() > 10
    assert problems == []
    assert not any("amaged" in warning for warning in series.warnings)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("command", ["score", "simulate"])
def test_commands_print_no_line_about_a_scan_that_does_not_name_it(
    command: str, twelve_bit: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    victim = damaged(twelve_bit, 0.5)
    words = [command, str(victim)]
    if command == "simulate":
        words += [str(tmp_path / "out.nii.gz"), "--artefact", "blur"]
    assert run_command(CLOSED, words) == (1 if command == "score" else 0)
    told = capfd.readouterr().err.splitlines()
    assert any("Corrupt JPEG data" in line for line in told)
    assert all("damaged.dcm: " in line for line in told if "JPEG" in line)
    assert not any(line.startswith(("Unsupported", "Corrupt", "Invalid")) for line in told)


def test_damage_that_a_decoder_went_on_from_is_told_with_the_name_of_the_file(
    twelve_bit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    victim = damaged(twelve_bit, 0.5)
    (series,), (problem,) = load_with_problems(victim)
    assert problem.source == str(victim)
    assert "decoded as far as possible (Corrupt JPEG data" in problem.reason
    assert series.warnings[0].startswith("Damaged pixels in 1 of 1 images")
    assert capfd.readouterr().err == ""


def test_a_file_that_no_decoder_reads_says_what_the_last_one_found(
    twelve_bit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = twelve_bit.read_bytes()
    # the marker of the quantisation table becomes one that no standard names
    twelve_bit.write_bytes(data.replace(b"\xff\xdb\x00", b"\xff\x3b\x00", 1))
    series, (problem,) = load_with_problems(twelve_bit)
    assert series == []
    assert "cannot be decoded (" in problem.reason
    assert "Unsupported marker type 0x3b" in problem.reason
    assert capfd.readouterr().err == ""


def test_voxels_that_do_not_unpack_are_refused_and_not_made_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    voxels = np.random.default_rng(0).integers(0, 900, (8, 32, 32)).astype(np.int16)
    path = tmp_path / "packed.mha"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(voxels), str(path), useCompression=True)
    data = bytearray(path.read_bytes())
    start = data.index(b"LOCAL\n") + len(b"LOCAL\n")
    data[start + 10 : start + 30] = b"\xff" * 20
    path.write_bytes(data)
    series, (problem,) = load_with_problems(path)
    assert series == []
    assert "is damaged (Uncompress failed); copy it again" in problem.reason
    assert capfd.readouterr().err == ""


def test_native_lines_are_caught_and_lines_from_python_go_on_to_the_terminal() -> None:
    program = """
import os, sys, threading
from miqa_app.imaging.overheard import overheard
def bar():
    sys.stderr.write("from another thread\\n")
with overheard() as lines:
    other = threading.Thread(target=bar)
    other.start(); other.join()
    os.write(2, b"Corrupt data\\nCorrupt  data\\n")
    sys.stderr.write("from python\\n")
os.write(2, b"afterwards\\n")
sys.stderr.write(f"{sys.stderr is sys.__stderr__} {lines}\\n")
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stderr.splitlines() == [
        "from another thread",
        "from python",
        "afterwards",
        "True ['Corrupt data']",
    ]


def test_an_error_in_the_block_gives_the_error_output_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    heard: list[list[str]] = []

    def decode() -> None:
        with overheard() as lines:
            heard.append(lines)
            os.write(2, b"said before the fall\n")
            raise ValueError("decoder")

    with pytest.raises(ValueError, match="decoder"):
        decode()
    os.write(2, b"seen\n")
    assert heard == [["said before the fall"]]
    assert capfd.readouterr().err == "seen\n"


def test_a_talkative_decoder_is_neither_stopped_nor_kept_whole() -> None:
    with overheard() as lines:
        for number in range(4000):
            os.write(2, b"Corrupt JPEG data: %06d in a long line of words\n" % number)
    assert 1000 < len(lines) < 2000
    assert len(in_brackets(lines)) <= 163


def test_two_threads_that_decode_hear_their_own_lines() -> None:
    heard: dict[int, list[str]] = {}

    def decode(number: int) -> None:
        with overheard() as lines:
            for _ in range(20):
                os.write(2, b"Corrupt %d\n" % number)
        heard[number] = lines

    threads = [threading.Thread(target=decode, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {number: [f"Corrupt {number}"] for number in range(6)}


def test_a_program_without_error_output_decodes_all_the_same(twelve_bit: Path) -> None:
    program = f"""
import os
from miqa_app.imaging import load
os.close(2)
print(load({str(twelve_bit)!r})[0].voxels.std() > 10)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    assert run.stdout == "True\n"


def test_lines_with_a_path_stay_out_of_sentences_and_lines_of_refusal_out_of_damage() -> None:
    assert in_brackets(["cannot open /data/Doe_Jane/1.raw", "too short"]) == " (too short)"
    assert of_damage(["Unsupported JPEG data precision 12", "Corrupt JPEG data"]) == [
        "Corrupt JPEG data"
    ]
