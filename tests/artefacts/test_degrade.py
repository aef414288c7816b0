"""Every artefact kind is seeded, graded, finite, and says where it did what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation

from miqa_app.artefacts import degrade, degrade_batch
from miqa_app.artefacts.simulate import local_damage
from miqa_app.core.artefact_kinds import KEYS
from miqa_app.core.foreground import object_mask
from miqa_app.errors import BadRequest

PATTERNS = KEYS[:4]
NOISES = ("white_noise", "coloured_noise", "rician_noise")
SEVERITIES = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
# The severity of motion is a bound on the pose; two poses may by chance cancel a little.
TOLERANCE_DB = {"motion": 1.0}

every_kind = pytest.mark.parametrize("kind", KEYS)


def psnr(clean: np.ndarray, image: np.ndarray) -> float:
    return float(-10 * np.log10(max(float(np.mean((clean - image) ** 2)), 1e-12)))


def peak(plane: np.ndarray) -> float:
    return float(np.percentile(plane, 99.7))


@every_kind
def test_severity_0_returns_the_image_as_it_was(plane: np.ndarray, kind: str) -> None:
    done = degrade(plane, kind, 0, seed=3)
    assert (done.image == plane).all()
    assert done.image is not plane
    assert (done.energy, done.severity, done.kind) == (0, 0, kind)
    assert (done.map == 0).all()


@every_kind
def test_a_very_small_severity_changes_very_little(plane: np.ndarray, kind: str) -> None:
    assert psnr(plane, degrade(plane, kind, 1e-3, seed=3).image) > 50


@every_kind
def test_the_same_seed_gives_the_same_bytes_and_another_one_another_image(
    plane: np.ndarray, kind: str
) -> None:
    first, second = (degrade(plane, kind, 0.6, seed=11) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    assert first.map.tobytes() == second.map.tobytes()
    assert first.energy == second.energy
    others = [degrade(plane, kind, 0.6, seed=seed).image for seed in (12, 13, 14, 15)]
    assert any(not np.allclose(first.image, other, atol=1e-4) for other in others)


def test_two_kinds_with_one_seed_draw_on_their_own(plane: np.ndarray) -> None:
    images = [degrade(plane, kind, 0.6, seed=5).image for kind in KEYS]
    assert len({image.tobytes() for image in images}) == len(KEYS)


@every_kind
@pytest.mark.parametrize("seed", range(4))
def test_a_higher_severity_lies_farther_from_the_clean_slice(
    plane: np.ndarray, kind: str, seed: int
) -> None:
    values = [psnr(plane, degrade(plane, kind, severity, seed).image) for severity in SEVERITIES]
    assert max(np.diff(values)) < TOLERANCE_DB.get(kind, 0)
    assert values[0] - values[-1] > 4


@every_kind
def test_the_output_is_finite_single_precision_and_of_the_same_shape(
    plane: np.ndarray, kind: str
) -> None:
    for severity in (0.3, 1.0):
        done = degrade(plane, kind, severity, seed=1)
        for values in (done.image, done.map):
            assert values.shape == plane.shape
            assert values.dtype == np.float32
            assert np.isfinite(values).all()
        assert done.map.min() >= 0
        assert done.energy > 0
        assert done.image.max() < 5
        # added patterns keep their sign, or their energy would not be exact; the rest is a magnitude
        assert done.image.min() > (-1 if kind in PATTERNS else -1e-6)


@every_kind
def test_the_result_scales_with_the_units_of_the_scan(plane: np.ndarray, kind: str) -> None:
    small = degrade(plane, kind, 0.5, seed=2)
    large = degrade(plane * np.float32(1024), kind, 0.5, seed=2)
    assert large.image / 1024 == pytest.approx(small.image, abs=1e-5)
    assert large.map == pytest.approx(small.map, abs=1e-4)
    assert large.energy == pytest.approx(small.energy, rel=1e-4)


@every_kind
def test_the_damage_map_is_positive_where_the_image_changed(plane: np.ndarray, kind: str) -> None:
    done = degrade(plane, kind, 0.5, seed=7)
    change = (done.image - plane) / peak(plane)
    assert np.square(done.map).mean() == pytest.approx(np.square(change).mean(), rel=1e-3)
    # a lone pixel spread over a Gaussian of 3 pixels keeps 1/√(2π·9) = 0.133 of its amplitude
    changed = np.abs(change) > 1e-2
    assert (done.map[changed] > 0.12 * np.abs(change[changed])).all()


@pytest.mark.parametrize("kind", ["wrap", "zipper", "signal_loss"])
def test_the_damage_map_of_a_local_kind_is_empty_elsewhere(plane: np.ndarray, kind: str) -> None:
    done = degrade(plane, kind, 0.3, seed=4)
    near = binary_dilation(np.abs(done.image - plane) > 1e-3, iterations=15)
    assert 0 < near.mean() < 0.95
    assert done.map[~near].max() < 0.02 * done.map.max()


def test_the_damage_map_is_aligned_to_the_pixel() -> None:
    change = np.zeros((64, 96), np.float32)
    change[20, 71] = 0.5
    damage = local_damage(change)
    assert np.unravel_index(damage.argmax(), damage.shape) == (20, 71)
    assert damage[20, 71] == pytest.approx(0.5 * 0.133, rel=0.01)
    assert damage[17, 71] == pytest.approx(damage[23, 71], rel=1e-3)
    assert damage[20, 68] == pytest.approx(damage[17, 71], rel=1e-3)


@pytest.mark.parametrize("kind", PATTERNS)
@pytest.mark.parametrize("object_only", [True, False])
def test_the_four_patterns_have_an_exact_energy_on_the_object(
    plane: np.ndarray, kind: str, object_only: bool
) -> None:
    mask = object_mask(plane / peak(plane))
    for severity in (0.2, 0.5, 1.0):
        done = degrade(plane, kind, severity, seed=9, object_only=object_only)
        change = (done.image.astype(np.float64) - plane)[mask] / peak(plane)
        assert np.square(change).mean() == pytest.approx((0.16 * severity) ** 2, abs=1e-6)
        assert done.energy == pytest.approx((0.16 * severity) ** 2, abs=1e-6)


@every_kind
def test_object_only_leaves_the_air_untouched(plane: np.ndarray, kind: str) -> None:
    mask = object_mask(plane)
    assert 0.3 < mask.mean() < 0.95
    done = degrade(plane, kind, 0.8, seed=2, object_only=True, mask=mask)
    assert done.image[~mask] == pytest.approx(plane[~mask], abs=1e-6)
    assert np.abs(done.image - plane)[mask].max() > 0.01
    whole = degrade(plane, kind, 0.8, seed=2, mask=mask)
    assert done.image[mask] == pytest.approx(whole.image[mask], abs=1e-6)
    assert done.energy == pytest.approx(whole.energy, rel=1e-5)


@every_kind
def test_numpy_and_torch_give_the_same_image(plane: np.ndarray, kind: str) -> None:
    expected = degrade(plane, kind, 0.6, seed=3)
    batch = torch.from_numpy(np.stack([plane, plane]))
    done = degrade_batch(batch, [kind, kind], [0.6, 0.0], [3, 3])
    assert isinstance(done[0].image, torch.Tensor)
    assert done[0].image.dtype == torch.float32
    assert done[0].image.numpy() == pytest.approx(expected.image, abs=2e-6)
    # the square root of the map magnifies rounding where the damage is zero
    assert done[0].map.numpy() == pytest.approx(expected.map, abs=2e-3)
    assert done[0].energy == pytest.approx(expected.energy, rel=1e-4)
    assert torch.equal(done[1].image, batch[1])


@every_kind
def test_a_volume_shares_its_artefact_over_the_slices(plane: np.ndarray, kind: str) -> None:
    volume = np.stack([plane] * 3)
    done = degrade(volume, kind, 0.6, seed=8)
    assert done.image.shape == done.map.shape == volume.shape
    if kind in NOISES:
        assert not np.allclose(done.image[0], done.image[1], atol=1e-3)
        errors = np.square(done.image - volume).mean((1, 2))
        assert errors == pytest.approx(errors.mean(), rel=0.1)
    else:
        alone = degrade(plane, kind, 0.6, seed=8).image
        for image in done.image:
            assert image == pytest.approx(alone, abs=2e-6)


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_pattern_has_its_energy_on_every_slice_of_a_volume(plane: np.ndarray, kind: str) -> None:
    volume = np.stack([plane, plane[::-1] * np.float32(0.8), np.roll(plane, 7, 1)])
    masks = np.stack([object_mask(one / peak(volume)) for one in volume])
    done = degrade(volume, kind, 0.5, seed=8, mask=masks)
    for one, image, mask in zip(volume, done.image, masks, strict=True):
        change = (image.astype(np.float64) - one)[mask] / peak(volume)
        assert np.square(change).mean() == pytest.approx(0.08**2, abs=1e-6)


def test_a_volume_of_tensors_matches_one_of_arrays(plane: np.ndarray) -> None:
    volume = np.stack([plane, plane[::-1]])
    for kind in ("ghosting", "motion", "rician_noise", "signal_loss"):
        expected = degrade(volume, kind, 0.4, seed=1).image
        tensor = degrade(torch.from_numpy(volume), kind, 0.4, seed=1).image
        assert tensor.numpy() == pytest.approx(expected, abs=2e-6)


def test_any_integer_is_a_seed(plane: np.ndarray) -> None:
    images = [degrade(plane, "white_noise", 0.5, seed).image for seed in (0, -1, 2**40 + 5)]
    assert len({image.tobytes() for image in images}) == 3


@pytest.mark.parametrize(
    ("kind", "severity", "words"),
    [
        ("moiré", 0.5, "no artefact kind 'moiré'; choose one of ghosting"),
        ("motion", 1.2, "between 0 and 1, not 1.2"),
        ("motion", -0.1, "between 0 and 1"),
        ("motion", float("nan"), "between 0 and 1"),
    ],
)
def test_a_wrong_request_gets_one_sentence(
    plane: np.ndarray, kind: str, severity: float, words: str
) -> None:
    with pytest.raises(BadRequest, match=words):
        degrade(plane, kind, severity, seed=0)


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_an_image_without_signal_is_refused(value: float) -> None:
    with pytest.raises(BadRequest, match="no signal"):
        degrade(np.full((32, 32), value, np.float32), "blur", 0.5, seed=0)


def test_a_batch_of_unequal_lists_is_refused(plane: np.ndarray) -> None:
    with pytest.raises(ValueError, match="zip"):
        degrade_batch(torch.from_numpy(plane)[None], ["blur", "motion"], [0.5], [1])
