"""A tiny recipe on the bundled phantom, and a small pool made from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from miqa_app.evaluation.degradation import Applied, Sample, make_sample
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.evaluation.sources import Source, clean_slices
from miqa_app.paths import bundled
from miqa_app.training.crops import Crops
from miqa_app.training.pool import Pool

EVALUATION = """name: tiny-held-out
quality_index: q-1
severities: [0.3, 0.9]
slices_per_source: 1
clean_share: 0.2
seed: 1
sources:
  - {name: phantom_held_out, subject: c, path: clean.nii.gz, licence: own, anatomy: head, frames: 8, every: 2}
"""


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small batches are fastest on one thread."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def phantom() -> Path:
    """The folder of the bundled phantom."""
    return bundled("resources") / "phantom"


@pytest.fixture(scope="session")
def recipe_values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A recipe that trains for two epochs of five steps; its evaluation is named by its full path."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "tiny.yaml").write_text(EVALUATION)
    facts = {"licence": "own", "anatomy": "head"}
    return {
        "name": "tiny",
        "network": "lite",
        "quality_index": "q-1",
        "evaluation": str(folder / "tiny"),
        "seed": 3,
        "groups": 30,
        "validation_groups": 6,
        "epochs": 2,
        "batch": 6,
        "crop": 64,
        "learning_rate": 0.002,
        "ema": 0.5,
        "train": [{"name": "phantom", "subject": "a", "path": "clean", "every": 4, **facts}],
        "validation": [{"name": "phantom", "subject": "b", "path": "motion", "frames": 1, **facts}],
    }


@pytest.fixture(scope="session")
def pool(phantom: Path) -> Pool:
    """Four groups: two severities, clean against one, one against two, a local kind."""
    source = Source(name="p", subject="a", path="clean", licence="own", anatomy="head", every=5)
    planes = [item.plane for item in clean_slices([source], phantom)]
    groups: list[tuple[list[Applied], list[Applied]]] = [
        ([Applied("motion", 0.3, 1)], [Applied("motion", 0.9, 1)]),
        ([], [Applied("blur", 0.5, 2)]),
        ([Applied("spike", 0.4, 3)], [Applied("spike", 0.4, 3), Applied("blur", 0.3, 4)]),
        ([], [Applied("signal_loss", 0.5, 5)]),
    ]
    samples: list[Sample] = []
    for plane, pair in zip(planes, groups, strict=True):
        samples += [make_sample(plane, artefacts) for artefacts in pair]
    return Pool(samples)


@pytest.fixture
def crops(pool: Pool) -> Crops:
    """Crops of 96 pixels with the frozen Q."""
    return Crops(pool, load_quality_index(), 96, seed=1)
