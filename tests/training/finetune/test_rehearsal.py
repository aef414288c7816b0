"""The rehearsal sees training references and the phantom, and nothing that is held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miqa_app.evaluation.rated import RatedSet, loading
from miqa_app.training.finetune import rehearsal
from miqa_app.training.finetune.rehearsal import make_rehearsal, rehearsal_size

from .conftest import discs


def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list of files that are read from now on."""
    seen: list[Path] = []
    read = loading.read_planes

    def watched(path: Path, **facts: object) -> object:
        seen.append(path)
        return read(path, **facts)

    monkeypatch.setattr(rehearsal, "read_planes", watched)
    return seen


def test_no_file_of_a_reference_outside_the_training_part_is_opened(
    rated: RatedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = opened(monkeypatch)
    pool = make_rehearsal(rated, range(16), 64, seed=0)
    allowed = {rated.images[place].clean for place in range(16)}
    phantom = {path for path in seen if path.name == "clean.nii.gz"}
    assert set(seen) - phantom <= allowed
    assert len(set(seen) - phantom) == 4
    assert set(pool.sources) - {None} <= allowed


def test_a_quarter_is_held_back_and_comes_from_other_clean_slices(rated: RatedSet) -> None:
    reports: list[tuple[int, int]] = []
    pool = make_rehearsal(rated, range(24), 64, 0, lambda *step: reports.append(step))
    assert len(pool.planes) == 64
    assert pool.held.sum() == 16
    assert np.array_equal(pool.held[0::2], pool.held[1::2])
    held, learnt = (
        {s for s, back in zip(pool.sources, pool.held, strict=True) if back == part and s}
        for part in (True, False)
    )
    assert held
    assert not held & learnt
    assert reports[-1] == (64, 64)
    for plane in pool.planes:
        assert plane.dtype == np.float32
        assert 0 <= plane.min() <= plane.max() <= 1
    assert "6 clean images of the set and the bundled phantom" in pool.words


def test_a_set_without_clean_images_rehearses_on_the_phantom(tmp_path: Path) -> None:
    pool = make_rehearsal(discs(tmp_path, 2, clean=False), range(8), 16, 0)
    assert set(pool.sources) == {None}
    assert pool.words == "16 simulated slices of the bundled phantom"


def test_the_same_seed_gives_the_same_pool_and_another_another(rated: RatedSet) -> None:
    one, two, three = (make_rehearsal(rated, range(16), 16, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one.planes, two.planes, strict=True))
    assert not all(
        a.shape == b.shape and np.array_equal(a, b)
        for a, b in zip(one.planes, three.planes, strict=True)
    )


def test_a_fold_gets_the_part_of_a_shared_pool_that_it_may_see(rated: RatedSet) -> None:
    whole = make_rehearsal(rated, range(24), 96, 0)
    part = whole.restricted(rated, range(8))
    allowed = {rated.images[place].clean for place in range(8)} | {None}
    assert set(part.sources) <= allowed
    assert len(part.planes) == len(part.held) == sum(s in allowed for s in whole.sources)
    assert len(part.planes) < len(whole.planes)
    # groups stay whole
    assert part.sources[0::2] == part.sources[1::2]


def test_the_pool_is_about_as_large_as_the_set() -> None:
    sizes = [rehearsal_size(images) for images in (20, 112, 501, 1000, 5000)]
    assert sizes == sorted(sizes)
    assert all(size % 2 == 0 for size in sizes)
    assert (sizes[0], sizes[-1]) == (400, 600)
