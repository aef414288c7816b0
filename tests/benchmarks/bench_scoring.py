"""From `miqa score` to the result: a 30-slice 512×512 series, process start included."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel
import numpy as np


def run() -> list[tuple[str, float, str]]:
    """Return the seconds of the whole command and of `miqa --help`."""
    with TemporaryDirectory() as name:
        scan = Path(name) / "scan.nii.gz"
        nibabel.save(nibabel.Nifti1Image(_volume(), np.diag([0.45, 0.45, 4.0, 1.0])), scan)
        score = _seconds("score", str(scan), "--json", str(Path(name) / "r.json"))
    return [
        ("30 slices of 512×512, start to JSON", score, "s"),
        ("miqa --help", _seconds("--help"), "s"),
    ]


def _volume() -> np.ndarray:
    """Return a smooth disc with texture, (512, 512, 30) int16."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:512, :512] - 256
    disc = (np.hypot(x / 180, y / 220) < 1) * (600 + 200 * np.sin(x / 9) * np.cos(y / 13))
    return np.stack(
        [disc + np.abs(rng.normal(0, 12, disc.shape)) for _ in range(30)], axis=-1
    ).astype(np.int16)


def _seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "miqa_app", *arguments], check=True, capture_output=True)
    return time.perf_counter() - start
