"""One slice of the bundled phantom for the tests of artefacts."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.evaluation.sources import Source, clean_slices
from miqa_app.paths import bundled


@pytest.fixture(scope="session")
def plane() -> np.ndarray:
    """The network plane of a middle slice, (192, 160) float32 in [0, 1]."""
    source = Source(name="phantom", subject="clean", path="clean", licence="own", anatomy="head")
    return list(clean_slices([source], bundled("resources") / "phantom"))[8].plane
