"""Samples carry the picture, its targets, and where the damage lies."""

from __future__ import annotations

import numpy as np
import pytest

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.evaluation.degradation import (
    LOCAL_KINDS,
    Applied,
    cells,
    coarse_matrix,
    kind_targets,
    make_sample,
    rescaled,
)


def test_a_clean_sample_has_no_damage_and_no_metrics(plane: np.ndarray) -> None:
    sample = make_sample(plane, [], brightest=1.0)
    assert (sample.plane == plane).all()
    assert len(sample.metrics) == 0
    assert not sample.energies
    assert sample.damage.max() == 0


def test_the_cells_match_the_grid_of_the_network(plane: np.ndarray) -> None:
    sample = make_sample(plane, [Applied("zipper", 0.6, 1)])
    assert sample.damage.shape == sample.inside.shape == (24, 20)
    assert sample.inside.dtype == bool
    assert 0.2 < sample.inside.mean() < 1
    assert sample.plane.dtype == np.float32
    assert (sample.plane.min(), sample.plane.max()) == (0, 1)


@pytest.mark.parametrize("kind", LOCAL_KINDS)
def test_the_worst_cell_lies_where_the_picture_changed_most(plane: np.ndarray, kind: str) -> None:
    sample = make_sample(plane, [Applied(kind, 0.6, 3)], brightest=1.0)
    change = np.sqrt(cells((sample.plane - plane) ** 2))
    worst = np.array(np.unravel_index(sample.damage.argmax(), sample.damage.shape))
    assert change[tuple(worst)] > 0.6 * change.max()
    assert np.corrcoef(change.ravel(), sample.damage.ravel())[0, 1] > 0.85


def test_two_artefacts_are_applied_one_after_the_other(plane: np.ndarray) -> None:
    both = [Applied("blur", 0.5, 1), Applied("zipper", 0.5, 2)]
    sample = make_sample(plane, both)
    alone = [make_sample(plane, [item]) for item in both]
    assert list(sample.severities) == list(sample.energies) == ["blur", "zipper"]
    assert sample.damage == pytest.approx(
        np.hypot(alone[0].damage, alone[1].damage), rel=0.3, abs=0.02
    )
    assert kind_targets(sample.severities).tolist() == [
        float(key in {"blur", "zipper"}) for key in KEYS
    ]


def test_a_lone_slice_is_scaled_by_itself_and_a_slice_of_a_series_is_not(
    plane: np.ndarray,
) -> None:
    dim = plane * np.float32(0.5)
    assert rescaled(dim) == pytest.approx(rescaled(plane), abs=1e-5)
    assert make_sample(dim, []).plane.max() == 1
    assert make_sample(dim, [], brightest=1.0).plane.max() == pytest.approx(0.5)


def test_cells_are_means_of_eight_by_eight_pixels_also_at_a_ragged_edge() -> None:
    values = np.arange(20 * 12, dtype=np.float32).reshape(20, 12)
    result = cells(values)
    assert result.shape == (3, 2)
    assert result[0, 0] == values[:8, :8].mean()
    assert cells(np.full((9, 17), 3.0)) == pytest.approx(3)


def test_a_plane_without_an_object_is_measured_as_a_whole() -> None:
    faint = 0.5 + 0.005 * np.random.default_rng(0).random((64, 64), dtype=np.float32)
    sample = make_sample(faint, [Applied("zipper", 0.5, 1)])
    assert not sample.inside.any()
    assert len(sample.metrics) == 5
    assert np.isfinite(sample.metrics).all()
    assert sample.energies == {"zipper": 0.0}


def test_a_coarse_matrix_holds_the_means_of_the_pixels_it_covers() -> None:
    plane = np.random.default_rng(2).random((192, 160)).astype(np.float32)
    coarse = coarse_matrix(plane, 96)
    assert coarse.shape == (96, 80)
    np.testing.assert_allclose(coarse, plane.reshape(96, 2, 80, 2).mean((1, 3)), atol=1e-6)
    assert coarse_matrix(plane, 104).shape == (104, 80)
    np.testing.assert_array_equal(coarse_matrix(plane, 400), plane)
