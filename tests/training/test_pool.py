"""Crops keep the two members of a group together, and come out the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from miqa_app.core.artefact_kinds import KEYS
from miqa_app.errors import MiqaError
from miqa_app.evaluation.degradation import Applied, Sample
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.evaluation.sources import CleanSlice, Source, clean_slices
from miqa_app.training.crops import Crops, local_quality
from miqa_app.training.pool import (
    _DRAWN,
    Plans,
    Pool,
    _draw,
    _read_chunk,
    _write_chunk,
    _zero_filled,
    make_pool,
    varied,
)


def marked(pool: Pool) -> Pool:
    """The pool with pictures that hold their own place: row in the one member, the same in the other."""
    samples = []
    for sample in pool.samples:
        rows, columns = np.mgrid[: sample.plane.shape[0], : sample.plane.shape[1]]
        place = (rows * 1000 + columns) / 1e6
        cell = place[3::8, 3::8].astype(np.float32)  # almost the middle of each cell
        samples.append(
            Sample(
                place.astype(np.float32),
                sample.metrics,
                sample.energies,
                sample.severities,
                cell,
                sample.inside,
            )
        )
    return Pool(samples)


def test_a_group_has_the_shapes_that_the_network_is_fed_with(crops: Crops) -> None:
    group = crops[1]
    assert {name: tuple(value.shape) for name, value in group.items()} == {
        "image": (2, 1, 96, 96),
        "valid": (2, 1, 96, 96),
        "q": (2,),
        "kinds": (2, 13),
        "severity": (2, 13),
        "cells": (2, 12, 12),
        "damaged": (2, 12, 12),
        "inside": (2, 12, 12),
    }
    assert group["valid"].dtype == group["inside"].dtype == torch.bool
    assert group["image"].dtype == group["cells"].dtype == torch.float32
    assert 0 <= group["image"].min() <= group["image"].max() <= 1
    assert len(crops) == 4


def test_the_targets_are_those_of_the_samples(crops: Crops, pool: Pool) -> None:
    index = load_quality_index()
    group = crops[1]
    clean, blurred = pool.samples[2:4]
    assert group["q"][0] == 1
    assert group["q"][1] == pytest.approx(index.q(blurred.metrics, blurred.energies) / 100)
    assert not clean.energies
    assert group["kinds"][0].sum() == 0
    assert group["kinds"][1].tolist() == [float(key == "blur") for key in KEYS]
    effective = index.effective_severity("blur", blurred.energies["blur"])
    assert group["severity"][1, KEYS.index("blur")] == pytest.approx(effective)
    assert not group["damaged"][0].any()
    assert group["damaged"][1].any()
    values = [index.q(s.metrics, s.energies) / 100 for s in pool.samples]
    assert crops.mean_target == pytest.approx(np.mean(values))


@pytest.mark.parametrize("group", range(4))
def test_both_members_are_cut_turned_and_flipped_alike(pool: Pool, group: int) -> None:
    crops = Crops(marked(pool), load_quality_index(), 96, seed=2)
    seen = set()
    for epoch in range(12):
        crops.epoch = epoch
        image = crops[group]["image"]
        assert torch.equal(image[0], image[1])
        seen.add(image.numpy().tobytes())
    assert len(seen) > 6


def test_the_cells_stay_on_the_picture_under_every_turn_and_flip(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With cells that hold the value of their middle pixel, picture and cells must go on agreeing."""
    monkeypatch.setattr("miqa_app.training.crops.local_quality", lambda sample, _: sample.damage)
    monkeypatch.setattr("miqa_app.training.crops._PADDED", 0.0)
    monkeypatch.setattr("miqa_app.training.crops._MASKED", 0.0)
    monkeypatch.setattr("miqa_app.training.crops._CONTRAST", 0.0)
    crops = Crops(marked(pool), load_quality_index(), 96, seed=2, fixed=False)
    for epoch in range(12):
        crops.epoch = epoch
        for group in range(len(crops)):
            item = crops[group]
            ratio = item["image"][0, 0].max() / marked_maximum(item)
            picture = item["image"][0, 0] / ratio
            means = torch.nn.functional.avg_pool2d(picture[None], 8)[0]
            assert torch.allclose(means, item["cells"][0], atol=2e-3)


def test_a_share_of_the_groups_has_air_of_zero_and_all_else_as_it_was(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_PADDED", "_CONTRAST"):
        monkeypatch.setattr(f"miqa_app.training.crops.{name}", 0.0)
    crops = Crops(pool, load_quality_index(), 96, seed=2)

    def images(share: float) -> list[torch.Tensor]:
        monkeypatch.setattr("miqa_app.training.crops._MASKED", share)
        return [crops[group]["image"] for group in range(len(crops))]

    as_made, half, every = images(0.0), images(0.5), images(1.0)
    changed = [not torch.equal(a, b) for a, b in zip(as_made, half, strict=True)]
    assert 0.2 < np.mean(changed) < 0.8
    assert all(
        torch.equal(masked[masked > 0], made[masked > 0]) and made[masked == 0].max() < 0.35
        for made, masked in zip(as_made, every, strict=True)
        if not torch.equal(made, masked)
    )
    assert np.mean([not torch.equal(a, b) for a, b in zip(as_made, every, strict=True)]) > 0.8


def marked_maximum(item: dict[str, torch.Tensor]) -> torch.Tensor:
    """The largest pixel before the random gain: four pixels below and right of the last cell's middle."""
    return item["cells"][0].max() + (4 * 1000 + 4) / 1e6


def test_the_same_seed_and_epoch_give_the_same_crops(pool: Pool) -> None:
    index = load_quality_index()
    first, second = (Crops(pool, index, 96, seed=4) for _ in range(2))
    for name, value in first[0].items():
        assert torch.equal(value, second[0][name])
    second.epoch = 1
    assert not torch.equal(first[0]["image"], second[0]["image"])
    other = Crops(pool, index, 96, seed=5)
    assert any(not torch.equal(first[n]["image"], other[n]["image"]) for n in range(4))


def test_validation_crops_are_the_same_in_every_epoch_and_without_gain(pool: Pool) -> None:
    crops = Crops(pool, load_quality_index(), 96, seed=4, fixed=True)
    before = [crops[n]["image"] for n in range(4)]
    crops.epoch = 7
    assert all(torch.equal(one, crops[n]["image"]) for n, one in enumerate(before))
    whole = pool.samples[0].plane
    assert torch.isin(before[0][0], torch.from_numpy(np.ascontiguousarray(whole))).all()


def test_the_crop_of_a_local_artefact_holds_its_worst_cell(pool: Pool) -> None:
    crops = Crops(pool, load_quality_index(), 96, seed=4)
    damage = pool.samples[7].damage
    worst = np.unravel_index(int(damage.argmax()), damage.shape)
    for epoch in range(20):
        row, column = crops._corner(pool.samples[6:8], np.random.default_rng(epoch))
        assert row <= worst[0] < row + 12
        assert column <= worst[1] < column + 12


def test_a_small_slice_is_mirrored_and_the_rest_marked_as_not_valid(pool: Pool) -> None:
    crops = Crops(pool, load_quality_index(), 256, seed=4, fixed=True)
    group = crops[0]
    height, width = pool.samples[0].plane.shape
    assert group["valid"][0].sum() == height * width
    real = group["valid"][0, 0]
    rows, columns = int(real.any(1).sum()), int(real.any(0).sum())
    top, left = int(real.any(1).int().argmax()), int(real.any(0).int().argmax())
    picture = group["image"][0, 0]
    inner = picture[top : top + rows, left : left + columns]
    assert inner.numel() == height * width
    assert (picture > 0).sum() > (inner > 0).sum()  # the filling is anatomy, not black
    assert not group["inside"][0, -1, -1] or not group["inside"][0, 0, 0]
    assert group["inside"].sum() <= height * width / 32


def test_the_local_quality_is_q_on_average_and_lowest_at_the_damage(pool: Pool) -> None:
    sample = pool.samples[7]
    target = local_quality(sample, 0.8)
    assert target.shape == sample.damage.shape
    worst = np.unravel_index(sample.damage.argmax(), target.shape)
    assert target[worst] == target.min()  # the cut at four times the mean may tie some cells
    assert (target[sample.damage < 1e-3] > 0.98).all()
    mild = np.abs(np.random.default_rng(0).normal(1, 0.2, (10, 10))).astype(np.float32)
    even = Sample(sample.plane, [], {"blur": 1.0}, {}, mild, np.ones((10, 10), dtype=bool))
    assert local_quality(even, 0.7).mean() == pytest.approx(0.7, abs=1e-3)


def test_the_local_quality_by_hand() -> None:
    damage = np.array([[0.0, 0.1], [0.2, 0.9]], np.float32)
    inside = np.array([[True, True], [True, False]])
    sample = Sample(np.zeros((16, 16), np.float32), [], {"wrap": 1.0}, {}, damage, inside)
    # the mean inside is 0.1: relative damage 0, 1, 2 and (cut from 9) 4, times 1 − 0.7
    assert local_quality(sample, 0.7) == pytest.approx(
        np.array([[1.0, 0.7], [0.4, -0.1]]), abs=1e-6
    )
    clean = Sample(sample.plane, [], {}, {}, 0 * damage, inside)
    assert (local_quality(clean, 1.0) == 1).all()


def test_members_of_a_drawn_group_differ_in_severity_or_number() -> None:
    forms = set()
    for group in range(200):
        first, second = _draw(group, np.random.default_rng([1, group]))
        forms.add((len(first), len(second)))
        kind = _DRAWN[group % len(_DRAWN)]
        assert {item.kind for item in first} <= {kind}
        assert second[0].kind == kind
        if first:
            assert first[0].seed == second[0].seed
        assert all(0 < item.severity <= 1 for item in (*first, *second))
    assert forms == {(1, 1), (0, 1), (1, 2), (1, 3)}
    assert {item.coils for n in range(200) for item in drawn(n)} == {1, 4, 6, 8}


def drawn(group: int) -> tuple[Applied, ...]:
    return _draw(group, np.random.default_rng([1, group]))[1]


def test_plans_are_drawn_from_seed_and_number_alone(phantom: Path) -> None:
    slices = _slices(phantom)
    plans = [Plans(slices, seed=9), Plans(slices, seed=9)]
    whole = [plans[0].of(group) for group in range(6)]
    part = [plans[1].of(group) for group in range(3, 6)]
    for one, other in zip(whole[3:], part, strict=True):
        assert one.artefacts == other.artefacts
        assert np.array_equal(one.clean, other.clean)
    for others in (
        [Plans(slices, seed=8).of(group) for group in range(6)],
        [plans[0].of(group, epoch=1) for group in range(6)],
    ):
        assert [plan.artefacts for plan in others] != [plan.artefacts for plan in whole]


def test_fresh_groups_take_the_place_of_pooled_ones_from_the_second_epoch_on(
    pool: Pool, phantom: Path
) -> None:
    index = load_quality_index()
    plans = Plans(_slices(phantom), seed=9)
    with_plans = Pool(pool.samples, plans)
    crops = Crops(with_plans, index, 96, seed=4, fresh=1.0)
    kept = Crops(with_plans, index, 96, seed=4)
    assert torch.equal(crops[1]["image"], kept[1]["image"])  # the pool is new in the first epoch
    crops.epoch = kept.epoch = 2
    made = plans.of(1, 2).samples()
    expected = [index.q(sample.metrics, sample.energies) / 100 for sample in made]
    assert crops[1]["q"].tolist() == pytest.approx(expected)
    assert kept[1]["q"].tolist() != pytest.approx(expected)
    half = Crops(with_plans, index, 96, seed=4, fresh=0.5)
    half.epoch = 2
    pooled = [
        torch.equal(half[n]["q"], kept[n]["q"]) for n in range(4) for half.epoch in range(1, 9)
    ]
    assert 0.25 < np.mean(pooled) < 0.75


SOURCE = Source(name="p", subject="a", path="clean", licence="own", anatomy="head", every=9)


def _slices(phantom: Path) -> list[CleanSlice]:
    return list(clean_slices([SOURCE], phantom))


def test_a_chunk_comes_back_from_disk_as_it_was_made(phantom: Path, tmp_path: Path) -> None:
    path = tmp_path / "0.npz"
    plans = [Plans(_slices(phantom), seed=9).of(group) for group in range(3)]
    _write_chunk((path, plans))
    samples = list(_read_chunk(path))
    assert len(samples) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["0.npz"]
    for number, sample in enumerate(samples):
        asked = plans[number // 2].artefacts[number % 2]
        assert sample.severities == {item.kind: item.severity for item in asked}
        assert set(sample.energies) == {item.kind for item in asked}
        assert 0 <= sample.plane.min() <= sample.plane.max() <= 1
        assert sample.damage.shape == sample.inside.shape


def test_variation_keeps_the_range_and_multiples_of_eight() -> None:
    plane = np.random.default_rng(0).random((256, 240), dtype=np.float32)
    shapes = set()
    for seed in range(20):
        image = varied(plane, np.random.default_rng(seed))
        shapes.add(image.shape)
        assert image.dtype == np.float32
        assert 0 <= image.min() <= image.max() <= 1
        assert not any(size % 8 for size in image.shape)
    assert len(shapes) > 2


def test_three_slices_in_ten_get_a_coarse_matrix_and_keep_their_brightness() -> None:
    rows, columns = np.mgrid[:320, :256]
    plane = np.where(np.hypot(rows - 160, columns - 128) < 90, 0.7, 0.1).astype(np.float32)
    coarse = []
    for seed in range(200):
        image = varied(plane, np.random.default_rng(seed))
        if max(image.shape) <= 176:
            coarse.append(image)
            assert max(image.shape) >= 72
            # the middle of the disc, whatever the exponent of the grey values was
            height, width = image.shape
            assert 0.7**1.5 - 0.02 < image[height // 2, width // 2] < 0.7**0.6 + 0.02
    assert 0.2 < len(coarse) / 200 < 0.4
    small = np.full((120, 96), 0.5, dtype=np.float32)
    assert min(max(varied(small, np.random.default_rng(s)).shape) for s in range(50)) >= 72


def test_zero_filling_keeps_every_old_pixel_value_where_it_was() -> None:
    rows, columns = np.mgrid[:96, :80]
    plane = np.exp(-((rows - 40) ** 2 + (columns - 30) ** 2) / 300).astype(np.float32)
    large = _zero_filled(plane, 1.5)
    assert large.shape == (144, 120)
    np.testing.assert_allclose(large[::3, ::3], plane[::2, ::2], atol=1e-3)


@pytest.mark.slow
def test_a_process_that_is_killed_ends_in_a_sentence_and_the_next_start_goes_on(
    phantom: Path, tmp_path: Path
) -> None:
    steps = make_pool([SOURCE], phantom, 120, 1, tmp_path)
    assert next(steps) == (50, 120)
    for child in psutil.Process().children(recursive=True):
        if "spawn_main" in " ".join(child.cmdline()):
            child.kill()
    with pytest.raises(MiqaError, match="start the same again"):
        list(steps)
    (kept,) = tmp_path.glob("pool-*")
    made = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.npz")}
    *_, pool = make_pool([SOURCE], phantom, 120, 1, tmp_path)
    assert isinstance(pool, Pool)
    assert len(pool.samples) == 240
    assert made.items() <= {p.name: p.stat().st_mtime_ns for p in kept.glob("*.npz")}.items()
