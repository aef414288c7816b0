"""Ghost ratio and signal-to-noise ratio are the ones that were drawn into the images."""

from __future__ import annotations

import math

import numpy as np
import pytest

from miqa_app.evaluation.phantom_measures import (
    ghost_ratio,
    signal_roi,
    snr_of_image,
    snr_of_pair,
)


def phantom(row: float = 127.5, column: float = 127.5, radius: float = 60) -> np.ndarray:
    """A disc of 1000 on 0, 256×256."""
    rows, columns = np.indices((256, 256))
    return np.where(np.hypot(rows - row, columns - column) < radius, 1000.0, 0.0)


def magnitude(image: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """The image after complex noise, as one coil gives it."""
    real, imaginary = np.random.default_rng(seed).normal(0, sigma, (2, *image.shape))
    return np.hypot(image + real, imaginary)


def test_the_signal_is_measured_on_the_inner_three_quarters() -> None:
    image = phantom()
    roi = signal_roi(image)
    assert (image[roi] == 1000).all()
    # the object's mask is a pixel or two wider than the disc, whose area is 11 310 pixels
    assert roi.sum() == pytest.approx(0.75 * math.pi * 61**2, rel=0.05)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("place", [(127.5, 127.5), (60.0, 180.0)])
def test_a_ghost_of_two_per_cent_is_found_on_either_axis(
    axis: int, place: tuple[float, float]
) -> None:
    image = phantom(*place, radius=30)
    band = np.zeros_like(image)
    lines = slice(int(place[1 - axis]) - 25, int(place[1 - axis]) + 25)
    band[(slice(None), lines) if axis == 0 else (lines, slice(None))] = 20
    assert ghost_ratio(np.maximum(image, band) + 5) == pytest.approx(2.0, rel=0.01)
    assert ghost_ratio(image + 5) == 0


def test_a_phantom_that_fills_the_frame_leaves_no_air_to_look_for_ghosts() -> None:
    assert math.isnan(ghost_ratio(phantom(radius=127)))


@pytest.mark.parametrize("sigma", [5.0, 20.0])
def test_both_ways_find_the_signal_to_noise_ratio_of_one_coil(sigma: float) -> None:
    image = phantom(radius=90)
    first, second = magnitude(image, sigma, 1), magnitude(image, sigma, 2)
    assert snr_of_pair(first, second) == pytest.approx(1000 / sigma, rel=0.03)
    assert snr_of_image(first) == pytest.approx(1000 / sigma, rel=0.05)


def test_air_without_noise_gives_no_ratio() -> None:
    assert math.isnan(snr_of_image(phantom()))


def test_what_is_no_pair_or_no_phantom_is_refused_in_one_sentence() -> None:
    image = phantom()
    with pytest.raises(ValueError, match="one shape"):
        snr_of_pair(image, image[:100])
    with pytest.raises(ValueError, match="the same image"):
        snr_of_pair(image, image)
    with pytest.raises(ValueError, match="no phantom"):
        signal_roi(np.zeros((64, 64)))
