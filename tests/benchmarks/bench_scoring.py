"""From `miqa score` to the result: a 30-slice 512×512 series, process start included, by engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUNS = (
    ("lite", "torch"),
    ("lite", "openvino"),
    ("lite", "fast"),
    ("base", "openvino"),
    ("base", "fast"),
)


def run() -> Iterator[tuple[str, float, str]]:
    """Yield the seconds of the whole command for each model and engine, of its start alone, and of `miqa --help`."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = name
        scan, first = folder / "scan.nii.gz", folder / "first.nii.gz"
        _save(_volume(30), scan)
        _save(_volume(3)[:96, :96], first)
        for model in ("lite", "base"):
            _seconds("score", str(first), "--model", model, "--engine", "openvino")
        for model, engine in _RUNS:
            asked = ("--model", model, "--engine", engine, "--json", str(folder / "r.json"))
            words = f"30 slices of 512×512, start to JSON, {model}, {engine}"
            yield words, _seconds("score", str(scan), *asked), "s"
            yield f"most memory meanwhile, {model}, {engine}", _most_memory(scan, *asked), "MB"
        start = _seconds("score", str(first), "--model", "lite", "--engine", "openvino")
        yield "3 slices of 96×96, start to end, lite, openvino", start, "s"
        yield "miqa --help", _seconds("--help"), "s"


def _save(volume: np.ndarray, path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([0.45, 0.45, 4.0, 1.0])), path)


def _volume(slices: int) -> np.ndarray:
    """Return a smooth disc with texture, (512, 512, slices) int16."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:512, :512] - 256
    disc = (np.hypot(x / 180, y / 220) < 1) * (600 + 200 * np.sin(x / 9) * np.cos(y / 13))
    return np.stack(
        [disc + np.abs(rng.normal(0, 12, disc.shape)) for _ in range(slices)], axis=-1
    ).astype(np.int16)


def _most_memory(scan: Path, *asked: str) -> float:
    """Return the largest resident memory of the command in MB, looked at twenty times a second in a run of its own."""
    command = [sys.executable, "-m", "miqa_app", "score", str(scan), *asked]
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    return most / 1e6


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "miqa_app", *arguments], capture_output=True, check=False)
    return time.perf_counter() - start
