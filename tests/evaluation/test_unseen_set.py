"""A frozen evaluation as a rated set: what it holds, that it stays the same, and what it says where scans are missing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from miqa_app.errors import BadRecipe, BadRequest
from miqa_app.evaluation.held_out import EvaluationRecipe, Item, items, load_evaluation
from miqa_app.evaluation.quality_index import load_quality_index
from miqa_app.evaluation.rated import RatedSet, read_rated_set
from miqa_app.evaluation.rated.loading import read_planes
from miqa_app.evaluation.rated.scans import read_synthetic
from miqa_app.evaluation.rated.synthetic import ABOUT
from miqa_app.evaluation.rated.unseen import EVALUATIONS, KEPT, folder_of, forget_old, write_unseen
from miqa_app.evaluation.sources import Source
from miqa_app.paths import bundled

RESOURCES = bundled("resources")


@pytest.fixture(scope="module")
def recipe() -> EvaluationRecipe:
    """An evaluation on one slice of the demo phantom: every kind once, two combinations, some clean slices."""
    source = Source(
        name="phantom", subject="demo", path="phantom/clean", licence="MIT", anatomy="phantom"
    )
    return EvaluationRecipe(
        name="held-out-0",
        quality_index=load_quality_index().version,
        severities=[0.5],
        slices_per_source=1,
        clean_share=0.2,
        seed=5,
        combinations=2,
        sources=[source],
    )


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int]]:
    """What the writer told of its progress."""
    return []


@pytest.fixture(scope="module")
def written(
    recipe: EvaluationRecipe,
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[int, int]],
) -> Path:
    folder = tmp_path_factory.mktemp("unseen") / "set"
    write_unseen(recipe, RESOURCES, folder, lambda done, most: told.append((done, most)))
    return folder


@pytest.fixture(scope="module")
def degraded(recipe: EvaluationRecipe) -> list[Item]:
    return [item for item in items(recipe, RESOURCES) if item.kinds]


@pytest.fixture(scope="module")
def rated(written: Path) -> RatedSet:
    return read_synthetic(written)


def test_all_degraded_images_are_there_with_their_clean_slices(
    degraded: list[Item], rated: RatedSet, told: list[tuple[int, int]]
) -> None:
    assert len(rated) == len(degraded) > 10
    assert [image.kind == "combined" for image in rated.images] == [
        len(item.kinds) > 1 for item in degraded
    ]
    assert {image.subject for image in rated.images} == {"demo"}
    assert len({image.reference for image in rated.images}) == len(
        {item.clean.identity for item in degraded}
    )
    assert all(image.clean is not None and image.clean.exists() for image in rated.images)
    assert told[-1][0] == len(rated) <= told[-1][1]


def test_the_score_is_q_and_the_set_says_that_nobody_rated_it(
    degraded: list[Item], rated: RatedSet, written: Path
) -> None:
    index = load_quality_index()
    for image, item in zip(rated.images, degraded, strict=True):
        q = index.q(item.sample.metrics, item.sample.energies)
        assert image.mos == pytest.approx(q, abs=0.001)
    assert "not rated" in rated.target
    assert "SYNTHETIC, NOT RATED" in (written / "README.txt").read_text(encoding="utf-8")


def test_a_network_sees_what_it_sees_in_the_evaluation(
    degraded: list[Item], rated: RatedSet
) -> None:
    for image, item in zip(rated.images, degraded, strict=True):
        (plane,) = read_planes(image.path)
        assert plane.shape == item.sample.plane.shape
        # a picture holds no values below zero, which additive noise makes in air
        signed = not {"white_noise", "coloured_noise"}.isdisjoint(item.kinds)
        assert np.abs(plane - item.sample.plane).max() < (0.1 if signed else 0.001)


def test_another_scan_makes_another_set(recipe: EvaluationRecipe, tmp_path: Path) -> None:
    scan = tmp_path / "data" / "phantom" / "clean"
    scan.mkdir(parents=True)
    (scan / "a.dcm").write_bytes(b"one")
    first = folder_of(recipe, tmp_path / "data", tmp_path)
    assert folder_of(recipe, tmp_path / "data", tmp_path) == first
    (scan / "a.dcm").write_bytes(b"another")
    assert folder_of(recipe, tmp_path / "data", tmp_path) != first


def test_sets_of_scans_that_changed_do_not_pile_up(
    recipe: EvaluationRecipe, tmp_path: Path
) -> None:
    for age in range(KEPT + 2):
        made = tmp_path / f"{recipe.name}-{age:012x}"
        made.mkdir()
        (made / ABOUT).write_text("{}")
        os.utime(made / ABOUT, (1000 - age, 1000 - age))
    others = [tmp_path / f"{recipe.name}-of-somebody", tmp_path / "look-alike-1"]
    for other in others:
        other.mkdir()
    forget_old(recipe, tmp_path)
    left = {found.name for found in tmp_path.iterdir()}
    assert left == {f"{recipe.name}-{age:012x}" for age in range(KEPT)} | {o.name for o in others}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_missing_scans_are_named(name: str, tmp_path: Path) -> None:
    first = load_evaluation(name).sources[0].path
    with pytest.raises(BadRecipe, match=f"names {first}, which is not in .*; name the folder"):
        read_rated_set(f"{name}={tmp_path}", tmp_path / "cache")
    with pytest.raises(BadRequest, match="held-out-2"):
        read_rated_set("held-out-9=x", tmp_path)
