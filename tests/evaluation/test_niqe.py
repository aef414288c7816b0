"""NIQE behaves as its paper says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miqa_app.errors import MiqaError
from miqa_app.evaluation.degradation import Applied, make_sample
from miqa_app.evaluation.niqe import Niqe, _asymmetric, patch_features
from miqa_app.evaluation.sources import CleanSlice


@pytest.mark.parametrize("kind", ["rician_noise", "white_noise"])
def test_niqe_rates_a_noisy_phantom_worse_than_the_clean_one(plane: np.ndarray, kind: str) -> None:
    niqe = Niqe.bundled()
    values = [niqe(make_sample(plane, [Applied(kind, s, 1)]).plane) for s in (0.3, 0.6, 1.0)]
    assert niqe(plane) < values[0] < values[1] < values[2]


def test_niqe_fitted_on_slices_is_lowest_on_slices_like_them(
    slices: list[CleanSlice], plane: np.ndarray, tmp_path: Path
) -> None:
    niqe = Niqe.fitted(item.plane for item in slices[4:16:2])
    noisy = make_sample(plane, [Applied("rician_noise", 0.5, 1)]).plane
    assert niqe(slices[9].plane) < niqe(noisy)
    assert niqe.mean.shape == (36,)
    assert niqe.covariance.shape == (36, 36)
    niqe.write(tmp_path / "niqe.json")
    assert Niqe.read(tmp_path / "niqe.json")(noisy) == pytest.approx(niqe(noisy), rel=1e-4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read from"),
        ("{", "cannot be read"),
        ('{"mean": [1], "covariance": [[1]]}', "36 features"),
    ],
)
def test_a_file_that_is_no_pristine_model_is_refused(
    text: str | None, words: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "niqe.json").write_text(text)
    with pytest.raises(MiqaError, match=words):
        Niqe.read(tmp_path / "niqe.json")


def test_the_bundled_niqe_model_is_a_mean_and_a_covariance() -> None:
    niqe = Niqe.bundled()
    assert niqe.mean.shape == (36,)
    assert niqe.covariance == pytest.approx(niqe.covariance.T)
    assert np.linalg.eigvalsh(niqe.covariance).min() > -1e-6


def test_niqe_of_a_flat_plane_is_not_a_number() -> None:
    assert np.isnan(Niqe.bundled()(np.zeros((96, 96), np.float32)))


@pytest.mark.parametrize("shape", [(40, 40), (192, 160), (100, 250)])
def test_a_plane_gives_36_features_for_every_patch_of_48_pixels(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).random(shape, dtype=np.float32)
    rows, columns = (max(size, 96) // 48 for size in shape)
    features = patch_features(noise)
    assert features.shape == (rows * columns, 36)
    assert np.isfinite(features).all()


@pytest.mark.parametrize(("name", "shape"), [("normal", 2.0), ("laplace", 1.0)])
def test_moment_matching_finds_the_shape_of_a_known_distribution(name: str, shape: float) -> None:
    values = getattr(np.random.default_rng(1), name)(size=(400, 400))
    found, left, right, mean = _asymmetric(values)
    assert found == pytest.approx(shape, abs=0.05)
    assert left == pytest.approx(right, rel=0.02)
    assert mean == pytest.approx(0, abs=0.02)
