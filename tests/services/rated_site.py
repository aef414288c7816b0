"""A small rated site on disk: drawn objects with noise, and opinions that follow the noise."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Site:
    """What is drawn.

    Attributes:
        references: how many clean images.
        per_reference: rated images of each.
        edge: pixels.
        columns: further columns of the table, a value for each row or a function of (row, reference, image).
        subject: the subject of a reference.
        clean: write the clean images, too.
    """

    references: int = 8
    per_reference: int = 4
    edge: int = 64
    columns: dict[str, Any] = field(default_factory=dict)
    subject: Any = staticmethod(lambda reference: f"subject-{reference:02d}")
    clean: bool = True


def write_site(folder: Path, site: Site | None = None) -> Path:
    """Write table and images, and return the table."""
    site = site or Site()
    (folder / "images").mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for reference in range(site.references):
        clean = drawing(reference, site.edge)
        clean_name = f"images/clean-{reference:02d}.png"
        if site.clean:
            _write(clean, folder / clean_name)
        for image in range(site.per_reference):
            share = image / max(1, site.per_reference - 1)
            rng = np.random.default_rng([reference, image])
            noisy = np.abs(clean + rng.normal(0, 0.01 + 0.25 * share, clean.shape))
            name = f"images/r{reference:02d}-{image}.png"
            _write(noisy, folder / name)
            mos = float(np.clip(88 - 70 * share + rng.normal(0, 2), 0, 100))
            row = {
                "image": name,
                "mos": f"{mos:.2f}",
                "reference": f"ref-{reference:02d}",
                "subject": site.subject(reference),
                "kind": "white_noise" if image else "clean",
                "clean": clean_name if site.clean else "",
            }
            rows.append(row)
    for number, row in enumerate(rows):
        reference, image = divmod(number, site.per_reference)
        for name, value in site.columns.items():
            row[name] = value(number, reference, image) if callable(value) else value
    table = folder / "site.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return table


def drawing(seed: int, edge: int) -> np.ndarray:
    """Return an ellipse with a few smaller ones in it, 0-1, other ones for every seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : edge * 1j, -1 : 1 : edge * 1j]
    image = np.where((x / 0.8) ** 2 + (y / 0.7) ** 2 < 1, 0.5, 0.0)
    for _ in range(6):
        centre, radius = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.05, 0.3, 2)
        inside = ((x - centre[0]) / radius[0]) ** 2 + ((y - centre[1]) / radius[1]) ** 2 < 1
        image = np.where(inside & (image > 0), rng.uniform(0.2, 1.0), image)
    return image


def _write(image: np.ndarray, path: Path) -> None:
    stored = np.rint(np.clip(image, 0, 1.4) / 1.4 * 65535).astype(np.uint16)
    Image.fromarray(stored).save(path)
