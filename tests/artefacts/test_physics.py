"""The simulation follows the physics where there is a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.artefacts import degrade
from miqa_app.artefacts.arrays import (
    filtered,
    gaussian_transfer,
    rotated,
    shifted_kspace,
    smooth_field,
    to_image,
    to_kspace,
)
from miqa_app.artefacts.kinds import PATTERNS, TRANSFORMS
from miqa_app.core.artefact_kinds import KEYS


def with_phase(plane: np.ndarray) -> np.ndarray:
    phase = smooth_field((plane.shape[0], plane.shape[1]), np.random.default_rng(0))
    return (plane * np.exp(1j * phase)).astype(np.complex64)


def test_patterns_and_transforms_together_are_all_kinds() -> None:
    assert (*PATTERNS, *TRANSFORMS) == KEYS


@pytest.mark.parametrize("kind", TRANSFORMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_transform_without_strength_is_the_identity(
    plane: np.ndarray, kind: str, seed: int
) -> None:
    """Zero motion, zero blur, a full matrix … through all of the Fourier steps."""
    image = with_phase(plane)
    done = TRANSFORMS[kind](image, 0.0, np.random.default_rng(seed))
    assert np.abs(done - image).max() < 2e-6


@pytest.mark.parametrize("severity", [0.1, 0.4, 1.0])
def test_rician_noise_in_the_air_has_the_mean_of_a_rayleigh_distribution(severity: float) -> None:
    image = np.zeros((400, 400), np.float32)
    image[150:250, 150:250] = 1
    done = degrade(image, "rician_noise", severity, seed=6)
    air = done.image[:120]
    sigma = 0.155 * severity
    assert air.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.01)
    assert air.std() == pytest.approx(sigma * np.sqrt(2 - np.pi / 2), rel=0.01)
    assert done.image[160:240, 160:240].mean() == pytest.approx(1 + sigma**2 / 2, abs=0.01)


def test_k_space_and_back_is_the_identity_for_odd_and_even_sizes() -> None:
    rng = np.random.default_rng(0)
    for shape in ((32, 48), (33, 47)):
        image = rng.standard_normal(shape).astype(np.float32)
        assert to_image(to_kspace(image)).real == pytest.approx(image, abs=1e-5)
        constant = np.abs(to_kspace(np.ones(shape)))
        assert np.unravel_index(constant.argmax(), shape) == (shape[0] // 2, shape[1] // 2)


def test_the_shift_theorem_moves_whole_pixels_exactly(plane: np.ndarray) -> None:
    moved = to_image(shifted_kspace(to_kspace(plane), 5, -3))
    assert moved.real == pytest.approx(np.roll(plane, (5, -3), (0, 1)), abs=1e-5)


def test_a_rotation_and_its_inverse_give_the_image_back(plane: np.ndarray) -> None:
    turned = rotated(plane.astype(np.complex64), 7.0)
    assert np.abs(turned - plane).mean() > 0.02
    assert np.abs(rotated(turned, -7.0) - plane).max() < 1e-4


def test_a_rotation_turns_about_the_centre_by_its_angle() -> None:
    rows, columns = np.mgrid[:97, :97] - 48.0
    blob = np.exp(-((rows + 20) ** 2 + columns**2) / 30).astype(np.complex64)
    done = np.abs(rotated(blob, 30.0))
    place = np.array([(rows * done).sum(), (columns * done).sum()]) / done.sum()
    assert np.hypot(*place) == pytest.approx(20, abs=0.1)
    assert abs(np.rad2deg(np.arctan2(place[1], -place[0]))) == pytest.approx(30, abs=0.5)


def test_a_gaussian_filter_has_its_standard_deviation_in_pixels() -> None:
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1
    spread = filtered(point, gaussian_transfer((65, 65), 3.0, 1.5)).real
    rows, columns = np.mgrid[:65, :65] - 32
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert np.sqrt((spread * rows**2).sum()) == pytest.approx(3, abs=0.05)
    assert np.sqrt((spread * columns**2).sum()) == pytest.approx(1.5, abs=0.05)


def test_a_smooth_field_has_mean_0_and_peak_1_and_is_smooth() -> None:
    field = smooth_field((96, 120), np.random.default_rng(3))
    assert np.abs(field).max() == pytest.approx(1)
    assert field.mean() == pytest.approx(0, abs=1e-9)
    assert np.abs(np.diff(field, axis=0)).max() < 0.15


def test_gibbs_leaves_nothing_beyond_the_cut_of_k_space(plane: np.ndarray) -> None:
    done = TRANSFORMS["gibbs"](plane + 0j, 0.5, np.random.default_rng(0))
    frequency = np.abs(np.fft.fftshift(np.fft.fftfreq(plane.shape[0])))
    energy = np.abs(to_kspace(done)).sum(1)
    assert energy[frequency > 0.5 * (1 - 0.85 * 0.5)].max() < 1e-6 * energy.max()


def test_a_spike_changes_one_to_three_samples_of_k_space(plane: np.ndarray) -> None:
    for seed in range(6):
        done = TRANSFORMS["spike"](plane + 0j, 0.5, np.random.default_rng(seed))
        change = np.abs(to_kspace(done) - to_kspace(plane))
        assert 1 <= (change > 1e-3 * change.max()).sum() <= 3


def test_ghosts_are_copies_of_the_object_moved_along_one_axis(plane: np.ndarray) -> None:
    pattern = PATTERNS["ghosting"](plane, np.random.default_rng(5))
    overlap = [float((pattern * np.roll(plane, step, 0)).sum()) for step in range(192)]
    step = int(np.argmax(np.abs(overlap)))
    assert any(abs(min(step, 192 - step) - 192 / k) <= 1 for k in range(2, 7))


def test_coloured_noise_has_more_low_frequencies_than_white(plane: np.ndarray) -> None:
    shares = {}
    for kind in ("white_noise", "coloured_noise"):
        pattern = PATTERNS[kind](plane, np.random.default_rng(2))
        power = np.abs(to_kspace(pattern)) ** 2
        rows, columns = np.mgrid[:192, :160]
        low = np.hypot((rows - 96) / 192, (columns - 80) / 160) < 0.1
        shares[kind] = power[low].sum() / power.sum()
    assert shares["white_noise"] == pytest.approx(np.pi * 0.01, rel=0.2)
    assert shares["coloured_noise"] > 10 * shares["white_noise"] * 0.9


def test_wrap_folds_the_edge_of_the_object_onto_its_other_side() -> None:
    image = np.zeros((100, 40), np.complex64)
    image[20:80] = np.linspace(0.5, 1, 60)[:, None]
    done = np.abs(TRANSFORMS["wrap"](image, 1.0, np.random.default_rng(1)))
    assert done.sum() > np.abs(image).sum()
    assert (np.abs(done - np.abs(image))[40:60] < 1e-6).all()  # the middle is seen once
    assert (done[:20] == 0).all()
