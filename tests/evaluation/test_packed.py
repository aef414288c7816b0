"""Packed slices are the slices, and only of the source they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miqa_app.errors import BadRecipe
from miqa_app.evaluation.packed import pack
from miqa_app.evaluation.sources import CleanSlice, clean_slices

from .conftest import source


def test_slices_come_back_within_half_a_level_of_ten_bits(
    slices: list[CleanSlice], tmp_path: Path
) -> None:
    path = tmp_path / "slices.npz"
    assert pack(slices, path) == len(slices)
    again = list(clean_slices([slices[0].source], path))
    assert [item.identity for item in again] == [item.identity for item in slices]
    for one, other in zip(slices, again, strict=True):
        assert np.abs(one.plane - other.plane).max() <= 0.5 / 1023 + 1e-7
        assert other.plane.dtype == np.float32
    raw = sum(item.plane.size * 2 for item in slices)
    assert path.stat().st_size < 0.8 * raw


def test_a_source_gets_its_own_slices_and_no_others(
    slices: list[CleanSlice], tmp_path: Path
) -> None:
    path = tmp_path / "slices.npz"
    pack(slices, path)
    with pytest.raises(BadRecipe, match="holds no slice; pack the slices of this recipe"):
        list(clean_slices([source("clean", subject="another")], path))


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "slices.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(BadRecipe, match="is no file of packed slices"):
        list(clean_slices([source("clean")], path))
    assert not list(tmp_path.glob("*.part*"))
