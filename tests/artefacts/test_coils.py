"""Several coils see one object: undisturbed they give it back, and their noise is that of a joined image."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.artefacts import degrade
from miqa_app.artefacts.coils import joined, receiver, sensitivities
from miqa_app.artefacts.kinds import TRANSFORMS


@pytest.mark.parametrize("count", [2, 4, 8])
def test_undisturbed_coils_give_the_object_back(count: int) -> None:
    rng = np.random.default_rng(1)
    image = (rng.random((40, 32)) * np.exp(1j * rng.random((40, 32)))).astype(np.complex64)
    seen = receiver(image, count, rng)(image)
    assert seen.shape == (count, 40, 32)
    assert np.allclose(joined(seen), np.abs(image), atol=1e-5)


def test_the_sensitivities_differ_and_their_squares_sum_to_one() -> None:
    maps = sensitivities((40, 32), 4, np.random.default_rng(2))
    assert np.allclose((np.abs(maps) ** 2).sum(0), 1)
    brightest = {tuple(np.unravel_index(int(np.abs(m).argmax()), m.shape)) for m in maps}
    assert len(brightest) == 4


def test_noise_of_several_coils_raises_the_air_above_that_of_one() -> None:
    """In air the joined noise of n coils has a mean square of 2 n σ² (non-central chi without signal)."""
    image = np.zeros((128, 128), np.float32)
    image[40:90, 40:90] = 1
    air = {
        n: float((degrade(image, "rician_noise", 0.4, 3, coils=n).image[:30] ** 2).mean())
        for n in (1, 4, 8)
    }
    assert air[4] / air[1] == pytest.approx(4, rel=0.1)
    assert air[8] / air[1] == pytest.approx(8, rel=0.1)


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_a_vanishing_artefact_leaves_the_image(kind: str) -> None:
    rows, columns = np.mgrid[:64, :48]
    image = np.exp(-(((rows - 32) / 18) ** 2) - ((columns - 24) / 13) ** 2).astype(np.float32)
    done = degrade(image, kind, 1e-6, 3, coils=4)
    assert np.abs(done.image - image).max() < 0.05
