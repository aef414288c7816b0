"""A score map lies on the image where the network saw it, to half a pixel."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.core.heatmap import CELL, share_of_greatest, upsample


def middle(values: np.ndarray) -> tuple[float, float]:
    """Return the centre of mass as (row, column)."""
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
    return float((rows * values).sum() / values.sum()), float(
        (columns * values).sum() / values.sum()
    )


def test_one_hot_cell_lands_on_the_centre_of_its_pixels() -> None:
    cells = np.zeros((12, 15), np.float32)
    cells[4, 9] = 1
    pixels = upsample(cells, (96, 120))
    assert middle(pixels) == pytest.approx((4 * CELL + 3.5, 9 * CELL + 3.5), abs=1e-3)
    peak = np.argwhere(pixels == pixels.max())
    assert peak.mean(0).tolist() == [35.5, 75.5]


@pytest.mark.parametrize(("row", "column"), [(40, 60), (47, 52.5), (61.3, 38.7)])
def test_a_blob_comes_back_to_its_pixel(row: float, column: float) -> None:
    rows, columns = np.mgrid[:104, :112]
    blob = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 9.0**2))
    cells = blob.reshape(13, CELL, 14, CELL).mean((1, 3))
    assert middle(upsample(cells, (104, 112))) == pytest.approx((row, column), abs=0.5)


def test_a_linear_map_stays_linear_between_the_outer_centres() -> None:
    cells = np.tile(np.arange(6, dtype=np.float32), (4, 1))
    pixels = upsample(cells, (32, 48))
    expected = (np.arange(48) - 3.5) / CELL
    assert pixels[10, 4:44] == pytest.approx(expected[4:44], abs=1e-6)
    assert (pixels[:, :4] == 0).all()
    assert pixels[:, 44:] == pytest.approx(5)


@pytest.mark.parametrize("shape", [(32, 48), (29, 41), (25, 48)])
def test_the_last_cells_may_reach_beyond_the_image(shape: tuple[int, int]) -> None:
    cells = np.random.default_rng(0).random((4, 6))
    pixels = upsample(cells, shape)
    assert pixels.shape == shape
    assert pixels.dtype == np.float32
    whole = upsample(cells, (32, 48))
    assert (pixels == whole[: shape[0], : shape[1]]).all()


def test_a_constant_map_stays_constant_and_one_cell_is_enough() -> None:
    assert upsample(np.full((3, 3), 40.0), (20, 24)) == pytest.approx(40)
    assert upsample(np.array([[7.0]]), (8, 5)) == pytest.approx(7)


def test_the_values_stay_within_those_of_the_cells() -> None:
    cells = np.random.default_rng(3).uniform(10, 90, (9, 9))
    pixels = upsample(cells, (70, 70))
    assert cells.min() - 1e-3 <= pixels.min()
    assert pixels.max() <= cells.max() + 1e-3


def test_attention_is_given_in_per_cent_of_its_greatest() -> None:
    weights = np.array([[0.1, 0.4], [0.2, 0.0]], np.float32)
    assert share_of_greatest(weights) == pytest.approx(np.array([[25, 100], [50, 0]]))
    assert share_of_greatest(weights).dtype == np.float32
    assert not share_of_greatest(np.zeros((2, 2))).any()
