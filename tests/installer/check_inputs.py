"""What installer/check.sh trains on: a recipe of a few steps on the phantom, and a small rated site.

    python -m tests.installer.check_inputs FOLDER PLACE

Writes into FOLDER, which the installed program will see as PLACE.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Any

from tests.services.rated_site import Site, write_site

FACTS = {"licence": "own", "anatomy": "head"}
SPLIT = {"split": lambda n, r, i: "test" if r > 4 else "train", "ci": 4, "votes": 12}


def recipe(place: PurePosixPath) -> dict[str, Any]:
    """Return a training of four steps in two processes, each with a process that loads."""
    return {
        "name": "tiny",
        "network": "lite",
        "quality_index": "q-1",
        "evaluation": str(place / "held-out"),
        "seed": 3,
        "groups": 30,
        "validation_groups": 6,
        "epochs": 1,
        "batch": 8,
        "devices": 2,
        "workers": 1,
        "crop": 64,
        "learning_rate": 0.002,
        "ema": 0.5,
        "train": [{"name": "phantom", "subject": "a", "path": "clean", "every": 4, **FACTS}],
        "validation": [{"name": "phantom", "subject": "b", "path": "motion", "frames": 1, **FACTS}],
    }


def held_out() -> dict[str, Any]:
    """Return what the trained model is judged on."""
    source = {"name": "other", "subject": "c", "path": "clean.nii.gz", "frames": 8, "every": 2}
    return {
        "name": "held-out",
        "quality_index": "q-1",
        "severities": [0.3, 0.9],
        "slices_per_source": 1,
        "clean_share": 0.2,
        "seed": 1,
        "sources": [{**source, **FACTS}],
    }


def heads() -> dict[str, Any]:
    """Return a fine-tuning of one epoch."""
    return {
        "name": "heads",
        "parts": "heads",
        "epochs": 1,
        "crops": 1,
        "batch": 8,
        "crop": 64,
        "learning_rate": 0.003,
        "patience": 1,
        "ema": 0.5,
        "rehearsal": 0.0,
        "precision": "32-true",
    }


def write(folder: Path, place: PurePosixPath) -> None:
    """Write recipes, what they are judged on, and the rated site."""
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML
    for name, content in {"tiny": recipe(place), "held-out": held_out(), "heads": heads()}.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content, indent=1), encoding="utf-8")
    write_site(folder / "site", Site(columns=SPLIT))


if __name__ == "__main__":
    write(Path(sys.argv[1]), PurePosixPath(sys.argv[2]))
