"""The demo: the bundled synthetic head, once clean and once with motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miqa_app.paths import bundled

if TYPE_CHECKING:
    from pathlib import Path


def demo_paths() -> list[Path]:
    """Return the folders of the two DICOM series of the phantom."""
    root = bundled("resources") / "phantom"
    return [root / "clean", root / "motion"]
