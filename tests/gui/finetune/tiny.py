"""A site whose only model is a small one, so that whole fine-tunings take seconds in a process of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.services import small_world
from tests.services.rated_site import Site, write_site

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SPLIT = {"split": lambda n, r, i: "test" if r > 4 else "train", "ci": 4, "votes": 12}
PROGRAM = [sys.executable, "-m", "tests.services.small_world"]


def settle(place: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make a user of their own below a folder, with the small model as the one that came with the program."""
    models = place / "bundled"
    if not models.exists():
        models.mkdir(parents=True)
        small_world.write_models(models)
    patch.setenv("XDG_DATA_HOME", str(place / "data"))
    patch.setenv("XDG_CONFIG_HOME", str(place / "settings"))
    patch.setenv("SMALL_WORLD", str(models))
    patch.setenv("OMP_NUM_THREADS", "1")
    for module in ("folders", "state"):
        patch.setattr(f"miqa_app.registry.{module}.bundled", small_world.bundled_from(models))
    # no simulation on bundled scans, which takes a minute
    patch.setattr("miqa_app.services.finetune_judge.references", list)
    patch.setattr("miqa_app.paths.own_command", lambda: PROGRAM)
    return models


def ratings(folder: Path, **site: object) -> Path:
    """Write a table of ratings with its images: eight references of four images, three of them for the test."""
    return write_site(folder, Site(**{"columns": SPLIT, **site}))


def recipe(folder: Path, *, epochs: int = 3) -> str:
    """Write a recipe of a few steps."""
    return small_world.write_recipe(folder / "small.yaml", epochs=epochs)
