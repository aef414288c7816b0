"""The artefacts of a single coil are frozen: every figure of the frozen evaluations rests on these very pictures.

A change of the simulator that alters them needs a new version of the evaluation and of Q beside the old ones; new physics
goes into parameters that the frozen evaluations do not use, such as the number of coils.
"""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.artefacts import degrade

FROZEN = {
    "ghosting": (0.0064, 1142.488),
    "edge_ghosting": (0.0064, 1349.11),
    "white_noise": (0.0064, 1135.78),
    "coloured_noise": (0.0064, 1136.537),
    "rician_noise": (0.006581, 1359.637),
    "motion": (0.002636, 1198.213),
    "blur": (0.006044, 1127.905),
    "gibbs": (0.002355, 1169.981),
    "spike": (0.007985, 1410.455),
    "bias_field": (0.009676, 1072.384),
    "wrap": (0.029635, 1348.258),
    "zipper": (0.002279, 1161.765),
    "signal_loss": (0.018596, 1105.332),
}
"""Energy on the object and weighted sum of the picture at severity 0.5, by kind."""


@pytest.fixture(scope="module")
def drawing() -> np.ndarray:
    """An ellipse with a spot and a grating, (96, 80)."""
    rows, columns = np.mgrid[:96, :80].astype(np.float32)
    body = ((rows - 48) / 40) ** 2 + ((columns - 40) / 30) ** 2 < 1
    spot = ((rows - 30) / 9) ** 2 + ((columns - 36) / 9) ** 2 < 1
    grating = 1 + 0.2 * np.sin(columns / 5)
    return np.asarray((0.6 * body + 0.3 * spot) * grating, dtype=np.float32)


@pytest.mark.parametrize("kind", FROZEN)
def test_an_artefact_is_the_one_that_was_released(drawing: np.ndarray, kind: str) -> None:
    done = degrade(drawing, kind, 0.5, 7)
    weights = np.linspace(0, 1, drawing.size).reshape(drawing.shape)
    assert (done.energy, float((done.image * weights).sum())) == pytest.approx(
        FROZEN[kind], rel=1e-4
    )
