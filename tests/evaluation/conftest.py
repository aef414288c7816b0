"""Slices of the bundled phantom, and a small evaluation on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miqa_app.evaluation.held_out import EvaluationRecipe
from miqa_app.evaluation.sources import CleanSlice, Source, clean_slices
from miqa_app.paths import bundled


@pytest.fixture(scope="session")
def phantom() -> Path:
    """The folder of the bundled phantom."""
    return bundled("resources") / "phantom"


def source(path: str = "clean", **facts: object) -> Source:
    values = {"name": "phantom", "subject": "a", "licence": "own", "anatomy": "head"}
    return Source(path=path, **(values | facts))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def slices(phantom: Path) -> list[CleanSlice]:
    """All slices of the clean phantom."""
    return list(clean_slices([source()], phantom))


@pytest.fixture(scope="session")
def plane(slices: list[CleanSlice]) -> np.ndarray:
    """The network plane of a middle slice, (192, 160) float32 in [0, 1]."""
    return slices[8].plane


@pytest.fixture(scope="session")
def small_evaluation() -> EvaluationRecipe:
    """Two phantom sources, two slices each, two severities."""
    return EvaluationRecipe(
        name="phantom-1",
        quality_index="q-1",
        severities=[0.2, 0.8],
        slices_per_source=2,
        clean_share=0.2,
        seed=5,
        sources=[source(name="first"), source("clean.nii.gz", name="second")],
    )
