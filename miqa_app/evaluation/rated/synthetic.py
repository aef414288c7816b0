"""Rated sets that this program makes: pictures and a table, written whole or not at all, which say that nobody rated them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from miqa_app.errors import MiqaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

sitk: Any = SimpleITK  # carries no types of its own

ABOUT = "set.json"
"""File beside a table that says what its scores are, and where its peak signal lies: {"name": …, "target": …, "peak": 1}."""

TARGET = "simulated quality index, synthetic, not rated"

Row = dict[str, str]
"""A row of the table: image, mos, reference, subject, kind, all as text."""


def write_set(
    folder: Path,
    name: str,
    fill: Callable[[Path], Sequence[Row]],
    readme: Callable[[Sequence[Row]], str],
    peak: float = 1.0,
) -> None:
    """Write a set as mos.csv, images, references, set.json and README.txt; the folder appears whole or not at all.

    Args:
        folder: where to; it must not exist, or be an earlier set of this kind, which is replaced.
        name: of the set.
        fill: writes the pictures below the folder it is given, in images and references, and returns the rows.
        readme: returns the text of README.txt.
        peak: see `RatedSet.peak`.

    Raises:
        MiqaError: the folder holds something else.
    """
    if folder.exists() and not (folder / ABOUT).exists():
        raise MiqaError(f"{folder} holds something else; name a new folder for the synthetic set.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        fresh = Path(place) / folder.name
        (fresh / "images").mkdir(parents=True)
        (fresh / "references").mkdir()
        rows = fill(fresh)
        with (fresh / "mos.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        about = {"name": name, "target": TARGET, "peak": peak}
        (fresh / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
        (fresh / "README.txt").write_text(readme(rows), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)


def write_picture(plane: NDArray[np.float32], path: Path) -> None:
    """Write a plane (H, W) in [0, 1] as a PNG of 16 bits; values outside are cut off."""
    stored = np.rint(np.clip(plane, 0, 1) * 65535).astype(np.uint16)
    sitk.WriteImage(sitk.GetImageFromArray(stored), str(path))
