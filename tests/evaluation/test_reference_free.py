"""The reference-free measures give the numbers worked out by hand, and move the way their papers say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from miqa_app.core.foreground import object_mask
from miqa_app.evaluation.degradation import Applied, make_sample
from miqa_app.evaluation.reference_free import (
    MEASURES,
    energy_ratio,
    entropy_focus,
    gradient_entropy,
    joint_variation,
    reference_free,
)


def disc(inside: float = 1.0, air: float = 0.0) -> np.ndarray:
    """A round object on air, 96×96."""
    rows, columns = np.mgrid[:96, :96] - 47.5
    return np.where(np.hypot(rows, columns) < 30, inside, air).astype(np.float32)


def test_entropy_focus_is_1_where_all_pixels_are_alike_and_0_where_one_holds_all_the_energy() -> (
    None
):
    spot = np.zeros((8, 8), np.float32)
    spot[3, 4] = 0.7
    assert entropy_focus(np.full((8, 8), 0.4, np.float32)) == pytest.approx(1)
    assert entropy_focus(spot) == 0


def test_entropy_focus_of_a_half_lit_plane_is_the_one_worked_out_by_hand() -> None:
    half = np.zeros((8, 8), np.float32)
    half[:4] = 0.5
    # 32 of 64 pixels: √32 · ln √32 over √64 · ln √64 = √½ · 5/6
    assert entropy_focus(half) == pytest.approx(math.sqrt(0.5) * 5 / 6)


def test_entropy_focus_of_three_pixels_follows_the_formula_term_by_term() -> None:
    plane = np.array([[0.2, 0.6, 0.3]], np.float32)
    energy = math.sqrt(0.04 + 0.36 + 0.09)
    terms = sum(x / energy * math.log(x / energy) for x in (0.2, 0.6, 0.3))
    assert entropy_focus(plane) == pytest.approx(-terms / (math.sqrt(3) * math.log(math.sqrt(3))))


def test_the_energy_ratio_is_that_of_the_squared_greys() -> None:
    plane = disc(0.8, 0.1)
    inside = object_mask(plane)
    n, wide = int(inside.sum()), int((plane == np.float32(0.8)).sum())  # the mask has a rim of air
    assert n > wide
    object_energy = (wide * 0.64 + (n - wide) * 0.01) / n
    assert energy_ratio(plane) == pytest.approx(object_energy / 0.01, rel=1e-5)


def test_joint_variation_of_two_tissues_is_the_one_worked_out_by_hand() -> None:
    # a disc whose halves hold 0.3, 0.4, 0.5 and 0.7, 0.8, 0.9 in stripes: medians 0.4 apart, MAD 0.1 each
    stripe = np.array([-0.1, 0, 0.1])[np.arange(96) % 3][:, None]
    halves = np.where(np.arange(96) < 48, 0.4, 0.8)[None]
    plane = (disc() * (halves + stripe)).astype(np.float32)
    assert joint_variation(plane) == pytest.approx(2 * 0.1 * 1.4826 / 0.4, rel=1e-3)


def test_joint_variation_grows_with_noise_because_the_classes_stay_where_they_are() -> None:
    halves = (disc() * np.where(np.arange(96) < 48, 0.4, 0.8)[None]).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 1, halves.shape)
    values = [
        joint_variation((halves + s * noise).clip(0, 1).astype(np.float32))
        for s in (0.02, 0.05, 0.1)
    ]
    # each class has the spread of the noise: 2 s / 0.4
    assert values == pytest.approx([0.1, 0.25, 0.5], rel=0.12)


def test_the_gradient_entropy_of_a_ramp_is_the_logarithm_of_its_pixels() -> None:
    ramp = np.tile(np.arange(64, dtype=np.float32), (32, 1))
    assert gradient_entropy(ramp) == pytest.approx(np.log2(64 * 32))


def test_gradient_entropy_is_lower_for_few_sharp_edges_than_for_noise(plane: np.ndarray) -> None:
    edge = np.zeros((64, 64), np.float32)
    edge[:, 32:] = 1
    assert gradient_entropy(edge) == pytest.approx(np.log2(2 * 64))
    noisy = make_sample(plane, [Applied("rician_noise", 0.6, 1)]).plane
    assert gradient_entropy(plane) < gradient_entropy(noisy)
    assert gradient_entropy(np.ones((9, 9), np.float32)) == 0


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
def test_every_measure_rates_a_noisy_phantom_worse_in_its_own_direction(
    measure: object, plane: np.ndarray
) -> None:
    clean = reference_free(plane)[measure.key]
    noisy = reference_free(make_sample(plane, [Applied("rician_noise", 0.8, 1)]).plane)[measure.key]
    assert (noisy > clean) is measure.lower_is_better


def test_a_black_plane_gives_no_number_where_there_is_none() -> None:
    values = reference_free(np.zeros((96, 96), np.float32))
    assert list(values) == [measure.key for measure in MEASURES]
    assert all(math.isnan(values[key]) for key in values if key != "gradient_entropy")
    assert math.isnan(energy_ratio(disc(0.8, 0.0)))


@pytest.mark.parametrize(
    ("plane", "words"),
    [
        (np.zeros((2, 8, 8), np.float32), "rows and columns"),
        (np.zeros((0, 8), np.float32), "rows and columns"),
        (np.full((8, 8), 1.5, np.float32), "from 0 to 1"),
        (np.full((8, 8), np.nan, np.float32), "from 0 to 1"),
    ],
)
def test_what_is_no_plane_is_refused_in_one_sentence(plane: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reference_free(plane)
