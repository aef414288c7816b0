"""A small rated set whose scores follow from its noise, for tests that train on ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from miqa_app.evaluation.rated import RatedImage, RatedSet, Scale

if TYPE_CHECKING:
    from pathlib import Path


def rated_discs(folder: Path) -> RatedSet:
    """Write four discs of different size, each at four noise levels: the more noise the lower the score."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:72, :80]
    images = []
    for reference in range(4):
        disc = 150.0 * (np.hypot(rows - 36, columns - 40) < 22 + 3 * reference)
        for level in range(4):
            noisy = disc + 12 * level * rng.standard_normal(disc.shape)
            path = folder / f"{reference}-{level}.png"
            stored = np.clip(noisy, 0, 255).astype(np.uint8)
            sitk.WriteImage(sitk.GetImageFromArray(stored), str(path))
            mos, name = 90.0 - 25 * level, f"disc {reference}"
            images.append(RatedImage(path.name, path, mos, mos, name, name))
    return RatedSet("discs", tuple(images), Scale(0, 100))
